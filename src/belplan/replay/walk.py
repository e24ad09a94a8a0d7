"""Walking a call of the past again, through any version of its plan: the engine's own walk, without waiting.

Nothing here takes time and nothing leaves the machine: what the call met then is what it meets now (Past).
No event loop is needed. The walk stops where the past cannot answer.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from belplan.apps import feature_route
from belplan.apps.webhook import Webhook
from belplan.dialplan.company import Company, Queue
from belplan.dialplan.fields import Prompt
from belplan.drivers.simulator.hearing import seconds_of
from belplan.engine import ringing
from belplan.engine.app import App, Move
from belplan.engine.call import Call
from belplan.engine.cdr import CallRecord, Step, Trace, record
from belplan.engine.entrance import Features, entrance
from belplan.engine.leg import NORMAL, LegEndedError, Shown, Sound
from belplan.engine.mail import Mailer, Tray
from belplan.engine.outside import OutsideLines
from belplan.engine.position import Frame
from belplan.engine.state import State
from belplan.engine.talking import TransferredError
from belplan.engine.walker import Walker
from belplan.replay.past import Fault, Faulty, Past, UnknownError, answer_in

# Apps that only decide, or do what needs no answer: they run as in any call.
PLAIN = frozenset({
    "condition", "switch", "set", "time", "diversion", "goto", "menu", "prefix", "hangup", "connect",
    "queue", "same_colleague", "switch_diversion",
})  # fmt: skip
_TOUCH = 0.05  # seconds that a moment on a real line may be off

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Again:
    """A call that was walked again. `unknown` is where the past could not answer: there the walk stopped.

    `ringing` is the number that was being rung then, where that is why.
    """

    record: CallRecord
    unknown: UnknownError | None = None
    ringing: str | None = None
    exact: bool = True
    """Whether every step is the one of the call as it was, with the same exit."""


class _HungUpError(asyncio.CancelledError):
    """The caller is gone: at this moment they hung up then."""


def again(
    company: Company,
    past: CallRecord,
    *,
    faulty: Faulty = lambda app, path: None,
    instead: "Instead | None" = None,
) -> Again:
    """Walk a call of the past through a company's plan. Raises LookupError where nothing has the number any more.

    `faulty` says what webhooks do otherwise than they did. `instead` changes one step.
    """
    entered = entrance(company, past.callee_number, past.caller_number)
    if entered is None:
        raise LookupError(f"nothing of {company.settings.name} has the number {past.callee_number}")
    arrived = (past.arrived or datetime.now(UTC)).astimezone(company.zone)
    clock, caller = _Clock(arrived), _Caller()
    call = Call(
        company=company,
        plan=entered.plan,
        caller=caller,
        driver=_Nothing(),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        clock=clock,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        caller_number=past.caller_number,
        callee_number=entered.number,
        id=past.uuid,
    )
    world = _World(Past(past), call, caller, clock, faulty)
    call.services = {
        State: world.state,
        ringing.Ringer: world,
        OutsideLines: OutsideLines(),
        Mailer: Tray(),
        Features: Features(feature_route),
    }
    trace = Trace(0.0, state=past.state)
    call.events.watch(trace)
    stack = feature_route(entered.feature) if entered.feature else None
    walker = _Walker(call, stack, world, instead)
    unknown = _drive(walker)
    if unknown:
        trace.steps.pop()  # it was begun, and nobody knows how it was left
    cause = past.cause if call.cause is None else NORMAL if call.outcome == "connected" else call.cause
    walked = record(call, trace, cause)
    exact = unknown is None and _way(walked) == _way(past)
    if exact:  # whether a caller had been answered is nowhere else in a record
        walked = replace(walked, cause=past.cause)
    number = call.detail.get("to") if unknown and unknown.subject == "phone" else None
    return Again(walked, unknown, number, exact)


def _way(record: CallRecord) -> list[tuple[str, str]]:
    return [(step.path, step.exit) for step in record.trace]


def _drive(walker: Walker) -> UnknownError | None:
    """Run the walk to its end, which nothing delays."""
    walk = walker.walk()
    try:
        walk.send(None)
    except StopIteration:
        return None
    except _HungUpError:
        return None
    except UnknownError as unknown:
        return unknown
    walk.close()
    return UnknownError("app", walker.call.path, f"{walker.call.path} waits for something that the past does not tell")


@dataclass(frozen=True, slots=True)
class Instead:
    """One step that goes otherwise: the first at this path that the call comes to `after` so many steps.

    `exit` is the way out that is taken. With `values` these are set, as the answer of a webhook is.
    """

    path: str
    exit: str
    after: int = 0
    values: dict[str, str] = field(default_factory=dict[str, str])


class _Walker(Walker):
    """The walk, with what the past says in the place of the world."""

    def __init__(self, call: Call, stack: list[Frame] | None, world: "_World", instead: Instead | None) -> None:
        super().__init__(call, stack)
        self._world = world
        self._instead = instead
        self._walked = 0

    async def act(self, path: str, app: App) -> str | Move:
        self._world.at(path, app)
        self._walked += 1
        changed = self._instead
        if changed and changed.path == path and self._walked > changed.after:
            self._instead = None
            if isinstance(app, Webhook):
                return self._world.answered(app, changed.exit, changed.values, 0.0, {})
            for name, value in changed.values.items():
                self.call.variables.set(name, value)
            return changed.exit
        if isinstance(app, Webhook):
            return self._world.webhook(app, path)
        if app.app_name in PLAIN:
            self._world.recall(app)
            return await app.run(self.call)
        return self._world.other(app)

    async def pressed(self, timeout: float) -> str:
        self._world.at(self.call.path, None)
        self._walked += 1
        changed = self._instead
        if changed and changed.path == self.call.path and self._walked > changed.after:
            self._instead = None
            return changed.exit
        return self._world.pressed(timeout)

    def begin_early(self, path: str, app: App) -> None:
        """What was asked early is answered where it is collected."""


class _World:
    """The answers of the past, each taking its time."""

    def __init__(self, past: Past, call: Call, caller: "_Caller", clock: "_Clock", faulty: Faulty) -> None:
        self._past = past
        self._call = call
        self._caller = caller
        self._clock = clock
        self._faulty = faulty
        self._step = 0
        self.app: App | None = None
        """The item that the call is at."""
        self._in_step = True
        self.state = State()
        self._remember()

    def at(self, path: str, app: App | None) -> None:
        """Come to an item. As long as the call goes the way it went, its moments are those of then."""
        self.app = app
        trace = self._past.record.trace
        if self._in_step and self._step < len(trace) and trace[self._step].path == path:
            self._clock.reach(trace[self._step].started_ms / 1000)
            self._step += 1
        else:
            self._in_step = False

    def webhook(self, app: Webhook, path: str) -> str:
        self._call.count_webhook()
        fault = self._faulty(app, path)
        step = self._past.webhook(app, path)
        if step:
            self._past.use(step)
        elif not fault or fault.slower:
            name = app.save_as or next(iter(app.extract), path)
            raise UnknownError("webhook", name, f"the webhook {name} was not asked then")
        if fault and not (fault.slower and step and step.exit in ("timeout", "abandoned")):
            return self._goes_wrong(app, fault, step)
        if not step or (answer := answer_in(step, app.timeout)) is None:
            name = app.save_as or path
            raise UnknownError("webhook", name, f"the webhook {name} was given up before it now would be")
        took = answer.duration_ms / 1000
        if took >= app.timeout and answer.item != app.mark:
            return self.answered(app, "timeout", {}, app.timeout, {})
        if answer.exit == "abandoned":
            self._lasts(float("inf"))
        wanted = {name for name, _ in app.sets()}
        if answer.exit == "ok" and (missing := wanted - answer.values.keys() - _absent(app, answer)):
            name = min(missing)
            raise UnknownError("webhook", name, f"nobody kept what the answer had for {name}")
        values = {name: value for name, value in answer.values.items() if name in wanted}
        return self.answered(app, answer.exit, values, took, answer.detail)

    def _goes_wrong(self, app: Webhook, fault: Fault, step: Step | None) -> str:
        took = fault.seconds + (step.duration_ms / 1000 if fault.slower and step else 0.0)
        if took >= app.timeout:
            return self.answered(app, "timeout", {}, app.timeout, {})
        if fault.slower and step:
            values = {name: value for name, value in step.values.items() if name in dict(app.sets())}
            return self.answered(app, step.exit, values, took, step.detail)
        if fault.text is None:
            return self.answered(app, "error", {}, took, {"reason": "refused"})
        if app.extract:
            return self.answered(app, "error", {}, took, {"reason": "content", "status": 200})
        return self.answered(app, "ok", {app.save_as: fault.text} if app.save_as else {}, took, {"status": 200})

    def answered(self, app: Webhook, leave: str, values: dict[str, str], took: float, told: dict[str, Any]) -> str:
        """Be left by an exit, with these variables set and all others of the webhook not."""
        variables, detail = self._call.variables, self._call.detail
        detail |= {name: told[name] for name in ("status", "reason") if told.get(name)}
        detail |= {"variable": app.save_as} if app.save_as else {}
        for name, _ in app.sets():
            variables.clear(name)
        for name, value in values.items():
            variables.set(name, value)
        for name, _ in app.sets():
            variables.set(f"{name}.status", str(told.get("status") or ""))
            variables.set(f"{name}.reason", "" if leave == "ok" else str(told.get("reason") or leave))
            variables.set(f"{name}.ms", str(round(told.get("phases", {}).get("total", took * 1000))))
        self._lasts(took)
        return leave

    async def ring(self, call: Call, number: str, timeout: float | None) -> str:
        """How ringing a number went. What it is for: belplan.engine.ringing.Ringer."""
        step = self._past.ring(number)
        attempts = ringing.rounds(call.company, number, timeout, ringing.Rota())
        if not attempts:
            return "failed"
        if step is None:
            raise UnknownError("phone", number, f"{number} did not ring then")
        self._past.use(step)
        call.detail |= step.detail
        phones = {phone.number for attempt in attempts for phone in attempt.phones}
        rang: dict[str, str] = step.detail.get("rang", {})
        who = step.detail.get("answered_by")
        if who is not None and who not in phones:
            raise UnknownError("phone", number, f"{who} answered then, and does not ring now")
        if who is None and (more := phones - rang.keys()) and rang:
            raise UnknownError("phone", number, f"{min(more)} did not ring then")
        as_it_was = self.app is not None and step.item == self.app.mark
        limit = min(sum(attempt.seconds for attempt in attempts), timeout or float("inf"))
        if who is not None and step.detail.get("rang_ms", 0) / 1000 >= limit + _TOUCH:
            self._call.detail.pop("answered_by")
            self._lasts(limit)
            return "no_answer"
        if (
            not (as_it_was and len(attempts) == 1)
            and step.exit == "no_answer"
            and limit > step.duration_ms / 1000 + 0.25
        ):
            raise UnknownError(
                "phone", number, f"{number} rang {step.duration_ms / 1000:.0f} s then, not {limit:.0f} s"
            )
        if who is not None:
            call.connected_to, call.answered_by, call.outcome = number, who, "connected"
        if step.exit == "abandoned":
            self._clock.pass_by(step.duration_ms / 1000)
            raise _HungUpError
        self._lasts(step.duration_ms / 1000)
        self._transferred(step)
        if who is not None:
            await call.hang_up(NORMAL)
        return step.exit

    def _transferred(self, step: Step) -> None:
        """Go on where a colleague sent the call then."""
        if step.exit != "transferred":
            return
        number, by = step.detail["transferred_to"], step.detail["transferred_by"]
        self._caller.answered = True
        to = entrance(self._call.company, number, by)
        if to is None:
            raise UnknownError("phone", number, f"nothing has the number {number}, to which {by} sent the call then")
        raise TransferredError(to, by)

    async def wait(self, call: Call, queue: Queue) -> str:
        """How waiting in a queue went."""
        step = self._past.queue(queue.number)
        if step is None:
            raise UnknownError("app", "queue", f"the call did not come to the queue {queue.number} then")
        self._past.use(step)
        call.detail |= step.detail
        if "place" in step.detail:
            self._caller.answered = True
            call.outcome = "queued"
        if who := step.detail.get("answered_by"):
            call.connected_to, call.answered_by, call.outcome = queue.number, who, "connected"
        if step.exit == "abandoned":
            self._clock.pass_by(step.duration_ms / 1000)
            raise _HungUpError
        self._lasts(step.duration_ms / 1000)
        self._transferred(step)
        if who:
            await call.hang_up(NORMAL)
        else:
            call.outcome = ""
        return step.detail["left"]

    def pressed(self, timeout: float) -> str:
        detail = self._call.detail
        key = self._past.key(detail["menu"], detail["context"], timeout)
        if key == "abandoned":
            self._lasts(float("inf"))
        self._lasts(timeout if key == "no_input" else 0.0)
        return key

    def other(self, app: App) -> str:
        """An app of which nothing more is known than how it was left then."""
        step = self._past.same(app)
        if step is None:
            return self._never_was(app)
        self._past.use(step)
        self._call.detail |= step.detail
        self._answers(app)
        for name, _ in app.sets():
            self._call.variables.clear(name)
        for name, value in step.values.items():
            self._call.variables.set(name, value)
        if step.exit == "abandoned":
            if self._past.is_last(step):  # whoever hangs up while they speak has left a message
                self._call.outcome = self._past.record.outcome
            self._clock.pass_by(step.duration_ms / 1000)
            raise _HungUpError
        self._lasts(step.duration_ms / 1000)
        if step.exit in app.closing or app.ends:
            was = self._past.record
            self._call.outcome, self._call.cause = was.outcome, was.cause
            self._call.connected_to, self._call.answered_by = was.connected_to, was.answered_by
        return step.exit

    def _never_was(self, app: App) -> str:
        """An app that is new. What it does is known where its caller has no part in it."""
        if not app.ready:
            return app.exits[-1]
        if app.app_name == "announce" and isinstance(app, Prompt):
            self._answers(app)
            self._lasts(seconds_of(self._call.spoken(app)))
            return "played"
        if app.app_name == "email":
            return "sent"
        raise UnknownError("app", app.app_name, f"the call did not come to this {app.app_name} then")

    def _answers(self, app: App) -> None:
        """Whoever is spoken to has been answered, unless the item says that this comes later."""
        if app.app_name != "email" and getattr(app, "answer", True):
            self._caller.answered = True

    def recall(self, app: App) -> None:
        """Have people's switches stand as they stood, where the call asked about them then."""
        company = self._call.company
        for step in self._past.record.trace:
            if step.item != app.mark:
                continue
            if app.app_name == "diversion" and "on" in step.detail:
                self.state.switch(company, app.refers()[0].name, step.detail["on"])
            elif app.app_name == "time" and step.detail.get("overridden"):
                self.state.set_override(company, app.refers()[0].name, step.detail["held"])
        if app.app_name == "same_colleague":
            self._recall_colleague(app)

    def _recall_colleague(self, app: App) -> None:
        asked = [step for step in self._past.record.trace if step.app == "same_colleague"]
        if not asked:
            raise UnknownError("app", app.app_name, "nobody asked then who had spoken to the caller")
        if to := asked[0].detail.get("to"):
            self.state.spoke(self._call.company, self._call.caller_number, to, self._clock.now())
        elif asked[0].item != app.mark:
            raise UnknownError("app", app.app_name, "nobody asked then who had spoken to the caller in another time")

    def _remember(self) -> None:
        company, state = self._call.company, self._past.record.state
        for name in state.get("diversions", ()):
            if name in company.switches:
                self.state.switch(company, name, True)
        for name, holds in state.get("times", {}).items():
            if name in company.times:
                self.state.set_override(company, name, holds)

    def _lasts(self, seconds: float) -> None:
        """Let time go by, unless the caller had hung up by then."""
        patience = self._past.patience
        if patience is not None and self._clock.monotonic() + seconds > patience + _TOUCH:
            self._clock.reach(patience)
            raise _HungUpError
        self._clock.pass_by(seconds)


