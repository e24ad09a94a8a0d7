"""From a way through a plan to a call that takes it: who calls when, what servers say, what phones do."""

import shlex
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from belplan.dialplan.route import AppSettings
from belplan.drivers.simulator import Reaction, Reply
from belplan.engine.cdr import CallRecord
from belplan.proof.classes import UNSET, Class, bits
from belplan.proof.search import Node
from belplan.proof.state import CALLER, TIME, Cube, mask, slot
from belplan.proof.world import World
from belplan.simulation import USUAL_CALLER, Caller, run
from belplan.webhook.exchange import Answer

_KEYS = "0123456789*#"
_JUST = 0.05  # seconds before a limit


@dataclass(frozen=True, slots=True)
class Shown:
    """A call that takes a way. `walked` is its record on the simulator, where it really goes that way; else None."""

    caller: Caller
    steps: tuple[tuple[str, str], ...]
    seconds: float
    walked: CallRecord | None

    def command(self, plan: str) -> str:
        """The command that repeats it."""
        caller = self.caller
        words = ["belplan", "call", plan, "--to", caller.to, "--from", caller.number]
        if caller.at:
            words += ["--at", caller.at.isoformat(timespec="seconds")]
        if any(caller.keys):
            words += ["--press", "".join(key or "-" for key in caller.keys)]
        for name, replies in caller.replies.items():
            for reply in replies if not isinstance(replies, Answer) else ():
                words += _reply(name, reply)
        for number, reactions in caller.reactions.items():
            listed = [reactions] if isinstance(reactions, Reaction) else list(reactions)
            does = ",".join(one.does + (f"@{one.after:g}" if one.after != Reaction().after else "") for one in listed)
            words += ["--answers", f"{number}={does}"]
        for name in caller.state.get("diversions", {}):
            words += ["--on", name]
        return shlex.join(words)


def _reply(name: str, reply: Reply) -> list[str]:
    if reply.answer.outcome == "timeout":
        return ["--fault", f"{name}=timeout"]
    late = ["--delay", f"{name}={reply.delay:g}"] if reply.delay else []
    if reply.answer.outcome == "error":
        return ["--fault", f"{name}={reply.answer.reason}", *late]
    return ["--reply", f"{name}={reply.answer.text}", *late]


def shown(world: World, node: Node, *, slow: bool = False) -> Shown:
    """A call that takes the way to a node; `slow` where everything in it is to take as long as it may."""
    caller = _Told(world, node, slow).caller()
    steps = tuple((one.edge.path, one.edge.exit) for one in node.way() if one.edge and one.edge.path)
    record = run(world.company, caller)
    walked = tuple((step.path, step.exit) for step in record.trace)
    return Shown(caller, steps, node.seconds, record if walked[: len(steps)] == steps else None)


