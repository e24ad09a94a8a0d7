"""Thirty callers, five agents, ten days: the order is kept, nobody is rung twice at once, nobody is forgotten."""

import random
from heapq import heappop, heappush

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.unit.engine.queueing.world import AGENTS, World, queue

DAY = 86_400.0
CALLERS = 30
STRATEGIES = ("all", "in_order", "round_robin", "longest_idle")

seconds = st.one_of(st.floats(0.01, 40.0), st.floats(0.01, 4 * 3600.0))
numbers = st.sampled_from(("401", "402"))
agents = st.sampled_from(AGENTS)


class Days(RuleBasedStateMachine):
    """Two queues that share agents; whatever callers and agents do, in whatever order."""

    @initialize(
        strategies=st.tuples(st.sampled_from(STRATEGIES), st.sampled_from(STRATEGIES)),
        leveled=st.booleans(),
        pause_after=st.sampled_from((None, 1, 3)),
    )
    def opens(self, strategies, leveled, pause_after):
        levels = (("204", 2), ("205", 5)) if leveled else ()
        first, second = strategies
        self.world = World(
            queue("401", levels=levels, strategy=first, max_waiting=20, wrap_up=5, pause_after=pause_after),
            queue("402", agents=AGENTS[2:], strategy=second, max_waiting=5, max_wait=300, wrap_up=0),
        )
        self.came = 0

    @property
    def rung(self):
        return [agent for agent in AGENTS if self.world.rung_for(agent)]

    @precondition(lambda self: len(self.world.waiting) < CALLERS)
    @rule(number=numbers, greeted=st.booleans(), together=st.integers(1, 6))
    def callers_arrive(self, number, greeted, together):
        for _ in range(together):
            self.came += 1
            self.world.arrives(f"c{self.came}", number, ready=greeted)

    @rule(number=numbers, before=st.floats(0.0, 250.0))
    def a_caller_gets_back_their_place(self, number, before):
        self.came += 1
        self.world.arrives(f"c{self.came}", number, since=max(0.0, self.world.now - before))

    @precondition(lambda self: any(not one.ready for one in self.world.waiting))
    @rule(which=st.integers(0, 99))
    def a_greeting_ends(self, which):
        greeted = [one for one in self.world.waiting if not one.ready]
        self.world.hears_the_greeting(greeted[which % len(greeted)].name)

    @precondition(lambda self: self.world.waiting)
    @rule(which=st.integers(0, 99))
    def a_caller_hangs_up(self, which):
        waiting = self.world.waiting
        self.world.hangs_up(waiting[which % len(waiting)].name)

    @precondition(lambda self: self.rung)
    @rule(which=st.integers(0, 99))
    def an_agent_answers(self, which):
        self.world.answers(self.rung[which % len(self.rung)])

    @precondition(lambda self: self.rung)
    @rule(which=st.integers(0, 99), declines=st.booleans())
    def an_agent_does_not(self, which, declines):
        self.world.misses(self.rung[which % len(self.rung)], declines=declines)

    @precondition(lambda self: self.world.talks)
    @rule(which=st.integers(0, 99))
    def a_conversation_ends(self, which):
        talking = sorted(self.world.talks)
        self.world.stops_talking(talking[which % len(talking)])

    @rule(number=numbers, agent=agents, standing=st.sampled_from(("in", "in", "out", "break")))
    def an_agent_comes_or_goes(self, number, agent, standing):
        if (number, agent) in self.world.standings:
            self.world.stands(number, agent, standing)

    @rule(agent=agents)
    def an_agent_calls_somebody(self, agent):
        if agent not in self.world.talks:
            self.world.calls_somebody(agent, agent not in self.world.own_calls)

    @rule(seconds=seconds)
    def time_passes(self, seconds):
        self.world.passes(seconds)

    @invariant()
    def positions_count_from_one(self):
        for number in self.world.queues:
            line = [one.name for one in self.world.waiting if one.queue.number == number]
            assert [self.world.up.position(name) for name in line] == list(range(1, len(line) + 1))

    def teardown(self):
        if hasattr(self, "world"):
            self.world.passes(DAY)  # nobody waits for ever
            assert not self.world.waiting
            assert all(one.ended for one in self.world.callers.values())


Days.TestCase.settings = settings(
    max_examples=60, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
)
test_whatever_happens = Days.TestCase


def test_ten_days():
    """Thirty people who call again and again, five agents with their habits, in the order in which things happen."""
    chance = random.Random(20260113)
    world = World(
        queue("401", levels=(("205", 2),), strategy="longest_idle", max_waiting=25, wrap_up=10, pause_after=4),
        queue("402", agents=AGENTS[1:4], strategy="all", max_waiting=12, max_wait=400),
    )
    agenda, turn = [], 0

    def plan(after, what, *subject):
        nonlocal turn
        turn += 1  # of two things in one moment, the one that was planned first
        heappush(agenda, (world.now + after, turn, what, subject))

    def rung_phones_react(seen):
        for name, agent in world.offered[seen:]:
            plan(chance.uniform(1, 30), "reacts", agent, name)

    for person in range(CALLERS):
        plan(chance.uniform(0, 600), "calls", person, 0)
    for agent in AGENTS:
        plan(chance.uniform(0, DAY), "goes", agent)
    happened = 0
    while agenda and agenda[0][0] < 10 * DAY:
        moment, _, what, subject = heappop(agenda)
        seen = len(world.offered)
        world.passes(moment - world.now)
        happened += 1
        match what, subject:
            case "calls", (person, time):
                name = f"{person}/{time}"
                if world.arrives(name, chance.choice(("401", "401", "402")), ready=False) is None:
                    plan(3.0, "greeted", name)
                    plan(chance.expovariate(1 / 400), "loses patience", name)
                plan(chance.expovariate(1 / 3600), "calls", person, time + 1)
            case "greeted", (name,) if not world.callers[name].ended:
                world.hears_the_greeting(name)
            case "loses patience", (name,) if not world.callers[name].ended:
                world.hangs_up(name)
            case "reacts", (agent, name) if (caller := world.rung_for(agent)) and caller.name == name:
                if chance.random() < 0.8:
                    world.answers(agent)
                    plan(chance.expovariate(1 / 600), "hangs up", agent)
                else:
                    world.misses(agent, declines=chance.random() < 0.3)
            case "hangs up", (agent,):
                world.stops_talking(agent)
            case "goes", (agent,):
                for number, one in world.standings:
                    if one == agent:
                        world.stands(number, agent, chance.choice(("in", "in", "in", "out", "break")))
                plan(chance.expovariate(1 / 3600), "goes", agent)
            case _:
                pass
        rung_phones_react(seen)
    ends = [one.ended for one in world.callers.values()]
    print(f"{happened} things happened to {len(ends)} callers: {[(end, ends.count(end)) for end in sorted(set(ends))]}")
    assert len(ends) > 6000
    assert {"answered", "left", "timeout"} <= set(ends)
