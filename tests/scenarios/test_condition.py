"""Condition: every operator both ways, with a variable that is set, empty and not set."""

import pytest

PLAN = """
phone_book: []
dial_plans:
  - name: Hoofd
    internal_number: "1003"
    route:
      - webhook: {method: GET, url: "https://x.example.nl/", save_as: v}
      - condition: {TEST, then: [{connect: {to: "201"}}], else: [{connect: {to: "202"}}]}
"""
UNSET = {"fault": "refused"}

# (test, a value for which it holds, a value for which it does not)
OPERATORS = [
    ("equals: open", "open", "Open"),
    ("equals: open", " open\n", "open."),
    ("equals: '1'", "1", "01"),
    ("equals: 007", "007", "7"),
    ("equals: true", "true", "True"),
    ("one_of: [a, b]", "b", "c"),
    ("starts_with: op", "open", "koop"),
    ("ends_with: en", "open", "ens"),
    ("contains: pe", "open", "PEN"),
    ("matches: '^[0-9]{3}$'", "301", "3011"),
    ("matches: pe", "open", "oen"),
    ("less_than: 10", "9.99", "10"),
    ("at_most: 10", "10.0", "10.01"),
    ("more_than: 10", "10.5", "10"),
    ("at_least: 10", "010", "9"),
    ("between: [1, 3]", "3", "3.1"),
    ("between: [1, 3]", "1", "-1"),
    ("less_than: 10", "-5", "vijf"),
    ("at_least: 0.1", "0.10", "0.09999"),
]
IGNORING_CASE = [
    ("equals: Open", "oPEN", "opens"),
    ("one_of: [A, b]", "B", "c"),
    ("starts_with: OP", "open", "pen"),
    ("ends_with: EN", "open", "n"),
    ("contains: STRASSE", "hauptstraße 1", "weg"),
    ("matches: '^o.*N$'", "OPEn", "pen"),
]
CALLER = [
    ("equals: '06 1234 5678'", "+31612345678", "0612345679"),
    ("equals: 31612345678", "06-12345678", "0612345679"),
    ("one_of: ['0031612345678', '112']", "0612345678", "0612345670"),
    ("starts_with: '06'", "+31 6 12345678", "010 238 00 95"),
    ("starts_with: '+49'", "0049 30 901820", "0612345678"),
    ("starts_with: '010'", "+31102380095", "+31 6 10238009"),
    ("ends_with: '95'", "010 238 00 95", "010 238 00 59"),
    ("contains: '238'", "010 2380095", "0612345678"),
    ("matches: '^316'", "0612345678", "0102380095"),
    ("anonymous: true", "", "0612345678"),
    ("anonymous: true", "anonymous", "0612345678"),
    ("anonymous: false", "0612345678", ""),
    ("internal: true", "202", "0612345678"),
    ("internal: true", "bram", "0612345678"),
    ("internal: false", "0612345678", "203"),
    ("country: NL", "0612345678", "+49 30 901820"),
    ("country: [BE, DE]", "+49 30 901820", "0612345678"),
    ("mobile: true", "+32 470 12 34 56", "010 238 00 95"),
    ("mobile: false", "010 238 00 95", "0612345678"),
    ("is_set: true", "0612345678", ""),
    ("is_set: false", "", "0612345678"),
]


async def holds(walk, test: str, value: object) -> bool:
    result = await walk(PLAN.replace("TEST", test), webhooks={"v": value})
    assert result.answered_by in ("201", "202")
    assert result.trace[1][1] == ("true" if result.answered_by == "201" else "false")
    return result.answered_by == "201"


@pytest.mark.parametrize(("test", "yes", "no"), OPERATORS)
async def test_operator(walk, test, yes, no):
    assert await holds(walk, f"variable: v, {test}", yes)
    assert not await holds(walk, f"variable: v, {test}", no)


@pytest.mark.parametrize(("test", "yes", "no"), OPERATORS)
async def test_operator_inverted(walk, test, yes, no):
    assert not await holds(walk, f"variable: v, {test}, invert: true", yes)
    assert await holds(walk, f"variable: v, {test}, invert: true", no)


@pytest.mark.parametrize(("test", "yes", "no"), IGNORING_CASE)
async def test_operator_without_regard_to_capitals(walk, test, yes, no):
    assert await holds(walk, f"variable: v, ignore_case: true, {test}", yes)
    assert not await holds(walk, f"variable: v, ignore_case: true, {test}", no)
    if "STRASSE" not in test:
        assert not await holds(walk, f"variable: v, {test}", yes)


