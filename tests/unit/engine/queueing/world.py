"""A company whose queues are played without a telephone: what the line-up decides is done at once, and checked.

The laws are written here once more, in other words than the line-up's own.
"""

from dataclasses import dataclass, field

from belplan.dialplan.company import Agent, Queue
from belplan.engine.queueing.line_up import LineUp, Offer

AGENTS = ("201", "202", "203", "204", "205")
HAIR = 0.002  # seconds; more than the line-up's own slack


def queue(number="401", agents=AGENTS, levels=(), **settings):
    seats = tuple(Agent(user=agent, level=dict(levels).get(agent, 1)) for agent in agents)
    return Queue(name=f"rij {number}", number=number, agents=seats, **settings)


def seats_of(queue):
    return {agent.user: agent.level for agent in queue.agents}


@dataclass
class Caller:
    name: str
    queue: Queue
    arrived: float
    leaves: float
    ready: bool = False
    rung: set = field(default_factory=set)
    ended: str = ""


class World:
    """Agents, callers and a clock around one line-up."""

    def __init__(self, *queues):
        self.now = 0.0
        self.queues = {one.number: one for one in queues}
        self.seats = {one.number: seats_of(one) for one in queues}
        self.standings = {(one.number, agent): "in" for one in queues for agent in self.seats[one.number]}
        self.own_calls = set()
        self.talks = {}  # agent: caller
        self.rests = {}  # agent: until
        self.callers = {}
        self._line = {}  # those of them who wait
        self.up = LineUp(self)
        self.offered = []

    # What the line-up asks

    def standing(self, queue, agent):
        return self.standings[queue, agent]

    def engaged(self, agent):
        return agent in self.own_calls or agent in self.talks

    def talks_elsewhere(self, agent, caller):
        return agent in self.own_calls

    # What happens

    def arrives(self, name, number, *, since=None, ready=True):
        """The exit where they cannot wait."""
        queue = self.queues[number]
        refused = self.up.join(queue, self.seats[number], name, self.now, since=since)
        waiting = [one for one in self.waiting if one.queue is queue]
        staffed = any(self.standings[number, agent] in ("in", "break") for agent in self.seats[number])
        expected = None if since is not None else "nobody" if not staffed else None
        if since is None and staffed and len(waiting) >= queue.max_waiting:
            expected = "full"
        assert refused == expected
        if not refused:
            arrived = self.now if since is None else since
            self.callers[name] = self._line[name] = Caller(name, queue, arrived, arrived + queue.max_wait)
            if ready:
                self.hears_the_greeting(name)
        self.settle()
        return refused

    def hears_the_greeting(self, name):
        self.callers[name].ready = True
        self.up.ready(name)
        self.settle()

    def hangs_up(self, name):
        self.up.leave(name)
        self._gone(name, "left")
        self.settle()

    def answers(self, agent):
        caller = self.rung_for(agent)
        assert self.up.answered(caller.name, agent, self.now)
        self._gone(caller.name, "answered")
        self.talks[agent] = caller
        self.settle()
        return caller

    def misses(self, agent, *, declines=False):
        caller = self.rung_for(agent)
        caller.rung.discard(agent)
        self.rests[agent] = self.now + caller.queue.retry_after
        if self.up.missed(caller.name, agent, self.now, counts=not declines):
            self.standings[caller.queue.number, agent] = "missed"
        self.settle()

    def stops_talking(self, agent):
        caller = self.talks.pop(agent)
        self.rests[agent] = self.now + caller.queue.wrap_up
        self.up.ended(agent, self.now)
        self.settle()

    def stands(self, number, agent, standing):
        if standing == "in" and self.standings[number, agent] != "in":
            self.up.wake(agent)
            self.rests.pop(agent, None)
        self.standings[number, agent] = standing
        self.settle()

    def calls_somebody(self, agent, talks=True):
        (self.own_calls.add if talks else self.own_calls.discard)(agent)
        if not talks:
            self.up.idle(agent, self.now)
        self.settle()

    def passes(self, seconds):
        """Time goes by. Nothing happens but at the moments that the line-up names."""
        until = self.now + seconds
        while (moment := self.up.next_change(self.now)) is not None and moment <= until:
            assert moment > self.now
            halfway = (self.now + moment) / 2
            if halfway - self.now > HAIR and moment - halfway > HAIR:
                assert not self.up.offers(halfway), "somebody was free before their time"
                assert not [one for one in self.waiting if one.leaves < halfway - HAIR], "somebody was forgotten"
            self.now = moment
            self.settle()
        self.now = until
        self.settle()

    def settle(self):
        """What is to be done now is done; then the laws hold."""
        for name, leave in self.up.departures(self.now):
            caller = self.callers[name]
            staffed = self._staffed(caller.queue.number)
            assert leave == ("timeout" if self.now >= caller.leaves - HAIR else "nobody")
            assert leave == "timeout" or not staffed
            self._gone(name, leave)
        for caller, agent in self.up.withdrawals():
            self.callers[caller].rung.discard(agent)
        for offer in self.up.offers(self.now):
            self._offered(offer)
        self._nobody_is_forgotten()

    # What must be so

    @property
    def waiting(self):
        """Callers that wait, in the order of their arrival (a dict keeps it for those of one moment)."""
        return sorted(self._line.values(), key=lambda one: one.arrived)

    def rung_for(self, agent):
        rung = [one for one in self.waiting if agent in one.rung]
        assert len(rung) <= 1, "rung for two callers at once"
        return rung[0] if rung else None

    def may_ring(self, agent, caller):
        """Whether an agent could be rung for a caller now."""
        number, level = caller.queue.number, self.seats[caller.queue.number].get(agent)
        if level is None or self.standings[number, agent] != "in":
            return False
        if agent in self.talks or agent in self.own_calls or self.rests.get(agent, 0) > self.now + HAIR:
            return False
        present = {self.seats[number][one] for one in self.seats[number] if self.standings[number, one] == "in"}
        below = sum(one < level for one in present)
        return self.now - caller.arrived >= below * caller.queue.level_timeout - HAIR

    def wants(self, caller):
        return caller.ready and not caller.ended and (caller.queue.strategy == "all" or not caller.rung)

    def _staffed(self, number):
        return any(self.standings[number, agent] in ("in", "break") for agent in self.seats[number])

    def _offered(self, offer: Offer):
        name, agent = offer
        caller = self.callers[name]
        assert self.wants(caller), "one agent at a time"
        assert self.rung_for(agent) is None, "rung twice at once"
        assert self.may_ring(agent, caller), "not free for this caller"
        for other in self.waiting:
            if other is caller:
                break
            passed_over = self.wants(other) and self.may_ring(agent, other)
            assert not passed_over, f"{other.name} came before {name}"
        caller.rung.add(agent)
        self.offered.append(offer)

    def _nobody_is_forgotten(self):
        if not self._line:
            return
        staffed = {number: self._staffed(number) for number in self.queues}
        rung = {agent for one in self._line.values() for agent in one.rung}
        idle = {agent for _, agent in self.standings} - rung - self.talks.keys() - self.own_calls
        idle = {agent for agent in idle if not self.now - HAIR < self.rests.get(agent, 0)}
        for caller in self._line.values():
            for agent in caller.rung:
                assert self.standings[caller.queue.number, agent] == "in", "rings where nobody is"
                assert agent not in self.own_calls, "rings while they talk"
            assert self.now < caller.leaves + HAIR, "waits too long"
            assert staffed[caller.queue.number], "waits for nobody"
            assert not (self.wants(caller) and any(self.may_ring(agent, caller) for agent in idle)), "forgotten"

    def _gone(self, name, how):
        caller = self._line.pop(name)
        assert not caller.ended, "ends twice"
        caller.ended = how
        caller.rung.clear()
