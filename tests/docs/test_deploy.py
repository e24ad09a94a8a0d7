"""What watches a server asks for figures that it gives."""

import asyncio
import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from prometheus_client.exposition import generate_latest

from belplan.api import metrics
from belplan.live import Live

DEPLOY = Path("deploy")
_NAME = re.compile(r"\b(?:belplan|process)_[a-z_]+")


def _given() -> set[str]:
    parts = SimpleNamespace(live=Live(), calls=SimpleNamespace(ready=True))

    async def measured() -> str:
        return generate_latest(metrics.registry_of(parts)).decode()  # pyright: ignore[reportArgumentType]

    kinds = re.findall(r"^# TYPE (\w+) (\w+)", asyncio.run(measured()), re.MULTILINE)
    return {name for name, _ in kinds} | {f"{name}_bucket" for name, kind in kinds if kind == "histogram"}


def _asked() -> dict[str, str]:
    rules = yaml.safe_load((DEPLOY / "prometheus/belplan.rules.yml").read_text())
    found = {rule["alert"]: rule["expr"] for group in rules["groups"] for rule in group["rules"]}
    board = json.loads((DEPLOY / "grafana/belplan.json").read_text())
    return found | {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in board["panels"]
        for target in panel["targets"]
    }


@pytest.mark.parametrize(("what", "expression"), _asked().items())
def test_an_alert_or_panel_asks_for_figures_that_there_are(what: str, expression: str) -> None:
    assert set(_NAME.findall(expression)) <= _given(), what


def test_every_alert_says_what_to_do() -> None:
    rules = yaml.safe_load((DEPLOY / "prometheus/belplan.rules.yml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            assert rule["annotations"]["summary"]
            assert rule["annotations"]["action"]
