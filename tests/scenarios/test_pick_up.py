"""Two calls at once: a colleague picks up what rings for another, or gives a caller to somebody on their other line."""

import asyncio
from dataclasses import dataclass, field

from belplan.apps import feature_route
from belplan.drivers.simulator import Reaction, SimulatedExchange, SimulatedLeg
from belplan.engine.attend import attend
from belplan.engine.call import Call
from belplan.engine.cdr import CallRecord
from belplan.engine.clock import Clock
from belplan.engine.entrance import Features, entrance
from belplan.engine.leg import ANSWERED_ELSEWHERE, Leg, Shown, Target, Transfer
from belplan.memory import Memory
from tests.scenarios.conftest import company

PLAN = """
ring_groups:
  - {name: Finance, number: "301", members: ["201", "202"], timeout: 20}
  - {name: Inkoop, number: "302", members: ["203"], timeout: 20}
dial_plans: [{name: Hoofd, internal_number: "1003", external_numbers: ["31102380095"], route: [{connect: {to: "301"}}]}]
"""
OTHER = """
company: {name: Ander BV}
users: [{name: Vreemd, number: "202", phones: [{username: vreemd, password: x}]}]
ring_groups: [{name: Finance, number: "301", members: ["202"]}]
"""


class Exchange(SimulatedExchange):
    """Phones on which people also ask for transfers."""

    def __init__(self, reactions: dict[str, Reaction]) -> None:
        super().__init__(lambda target: reactions.get(getattr(target, "username", ""), Reaction("no_answer")))
        self.asks: dict[str, asyncio.Future[Transfer]] = {}

    async def talk(self, caller: Leg, callee: Leg, *, record: str = "") -> Leg | Transfer:
        asks = [self.asks.setdefault(leg.id, asyncio.get_running_loop().create_future()) for leg in (caller, callee)]
        talking = asyncio.ensure_future(super().talk(caller, callee))
        try:
            done, _ = await asyncio.wait((talking, *asks), return_when=asyncio.FIRST_COMPLETED)
        finally:
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)
        for asked in asks:
            if asked in done:
                self.asks.pop(asked.result().by.id)
                return asked.result()
        return talking.result()

    def ask(self, transfer: Transfer) -> None:
        self.asks[transfer.by.id].set_result(transfer)

    def leg_of(self, account: str) -> SimulatedLeg:
        """The last leg to a phone."""
        targets: list[Target] = [target for target, _ in self.dialled]
        return [leg for target, leg in zip(targets, self.legs, strict=True) if target.username == account][-1]


@dataclass
class Office:
    """One exchange, and everybody who calls."""

    exchange: Exchange
    services: dict[type, object] = field(
        default_factory=lambda: {**Memory().services, Features: Features(feature_route)}
    )

    def call(
        self, number: str, caller: str = "31612345678", plan: str = PLAN
    ) -> "tuple[SimulatedLeg, asyncio.Task[CallRecord]]":
        there = company(plan)
        entered = entrance(there, number, caller)
        assert entered
        leg = SimulatedLeg(f"{caller}-{len(self.exchange.legs)}")
        call = Call(there, entered.plan, leg, self.exchange, Clock(), caller, entered.number, services=self.services)
        return leg, asyncio.create_task(attend(call, feature_route(entered.feature) if entered.feature else None))


async def ended(*tasks: "asyncio.Task[CallRecord]") -> list[CallRecord]:
    async with asyncio.timeout(600):
        return await asyncio.gather(*tasks)


async def test_a_colleague_of_the_group_takes_it():
    office = Office(Exchange({}))
    caller, ringing = office.call("1003")
    await asyncio.sleep(3)
    carla, taking = office.call("*8", "bram")
    await asyncio.sleep(30)
    assert caller.answered
    assert carla.answered
    assert [await leg.ended() for leg in office.exchange.legs] == [ANSWERED_ELSEWHERE] * 2
    assert carla.shows == [Shown("31612345678")]
    assert caller.shows == []  # outside, nobody learns our names
    caller.leave()
    first, second = await ended(ringing, taking)
    assert (first.outcome, first.connected_to, first.answered_by) == ("connected", "301", "202")
    assert (second.outcome, second.connected_to, second.answered_by) == ("connected", "301", "202")
    assert carla.gone


async def test_whoever_took_it_hangs_up_and_the_caller_is_free():
    office = Office(Exchange({}))
    caller, ringing = office.call("201")
    await asyncio.sleep(1)
    bram, taking = office.call("*8201", "bram")
    await asyncio.sleep(10)
    bram.leave()
    first, _ = await ended(ringing, taking)
    assert caller.gone
    assert (first.connected_to, first.answered_by) == ("201", "202")


async def test_a_number_rings_beyond_ones_own_groups_too():
    office = Office(Exchange({}))
    caller, ringing = office.call("302")
    await asyncio.sleep(1)
    _, nothing = office.call("*8", "anna")
    assert (await nothing).trace[0].exit == "nothing"
    _, taking = office.call("*8302", "anna")
    await asyncio.sleep(1)
    assert caller.answered
    caller.leave()
    assert [record.answered_by for record in await ended(ringing, taking)] == ["201", "201"]


async def test_another_company_takes_nothing():
    office = Office(Exchange({}))
    caller, ringing = office.call("1003")
    await asyncio.sleep(1)
    for code in ("*8", "*8301", "*8202"):
        _, taking = office.call(code, "vreemd", OTHER)
        record = await taking
        assert record.trace[0].exit == "nothing"
        assert record.heard == ("say: Er is geen gesprek om over te nemen.",)
    assert not caller.answered
    caller.leave()
    await ended(ringing)


