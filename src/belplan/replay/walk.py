"""Walking a call of the past again, through any version of its plan: the engine's own walk, without waiting.

Nothing here takes time and nothing leaves the machine: what the call met then is what it meets now (Past).
No event loop is needed. The walk stops where the past cannot answer.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import structlog

from belplan.apps import feature_route
from belplan.apps.webhook import Webhook
from belplan.dialplan.company import Company
from belplan.engine import ringing
from belplan.engine.app import App, Move
from belplan.engine.call import Call
from belplan.engine.cdr import CallRecord, Trace, record
from belplan.engine.entrance import Features, entrance
from belplan.engine.leg import NORMAL
from belplan.engine.mail import Mailer, Tray
from belplan.engine.outside import OutsideLines
from belplan.engine.position import Frame
from belplan.engine.state import State
from belplan.engine.walker import Walker
from belplan.replay.past import Faulty, Past, UnknownError
from belplan.replay.still import Caller, Clock, Nothing
from belplan.replay.world import HungUpError, World

# Apps that only decide, or do what needs no answer: they run as in any call.
PLAIN = frozenset({
    "condition", "switch", "set", "time", "diversion", "goto", "menu", "prefix", "hangup", "connect",
    "queue", "same_colleague", "switch_diversion",
})  # fmt: skip

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


def again(
    company: Company,
    past: CallRecord,
    *,
    faulty: Faulty = lambda app, path: None,
    instead: "Instead | None" = None,
    silent: bool = False,
) -> Again:
    """Walk a call of the past through a company's plan. Raises LookupError where nothing has the number any more.

    `faulty` says what webhooks do otherwise than they did. `instead` changes one step.
    `silent`: what was not asked then gives nothing, a webhook as well as who had spoken to the caller.
    """
    entered = entrance(company, past.callee_number, past.caller_number)
    if entered is None:
        raise LookupError(f"nothing of {company.settings.name} has the number {past.callee_number}")
    arrived = (past.arrived or datetime.now(UTC)).astimezone(company.zone)
    clock, caller = Clock(arrived), Caller()
    call = Call(
        company=company,
        plan=entered.plan,
        caller=caller,
        driver=Nothing(),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        clock=clock,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        caller_number=past.caller_number,
        callee_number=entered.number,
        id=past.uuid,
    )
    world = World(Past(past), call, caller, clock, faulty, silent)
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
    except HungUpError:
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

    def __init__(self, call: Call, stack: list[Frame] | None, world: World, instead: Instead | None) -> None:
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
