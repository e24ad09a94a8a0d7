"""Connect: who rings, for how long, and where a call goes that nobody takes."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from belplan import simulation
from belplan.drivers.simulator import SimulatedExchange, SimulatedLeg

ROUTES = """
trunks: [{name: provider, host: sip.example.nl, inbound_from: ["192.0.2.1"], numbers: ["31102380095", "31102380096"]}]
phone_book: [{number: "+31612345678", name: Pieter Janssen}]
dial_plans:
  - name: Hoofd
    internal_number: "1003"
    external_numbers: ["31102380095"]
    route:
      - connect:
          to: "201"
          timeout: 12
          on_busy: [{announce: {say: "Bezet.", answer: false}}]
          on_no_answer: [{announce: {say: "Geen gehoor.", answer: false}}, {hangup: {cause: 19}}]
          on_failed: [{connect: {to: "203"}}]
      - connect: {to: "202"}
"""
ONE = """
dial_plans:
  - name: Hoofd
    internal_number: "1003"
    route: [{connect: {to: "TO"}}, {hangup: {cause: 21}}]
"""


async def test_a_phone_rings_and_is_answered(walk):
    result = await walk(ROUTES, phones={"201": {"after": 3.5, "talks": 10}})
    assert (result.outcome, result.cause) == ("connected", 16)
    assert (result.connected_to, result.answered_by) == ("201", "201")
    assert result.answered_after == 3.5
    assert result.lasted == 13.5
    assert result.silence == 0


async def test_busy_has_a_route_and_goes_on_below(walk):
    for does in ("busy", "reject"):
        result = await walk(ROUTES, phones={"201": does})
        assert result.trace == [("connect", "busy"), ("announce", "played"), ("connect", "answered")]
        assert result.heard == ["ringing", "say: Bezet.", "ringing"]
        assert result.connected_to == "202"


async def test_no_answer_has_a_route(walk):
    result = await walk(ROUTES, phones={"201": "no_answer"})
    assert result.trace == [("connect", "no_answer"), ("announce", "played"), ("hangup", "ended")]
    assert result.step("connect").duration_ms == 12_000
    assert (result.outcome, result.cause) == ("ended", 19)


async def test_an_answer_after_the_timeout_is_none(walk):
    assert (await walk(ROUTES, phones={"201": {"after": 12}})).trace[0] == ("connect", "no_answer")
    assert (await walk(ROUTES, phones={"201": {"after": 11.9}})).trace[0] == ("connect", "answered")


async def test_failure_has_a_route(walk):
    result = await walk(ROUTES, phones={"anna": "failed"})
    assert result.trace == [("connect", "failed"), ("connect", "answered")]
    assert result.connected_to == "203"


async def test_nobody_at_all_is_refused(walk):
    result = await walk(ROUTES, phones={"201": "failed", "202": "failed", "203": "failed"})
    assert (result.outcome, result.cause, result.connected_to) == ("ended", 20, None)
    assert result.rang == ["201", "203", "202"]


async def test_the_caller_may_hang_up_while_it_rings(walk):
    result = await walk(ROUTES, hang_up_after=1.5)
    assert (result.outcome, result.answered_by) == ("abandoned", None)
    assert result.trace == [("connect", "abandoned")]


@pytest.mark.parametrize("instant", [1.999, 2.0, 2.001])
async def test_hanging_up_as_somebody_answers_is_one_or_the_other(walk, instant):
    result = await walk(ROUTES, hang_up_after=instant)
    assert (result.outcome == "connected") == (result.answered_by == "201") == (result.connected_to == "201")
    assert (result.outcome == "connected") == (instant > 2)


async def test_the_caller_may_hang_up_while_talking(walk):
    result = await walk(ROUTES, hang_up_after=20)
    assert (result.outcome, result.cause, result.lasted) == ("connected", 16, 20)


@pytest.mark.parametrize("number", ["010 238 00 95", "+31 10 238 00 95", "0031102380095", "31102380095", "1003"])
async def test_a_plan_is_reached_in_every_notation(walk, number):
    assert (await walk(ROUTES, to=number)).record.dial_plan == "Hoofd"


@pytest.mark.parametrize(
    "caller", ["06 1234 5678", "+31 6 12345678", "0031612345678", "31612345678", "tel:+31-6-12345678"]
)
async def test_the_phone_shows_who_calls(walk, caller):
    result = await walk(ROUTES, caller=caller)
    shown = result.call.rang[0].shown
    assert (shown.number, shown.name) == ("31612345678", "Pieter Janssen")


@pytest.mark.parametrize("caller", ["", "anonymous", "withheld", "Anoniem"])
async def test_a_withheld_number_stays_withheld(walk, caller):
    result = await walk(ROUTES, caller=caller)
    assert (result.record.caller_number, result.call.rang[0].shown.number) == ("", "")


@pytest.mark.parametrize(
    ("to", "reaches"),
    [
        ("203", "203"),
        ("06 87654321", "31687654321"),
        ("112", "112"),
        ("+49 30 901820", "4930901820"),
    ],
)
async def test_outside_numbers_of_the_plan_are_dialled(walk, to, reaches):
    result = await walk(ROUTES.replace('to: "202"', f'to: "{to}"'), phones={"201": "busy"})
    assert result.answered_by == reaches


async def test_without_a_trunk_an_outside_number_fails(walk):
    result = await walk(ONE.replace("TO", "0612345679"), unchecked=True)
    assert result.trace == [("connect", "failed"), ("hangup", "ended")]
    assert result.cause == 21


async def test_a_number_of_the_company_is_not_dialled_outside(walk):
    plan = (
        ROUTES.replace('to: "202"', 'to: "010 238 0097"')
        + """\
  - name: Tweede
    external_numbers: ["31102380097"]
    route: [{connect: {to: "203"}}]
