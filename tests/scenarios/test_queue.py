"""Several callers at once in a queue, on the simulator."""

import asyncio
import random
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from belplan.apps import APPS, feature_route
from belplan.dialplan.check import read
from belplan.drivers.simulator import Reaction, SimulatedExchange, SimulatedLeg
from belplan.engine.attend import attend
from belplan.engine.call import Call
from belplan.engine.clock import Clock, VirtualLoop
from belplan.engine.entrance import entrance
from belplan.engine.events import Event
from belplan.engine.queueing.lines import Queues
from belplan.engine.queueing.views import look
from belplan.engine.queueing.waiting import wait
from belplan.engine.state import State
from belplan.memory import Memory

DAY = 86_400.0
PEOPLE = {"201": "Anna", "202": "Bram", "203": "Cees", "204": "Dirk", "205": "Eva"}
PLAN = """
company: {{name: Voorbeeld BV}}
trunks: [{{name: provider, host: 192.0.2.1}}]
users: [{users}]
queues:
  - {{name: Support, number: "401", agents: [{agents}], {settings}}}
dial_plans: [{{name: Hoofd, external_numbers: ["31102380095"], route: [{{queue: {{number: "401"}}}}]}}]
"""


def company(settings="", agents=PEOPLE):
    users = ", ".join(
        f'{{name: {name}, number: "{number}", phones: [{{username: p{number}, password: x}}]}}'
        for number, name in PEOPLE.items()
    )
    listed = ", ".join(f'{{user: "{number}"}}' for number in agents)
    found, problems = read(PLAN.format(users=users, agents=listed, settings=settings or "wrap_up: 5"), APPS)
    assert found, [str(problem) for problem in problems]
    return found


class Watched(SimulatedExchange):
    """Fails where a phone is rung that rings already, or whose owner talks."""

    def __init__(self, react):
        super().__init__(react)
        self.busy = Counter()

    @asynccontextmanager
    async def dial(self, leg_id, target, **how):
        assert not self.busy[target], f"{target} is rung twice at once"
        self.busy[target] += 1
        try:
            async with super().dial(leg_id, target, **how) as dialling:
                yield dialling
        except BaseException:
            self.busy[target] -= 1
            raise
        if dialling.leg.answered:
            ended = asyncio.ensure_future(dialling.leg.ended())
            ended.add_done_callback(lambda _: self.busy.subtract((target,)))
        else:
            self.busy[target] -= 1


@dataclass
class Floor:
    """A company with several callers at once."""

    company: object
    react: object = lambda target: Reaction()
    memory: Memory = field(default_factory=Memory)
    told: list[Event] = field(default_factory=list)

    def __post_init__(self):
        self.exchange = Watched(self.react)
        self.clock = Clock()
        self.services = self.memory.services
        self.queues = self.services[Queues]

    def call(self, name, number="", leg=None, to="31102380095"):
        entered = entrance(self.company, to, number)
        call = Call(
            self.company,
            entered.plan,
            leg or SimulatedLeg(name),
            self.exchange,
            self.clock,
            number,
            entered.number,
            services=self.services,
            id=name,
        )
        call.events.watch(self.told.append)
        return call

    def comes(self, name, number="", to="31102380095", hangs_up_after=None):
        leg = SimulatedLeg(name)
        if hangs_up_after is not None:
            leg.leave_after(hangs_up_after)
        feature = entrance(self.company, to, number).feature
        return asyncio.ensure_future(
            attend(self.call(name, number, leg, to), feature_route(feature) if feature else None)
        )

    def changes(self, what):
        return [event for event in self.told if event.what == "queue" and event.facts["change"] == what]


async def test_each_next_caller_goes_to_the_next_agent():
    floor = Floor(company("strategy: in_order", ("201", "202", "203")))
    calls = []
    for number in range(3):
        calls.append(floor.comes(f"c{number}"))
        await asyncio.sleep(0.1)
    records = await asyncio.gather(*calls)
    assert [record.answered_by for record in records] == ["201", "202", "203"]


async def test_agents_who_answer_in_the_same_instant_leave_nobody_on_a_line_alone():
    floor = Floor(company("strategy: all"), lambda target: Reaction("answer", after=1))
    record = await floor.comes("caller")
    await asyncio.sleep(1)
    assert record.answered_by
    assert not +floor.exchange.busy


