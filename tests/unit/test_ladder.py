"""A call as a person reads it."""

import pytest

from belplan.apps import APPS
from belplan.dialplan.check import read
from belplan.engine.cdr import Step
from belplan.ladder import rounds, sentence, who

PLAN = """
company: {{name: X}}
users: [{{name: Anna, number: "201", phones: [{{username: anna, password: x}}]}}]
phone_book: [{{number: "0612345678", name: Pieter}}]
dial_plans:
  - name: P
    internal_number: "1003"
    route:
      - webhook: {{method: GET, url: "https://crm.example.nl/x?y=1", save_as: klant}}
      - condition: {condition}
"""


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("{variable: klant, equals: openstaand}", "klant equals openstaand?"),
        ("{variable: klant, is_set: true}", "klant is set?"),
        ("{variable: klant, is_set: false}", "klant is not set?"),
        ("{variable: klant, one_of: [a, b], invert: true}", "not: klant is one of a, b?"),
        ("{variable: klant, between: [1, 5]}", "klant is between 1 and 5?"),
        ("{anonymous: true}", "caller_number is withheld?"),
        ("{country: [NL, BE]}", "caller_number is of NL, BE?"),
        ("{starts_with: '06'}", "caller_number starts with 06?"),
        ("{all: [{mobile: true}, {variable: klant, equals: x}]}", "all of 2 tests?"),
    ],
)
def test_a_condition_is_a_question(condition, words):
    company, problems = read(PLAN.format(condition=condition), APPS)
    assert company, problems
    step = Step("dial_plans[0].route[1].condition", "condition", "true", 0, 0, {})
    assert sentence(company, step) == words


def test_numbers_have_the_names_that_people_know_them_by():
    company, _ = read(PLAN.format(condition="{mobile: true}"), APPS)
    assert company
    names = [who(company, number) for number in ("201", "anna", "31612345678", "")]
    assert names == ["Anna (201)", "Anna (201)", "Pieter (06 12345678)", "withheld"]


def test_a_caller_who_goes_round_in_a_menu_is_told_once():
    taken = ["webhook", *["announce", "menu", "goto"] * 100, "announce", "connect"]
    trace = [Step(f"at.{app}", app, "", number, 0, {}) for number, app in enumerate(taken)]
    assert list(rounds(trace)) == [(0, 1, 1), (1, 3, 100), (301, 1, 1), (302, 1, 1)]


def test_what_happens_twice_is_told_twice():
    trace = [Step("at.connect", "connect", "busy", number, 0, {}) for number in range(2)]
    assert list(rounds(trace)) == [(0, 1, 1), (1, 1, 1)]
