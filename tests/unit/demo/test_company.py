"""The sample company's plan, walked without telephones and without its CRM."""

import pytest

from belplan.apps import APPS
from belplan.demo.stage import GUEST, PLAN
from belplan.demo.stories import CUSTOMER, DEBTOR, STORIES, STRANGER
from belplan.dialplan.check import read
from belplan.dialplan.places import tops
from belplan.scenarios.coverage import cover
from belplan.scenarios.run import Bench


@pytest.fixture(scope="module")
def company():
    company, problems = read(PLAN.read_text(), APPS, secrets=lambda name: True)
    assert problems == []
    return company


@pytest.fixture(scope="module")
def played(company):
    with Bench(lambda path: company) as bench:
        return bench.file(PLAN.with_name("company.scenario.yaml"))


def test_its_scenarios_pass(played):
    assert not played.problems
    assert not played.failed, [str(one.differences[0]) for one in played.failed]


def test_scenarios_walk_every_item_and_take_every_way_out(company, played):
    found = cover(company, [one.call.record for one in played.results])
    assert found.whole, (found.unwalked, found.untaken)
    assert found.items == len({step.path for one in played.results for step in one.call.record.trace} & paths(company))
    assert found.exits > 90
    # The measure itself: each thing that one scenario alone tries is missed without it.
    without = [one.call.record for one in played.results if "holiday" not in one.written.scenario.name]
    missed = cover(company, without)
    holiday = "ivr_menus[0].contexts.nl.keys.3.route[0].time"
    assert missed.unwalked == (f"{holiday}.then[0].announce", f"{holiday}.then[1].voicemail")
    assert missed.untaken == ((holiday, "true"),)


def paths(company):
    return {spot.path for top in tops(company) for spot in top.everything}


def test_the_crm_and_the_phone_book_know_the_callers_of_the_demo(company):
    assert company.names[DEBTOR] == "Pieter Janssen"
    assert company.names[CUSTOMER] == "Bakkerij Sanne"
    assert STRANGER not in company.names


def test_the_calls_of_the_demo_name_phones_of_the_company(company):
    named = {account for story in STORIES for account in (*story.rings, story.answers)}
    assert named | {GUEST} == set(company.accounts)
