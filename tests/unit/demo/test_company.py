"""The sample company's plan, walked without telephones and without its CRM."""

import pytest

from belplan.apps import APPS
from belplan.demo.stage import GUEST, PLAN
from belplan.demo.stories import CUSTOMER, DEBTOR, STORIES, STRANGER
from belplan.dialplan.check import read
from belplan.drivers.simulator import Reaction
from belplan.simulation import Caller, run
from belplan.webhook.exchange import Answer


def says(**words: str) -> dict[str, Answer]:
    return {variable: Answer("ok", word) for variable, word in words.items()}


SILENT = {"klant": Answer("timeout")}


@pytest.fixture(scope="module")
def company():
    company, problems = read(PLAN.read_text(), APPS, secrets=lambda name: True)
    assert problems == []
    return company


@pytest.mark.parametrize(
    ("replies", "keys", "reaches"),
    [
        (says(klant="openstaand"), "", "301"),
        (says(klant="ticket", agent="203"), "", "203"),
        (says(klant="bekend", collega="204"), "", "204"),
        (says(klant="nieuw"), "1", "301"),
        (says(klant="nieuw"), "2", "302"),
        (says(klant="nieuw"), "9", "205"),
        (says(klant="nieuw"), "", "205"),
        (says(klant=""), "", "205"),
        (SILENT, "", "205"),
        (says(klant="ticket") | {"agent": Answer("timeout")}, "2", "302"),
        (says(klant="ticket", agent="9999999999"), "2", "302"),
    ],
)
def test_each_answer_of_the_crm_reaches_somebody(company, replies, keys, reaches):
    record = run(company, Caller(to="010 238 00 95", keys=keys, replies=replies))
    assert (record.outcome, record.connected_to) == ("connected", reaches)


@pytest.mark.parametrize("busy", ["201", "202", "203", "204"])
def test_a_busy_colleague_is_no_dead_end(company, busy):
    replies = says(klant="ticket", agent=busy)
    record = run(company, Caller(to="0102380095", replies=replies, reactions={busy: Reaction("busy")}))
    assert (record.outcome, record.connected_to) == ("connected", "205")


def test_the_crm_and_the_phone_book_know_the_callers_of_the_demo(company):
    assert company.names[DEBTOR] == "Pieter Janssen"
    assert company.names[CUSTOMER] == "Bakkerij Sanne"
    assert STRANGER not in company.names


def test_the_calls_of_the_demo_name_phones_of_the_company(company):
    named = {account for story in STORIES for account in (*story.rings, story.answers)}
    assert named | {GUEST} == set(company.accounts)
