"""Reading a plan into a company: each mistake once, and the rest of the file all the same."""

import json
from typing import Any

import pytest

from belplan.apps import APPS
from belplan.dialplan import company as sections
from belplan.dialplan.load import SECTIONS, load, parse
from belplan.dialplan.problem import PlanError


def loaded(text: str):
    raw, found = parse(text)
    return load(raw, APPS, found)


def said(text: str) -> list[tuple[str, str]]:
    return [(problem.path, problem.code) for problem in loaded(text).problems]


def test_ten_mistakes_give_ten_messages_in_one_go():
    problems = loaded("""
company: {name: Voorbeeld, country: XX}
trunks: [{name: a b, host: sip.example}]
users: [{name: Anna, number: "201", email: anna}, {name: "", number: "202"}]
queues: [{name: Support, number: "4o1"}]
time_conditions: [{name: vrij, weekdays: [{days: [ma], from: "8.30"}]}]
dial_plans:
  - name: Hoofdnummer
    route:
      - webhook: {method: PUT, url: "https://crm.example.nl/", timeout: 20}
      - connekt: {to: "201"}
""").problems
    assert sorted((problem.line, problem.path) for problem in problems) == [
        (2, "company.country"),
        (3, "trunks[0].name"),
        (4, "users[0].email"),
        (4, "users[1].name"),
        (5, "queues[0].number"),
        (6, "time_conditions[0].weekdays[0].days[0]"),
        (6, "time_conditions[0].weekdays[0].from"),
        (10, "dial_plans[0].route[0].webhook.method"),
        (10, "dial_plans[0].route[0].webhook.timeout"),
        (11, "dial_plans[0].route[1].connekt"),
    ]
    assert len(problems) == 10


def test_what_is_wrong_inside_a_broken_item_is_said_too():
    route = "[{condition: {equals: a, contains: b, then: [{anounce: {say: x}}]}}, {connect: {}, hangup: {cause: 0}}]"
    assert said(f"company: {{name: x}}\ndial_plans: [{{name: H, route: {route}}}]") == [
        ("dial_plans[0].route[0].condition.then[0].anounce", "unknown-app"),
        ("dial_plans[0].route[0].condition", "invalid-value"),
        ("dial_plans[0].route[1]", "invalid-value"),
    ]


def test_a_setting_that_is_wrong_leaves_the_others_standing():
    route = '[{webhook: {method: GET, url: "https://crm.example.nl/", timeout: 99, save_as: klant}}]'
    plan = loaded(f"company: {{name: x}}\ndial_plans: [{{name: H, route: {route}}}]").company.dial_plans[0]
    assert plan.route.items[0].app.sets() == (("klant", "save_as"),)


def test_an_entry_that_cannot_be_read_keeps_its_routes_and_its_place():
    found = loaded("company: {name: x}\nusers: [5, {nummer: 3, route: [{hangup: {}}]}, {name: Bram, number: 202}]")
    assert found.kept["users"] == (1, 2)
    assert len(found.company.users[0].route) == 1
    assert found.company.users[1].number == "202"
    assert "3" in found.lost


def test_the_words_of_the_file_are_the_only_ones():
    assert said("company: {name: x}\ntrunks: [{name: a, host: b.example, register_there: false}]") == [
        ("trunks[0].register_there", "unknown-field")
    ]


def test_ids_are_made_from_names_and_stay():
    text = "company: {name: Voorbeeld}\ndial_plans: [{name: Een}, {name: Twee}]"
    first, again = loaded(text).company, loaded(text + "\nusers: [{name: Anna, number: 201}]").company
    assert first.id == again.id
    assert [plan.id for plan in first.dial_plans] == [plan.id for plan in again.dial_plans]
    assert len({first.id, *(plan.id for plan in first.dial_plans)}) == 3


@pytest.mark.parametrize("raw", [None, [], "plan", 5, True])
def test_what_is_no_mapping_is_no_plan(raw: Any):
    with pytest.raises(PlanError, match="a plan is a mapping"):
        load(raw, APPS)


def test_routes_in_each_other_without_end_are_refused():
    route: list[Any] = [{"hangup": {}}]
    for _ in range(5_000):
        route = [{"condition": {"mobile": True, "then": route}}]
    problems = load({"company": {"name": "x"}, "dial_plans": [{"name": "H", "route": route}]}, APPS).problems
    assert ["more than 100 lists and mappings" in problem.message for problem in problems] == [True]


def test_no_message_shows_a_pattern_or_speaks_of_a_library():
    """Each text field of each section and app is given something that no pattern takes."""
    wrong = "^ ^\n"
    plan: dict[str, Any] = {"company": dict.fromkeys(("id", "name", "country", "timezone", "language"), wrong)}
    for section, model in SECTIONS.items():
        names = [info.alias or name for name, info in model.model_fields.items() if name != "plain"]
        plan[section] = [dict.fromkeys(names, value) for value in (wrong, [wrong], 10**9, None, {})]
    nested = {"weekdays": sections.Weekdays, "dates": sections.SpecialDate, "periods": sections.Period}
    for name, model in nested.items():
        fields = [info.alias or field for field, info in model.model_fields.items()]
        plan["time_conditions"].append({"name": "x", name: [dict.fromkeys(fields, wrong)]})
    items = [
        {name: dict.fromkeys((info.alias or field for field, info in app.model_fields.items()), value)}
        for name, app in APPS.items()
        for value in (wrong, [wrong], 10**9, {})
    ]
    plan["dial_plans"].append({"name": "H", "route": items})
    problems = load(plan, APPS).problems
    assert len(problems) > 200
    shown = [
        problem for problem in problems if "[" in problem.message.replace("[2001:db8", "") or "^[" in problem.message
    ]
    assert not shown
    assert not [problem for problem in problems if "input should" in problem.message.lower()]


def test_json_and_yaml_give_one_company():
    text = '{"company": {"name": "x"}, "users": [{"name": "Anna", "number": "201"}]}'
    assert load(json.loads(text), APPS).company == loaded(text).company