async def test_nobody_outside_can_dial_it():
    assert entrance(company(PLAN), "*8", "31612345678") is None


async def test_two_want_it_and_one_gets_it():
    office = Office(Exchange({}))
    caller, ringing = office.call("1003")
    await asyncio.sleep(1)
    (one, first), (other, second) = office.call("*8", "anna"), office.call("*8", "bram")
    await asyncio.sleep(1)
    assert one.answered
    assert caller.answered
    late = await second
    assert late.trace[0].exit == "nothing"
    caller.leave()
    await ended(ringing, first)
    assert other.gone


async def test_the_oldest_is_taken_first():
    office = Office(Exchange({}))
    one, first = office.call("1003", "31612345678")
    await asyncio.sleep(1)
    other, second = office.call("1003", "31687654321")
    await asyncio.sleep(1)
    _, taking = office.call("*8", "bram")
    await asyncio.sleep(1)
    assert (one.answered, other.answered) == (True, False)
    one.leave()
    other.leave()
    await ended(first, second, taking)


async def test_who_picks_up_as_the_caller_leaves_is_not_left_alone():
    office = Office(Exchange({}))
    caller, ringing = office.call("1003")
    await asyncio.sleep(1)
    bram, taking = office.call("*8", "bram")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    caller.leave()
    await ended(ringing, taking)
    assert bram.gone


async def connected(office: Office) -> "tuple[SimulatedLeg, SimulatedLeg, list[asyncio.Task[CallRecord]]]":
    """A caller talks to Anna, who has Cees on her second line: the caller, and her two legs."""
    caller, first = office.call("201")
    await asyncio.sleep(5)
    second_line, second = office.call("203", "anna")
    await asyncio.sleep(5)
    return caller, second_line, [first, second]


TALKERS = {"anna": Reaction(talks=500), "cees": Reaction(talks=100)}


async def test_she_gives_the_caller_to_whom_she_asked():
    office = Office(Exchange(TALKERS))
    caller, second_line, calls = await connected(office)
    anna = office.exchange.leg_of("anna")
    office.exchange.ask(Transfer(anna, to=second_line))
    await asyncio.sleep(1)
    cees = office.exchange.leg_of("cees")
    assert (caller.gone, cees.gone, anna.gone, second_line.gone) == (False, False, True, True)
    assert anna.told == [True]
    assert cees.shows == [Shown("31612345678")]
    first, second = await ended(*calls)  # Cees hangs up
    assert caller.gone
    assert first.outcome == second.outcome == "connected"
    assert (first.caller_number, second.caller_number) == ("31612345678", "anna")


async def test_the_caller_leaves_after_it_and_everybody_is_free():
    office = Office(Exchange(TALKERS))
    caller, second_line, calls = await connected(office)
    office.exchange.ask(Transfer(office.exchange.leg_of("anna"), to=second_line))
    await asyncio.sleep(1)
    caller.leave()
    await ended(*calls)
    assert office.exchange.leg_of("cees").gone


async def test_whom_she_called_herself_she_can_give_away_too():
    office = Office(Exchange(TALKERS))
    anna, first = office.call("202", "anna")
    office.exchange._react = lambda target: Reaction(talks=100)
    await asyncio.sleep(5)
    second_line, second = office.call("203", "anna")
    await asyncio.sleep(5)
    bram, cees = office.exchange.leg_of("bram"), office.exchange.leg_of("cees")
    office.exchange.ask(Transfer(anna, to=second_line))
    await asyncio.sleep(1)
    assert (bram.gone, cees.gone, anna.gone, second_line.gone) == (False, False, True, True)
    assert bram.shows == [Shown("203", "Cees")]
    assert cees.shows == [Shown("202", "Bram")]
    bram.leave()
    await ended(first, second)
    assert cees.gone


async def test_who_called_her_second_she_can_give_the_first():
    office = Office(Exchange({"anna": Reaction(talks=500)}))
    caller, first = office.call("201")
    await asyncio.sleep(5)
    one_line = office.exchange.leg_of("anna")
    bram, second = office.call("201", "bram")
    await asyncio.sleep(5)
    office.exchange.ask(Transfer(one_line, to=office.exchange.leg_of("anna")))
    await asyncio.sleep(1)
    assert not caller.gone
    assert not bram.gone
    bram.leave()
    await ended(first, second)
    assert caller.gone


async def test_before_the_other_has_answered_the_caller_rings_there():
    office = Office(Exchange({"anna": Reaction(talks=500), "cees": Reaction(after=20, talks=100)}))
    caller, second_line, calls = await connected(office)
    office.exchange.ask(Transfer(office.exchange.leg_of("anna"), to=second_line))
    await asyncio.sleep(1)
    assert second_line.gone
    assert caller.heard[-1] == "ringing"
    first, second = await ended(*calls)
    assert (first.connected_to, first.answered_by) == ("203", "203")
    assert second.outcome == "abandoned"


async def test_a_second_line_that_talks_to_nobody_is_refused():
    office = Office(Exchange(TALKERS))
    caller, calls = office.call("201")
    await asyncio.sleep(5)
    anna = office.exchange.leg_of("anna")
    office.exchange.ask(Transfer(anna, to=SimulatedLeg("elsewhere")))
    await asyncio.sleep(1)
    assert anna.told == [False]
    assert not caller.gone
    await ended(calls)


async def test_a_stranger_cannot_give_anybody_away():
    office = Office(Exchange(TALKERS))
    caller, calls = office.call("201")
    await asyncio.sleep(5)
    office.exchange.ask(Transfer(caller, number="203"))
    await asyncio.sleep(1)
    assert caller.told == [False]
    await ended(calls)