class _Told:
    """What everybody in a call is told to do, gathered along a way."""

    def __init__(self, world: World, node: Node, slow: bool) -> None:
        self._world = world
        self._node = node
        self._slow = slow
        self._apps = {spot.path: spot.app for top in world.tops for spot in top.everything}
        self._way = node.way()

    def caller(self) -> Caller:
        """The whole call."""
        keys: list[str] = []
        replies: dict[str, list[Reply]] = defaultdict(list)
        reactions: dict[str, list[Reaction]] = defaultdict(list)
        last = self._last()
        number = self._caller_number(last)
        state = self._state(last)
        for index, one in enumerate(self._way):
            edge = one.edge
            if edge is None:
                continue
            app = self._apps.get(edge.path)
            if edge.app == "menu" and app is None:
                keys.append(self._key(edge.path, edge.exit))
            elif edge.app == "webhook" and app:
                replies[self._named(edge.path, app)].append(self._answer(index, app))
            elif edge.app == "collect" and app:
                keys += self._digits(index, app)
            elif edge.app == "same_colleague" and edge.ring:
                state["spoke"] = {number: {"user": edge.ring.to, "at": self._at(last).isoformat()}}
            if edge.ring:
                self._react(reactions, edge.ring.phones, edge.exit, edge.seconds)
        called = {path: tuple(answers) for path, answers in replies.items()}
        return Caller(
            to=self._node.number,
            number=number,
            keys=keys,
            at=self._at(last),
            reactions={number: tuple(does) for number, does in reactions.items()},
            replies=called,
            state=state,
        )

    def _named(self, path: str, app: AppSettings) -> str:
        """A webhook by its variable, where no other has that one."""
        name = getattr(app, "save_as", None)
        return (
            name if name and [getattr(one, "save_as", None) for one in self._apps.values()].count(name) == 1 else path
        )

    def _last(self) -> Cube:
        return self._way[-1].edge.came if self._way and self._way[-1].edge else ()

    def _caller_number(self, cube: Cube) -> str:
        dimension = self._world.caller
        possible = mask(cube, CALLER, dimension.full & ~UNSET)
        if possible & dimension.mask_of(USUAL_CALLER):
            return USUAL_CALLER
        return self._witness(dimension.classes, possible) or ""

    def _witness(self, classes: tuple[Class, ...], possible: int) -> str:
        found = [classes[index] for index in bits(possible)]
        named = [one.witness for one in found if one.sure and one.witness is not None]
        return next((text for text in named if text), named[0] if named else "")

    def _at(self, cube: Cube) -> Any:
        moments = self._world.moments
        possible = mask(cube, TIME, moments.everything)
        steady = moments.steady(possible)
        chosen = moments.classes[next(bits(steady or possible), 0)]
        # A change that is met on the way: arrive just before it.
        before = timedelta(seconds=1) if chosen.changes else timedelta()
        return (chosen.seen - before).astimezone(self._world.company.zone)

    def _state(self, cube: Cube) -> dict[str, Any]:
        on: dict[str, bool] = {}
        for group, names in self._world.groups.items():
            possible = mask(cube, group, (2 << len(names)) - 1)
            chosen = next(bits(possible), 0)
            if chosen:
                on[names[chosen - 1]] = True
        return {"diversions": on} if on else {}

    def _value(self, index: int, name: str) -> str | None:
        """A value that a variable, set at a step, has on the rest of the way. None for one that is not set."""
        dimension = self._world.variables.get(name)
        if dimension is None:
            return "x"
        where = slot(self._way[index].spot.depth, name)
        possible = mask(self._way[index].cube, where, UNSET)
        for later in self._way[index + 1 :]:
            if later.edge is None or later.before is None:
                continue
            possible = mask(later.edge.came, where, UNSET) & possible or possible
            app = self._apps.get(later.edge.path)
            if later.spot.depth < int(where[0]) or (app and name in dict(app.sets())):
                break
        if not possible & ~UNSET:
            return None
        return self._witness(dimension.classes, possible & ~UNSET)

    def _answer(self, index: int, app: AppSettings) -> Reply:
        edge = self._way[index].edge
        limit = float(getattr(app, "timeout", 2.0))
        if edge is None or edge.exit == "timeout":
            return Reply(Answer("timeout"), float("inf"))
        delay = limit - _JUST if self._slow else 0.0
        if edge.exit == "error":
            return Reply(Answer("error", reason="refused"), delay)
        save_as = getattr(app, "save_as", None)
        return Reply(Answer("ok", (self._value(index, save_as) or "") if save_as else "", status=200), delay)

    def _digits(self, index: int, app: Any) -> list[str]:
        edge = self._way[index].edge
        leave = edge.exit if edge else ""
        if leave == "collected":
            digits = self._value(index, app.save_as) or ""
            digits = digits if digits.isdigit() else "7" * app.minimum
            return [*digits, *([app.end_key] if app.end_key and len(digits) < app.maximum else [])]
        return [""] * app.tries if leave == "no_input" else ["7", app.end_key] * app.tries

    def _key(self, path: str, leave: str) -> str:
        if leave == "no_input":
            return ""
        if leave != "invalid":
            return leave
        for menu_index, menu in enumerate(self._world.company.ivr_menus):
            for name, context in menu.contexts.items():
                if path == f"ivr_menus[{menu_index}].contexts.{name}":
                    return next(key for key in _KEYS if key not in context.keys)
        return ""

    def _react(self, reactions: dict[str, list[Reaction]], phones: tuple[str, ...], leave: str, seconds: float) -> None:
        after = max(0.0, seconds - _JUST) if self._slow and seconds < float("inf") else 2.0
        for phone in phones:
            match leave:
                case "answered":
                    reactions[phone].append(Reaction("answer", after))
                case "busy":
                    reactions[phone].append(Reaction("busy"))
                case "no_answer":
                    reactions[phone].append(Reaction("no_answer"))
                case _:
                    reactions[phone].append(Reaction("failed"))