@pytest.mark.parametrize("test", sorted({test for test, *_ in OPERATORS}))
@pytest.mark.parametrize("invert", ["", ", invert: true"])
async def test_an_unset_variable_matches_no_comparison(walk, test, invert):
    assert not await holds(walk, f"variable: v, {test}{invert}", UNSET)


@pytest.mark.parametrize("test", sorted({test for test, *_ in OPERATORS}))
async def test_an_empty_variable_is_compared_as_nothing(walk, test):
    assert not await holds(walk, f"variable: v, {test}", "")
    assert await holds(walk, f"variable: v, {test}, invert: true", "")


@pytest.mark.parametrize(("value", "is_set"), [("x", True), ("0", True), ("", False), (" \n", False), (UNSET, False)])
async def test_is_set(walk, value, is_set):
    assert await holds(walk, "variable: v, is_set: true", value) is is_set
    assert await holds(walk, "variable: v, is_set: false", value) is not is_set
    assert await holds(walk, "variable: v, is_set: true, invert: true", value) is not is_set
    assert await holds(walk, "variable: v, is_set: false, invert: true", value) is is_set


@pytest.mark.parametrize(("test", "yes", "no"), CALLER)
async def test_the_number_of_the_caller(walk, test, yes, no):
    for inverted in (False, True):
        plan = PLAN.replace("TEST", f"{test}, invert: {str(inverted).lower()}")
        assert (await walk(plan, caller=yes, crm="x")).answered_by == ("202" if inverted else "201")
        assert (await walk(plan, caller=no, crm="x")).answered_by == ("201" if inverted else "202")


async def test_the_number_that_was_called(walk):
    plan = PLAN.replace("TEST", "variable: callee_number, equals: '010 238 00 95'")
    plan = plan.replace('internal_number: "1003"', 'internal_number: "1003"\n    external_numbers: ["31102380095"]')
    assert (await walk(plan, to="+31 10 2380095", crm="x")).answered_by == "201"
    assert (await walk(plan, to="1003", crm="x")).answered_by == "202"


@pytest.mark.parametrize(
    ("test", "value", "held"),
    [
        ("all: [{variable: v, starts_with: a}, {variable: v, ends_with: z}]", "abz", True),
        ("all: [{variable: v, starts_with: a}, {variable: v, ends_with: z}]", "ab", False),
        ("any: [{variable: v, starts_with: a}, {variable: v, ends_with: z}]", "ab", True),
        ("any: [{variable: v, starts_with: a}, {variable: v, ends_with: z}]", "bz", True),
        ("any: [{variable: v, starts_with: a}, {variable: v, ends_with: z}]", "b", False),
        ("any: [{variable: v, equals: a}, {mobile: true}]", "b", True),
        ("all: [{variable: v, equals: a, invert: true}, {mobile: true}]", "b", True),
        ("all: [{variable: v, equals: a}, {mobile: true}], invert: true", "b", True),
        ("any: [{variable: v, equals: a}, {mobile: true}], invert: true", "b", False),
    ],
)
async def test_several_tests_in_one(walk, test, value, held):
    assert await holds(walk, test, value) is held


@pytest.mark.parametrize("combination", ["all", "any"])
@pytest.mark.parametrize("test", ["equals: a", "contains: a", "less_than: 3", "matches: a"])
async def test_an_unset_variable_matches_nothing_in_an_inverted_combination_either(walk, combination, test):
    assert not await holds(walk, f"{combination}: [{{variable: v, {test}}}], invert: true", UNSET)
    assert await holds(walk, f"{combination}: [{{variable: v, {test}}}], invert: true", "9")
    assert await holds(walk, f"{combination}: [{{variable: v, is_set: true}}], invert: true", UNSET)


async def test_then_comes_to_its_end_and_the_call_goes_on_below(walk):
    plan = """
dial_plans:
  - name: Hoofd
    internal_number: "1003"
    route:
      - condition:
          mobile: true
          then:
            - announce: {say: "Mobiel."}
            - condition: {country: NL, then: [{announce: {say: "Nederland."}}], else: [{announce: {say: "Ver weg."}}]}
          else: [{announce: {say: "Vast."}}]
      - connect: {to: "201"}
"""
    said = {"0612345678": ["Mobiel.", "Nederland."], "+32470123456": ["Mobiel.", "Ver weg."], "0102380095": ["Vast."]}
    for caller, texts in said.items():
        result = await walk(plan, caller=caller)
        assert result.heard == [*(f"say: {text}" for text in texts), "ringing"]
        assert result.connected_to == "201"