async def test_whoever_gets_back_their_place_goes_before_those_who_came_later():
    floor = Floor(company(agents=("201",)))
    floor.memory.engaged._begins(floor.company.id, "201", "other")
    later = floor.comes("later")
    await asyncio.sleep(30)
    back, leg = floor.call("back"), SimulatedLeg("back")
    back.caller = leg
    queue = floor.company.queues[0]
    waiting = asyncio.ensure_future(wait(back, queue, since=floor.clock.now() - timedelta(seconds=90)))
    await asyncio.sleep(1)
    (state,) = look(floor.queues, floor.company, floor.clock)
    assert [one.call_id for one in state.waiting] == ["back", "later"]
    assert round((floor.clock.now() - state.waiting[0].since).total_seconds()) == 91
    floor.memory.engaged._ended(floor.company.id, "201", "other")
    assert await waiting == "answered"
    assert (await later).answered_by == "201"
    assert [event.call_id for event in floor.changes("answered")] == ["back", "later"]


async def test_who_looks_on_sees_who_waits_and_what_agents_do():
    floor = Floor(company("strategy: in_order, wrap_up: 20", ("201", "202")))
    first, second = floor.comes("first"), floor.comes("second", hangs_up_after=100)
    await asyncio.sleep(1)

    def agents():
        return [
            (one.number, one.standing, one.doing) for one in look(floor.queues, floor.company, floor.clock)[0].agents
        ]

    assert agents() == [("201", "in", "ringing"), ("202", "in", "ringing")]
    await asyncio.sleep(10)
    assert agents() == [("201", "in", "talking"), ("202", "in", "talking")]
    third = floor.comes("third", hangs_up_after=30)
    await asyncio.sleep(1)
    (state,) = look(floor.queues, floor.company, floor.clock)
    assert [(one.call_id, one.place, one.rings) for one in state.waiting] == [("third", 1, ())]
    await asyncio.gather(first, second, third)
    assert {doing for _, _, doing in agents()} == {"wrap_up"}
    await asyncio.sleep(20)
    assert agents() == [("201", "in", "free"), ("202", "in", "free")]


async def test_nobody_is_rung_whose_phone_rings_for_another_call():
    floor = Floor(company(agents=("201",)), lambda target: Reaction("answer", after=10, talks=30))
    own = floor.comes("own", "31201234567", to="201")
    await asyncio.sleep(1)
    caller = floor.comes("caller")
    await asyncio.sleep(38)
    assert not floor.changes("offered")
    assert (await own).answered_by == "201"
    await asyncio.sleep(0.1)
    assert len(floor.changes("offered")) == 1
    assert (await caller).answered_by == "201"


async def test_a_colleague_who_picks_the_call_up_has_it_and_the_agent_is_free():
    floor = Floor(company(agents=("201",)), lambda target: Reaction("no_answer"))
    caller = floor.comes("caller", hangs_up_after=60)
    await asyncio.sleep(5)
    colleague = floor.comes("colleague", "202", to="*8201", hangs_up_after=100)
    await asyncio.sleep(5)
    (state,) = look(floor.queues, floor.company, floor.clock)
    assert (state.waiting, state.agents[0].doing) == ((), "free")
    record = await caller
    assert (record.outcome, record.connected_to, record.answered_by) == ("connected", "401", "202")
    await colleague


async def test_an_agent_logs_out_while_their_phone_rings():
    floor = Floor(company("strategy: in_order", ("201", "202")))
    caller = floor.comes("caller")
    await asyncio.sleep(1)
    assert floor.queues.change(floor.company, "201", "log_out") == ["401"]
    assert (await caller).answered_by == "202"
    assert floor.memory.state.standing(floor.company, "401", "201") == "out"


async def test_when_the_last_one_logs_out_nobody_is_left_waiting():
    floor = Floor(company(agents=("201",)), lambda target: Reaction("no_answer"))
    caller = floor.comes("caller")
    await asyncio.sleep(5)
    floor.queues.change(floor.company, "201", "log_out")
    record = await caller
    assert [(step.app, step.exit) for step in record.trace] == [("queue", "nobody")]
    assert record.outcome == "ended"


