"""Which variables can be read where."""

from pathlib import Path

import pytest

from belplan.apps import APPS
from belplan.dialplan.check import check, read
from belplan.dialplan.company import Company
from belplan.dialplan.fields import CALL_DATA
from belplan.dialplan.load import load, parse
from belplan.dialplan.places import tops
from belplan.dialplan.scope import perhaps_visible, visible

PLANS = Path(__file__).parents[2] / "plans"


def company(text: str) -> Company:
    return load(parse("company: {name: x}\n" + text)[0], APPS).company


def hook(name: str) -> str:
    return f'webhook: {{method: GET, url: "https://crm.example.nl/", save_as: {name}}}'


NESTED = company(f"""
dial_plans:
  - name: H
    route:
      - {hook("a")}
      - condition:
          mobile: true
          then:
            - {hook("b")}
            - condition: {{anonymous: true, then: [{{{hook("c")}}}]}}
          else:
            - {hook("d")}
            - announce: {{say: x}}
      - announce: {{say: x}}
      - {hook("e")}
""")


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("route[0]", ""),
        ("route[0].webhook", ""),
        ("route[0].webhook.url", ""),
        ("route[1].condition", "a"),
        ("route[1].condition.variable", "a"),
        ("route[1].condition.then[0].webhook", "a"),
        ("route[1].condition.then[1]", "ab"),
        ("route[1].condition.then[1].condition.then[0]", "ab"),
        ("route[1].condition.then[1].condition.then[1]", "abc"),
        ("route[1].condition.then[1].condition.else[0]", "ab"),
        ("route[1].condition.then[2]", "abc"),
        ("route[1].condition.else[0]", "a"),
        ("route[1].condition.else[1].announce", "ad"),
        ("route[1].condition.else[2]", "ad"),
        ("route[2].announce", "abcd"),
        ("route[3].webhook", "abcd"),
        ("route[4]", "abcde"),
    ],
)
def test_what_stands_above_is_seen_and_nothing_else(path: str, seen: str):
    assert visible(NESTED, f"dial_plans[0].{path}") == set(seen)
    assert perhaps_visible(NESTED, f"dial_plans[0].{path}") == set()


def test_a_place_that_is_not_there_sees_nothing():
    assert visible(NESTED, "dial_plans[7].route[0]") == set()
    assert visible(NESTED, "") == set()
    assert visible(NESTED, "dial_plans[0].route[10]") == set()


MENU = company(f"""
ivr_menus:
  - name: keuze
    start: nl
    contexts:
      nl:
        start: [{{{hook("s")}}}, {{announce: {{say: x}}}}]
        keys:
          "1": [{{{hook("k")}}}, {{goto: {{context: en}}}}]
          "2": {{route: [{{{hook("m")}}}]}}
        no_input: []
      en:
        start: [{{announce: {{say: x}}}}]
        keys: {{"1": [{{goto: {{context: nl}}}}]}}
dial_plans:
  - {{name: A, route: [{{{hook("a")}}}, {{menu: {{name: keuze}}}}, {{{hook("z")}}}]}}
  - {{name: B, route: [{{{hook("b")}}}]}}
""")


@pytest.mark.parametrize(
    ("path", "certain", "perhaps"),
    [
        ("nl.start[0]", "", "ask"),  # the call may come round by key 1 and context en
        ("nl.start[1]", "s", "ak"),
        ("nl.keys.1[0]", "s", "ak"),
        ("nl.keys.1[1]", "sk", "a"),
        ("nl.keys.2.route[0]", "s", "ak"),
        ("nl.keys.2.route[1]", "sm", "ak"),
        ("nl.no_input[0]", "s", "ak"),
        ("en.start[0]", "", "ask"),
        ("en.keys.1[0]", "", "ask"),
    ],
)
def test_a_menu_is_a_scope_of_its_own(path: str, certain: str, perhaps: str):
    path = f"ivr_menus[0].contexts.{path}"
    assert visible(MENU, path) == set(certain)
    assert perhaps_visible(MENU, path) == set(perhaps)


def test_a_plan_sees_nothing_of_a_menu():
    assert visible(MENU, "dial_plans[0].route[2]") == {"a"}
    assert visible(MENU, "dial_plans[1].route[1]") == {"b"}


def test_going_to_a_menu_forgets_the_menu_before_it_and_keeps_the_plan():
    found = company(f"""
ivr_menus:
  - {{name: een, start: c, contexts: {{c: {{start: [{{{hook("a")}}}, {{goto: {{menu: twee}}}}]}}}}}}
  - {{name: twee, start: c, contexts: {{c: {{start: [{{{hook("b")}}}, {{menu: {{name: drie}}}}]}}}}}}
  - {{name: drie, start: c, contexts: {{c: {{start: [{{announce: {{say: x}}}}]}}}}}}
dial_plans:
  - {{name: A, route: [{{{hook("p")}}}, {{menu: {{name: een}}}}]}}
""")
    assert perhaps_visible(found, "ivr_menus[0].contexts.c.start[0]") == {"p"}
    assert perhaps_visible(found, "ivr_menus[1].contexts.c.start[0]") == {"p"}
    assert perhaps_visible(found, "ivr_menus[2].contexts.c.start[0]") == {"p", "b"}


@pytest.mark.parametrize("plan", sorted((PLANS / "good").iterdir()), ids=lambda plan: plan.stem)
def test_the_editor_offers_exactly_what_the_check_takes(plan: Path):
    """Wherever an item of a good plan stands: a condition on what is offered there is right, on all else wrong."""
    text = plan.read_text(encoding="utf-8")
    found, _ = read(text, APPS)
    assert found
    everything = {name for top in tops(found) for spot in top.everything for name, _ in spot.sets}
    for top in tops(found):
        for spot in top.everything:
            raw, _ = parse(text)
            _insert(raw, spot.keys, [{"condition": {"variable": name, "equals": "x"}} for name in sorted(everything)])
            refused, doubted = set[str](), set[str]()
            for problem in check(load(raw, APPS)):
                if problem.path.rpartition("[")[0].startswith(spot.slot.rpartition("[")[0]) and problem.path.endswith(
                    "variable"
                ):
                    name = problem.message.split('"')[1]
                    {"unknown-variable": refused, "maybe-unset": doubted}[problem.code].add(name.partition(".")[0])
            assert not refused & (visible(found, spot.path) | perhaps_visible(found, spot.path) | set(CALL_DATA))
            assert everything - visible(found, spot.path) - perhaps_visible(found, spot.path) <= refused
            assert perhaps_visible(found, spot.path) <= doubted


def _insert(raw, keys, items):
    *above, index, _ = keys
    route = raw
    for key in above:
        route = route[key]
    route[index:index] = items
