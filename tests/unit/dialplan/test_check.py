"""What the check says beside the corpus of plans: order, silence about what follows, warnings."""

import json
from typing import Any

import pytest

from belplan.apps import APPS
from belplan.dialplan.check import read, read_value
from belplan.dialplan.problem import Problem
from belplan.dialplan.route import AppSettings

COMPANY = "company: {name: x}\n"


def problems(text: str, **options: Any) -> list[Problem]:
    return [problem for problem in read(text, APPS, **options)[1] if problem.code != "not-yet"]


def codes(text: str) -> list[str]:
    return [problem.code for problem in problems(text)]


def messages(text: str) -> str:
    return "\n".join(problem.message for problem in problems(text))


def plan(*items: str) -> str:
    return (
        COMPANY
        + "dial_plans:\n  - name: H\n    internal_number: 1003\n    route:\n"
        + "".join(f"      - {i}\n" for i in items)
    )


def test_problems_come_in_the_order_of_the_file():
    found = problems("""
dial_plans: [{name: H, internal_number: "201", route: [{connect: {to: "999"}}, {anounce: {}}]}]
users: [{name: Anna, number: "201", email: x}]
company: {name: x, country: XX}
""")
    places = [(problem.line, problem.column) for problem in found]
    assert places == sorted(places)
    assert [problem.code for problem in found] == [
        "unknown-destination",
        "unknown-app",
        "duplicate-number",
        "invalid-value",
        "invalid-value",
    ]


def test_no_company_where_there_is_an_error_and_one_where_there_are_only_warnings():
    assert read(plan('connect: {to: "999"}'), APPS)[0] is None
    company, found = read(COMPANY + "dial_plans: [{name: H}]", APPS)
    assert company
    assert [problem.severity for problem in found] == ["warning"]


def test_plans_from_json_are_checked_without_places():
    raw = {"company": {"name": "x"}, "dial_plans": [{"name": "H", "route": [{"connect": {"to": "999"}}]}]}
    company, found = read_value(raw, APPS)
    assert company is None
    assert ("dial_plans[0].route[0].connect.to", "unknown-destination", 0) in [(p.path, p.code, p.line) for p in found]
    assert read(json.dumps(raw), APPS)[1][0].line == 1


H = 'dial_plans:\n  - {name: H, internal_number: "1", route: [%s]}'


@pytest.mark.parametrize(
    "text",
    [
        "users: [{name: Anna}]\n" + H % "{goto: {dial_plan: H2}}" + "\n  - {name: H2, id: x, route: []}",
        'usrs: [{name: Anna, number: "201"}]\nring_groups: [{name: G, number: "301", members: ["201"]}]',
        'users: {}\nring_groups: [{name: G, number: "301", members: ["201"]}]',
        'queues: [{number: "4"}]\n' + H % '{queue: {number: "4"}}',
        "time_conditions: [{name: t, dates: [{on: x}], nam: y}]\n" + H % "{time: {when: t}}",
        H % "{webhook: {save_as: a}, x: 1}, {condition: {variable: a, equals: x}}",
        H % "{webhook: {save_as: a}}, {condition: {variable: a, equals: x}}",
        H % "{goto: {dial_plan: Nacht, menu: Nacht}}" + "\n  - {name: Nacht}",
        "ivr_menus: [{name: m, start: a, contexts: {a: {start: [{goto: {contxt: b}}]}, b: {}}}]\n"
        + H % "{menu: {name: m}}",
    ],
)
def test_nothing_is_said_of_what_follows_from_another_mistake(text: str):
    secondary = {"unknown-destination", "unknown-variable", "unreachable", "duplicate-number", "duplicate-name"}
    found = codes(COMPANY + text)
    assert found
    assert not secondary & set(found)


def test_an_item_that_cannot_be_read_sets_only_what_its_author_wrote():
    """The example of the webhook app, which stands in for it, sets `klant`."""
    found = codes(COMPANY + H % "{webhook: {}}, {condition: {variable: klant, equals: x}}")
    assert found == ["missing-field", "missing-field", "unknown-variable"]
    menu = "ivr_menus: [{name: m, start: a, contexts: {a: {start: [{announce: {say: '{klant}'}}]}}}]\n"
    assert "unknown-variable" in codes(COMPANY + menu + H % "{webhook: {}}, {menu: {name: m}}")