async def test_a_break_is_over_when_they_say_so_and_logs_nobody_in():
    floor = Floor(company(agents=("201", "202")))
    queues, there = floor.queues, floor.company
    queues.change(there, "201", "pause")
    queues.change(there, "202", "log_out")
    queues.change(there, "202", "pause")
    assert [queues.standing(there, "401", agent) for agent in ("201", "202")] == ["break", "out"]
    caller = floor.comes("caller")
    await asyncio.sleep(50)
    queues.change(there, "202", "resume")
    queues.change(there, "201", "resume")
    assert (await caller).answered_by == "201"
    assert queues.change(there, "999", "log_in") == []


async def test_what_agents_did_is_kept():
    kept = []
    floor = Floor(company(), memory=Memory(state=State(kept.append)))
    floor.queues.change(floor.company, "201", "log_out")
    floor.queues.change(floor.company, "202", "pause")
    again = State()
    again.restore(kept)
    assert [again.standing(floor.company, "401", agent) for agent in ("201", "202", "203")] == ["out", "break", "in"]


async def test_an_agent_who_answers_another_call_meanwhile_rings_no_longer():
    floor = Floor(company("strategy: in_order", ("201", "202")), lambda target: Reaction("answer", after=10))
    caller = floor.comes("caller")
    await asyncio.sleep(3)
    with floor.memory.engaged.calling(floor.company.id, "201", "other"):
        record = await caller
    assert record.answered_by == "202"
    assert not floor.changes("missed")


async def test_a_caller_who_hangs_up_at_any_moment_leaves_nothing_behind():
    """Greeting, ringing, the moment of the answer, the conversation: every tenth of a second of a call."""
    for tenths in range(60):
        floor = Floor(company("greeting: {say: Welkom.}, strategy: in_order", ("201", "202")))
        record = await floor.comes("caller", hangs_up_after=tenths / 10)
        assert record.outcome == ("queued" if tenths <= 24 else "connected"), tenths
        await asyncio.sleep(60)
        (state,) = look(floor.queues, floor.company, floor.clock)
        assert state.waiting == ()
        assert {agent.doing for agent in state.agents} == {"free"}
        assert all(leg.gone for leg in floor.exchange.legs)


def test_thirty_callers_and_five_agents_for_ten_days():
    """Every call goes through the whole engine; the clock is virtual."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(_ten_days())


async def _ten_days():
    chance = random.Random(401)
    reactions = ["answer"] * 8 + ["no_answer", "reject"]

    def react(target):
        return Reaction(chance.choice(reactions), after=chance.uniform(1, 19), talks=chance.expovariate(1 / 900))

    settings = "strategy: round_robin, max_waiting: 20, max_wait: 900, announce_position: true, announce_wait: true"
    floor = Floor(company(settings), react)
    records = []

    async def calls_now_and_then(person):
        until = floor.clock.monotonic() + 10 * DAY
        time = 0
        while floor.clock.monotonic() < until:
            await asyncio.sleep(chance.expovariate(1 / 9600))
            time += 1
            records.append(await floor.comes(f"{person}/{time}", hangs_up_after=chance.expovariate(1 / 1500)))

    async def comes_and_goes(agent):
        while True:
            await asyncio.sleep(chance.expovariate(1 / 14_400))
            floor.queues.change(floor.company, agent, chance.choice(("log_in", "log_in", "log_out", "pause", "resume")))

    agents = [asyncio.ensure_future(comes_and_goes(agent)) for agent in PEOPLE]
    await asyncio.gather(*(calls_now_and_then(person) for person in range(30)))
    for agent in agents:
        agent.cancel()

    outcomes = Counter((record.outcome, record.trace[-1].exit if record.trace else "") for record in records)
    print(len(records), dict(outcomes))
    assert len(records) > 1500
    assert {"connected", "queued", "ended"} == {outcome for outcome, _ in outcomes}
    # Nobody is rung twice at once: the exchange would have said so, and its caller's step would have crashed.
    assert not any(exit_ == "failed" for _, exit_ in outcomes)
    assert not any(record.trace[0].detail.get("reason") for record in records)
    # The order: nobody is offered for the first time before somebody who came earlier and is still waiting unoffered.
    line = []
    for event in floor.told:
        if event.what != "queue":
            continue
        match event.facts["change"]:
            case "joined":
                line.append(event.call_id)
            case "offered" if event.call_id in line:
                assert line[0] == event.call_id
                line.remove(event.call_id)
            case "left" if event.call_id in line:
                line.remove(event.call_id)
            case _:
                pass
    (state,) = look(floor.queues, floor.company, floor.clock)
    assert state.waiting == ()
