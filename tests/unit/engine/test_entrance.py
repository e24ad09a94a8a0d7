"""Where a called number leads, and who may dial a code."""

import pytest

from belplan.apps import APPS
from belplan.dialplan.check import read
from belplan.engine.entrance import Entrance, Feature, entrance

PLAN = """
company: {name: X}
users: [{name: Anna, number: "201", phones: [{username: anna, password: x}]}]
diversions: [{name: overleg, code: "1"}]
dial_plans: [{name: Hoofd, internal_number: "1003", external_numbers: ["31102380095"], route: [{hangup: {}}]}]
"""
company, _ = read(PLAN, APPS)
assert company


@pytest.mark.parametrize("dialled", ["31102380095", "+31 10 238 00 95", "0102380095", "1003"])
def test_every_notation_of_its_number_enters_the_dial_plan(dialled):
    found = entrance(company, dialled, "31612345678")
    assert found == Entrance(company.canonical(dialled), plan=company.dial_plans[0])


def test_a_person_is_entered_by_their_own_number():
    assert entrance(company, "201", "31612345678") == Entrance("201")


@pytest.mark.parametrize("caller", ["anna", "201"])
def test_a_phone_of_the_company_dials_a_code(caller):
    assert entrance(company, "1003*1", caller) == Entrance("1003*1", feature=Feature("diversion", "overleg"))


@pytest.mark.parametrize("caller", ["31612345678", "", "2019"])
def test_a_stranger_does_not(caller):
    assert entrance(company, "1003*1", caller) is None


@pytest.mark.parametrize("dialled", ["1003*2", "201*1", "999", "*1", "1003*"])
def test_what_nobody_has_leads_nowhere(dialled):
    assert entrance(company, dialled, "anna") is None