def _absent(app: Webhook, answer: Step) -> set[str]:
    """Variables that the same webhook did not find in this answer: it had none."""
    return {name for name, _ in app.sets()} if answer.item == app.mark else set()


class _Clock:
    """Time that passes when it is told to."""

    def __init__(self, arrived: datetime) -> None:
        self._arrived = arrived
        self._seconds = 0.0

    def now(self) -> datetime:
        return self._arrived + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        return self._seconds

    def pass_by(self, seconds: float) -> None:
        self._seconds += seconds

    def reach(self, seconds: float) -> None:
        self._seconds = max(self._seconds, seconds)


class _Caller:
    """A leg that hears everything at once and never waits."""

    id = "caller"
    digit_waiting = False

    def __init__(self) -> None:
        self.answered = False

    async def ring(self) -> None: ...

    async def answer(self) -> None:
        self.answered = True

    def show(self, shown: Shown) -> None: ...

    async def transferred(self, done: bool) -> None: ...

    async def hang_up(self, cause: int = NORMAL) -> None: ...

    async def ended(self) -> int:
        return NORMAL

    async def note(self, text: str = "") -> None: ...

    @asynccontextmanager
    async def playing(self, sound: Sound) -> AsyncGenerator["_Played"]:
        yield _Played()

    def recording(self, name: str, **how: Any) -> Any:
        raise LegEndedError

    async def read_digit(self) -> str:
        raise LegEndedError

    async def digit_pressed(self) -> None:
        raise LegEndedError


class _Played:
    async def finished(self) -> bool:
        return True


class _Nothing:
    """No exchange: whoever is rung is rung by the past."""
