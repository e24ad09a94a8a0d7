"""The line-up of each company, joined to time, to the company's memory and to the calls that wait."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from belplan.dialplan.company import Company, Queue
from belplan.engine.call import Call
from belplan.engine.engaged import Engaged
from belplan.engine.events import Event, Events
from belplan.engine.leg import Leg
from belplan.engine.queueing.line_up import Exit, LineUp, Standing
from belplan.engine.queueing.place import Place
from belplan.engine.state import State

Change = Literal["log_in", "log_out", "pause", "resume"]


class Queues:
    """The queues of all companies of an exchange. `events` are told what people do who are in no call."""

    def __init__(self, state: State, engaged: Engaged, events: Events | None = None) -> None:
        self._state = state
        self._engaged = engaged
        self._events = events or Events()
        self._lines: dict[str, Line] = {}
        engaged.watch(self._engaged_changed)

    def line(self, company: Company) -> "Line":
        """The line-up of a company."""
        if company.id not in self._lines:
            self._lines[company.id] = Line(company, self._state, self._engaged)
        return self._lines[company.id]

    @property
    def waiting(self) -> int:
        """How many callers wait in the queues of all companies."""
        return sum(line.callers for line in self._lines.values())

    def change(self, company: Company, agent: str, do: Change, queues: Iterable[str] | None = None) -> list[str]:
        """Log an agent in or out, or pause them, in these of their queues, or in all; the numbers of those.

        `agent` is an internal number, or the outside number of one who is outside, in any notation.
        """
        number = company.canonical(agent)
        done = [queue for queue in queues_of(company, number) if queues is None or queue in queues]
        line = self.line(company)
        for queue in done:
            line.set_standing(queue, number, _after(do, self.standing(company, queue, number)))
            facts = {
                "company": company.id,
                "queue": queue,
                "change": do,
                "agent": number,
                "waiting": line.waiting(queue),
            }
            self._events.tell(Event("queue", "", asyncio.get_running_loop().time(), facts=facts))
        return done

    def standing(self, company: Company, queue: str, agent: str) -> Standing:
        """Whether an agent takes calls of a queue. Whoever is in the plan and never logged out does."""
        return self._state.standing(company, queue, agent)

    def _engaged_changed(self, company: str, number: str) -> None:
        if line := self._lines.get(company):
            line.engaged_changed(number)


class Line:
    """One company's: who waits, and what comes of it as time passes. See line_up.Surroundings."""

    def __init__(self, company: Company, state: State, engaged: Engaged) -> None:
        self.up = LineUp(self)
        self._company = company  # some version of it
        self._state = state
        self._engaged = engaged
        self._places: dict[str, Place] = {}
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    # What the line-up asks

    def standing(self, queue: str, agent: str) -> Standing:
        return self._state.standing(self._company, queue, agent)

    def engaged(self, agent: str) -> bool:
        return self._engaged.engaged(self._company.id, agent)

    def talks_elsewhere(self, agent: str, caller: str) -> bool:
        return self._engaged.talks_elsewhere(self._company.id, agent, caller)

    # What calls do

    def join(
        self, call: Call, queue: Queue, *, longest: float | None = None, since: datetime | None = None
    ) -> Place | Exit:
        """A place for a caller, or the exit where there is none. See LineUp.join; `since` is a moment of the clock."""
        now = self._loop.time()
        arrived = None if since is None else now - max(0.0, (call.clock.now() - since).total_seconds())
        seats = call.company.seats[queue.number]
        if refused := self.up.join(queue, seats, call.id, now, longest=longest, since=arrived):
            return refused
        place = Place(self, call, queue)
        self._places[call.id] = place
        self.tell(place, "joined")
        self.settle()
        return place

    def ready(self, place: Place) -> None:
        """The caller has heard the greeting."""
        self.up.ready(place.call.id)
        self.settle()

    def leave(self, place: Place, exit_: str) -> None:
        """The caller waits no longer."""
        if self._places.pop(place.call.id, None):
            self.up.leave(place.call.id)
            self.tell(place, "left", exit=exit_)
            self.settle()

    def answered(self, place: Place, agent: str, by: str, leg: Leg) -> bool:
        """The agent takes the caller, or a colleague who picked up the ringing phone. False where it is too late."""
        if not self.up.answered(place.call.id, agent, self._loop.time(), agent_talks=by == agent):
            return False
        if by == agent:
            self._engaged.at_end(leg, lambda: self._talked(agent))
        self.tell(place, "answered", agent=by)
        return True

    def missed(self, place: Place, agent: str, *, counts: bool) -> None:
        """An agent was rung and did not come."""
        pause = self.up.missed(place.call.id, agent, self._loop.time(), counts=counts)
        self.tell(place, "missed", agent=agent)
        if pause:
            self._state.set_standing(self._company, place.queue.number, agent, "missed")
            self.tell(place, "pause", agent=agent)
        self.settle()

    def set_standing(self, queue: str, agent: str, standing: Standing) -> None:
        """An agent comes or goes."""
        if standing == "in" and self.standing(queue, agent) != "in":
            self.up.wake(agent)
        self._state.set_standing(self._company, queue, agent, standing)
        self.settle()

    def engaged_changed(self, agent: str) -> None:
        """A call of an agent began or ended."""
        if not self.engaged(agent) and agent in self._company.internal:
            self.up.idle(agent, self._loop.time())
        if self._places:
            self.settle()

    @property
    def callers(self) -> int:
        """How many wait in all queues of the company."""
        return len(self._places)

    def waiting(self, queue: str) -> int:
        """How many wait in a queue."""
        return len(self.up.callers(queue))

    def caller_number(self, caller: str) -> str:
        """The number of a caller who waits; "" where it is withheld."""
        place = self._places.get(caller)
        return place.call.caller_number if place else ""

    def settle(self) -> None:
        """Do what is to be done now, and look again when time will have changed something."""
        now = self._loop.time()
        for caller, leave in self.up.departures(now):
            self._places[caller].departs(leave)
        for caller, agent in self.up.withdrawals():
            self._places[caller].stop(agent)
        for caller, agent in self.up.offers(now):
            self._places[caller].ring(agent)
        if self._timer:
            self._timer.cancel()
        moment = self.up.next_change(now)
        self._timer = None if moment is None else self._loop.call_at(moment, self.settle)

    def tell(self, place: Place, change: str, **facts: str) -> None:
        """Let those who watch the call know."""
        number = place.queue.number
        place.call.tell("queue", queue=number, change=change, waiting=self.waiting(number), **facts)

    def _talked(self, agent: str) -> None:
        self.up.ended(agent, self._loop.time())
        self.settle()


def queues_of(company: Company, agent: str) -> list[str]:
    """The numbers of the queues that somebody is an agent of."""
    return [queue for queue, seats in company.seats.items() if agent in seats]


def _after(do: Change, now: Standing) -> Standing:
    """What becomes of an agent. A pause does not log anybody in, and the end of one neither."""
    if do == "log_in":
        return "in"
    if do == "log_out" or now == "out":
        return "out"
    return "break" if do == "pause" else "in"
