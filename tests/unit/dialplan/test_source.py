"""Reading the text of a plan: YAML 1.2, places, keys that stand twice, files made to grow."""

import time

import pytest

from belplan.dialplan.problem import PlanError
from belplan.dialplan.source import MAX_DEPTH, Float, Integer, place, read


def value(text: str):
    return read(text)[0]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("NO", "NO"),
        ("08:30", "08:30"),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("2026-12-31", "2026-12-31"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ('"true"', "true"),
        ("'~'", "~"),
        ("!!str 12", "12"),
        ("1e400", "1e400"),
        (".nan", ".nan"),
        ("+31612345678", 31612345678),
        ("1.", 1.0),
        ("-.5", -0.5),
    ],
)
def test_plain_words_mean_what_yaml_1_2_says(written: str, meant: object):
    found = value(f"- {written}")[0]
    assert found == meant
    assert isinstance(found, type(meant))


def test_a_number_keeps_how_it_was_written():
    agent, code, amount = value("[007, +31, 1.50]")
    assert isinstance(agent, Integer)
    assert (agent, agent.source) == (7, "007")
    assert (code, code.source) == (31, "+31")
    assert isinstance(amount, Float)
    assert (amount, amount.source) == (1.5, "1.50")


def test_a_key_is_always_text():
    assert value("on: 1\n1: 2\ntrue: 3\n~: 4") == {"on": 1, "1": 2, "true": 3, "~": 4}


def test_everything_knows_where_it_stands():
    plan = value("users:\n  - name: Anna\n    number: 201\n  - {name: Bram, phones: [een, twee]}\n")
    assert place(plan, ()) == (1, 1)
    assert place(plan, ("users",)) == (1, 1)
    assert place(plan, ("users", 0)) == (2, 5)
    assert place(plan, ("users", 0, "number")) == (3, 5)
    assert place(plan, ("users", 1, "phones", 1)) == (4, 32)


def test_what_is_absent_stands_where_it_would_be():
    plan = value("users:\n  - name: Anna\n")
    assert place(plan, ("users", 0, "number")) == (2, 5)
    assert place(plan, ("users", 7, "number")) == (1, 1)
    assert place(plan, ("queues",)) == (1, 1)


def test_a_value_of_json_has_no_place():
    assert place({"users": [{"name": "Anna"}]}, ("users", 0, "name")) == (0, 0)


def test_a_key_that_stands_twice_is_a_problem_and_the_last_one_counts():
    plan, problems = read("a: {b: [{c: 1, c: 2}]}\na: {b: [{c: 3, d: 4, c: 5}]}\n")
    assert plan == {"a": {"b": [{"c": 5, "d": 4}]}}
    assert [(problem.path, problem.code, problem.line, problem.column) for problem in problems] == [
        ("a.b[0].c", "duplicate-key", 1, 16),
        ("a", "duplicate-key", 2, 1),
        ("a.b[0].c", "duplicate-key", 2, 22),
    ]


def test_an_alias_stands_for_the_same_value():
    plan = value("a: &x [1, {b: 2}]\nc: *x\nd: &y tekst\ne: *y")
    assert plan == {"a": [1, {"b": 2}], "c": [1, {"b": 2}], "d": "tekst", "e": "tekst"}


def test_aliases_that_multiply_are_refused_before_they_do():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    began = time.perf_counter()
    with pytest.raises(PlanError, match="more than 1000000 values"):
        read("\n".join(lines))
    assert time.perf_counter() - began < 0.5


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: &x [*x]", "stands for nothing above it"),
        ("a: *x", "stands for nothing above it"),
        ("a: 1\n---\nb: 2", "second document"),
        ("? [a, b]\n: c", "cannot be a key"),
        ("a: &x {b: 1}\nc: {<<: *x}", "merging"),
        ("a: [", "not YAML"),
        ("a: \x00", "not YAML"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "in each other"),
        ("[" * 100_000, "in each other"),
        ("- " * 100_000, "in each other"),
        ("&a " * 2 + "x", "not YAML"),
    ],
)
def test_what_is_no_plan_is_refused_with_words(text: str, says: str):
    with pytest.raises(PlanError, match=says) as refused:
        read(text)
    (problem,) = refused.value.problems
    assert problem.code == "syntax"


def test_a_refusal_says_where():
    with pytest.raises(PlanError) as refused:
        read("company:\n  name: {\n")
    assert refused.value.problems[0].line == 3


def test_json_is_read_as_it_is():
    assert value('{"a": ["\\u00e9", 1.0, true, null, "\\"x\\""]}') == {"a": ["é", 1.0, True, None, '"x"']}


def test_nothing_is_nothing():
    assert value("") is None
    assert value("# only a comment\n") is None
