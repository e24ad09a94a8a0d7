"""Whatever is given for a plan: a company, or problems with their places. Never a crash, never silence."""

import copy
import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from belplan.apps import APPS
from belplan.dialplan.check import read, read_value
from belplan.dialplan.load import SECTIONS
from belplan.dialplan.source import read as parse

PLANS = Path(__file__).parents[2] / "plans"
TEXTS = [plan.read_text(encoding="utf-8") for plan in sorted((PLANS / "good").iterdir())]
RAW = [parse(text)[0] for text in TEXTS]

WORDS = sorted({"company", "note", "then", "else", "route", "contexts", "keys", *SECTIONS, *APPS})
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["201", "1003", "keuze", "nl", "{klant}", "{klant.status}", "secret:x", "https://x.nl/", "24:00", "02-29"]
    )
)
KEYS = st.sampled_from(WORDS) | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=25
)
PATIENT = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def judged(company: object, problems: list[Any]) -> None:
    errors = [problem for problem in problems if problem.severity == "error"]
    assert (company is None) is bool(errors)
    for problem in problems:
        assert problem.message.strip()
        assert problem.code
        str(problem)


@given(st.text() | st.text(alphabet="[]{}:,-#&*!|>'\"% \n\tab1~?", max_size=60))
@example("\ud800")
@example("a: \ud800")
@example("%YAML 3.0\n---\n{}")
@example("!!python/object/apply:os.system [ls]")
@example("company: !x {name: y}")
@PATIENT
def test_any_text(text: str):
    judged(*read(text, APPS, secrets=lambda name: False))


@given(VALUES | st.dictionaries(st.sampled_from(["company", *SECTIONS]), VALUES | st.lists(VALUES, max_size=3)))
@example({"company": {"name": "\ud800", "timezone": "\ud800"}})
@example({"company": {"name": "x", "timezone": "Europe"}})
@example({"company": {"name": "x", "timezone": "../../etc/passwd"}})
@example({"dial_plans": [{"name": "x", "external_numbers": ["+" * 50, "\ud800", "9" * 5000]}]})
@PATIENT
def test_any_json(value: Any):
    judged(*read_value(value, APPS, secrets=lambda name: False))


@st.composite
def changed_plans(draw: st.DrawFn) -> Any:
    """A good plan in which a few values were replaced, taken out, or put somewhere else."""
    plan = copy.deepcopy(draw(st.sampled_from(RAW)))
    for _ in range(draw(st.integers(1, 4))):
        places = list(_places(plan))
        if not places:
            break
        holder, key = draw(st.sampled_from(places))
        what = draw(st.sampled_from(["replace", "remove", "move", "rename"]))
        if what == "replace":
            holder[key] = draw(VALUES)
        elif what == "remove":
            del holder[key]
        elif what == "move":
            other, other_key = draw(st.sampled_from(places))
            holder[key] = copy.deepcopy(other[other_key])
        elif isinstance(holder, dict):
            holder[draw(KEYS)] = holder.pop(key)
    return plan


def _places(value: Any):
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        for key, inner in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
            yield holder, key
            if isinstance(inner, (dict, list)):
                waiting.append(inner)


@given(changed_plans())
@PATIENT
def test_a_good_plan_with_changes(plan: Any):
    judged(*read_value(plan, APPS, secrets=lambda name: False))


@given(st.sampled_from(TEXTS), st.data())
@PATIENT
def test_a_good_plan_with_slips_of_the_pen(text: str, data: st.DataObject):
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        gone = data.draw(st.integers(0, 6))
        text = text[:at] + data.draw(st.text(alphabet="[]{}:,-\"' \nax1&*", max_size=4)) + text[at + gone :]
    company, problems = read(text, APPS)
    judged(company, problems)
    assert all(problem.line for problem in problems if problem.path)


def test_the_plans_to_change_can_be_written_as_json():
    for plan in RAW:
        judged(*read(json.dumps(plan), APPS))
