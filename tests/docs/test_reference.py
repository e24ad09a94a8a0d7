"""docs/apps.md says what the apps are."""

from pathlib import Path

from belplan.apps import APPS
from belplan.reference import reference, settings

PAGE = Path(__file__).parents[2] / "docs" / "apps.md"


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
