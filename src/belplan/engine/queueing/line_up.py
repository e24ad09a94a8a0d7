"""The line-up before a company's queues: who waits, and who is offered to whom next.

The laws of this file:

1. Callers are offered in the order of their arrival, over all queues that an agent serves.
2. An agent is offered one caller at a time, and none while they are in a call, rest, or are not at work.
3. Whoever waits is offered as soon as one of their agents is free, and leaves when their time is up or nobody
   is at work any more.

No I/O and no event loop. Time is a number of seconds, which whoever asks brings along; `next_change` says when
to ask again.
"""

from bisect import insort
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal, NamedTuple, Protocol

from belplan.dialplan.company import Queue

SLACK = 0.001  # seconds; a timer may come a hair early
REMEMBERED = 20  # conversations from which the expected waiting time is reckoned

Standing = Literal["in", "break", "missed", "out"]
"""An agent in a queue: taking calls, on a break, paused for missed calls, or logged out."""

Exit = Literal["full", "nobody", "timeout"]

Seats = Mapping[str, int]
"""The agents of a queue in the order of the plan, each with their level."""


class Surroundings(Protocol):
    """What the line-up has to know of the world outside."""

    def standing(self, queue: str, agent: str) -> Standing: ...

    def engaged(self, agent: str) -> bool:
        """Whether a phone of theirs rings or talks, in whatever call."""
        ...

    def talks_elsewhere(self, agent: str, caller: str) -> bool:
        """Whether they talk in another call than this caller's."""
        ...


class Offer(NamedTuple):
    """A caller for whom an agent is rung."""

    caller: str
    agent: str


@dataclass(slots=True)
class Waiting:
    """A caller in a queue. `ready` once they may be offered: after the greeting."""

    caller: str
    queue: Queue
    seats: Seats
    arrived: float
    place: int  # of two who arrived in the same moment
    leaves: float  # when they have waited long enough
    ready: bool = False
    rings: set[str] = field(default_factory=set[str])
    tried: Counter[str] = field(default_factory=Counter[str])  # who was offered them in vain, how often

    @property
    def order(self) -> tuple[float, int]:
        return self.arrived, self.place


@dataclass(slots=True)
class Duty:
    """What an agent does, in all their queues."""

    rings_for: str = ""
    talks_in: Queue | None = None
    since: float = float("-inf")  # they do what they do
    rests_until: float = float("-inf")
    idle_since: float = float("-inf")
    missed: int = 0  # calls in a row