"""
    )
    result = await walk(plan, phones={"201": "busy"})
    assert result.trace[-2:] == [("connect", "moved"), ("connect", "answered")]
    assert result.connected_to == "203"


async def test_a_server_that_answers_with_the_called_number_sends_nobody_round(walk):
    plan = """
dial_plans:
  - name: Hoofd
    internal_number: "1003"
    external_numbers: ["31102380095"]
    route:
      - webhook: {method: GET, url: "https://crm.example.nl/", save_as: wie}
      - connect: {to: "{wie}"}
      - connect: {to: "202"}
"""
    for answer in ("1003", "+31 10 238 00 95"):
        result = await walk(plan, webhooks={"wie": answer})
        assert result.trace == [("webhook", "ok"), ("connect", "failed"), ("connect", "answered")]
        assert result.connected_to == "202"


async def test_the_company_may_be_shown(walk):
    plan = ROUTES.replace("timeout: 12", "caller_id: company")
    shown = (await walk(plan)).call.rang[0].shown
    assert (shown.number, shown.name) == ("31102380095", "Voorbeeld BV")


async def test_the_trunk_shows_only_its_own_numbers(walk):
    plan = ROUTES.replace('to: "202"', 'to: "0687654321"')
    result = await walk(plan, phones={"201": "busy"})
    assert result.call.rang[1].shown.number == "31102380095"
    result = await walk(plan, caller="010 238 00 96", phones={"201": "busy"})
    assert result.call.rang[1].shown.number == "31102380096"


async def test_a_user_is_called_directly(walk):
    result = await walk(ROUTES, to="202")
    assert (result.connected_to, result.record.dial_plan) == ("202", "")
    assert result.paths == ["users[1]"]


async def test_an_unknown_number_is_said(walk):
    with pytest.raises(ValueError, match="nothing of Voorbeeld BV has the number 299"):
        await walk(ROUTES, to="299")


async def test_who_answers_and_is_gone_at_once_has_had_the_call(walk):
    result = await walk(ROUTES, phones={"201": {"talks": 0}})
    assert (result.outcome, result.trace) == ("connected", [("connect", "answered")])


async def test_nobody_is_left_on_the_line_when_the_caller_goes_as_the_ringing_stops(walk, monkeypatch):
    exchanges: list[SimulatedExchange] = []

    class SlowToStop(SimulatedLeg):
        """Stopping a sound takes a while, as it does on an exchange over a network."""

        @asynccontextmanager
        async def playing(self, sound):
            async with super().playing(sound) as playing:
                yield playing
            await asyncio.sleep(1 if sound == "ringing" else 0)

    class Kept(SimulatedExchange):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            exchanges.append(self)

    monkeypatch.setattr(simulation, "SimulatedLeg", SlowToStop)
    monkeypatch.setattr(simulation, "SimulatedExchange", Kept)
    plan = ONE.replace("{connect:", '{announce: {say: "Hallo"}}, {connect:').replace("TO", "201")
    result = await walk(plan, hang_up_after=3)  # a third of a second of hello, answered after 2.33 s
    assert result.outcome == "abandoned"
    assert [leg.gone for leg in exchanges[0].legs] == [True]
