"""Pages that are written from the code are as the code is now; and what operators set is documented."""

import importlib
import importlib.util
import re
import shutil
import subprocess
import tomllib

import pytest

from belplan.dialplan.company import Company
from belplan.reference import settings
from belplan.webhook import REASONS
from tests.docs.pages import ROOT

_SPEC = importlib.util.spec_from_file_location("pages", ROOT / "scripts" / "pages.py")
written = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(written)


@pytest.mark.parametrize("name", written.PAGES)
def test_the_page_is_not_stale(name):
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == written.PAGES[name](), "make docs"


def test_every_part_of_the_code_is_in_the_picture_with_what_it_is_for():
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    names = {part.strip(" ()") for layer in contract["layers"] for part in layer.split("|")}
    assert names <= set(written.WORDS), "say in scripts/pages.py what it is for"


def test_every_section_and_setting_of_a_plan_is_on_its_page_with_what_it_is_for():
    plan_page = importlib.import_module("plan_page")
    page = (ROOT / "docs" / "plan.md").read_text(encoding="utf-8")
    for section, model, _ in plan_page.SECTIONS:
        part = page.split(f"\n## `{section}`\n")[1].split("\n## ")[0]
        for name, _, _, said in settings(model):
            if not plan_page._hidden(model, name):
                assert f"| `{name}` |" in part
                assert plan_page.meaning(section, name, said), (
                    f"say in scripts/plan_page.py what {section}.{name} is for"
                )
    sections = {name for name in Company.model_fields if name not in ("id", "settings")}
    assert sections <= {section for section, _, _ in plan_page.SECTIONS}


def test_every_code_of_a_message_about_a_plan_is_documented():
    folders = ("dialplan", "apps", "cli")
    code = "\n".join(path.read_text() for one in folders for path in (ROOT / "src" / "belplan" / one).rglob("*.py"))
    said = set(re.findall(r'"((?:unknown|missing|duplicate|invalid|maybe|endless|webhook|not)-[a-z-]+)"', code))
    page = (ROOT / "docs" / "problems.md").read_text(encoding="utf-8")
    assert {"unknown-app", "missing-secret", "endless-loop"} <= said
    assert said - set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)) == set()


def test_every_reason_of_a_webhook_is_documented():
    page = (ROOT / "docs" / "webhook-exchange.md").read_text(encoding="utf-8")
    assert {reason for reason in REASONS if f"| `{reason}` |" not in page} == set()


@pytest.mark.skipif(not shutil.which("man"), reason="there is no man here")
def test_the_manual_page_can_be_read():
    read = subprocess.run(
        ["man", "--warnings", "-l", ROOT / "docs" / "belplan.1"], capture_output=True, text=True, check=True
    )
    assert "belplan webhook send" in read.stdout
    assert read.stderr == ""


def test_every_variable_of_the_environment_is_documented():
    """What begins with BELPLAN_ in the code is on a page for whoever runs an exchange."""
    # What drivers/asterisk names so are variables of its own dialplan, which nobody sets.
    files = [path for path in (ROOT / "src").rglob("*.py") if "drivers" not in path.parts]
    code = "\n".join(path.read_text(encoding="utf-8") for path in files)
    used = set(re.findall(r"\bBELPLAN_[A-Z][A-Z_]*[A-Z]\b", code)) - {"BELPLAN_SECRET"}
    pages = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md") if path.name != "changelog.md"
    )
    assert {name for name in used if not re.search(rf"\b{name}\b", pages)} == set()


def test_every_page_is_found_by_the_navigation_or_the_hook():
    text = (ROOT / "mkdocs.yml").read_text()
    named = set(re.findall(r": ([\w/.-]+\.md)$", text, re.MULTILINE))
    assert {name for name in named if not (ROOT / "docs" / name).exists()} == set()
