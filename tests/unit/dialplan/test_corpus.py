"""Good plans have nothing wrong with them; each bad one has exactly what it says at its top.

A bad plan begins with comments: what it is, then `# expect: <code> <path> [@line:column]` for each
error and `# warn: …` for each warning. (`not-yet` comes and goes with the apps, and is left out.)
"""

import re
from pathlib import Path

import pytest

from belplan.apps import APPS
from belplan.dialplan.check import read
from belplan.dialplan.problem import Problem

PLANS = Path(__file__).parents[2] / "plans"
GOOD = sorted((PLANS / "good").iterdir())
BAD = sorted((PLANS / "bad").iterdir())

# Every code that the command line promises, and those that were added.
CODES = {
    "unknown-app", "unknown-field", "missing-field", "invalid-value", "webhook-not-allowed", "duplicate-variable",
    "unknown-variable", "maybe-unset", "unknown-destination", "duplicate-number", "duplicate-name", "duplicate-key",
    "endless-loop", "unreachable", "invalid-url", "invalid-pattern", "invalid-time", "syntax",
}  # fmt: skip

EXPECTED = re.compile(r"# (?P<kind>expect|warn): (?P<code>\S+)(?: +(?P<path>[^@\s]\S*))?(?: +@(?P<place>\d+:\d+))?")
KINDS = {"expect": "error", "warn": "warning"}


def expected(text: str) -> list[tuple[str, str, str, str | None]]:
    found = [EXPECTED.fullmatch(line.rstrip()) for line in text.split("\n") if line.startswith(("# expect", "# warn"))]
    assert all(found), "a line at the top cannot be read"
    return [(KINDS[match["kind"]], match["code"], match["path"] or "", match["place"]) for match in found if match]


def told(text: str) -> list[Problem]:
    return [problem for problem in read(text, APPS)[1] if problem.code != "not-yet"]


@pytest.mark.parametrize("plan", GOOD, ids=lambda plan: plan.stem)
def test_a_good_plan_loads_with_only_the_warnings_it_names(plan: Path):
    text = plan.read_text(encoding="utf-8")
    company, _ = read(text, APPS)
    assert [(problem.severity, problem.code, problem.path) for problem in told(text)] == [
        (severity, code, path) for severity, code, path, _ in expected(text)
    ]
    assert company is not None


@pytest.mark.parametrize("plan", BAD, ids=lambda plan: plan.stem)
def test_a_bad_plan_has_exactly_the_problems_it_names(plan: Path):
    text = plan.read_text(encoding="utf-8")
    wanted = expected(text)
    problems = told(text)
    assert sorted((problem.severity, problem.code, problem.path) for problem in problems) == sorted(
        (severity, code, path) for severity, code, path, _ in wanted
    )
    places = {(problem.code, problem.path): f"{problem.line}:{problem.column}" for problem in problems}
    for _, code, path, place in wanted:
        assert place is None or places[code, path] == place
    assert any(severity == "error" for severity, *_ in wanted)


@pytest.mark.parametrize("plan", BAD, ids=lambda plan: plan.stem)
def test_a_problem_has_a_place_and_says_what_to_do_in_one_line(plan: Path):
    for problem in told(plan.read_text(encoding="utf-8")):
        assert problem.line or not problem.path
        assert 10 < len(problem.message) < 400
        assert "\n" not in problem.message


def test_every_code_has_a_plan():
    codes = {code for plan in [*GOOD, *BAD] for _, code, _, _ in expected(plan.read_text(encoding="utf-8"))}
    assert not CODES - codes, "no plan shows these"
    assert not codes - CODES, "these are not documented"


def test_every_app_and_every_operator_stands_in_a_good_plan():
    from belplan.dialplan.comparison import OPERATORS
    from belplan.dialplan.places import tops

    apps: set[str] = set()
    operators: set[str] = set()
    for plan in GOOD:
        company, _ = read(plan.read_text(encoding="utf-8"), APPS)
        assert company
        for top in tops(company):
            for spot in top.everything:
                apps.add(spot.app.app_name)
                for _, test in getattr(spot.app, "tests", ()):
                    operators |= set(test.operators())
    assert not APPS.keys() - apps
    assert not set(OPERATORS) - operators
