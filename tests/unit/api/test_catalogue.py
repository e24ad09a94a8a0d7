"""The editor's list of apps."""

from belplan.api.catalogue import TITLES
from belplan.apps import APPS


def test_every_app_has_its_name_in_dutch_and_english_and_nothing_else_has():
    assert TITLES.keys() == APPS.keys(), "give a new app its line in belplan.api.catalogue.TITLES"
    assert all(dutch and english for _, dutch, english in TITLES.values())
