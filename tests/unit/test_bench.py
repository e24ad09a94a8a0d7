"""The benchmark's own judgement, and a few calls of it."""

import asyncio
from xml.etree import ElementTree

import pytest

from benchmarks import pictures
from benchmarks.engine.__main__ import measure
from benchmarks.report import ratios, worse


def _figures(engine: float, p50: float) -> dict[str, object]:
    run = {"rate": 200.0, "webhook_ms": 0, "asterisk_cpu": 2.0, "engine_cpu": engine, "over_p99": 9.0}
    rivals = [run | {"system": "belplan", "over_p50": p50}, run | {"system": "ari", "over_p50": 4.0}]
    return {"rivals": rivals, "engine": {"cpu": {"belplan": engine, "ari": 0.5}}}


def test_a_ratio_that_is_over_fifteen_percent_worse_is_named() -> None:
    before = ratios(_figures(1.0, 5.0))
    assert worse(ratios(_figures(1.1, 5.5)), before) == []
    assert worse(ratios(_figures(1.2, 5.0)), before) == [
        "engine CPU a call, to the bare client's, on a tape: 2.40, was 2.00",
        "engine CPU to Asterisk's at 200/s: 0.60, was 0.50",
    ]
    assert worse(ratios(_figures(1.0, 5.8)), before) == ["p50 at 200/s, to the bare client's: 1.45, was 1.25"]


def test_what_was_not_measured_is_not_worse() -> None:
    assert worse({}, ratios(_figures(1.0, 5.0))) == []


def test_the_pictures_are_svg() -> None:
    runs = _figures(1.0, float("inf"))["rivals"]
    assert isinstance(runs, list)
    for picture in (pictures.delay(runs), pictures.cpu(runs)):
        assert ElementTree.fromstring(picture).tag.endswith("svg")


@pytest.mark.timeout(60)
def test_every_call_on_the_tape_is_answered_or_refused() -> None:
    cost = asyncio.run(measure("belplan", 100, 20, plans=3))
    assert len(cost.ms) == 20
    assert cost.cpu > 0
