"""The pages say what the apps, the problems of the API and the figures are."""

import asyncio
import re
from pathlib import Path
from types import SimpleNamespace

from prometheus_client.exposition import generate_latest

from belplan.api import metrics, problems
from belplan.apps import APPS
from belplan.live import Live
from belplan.reference import reference, settings

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "apps.md"


def test_the_page_is_not_stale():
    assert PAGE.read_text(encoding="utf-8") == reference(), "make docs"


def test_every_app_setting_and_exit_is_on_it():
    page = reference()
    for name, app in APPS.items():
        part = page.split(f"\n## `{name}`\n")[1].split("\n## ")[0]
        for setting, kind, _, meaning in settings(app):
            assert f"| `{setting}` |" in part
            assert kind
            assert meaning
        assert all(f"`{leave}`" in part or name == "switch" for leave in app.exits)


def test_no_row_is_too_long_to_read():
    assert max(len(line) for line in reference().splitlines()) < 320


def test_every_problem_of_the_api_is_on_the_page_of_problems():
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/belplan/api").glob("*.py"))
    kinds = set(re.findall(r'ApiError\(\s*\d+,\s*"([a-z-]+)"', sources)) | {*problems.WORDS.values(), "http"}
    page = (ROOT / "docs/problems.md").read_text(encoding="utf-8").split("## Problems of the API")[1]
    told = set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE))
    assert len(kinds) > 30
    assert told == kinds


def test_every_figure_is_on_the_page_of_the_server():
    parts = SimpleNamespace(
        live=Live(), calls=SimpleNamespace(ready=True, queued=0, time_commands=lambda took: None), spools={}
    )

    async def measured() -> str:
        return generate_latest(metrics.registry_of(parts)).decode()

    figures = set(re.findall(r"^# HELP (\w+)", asyncio.run(measured()), re.MULTILINE))
    page = (ROOT / "docs/server.md").read_text(encoding="utf-8")
    assert len(figures) > 8
    assert {one for one in figures if f"`{one}" not in page} == set()
