"""A call that an engine of before an upgrade has written down, and one of after it."""

import json
from datetime import UTC, datetime

import pytest

from belplan.apps import APPS
from belplan.dialplan.check import read as read_plan
from belplan.drivers.simulator import SimulatedExchange, SimulatedLeg
from belplan.engine import journal
from belplan.engine.call import Call
from belplan.engine.clock import Clock

PLAN = """
company: {name: Voorbeeld BV}
users: [{name: Anna, number: "201", phones: [{username: anna, password: x}]}]
dial_plans:
  - name: Hoofdnummer
    external_numbers: ["31102380095"]
    route:
      - webhook: {method: GET, url: "https://crm.example.nl/klant", save_as: klant}
      - condition: {variable: klant, equals: openstaand, then: [{connect: {to: "201"}}]}
"""
# As the first form of the journal had it: everything, whether usual or not.
FIRST = {
    "v": 1,
    "call": "8a9f0d4e-1f6e-4c3c-9b59-0d3a9c1f1a52",
    "company": "x",
    "version": "",
    "feature": None,
    "caller": "31612345678",
    "callee": "31102380095",
    "transferred_by": "",
    "rta": "3175f2067898-37d42a87f93a",
    "plan": "Hoofdnummer",
    "began_in": "Hoofdnummer",
    "arrived": 1768302000.0,
    "entered": 1768302000.0,
    "since": 1768302001.5,
    "phase": "route",
    "stack": [
        ["dial_plans[0].route", 2, "plan", "Hoofdnummer", False, 1],
        ["dial_plans[0].route[1].condition.then", 0, "", "", False, 1],
    ],
    "scopes": [{"klant": "openstaand"}],
    "past": {},
    "personal": [],
    "prefix": "",
    "counts": [2, 0, 1],
    "early": {},
    "kept": {"asked": 1},
    "outcome": "",
    "connected_to": None,
    "answered_by": None,
}


def arrived():
    company, problems = read_plan(PLAN, APPS)
    assert company, problems
    return Call(
        company=company,
        plan=None,
        caller=SimulatedLeg("caller"),
        driver=SimulatedExchange(),
        clock=Clock(datetime(2026, 1, 13, 12, tzinfo=UTC)),
        caller_number="",
        callee_number="",
    )


async def test_an_engine_goes_on_with_what_the_form_before_this_one_says():
    call = arrived()
    found = journal.read(json.dumps(FIRST))
    found.restore(call)
    assert (call.plan.name, call.caller_number, call.phase) == ("Hoofdnummer", "31612345678", "route")
    assert (call.variables.all(), call.steps, call.webhooks) == ({"klant": "openstaand"}, 2, 1)
    assert call.kept == {"asked": 1}
    assert [frame.path for frame in found.stack(call.company, [])] == [place[0] for place in FIRST["stack"]]


async def test_what_is_usual_need_not_be_written():
    call = arrived()
    short = {name: value for name, value in FIRST.items() if journal._USUAL.get(name, "no") != value} | {"v": 2}
    assert len(short) < len(FIRST) - 6
    journal.read(json.dumps(short)).restore(call)
    assert (call.outcome, call.connected_to, call.prefix, call.personal) == ("", None, "", set())
    assert call.variables.all() == {"klant": "openstaand"}


def test_a_newer_form_is_not_guessed_at():
    with pytest.raises(journal.UnreadableError, match="newer"):
        journal.read(json.dumps(FIRST | {"v": journal.VERSION + 1}))
