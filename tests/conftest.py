"""What holds for every test."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The first word that hypothesis invents on a fresh clone costs it a table of Unicode: 1.5 s, no fault of ours.
settings.register_profile("belplan", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("belplan")

MARKS = {
    "asterisk": ["asterisk"],
    "browser": ["browser", "alone"],
    "drivers": ["alone"],
    "webhook": ["alone"],
}  # of all tests in a folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        for mark in MARKS.get(item.path.relative_to(here).parts[0], ()):
            item.add_marker(mark)
