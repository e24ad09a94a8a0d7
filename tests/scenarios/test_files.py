"""Scenario files: those beside the plans of this folder and those that are shipped pass, quickly and always alike."""

import time
from pathlib import Path

import pytest

from belplan.apps import APPS
from belplan.dialplan.check import read
from belplan.dialplan.company import Company
from belplan.dialplan.problem import PlanError
from belplan.scenarios.run import Bench, find

ROOT = Path(__file__).parents[2]
FILES = [
    path for folder in ("tests/scenarios", "examples") for path in sorted((ROOT / folder).rglob("*.scenario.yaml"))
]


def load(path: Path) -> Company:
    company, problems = read(path.read_text(encoding="utf-8"), APPS)
    if company is None:
        raise PlanError(problems)
    return company


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file(path: Path) -> None:
    with Bench(load) as bench:
        played = bench.file(path)
    assert not played.problems, [str(problem) for problem in played.problems]
    assert played.results
    assert not played.failed, [
        f"{result.written.scenario.name}: {difference}" for result in played.failed for difference in result.differences
    ]


def test_the_files_of_a_folder_are_found() -> None:
    assert set(find([Path(__file__).parent])) <= set(FILES)


def test_a_call_is_the_same_whatever_was_played_before_it() -> None:
    with Bench(load) as bench:
        first = [result.call for path in FILES for result in bench.file(path).results]
        again = [result.call for path in reversed(FILES) for result in reversed(bench.file(path).results)]
    for one, other in zip(first, reversed(again), strict=True):
        assert one.record == other.record
        assert (one.rang, one.lasted, one.silence) == (other.rang, other.lasted, other.silence)


@pytest.mark.alone
def test_many_a_second() -> None:
    """The goal is ten thousand in ten seconds on one core; half of that may be lost on a machine that does more."""
    path = Path(__file__).parent / "plans" / "invoices.scenario.yaml"
    with Bench(load) as bench:
        bench.file(path)
        began, played = time.process_time(), 0
        while played < 3000:
            played += len(bench.file(path).results)
        rate = played / (time.process_time() - began)
    print(f"{rate:,.0f} scenarios a second")
    assert rate > 500
