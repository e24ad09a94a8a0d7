"""What differs between two plans is said in people's terms: added, removed, changed, moved."""

import copy

from hypothesis import given
from hypothesis import strategies as st

from belplan.dialplan.difference import Change, difference

PLAN = {
    "users": [{"name": "Anna", "number": "201"}, {"name": "Bram", "number": "202"}],
    "dial_plans": [
        {"name": "Hoofd", "route": [{"connect": {"to": "201"}}, {"hangup": {}}, {"connect": {"to": "202"}}]}
    ],
}


def change(**what):
    plan = copy.deepcopy(PLAN)
    for path, value in what.items():
        section, index, field = path.split("__")
        plan[section][int(index)][field] = value
    return difference(PLAN, plan)


def test_nothing_differs():
    assert difference(PLAN, copy.deepcopy(PLAN)) == []


def test_a_person_with_another_name_is_the_same_person():
    assert change(users__1__name="Bas") == [Change("users[1].name", "changed", "Bram", "Bas")]


def test_somebody_who_left_is_said_once():
    after = {**PLAN, "users": PLAN["users"][1:]}
    assert difference(PLAN, after) == [Change("users[0]", "removed", PLAN["users"][0], None)]


def test_an_item_that_was_moved_is_not_taken_out_and_put_in():
    first, second, third = PLAN["dial_plans"][0]["route"]
    assert change(dial_plans__0__route=[third, first, second]) == [
        Change("dial_plans[0].route[0]", "moved", "dial_plans[0].route[2]", "dial_plans[0].route[0]")
    ]


def test_an_item_that_was_put_in_between_moves_nothing():
    first, second, third = PLAN["dial_plans"][0]["route"]
    new = {"announce": {"say": "Hallo"}}
    assert change(dial_plans__0__route=[first, new, second, third]) == [
        Change("dial_plans[0].route[1]", "added", None, new)
    ]


def test_a_setting_within_an_item_is_said_at_its_path():
    route = copy.deepcopy(PLAN["dial_plans"][0]["route"])
    route[2]["connect"]["to"] = "301"
    assert change(dial_plans__0__route=route) == [Change("dial_plans[0].route[2].connect.to", "changed", "202", "301")]


values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from("abc"),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["name", "number", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(values, values)
def test_whatever_differs_is_said_and_what_is_equal_is_not(before, after):
    assert bool(difference(before, after)) == (before != after or _types(before) != _types(after))


def _types(value):
    if isinstance(value, dict):
        return {key: _types(inner) for key, inner in value.items()}
    return [_types(inner) for inner in value] if isinstance(value, list) else type(value)
