"""A queue as people who look on see it: who waits since when, and what each agent does."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from belplan.dialplan.company import Company, Queue
from belplan.engine.clock import Clock
from belplan.engine.queueing.line_up import Duty, Standing
from belplan.engine.queueing.lines import Line, Queues

Doing = Literal["free", "ringing", "talking", "wrap_up", "resting", "engaged"]


@dataclass(frozen=True, slots=True)
class WaitingCaller:
    """Somebody who waits: the call's id, their place (1 is next), and the agents who are rung for them."""

    call_id: str
    caller_number: str
    since: datetime
    place: int
    rings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AgentState:
    """An agent of a queue, by internal or outside number.

    `doing` is what they do in all their queues: `resting` after a call they missed, `engaged` in a call of their own.
    """

    number: str
    name: str
    level: int
    standing: Standing
    doing: Doing


@dataclass(frozen=True, slots=True)
class QueueState:
    """A queue now."""

    number: str
    name: str
    waiting: tuple[WaitingCaller, ...]
    agents: tuple[AgentState, ...]


def look(queues: Queues, company: Company, clock: Clock) -> list[QueueState]:
    """All queues of a company now, in the order of its plan."""
    line = queues.line(company)
    return [_state(line, company, queue, clock) for queue in company.queues]


def _state(line: Line, company: Company, queue: Queue, clock: Clock) -> QueueState:
    now, moment = clock.monotonic(), clock.now()
    waiting = tuple(
        WaitingCaller(
            call_id=one.caller,
            caller_number=line.caller_number(one.caller),
            since=moment - timedelta(seconds=now - one.arrived),
            place=place,
            rings=tuple(sorted(one.rings)),
        )
        for place, one in enumerate(line.up.callers(queue.number), 1)
    )
    agents = tuple(
        AgentState(
            number=agent,
            name=user.name if (user := company.user(agent)) else agent,
            level=level,
            standing=line.standing(queue.number, agent),
            doing=_doing(line.up.duty(agent), line.engaged(agent), now),
        )
        for agent, level in company.seats[queue.number].items()
    )
    return QueueState(queue.number, queue.name, waiting, agents)


def _doing(duty: Duty, engaged: bool, now: float) -> Doing:
    if duty.rings_for:
        return "ringing"
    if duty.talks_in:
        return "talking"
    if engaged:
        return "engaged"
    if duty.rests_until > now:
        return "wrap_up" if duty.idle_since == duty.since else "resting"
    return "free"