def test_a_message_names_what_is_near():
    assert 'did you mean "klant"?' in messages(
        plan('webhook: {method: GET, url: "https://x.nl/", save_as: klant}', "announce: {say: '{klnt}'}")
    )
    assert 'did you mean "Hoofd"?' in messages(
        COMPANY + "dial_plans: [{name: Hoofd, route: [{goto: {dial_plan: hoofd}}]}]"
    )
    assert '"Anna": 201' in messages('users: [{name: Anna, number: "201"}]\n' + plan("connect: {to: Anna}"))


def test_secrets_that_are_not_there_are_warnings_each_once():
    text = (
        COMPANY
        + """
trunks: [{name: t, host: a.example, password: "secret:trunk"}]
users:
  - {name: Anna, number: "201", phones: [{username: a, password: "secret:sip"}]}
  - {name: Cees, number: "203", phones: [{username: b, password: "secret:there"}]}
  - {name: Bram, number: "202", phones: [{username: c, password: "secret:sip"}]}
"""
    )
    asked: list[str] = []

    def there(name: str) -> bool:
        asked.append(name)
        return name == "there"

    found = problems(text, secrets=there)
    assert [(problem.path, problem.code, problem.severity) for problem in found] == [
        ("trunks[0].password", "missing-secret", "warning"),
        ("users[0].phones[0].password", "missing-secret", "warning"),
    ]
    assert sorted(asked) == ["sip", "there", "trunk"]
    assert "BELPLAN_SECRET_trunk" in found[0].message
    assert problems(text) == []


class Later(AppSettings):
    """An app that is read before it does anything."""

    app_name = "later"
    exits = ("next",)
    example = {}
    ready = False


def test_an_app_that_does_nothing_yet_is_a_warning():
    company, found = read(plan("later: {}"), {**APPS, "later": Later})
    assert company
    assert [(problem.path, problem.code, problem.severity) for problem in found] == [
        ("dial_plans[0].route[0].later", "not-yet", "warning")
    ]


def test_two_circles_are_two_problems_and_one_circle_is_one():
    def goto(*names: str) -> str:
        return ", ".join(f"{{condition: {{mobile: true, then: [{{goto: {{dial_plan: {name}}}}}]}}}}" for name in names)

    routes = {"A": goto("B"), "B": goto("C"), "C": goto("A", "D"), "D": goto("E"), "E": goto("D")}
    text = (
        COMPANY
        + "dial_plans:\n"
        + "".join(f"  - {{name: {n}, external_numbers: [], route: [{r}]}}\n" for n, r in routes.items())
    )
    loops = [problem for problem in problems(text) if problem.code == "endless-loop"]
    assert [problem.path for problem in loops] == [
        "dial_plans[2].route[0].condition.then[0].goto",
        "dial_plans[4].route[0].condition.then[0].goto",
    ]
    assert loops[0].message.count("→") == 2


@pytest.mark.parametrize(
    ("between", "waits"),
    [
        ("announce: {say: x}", True),
        ("connect: {to: '201'}", True),
        ("condition: {mobile: true, then: [{announce: {say: x}}]}", False),
        ("condition: {mobile: true, then: [{announce: {say: x}}], else: [{announce: {say: y}}]}", True),
        ("condition: {mobile: true, then: [{hangup: {}}], else: [{announce: {say: y}}]}", True),
        ("webhook: {method: GET, url: 'https://x.nl/'}", False),
        ("prefix: {text: x}", False),
        ("menu: {name: m}", True),
    ],
)
def test_a_circle_is_endless_unless_every_way_round_waits(between: str, waits: bool):
    text = "users: [{name: Anna, number: '201'}]\nivr_menus: [{name: m, start: c, contexts: {c: {}}}]\n"
    found = codes(text + plan(between, "goto: {dial_plan: H}"))
    assert ("endless-loop" in found) is not waits


def test_files_that_are_no_plan_have_one_problem_that_says_so():
    assert codes("a: [") == ["syntax"]
    assert codes("- a") == ["invalid-value"]
    assert codes("") == ["invalid-value"]