class LineUp:
    """All queues of one company."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings
        self._waiting: list[Waiting] = []  # in order of arrival
        self._by_caller: dict[str, Waiting] = {}
        self._duties = defaultdict[str, Duty](Duty)
        self._last_offered: dict[str, str] = {}
        self._handled = defaultdict[str, deque[float]](lambda: deque(maxlen=REMEMBERED))
        self._places = 0

    # Callers

    def join(
        self,
        queue: Queue,
        seats: Seats,
        caller: str,
        now: float,
        *,
        since: float | None = None,
        longest: float | None = None,
    ) -> Exit | None:
        """Let a caller wait; the exit where they cannot. `longest` is most seconds, beside the queue's own.

        `since` puts somebody back into the place that they had, whatever the queue is like now.
        """
        if since is None:
            if not _at_work(self._around, queue, seats):
                return "nobody"
            if len(self.callers(queue.number)) >= queue.max_waiting:
                return "full"
        arrived = now if since is None else since
        leaves = arrived + min(queue.max_wait, longest or queue.max_wait)
        self._places += 1
        waiting = Waiting(caller, queue, seats, arrived, self._places, leaves)
        insort(self._waiting, waiting, key=lambda one: one.order)
        self._by_caller[caller] = waiting
        return None

    def ready(self, caller: str) -> None:
        """The greeting is over: the caller may be offered."""
        if waiting := self._by_caller.get(caller):
            waiting.ready = True

    def leave(self, caller: str) -> None:
        """The caller, where they do wait, waits no longer; whoever is rung for them is free again."""
        if waiting := self._by_caller.pop(caller, None):
            self._waiting.remove(waiting)
            for agent in waiting.rings:
                self._duties[agent].rings_for = ""

    def departures(self, now: float) -> list[tuple[str, Exit]]:
        """Who leaves now, and why: they are in the line no more."""
        manned: dict[int, bool] = {}
        gone: list[tuple[str, Exit]] = []
        for one in self._waiting:
            if id(one.seats) not in manned:
                manned[id(one.seats)] = _at_work(self._around, one.queue, one.seats)
            if now + SLACK >= one.leaves:
                gone.append((one.caller, "timeout"))
            elif not manned[id(one.seats)]:
                gone.append((one.caller, "nobody"))
        for caller, _ in gone:
            self.leave(caller)
        return gone

    def callers(self, queue: str) -> list[Waiting]:
        """Who waits in a queue, in order."""
        return [one for one in self._waiting if one.queue.number == queue]

    def position(self, caller: str) -> int:
        """Which one in their queue a caller is; 1 is the next. 0 where they do not wait."""
        waiting = self._by_caller.get(caller)
        return self.callers(waiting.queue.number).index(waiting) + 1 if waiting else 0

    def expected_wait(self, caller: str) -> float | None:
        """Seconds that a caller may have to wait still, reckoned from the last conversations; None without any.

        Each agent is free once in the time that a conversation and its wrap-up take, so with so many of them
        the n-th caller waits n times that time divided by their number.
        """
        waiting = self._by_caller.get(caller)
        if not waiting or not (handled := self._handled[waiting.queue.number]):
            return None
        number = waiting.queue.number
        agents = sum(self._around.standing(number, agent) == "in" for agent in waiting.seats)
        return sum(handled) / len(handled) * self.position(caller) / max(1, agents)

    # Agents

    def offers(self, now: float) -> list[Offer]:
        """Whom to ring for whom now. They count as being rung from here on."""
        made: list[Offer] = []
        free = {agent for agent in self._agents() if self._free(agent, now)}
        for one in self._waiting:
            if not free:
                break
            if not one.ready or (one.rings and one.queue.strategy != "all"):
                continue
            found = self._in_turn(one, free, now)
            for agent in found if one.queue.strategy == "all" else found[:1]:
                free.discard(agent)
                one.rings.add(agent)
                duty = self._duties[agent]
                duty.rings_for, duty.since = one.caller, now
                self._last_offered[one.queue.number] = agent
                made.append(Offer(one.caller, agent))
        return made

    def withdrawals(self) -> list[Offer]:
        """Whom to ring no longer: they have gone, or talk to somebody else. They are not rung from here on."""
        found: list[Offer] = []
        for one in self._waiting:
            for agent in sorted(one.rings):
                stays = self._around.standing(one.queue.number, agent) == "in"
                if not stays or self._around.talks_elsewhere(agent, one.caller):
                    self._stop(one, agent)
                    found.append(Offer(one.caller, agent))
        return found

    def missed(self, caller: str, agent: str, now: float, *, counts: bool = True) -> bool:
        """The agent was rung and did not come. Whether they missed so many in a row that they are to be paused.

        `counts` is False where they declined: somebody is there.
        """
        waiting, duty = self._by_caller.get(caller), self._duties[agent]
        if waiting is None or agent not in waiting.rings:
            return False
        self._stop(waiting, agent)
        waiting.tried[agent] += 1
        duty.since, duty.rests_until = now, now + waiting.queue.retry_after
        duty.missed = duty.missed + 1 if counts else 0
        if waiting.queue.pause_after is None or duty.missed < waiting.queue.pause_after:
            return False
        duty.missed = 0
        return True

    def answered(self, caller: str, agent: str, now: float, *, agent_talks: bool = True) -> bool:
        """The agent takes the caller, who waits no longer. False where they may not have them any more.

        Where somebody else took the caller from the agent's phone, the agent does not talk.
        """
        waiting = self._by_caller.get(caller)
        if waiting is None or agent not in waiting.rings:
            return False
        self.leave(caller)
        if agent_talks:
            self.talks(agent, waiting.queue, now)
        return True

    def talks(self, agent: str, queue: Queue, now: float) -> None:
        """The agent talks to a caller of this queue."""
        duty = self._duties[agent]
        duty.talks_in, duty.since, duty.missed = queue, now, 0

    def ended(self, agent: str, now: float) -> None:
        """The conversation is over, and the wrap-up begins."""
        duty = self._duties[agent]
        if queue := duty.talks_in:
            self._handled[queue.number].append(now - duty.since + queue.wrap_up)
            duty.talks_in, duty.since = None, now
            duty.rests_until = now + queue.wrap_up
            duty.idle_since = now

    def idle(self, agent: str, now: float) -> None:
        """A call of their own is over."""
        self._duties[agent].idle_since = now

    def wake(self, agent: str) -> None:
        """Whoever has just logged in, or came back from a break, rests no more."""
        duty = self._duties[agent]
        duty.rests_until, duty.missed = float("-inf"), 0

    def duty(self, agent: str) -> Duty:
        """What an agent does, to be looked at."""
        return self._duties[agent]

    def next_change(self, now: float) -> float | None:
        """When time alone will have changed something, for those who wait now."""
        return min((moment for moment in self._moments(now) if moment > now + SLACK), default=None)

    def _moments(self, now: float) -> Iterator[float]:
        yield from (self._duties[agent].rests_until for agent in self._agents())
        for one in self._waiting:
            yield one.leaves
            timeout = one.queue.level_timeout
            levels = int((now - one.arrived + SLACK) / timeout) + 1
            if levels < len(set(one.seats.values())):
                yield one.arrived + levels * timeout

    def _agents(self) -> set[str]:
        """The agents of all who wait."""
        # Those of one queue are the same object for all who came with one version of the plan.
        return set[str]().union(*{id(one.seats): one.seats for one in self._waiting}.values())

    def _free(self, agent: str, now: float) -> bool:
        duty = self._duties[agent]
        rests = duty.rests_until > now + SLACK
        return not (duty.rings_for or duty.talks_in or rests or self._around.engaged(agent))

    def _in_turn(self, one: Waiting, free: set[str], now: float) -> list[str]:
        """The free agents for a caller, the one whose turn it is first."""
        queue, seats = one.queue, one.seats
        here = [agent for agent in seats if self._around.standing(queue.number, agent) == "in"]
        # A level where nobody is at work is no level to wait for.
        levels = sorted({seats[agent] for agent in here})
        joined = set(islice(levels, int((now - one.arrived + SLACK) / queue.level_timeout) + 1))
        rung = free.intersection(agent for agent in here if seats[agent] in joined)
        found = [agent for agent in self._by_strategy(one) if agent in rung]
        # Whoever has let this caller ring comes after those who have not; a lower level before a higher one.
        return sorted(found, key=lambda agent: (one.tried[agent], seats[agent]))

    def _by_strategy(self, one: Waiting) -> Iterable[str]:
        agents = list(one.seats)
        if one.queue.strategy == "longest_idle":
            return sorted(agents, key=lambda agent: self._duties[agent].idle_since)
        last = self._last_offered.get(one.queue.number)
        if one.queue.strategy == "round_robin" and last in agents:
            after = agents.index(last) + 1
            return agents[after:] + agents[:after]
        return agents

    def _stop(self, one: Waiting, agent: str) -> None:
        one.rings.discard(agent)
        self._duties[agent].rings_for = ""


def _at_work(around: Surroundings, queue: Queue, seats: Seats) -> bool:
    """Whether anybody takes calls, or will after a break."""
    return any(around.standing(queue.number, agent) in ("in", "break") for agent in seats)
