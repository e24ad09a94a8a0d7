"""What the documentation shows works as it is shown."""

import json
import re
from pathlib import Path

import pytest
import yaml

from belplan.apps import APPS
from belplan.dialplan.check import read
from tests.docs.pages import ROOT, Block, blocks, pages
from tests.docs.shell import play

PAGES = pages()
LANGUAGES = {"yaml", "python", "json", "console", "http", "ini", "csv", "xml", "javascript", ""}
COMPANY = """
company: {name: Voorbeeld BV}
users: [{name: Anna, number: "201"}, {name: Bram, number: "202"}, {name: Carla, number: "203"}]
ring_groups: [{name: Finance, number: "301", members: ["201", "202"]}]
dial_plans: [{name: Hoofdnummer, external_numbers: ["31102380095"], route: []}]
"""


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_block_says_what_it_is_in(page):
    for block in blocks(page):
        assert block.language in LANGUAGES, f"{_name(page)}:{block.line}"
        if block.language == "console":
            assert block.commands(), f"{_name(page)}:{block.line} has no command"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_piece_of_code_can_be_read(page):
    for block in blocks(page):
        where = f"{_name(page)}:{block.line}"
        if block.why or (block.title and block.language in ("ini", "csv")):
            continue
        if block.language == "python":
            compile(block.text, where, "exec")
        elif block.language == "json":
            json.loads(block.text)
        elif block.language == "yaml":
            _read_yaml(block, where)


def _read_yaml(block: Block, where: str) -> None:
    content = yaml.safe_load(block.text)
    if isinstance(content, dict) and "dial_plans" in content:
        company, problems = read(block.text, APPS)
        assert company, f"{where}: {[str(problem) for problem in problems]}"
    elif isinstance(content, list) and all(set(item) & set(APPS) for item in content):
        plan = yaml.safe_load(COMPANY)
        plan["dial_plans"][0]["route"] = content
        errors = [one for one in read(yaml.safe_dump(plan), APPS)[1] if one.code in ("unknown-app", "unknown-field")]
        assert not errors, f"{where}: {errors}"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_command_does_what_is_shown(page, tmp_path):
    play(page, tmp_path)


_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")


@pytest.mark.parametrize(
    "page", [*PAGES, *(ROOT / "docs" / name for name in ("apps.md", "cli.md", "plan.md"))], ids=_name
)
def test_every_link_leads_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in _LINK.findall(text):
        target, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), f"{_name(page)}: {link}"
        if anchor and path.suffix == ".md":
            assert anchor in _anchors(path), f"{_name(page)}: {link}"


def _anchors(page: Path) -> set[str]:
    """The places in a page that links may name: its headings, as GitHub and the site write them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
