"""A call's record holds what walking it again needs, and survives JSON."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from belplan.apps import APPS
from belplan.dialplan.check import read
from belplan.drivers.simulator import Reaction
from belplan.engine.cdr import CallRecord
from belplan.simulation import Caller, run
from belplan.webhook.exchange import Answer

DEMO = Path(__file__).parents[3] / "src/belplan/demo/company.yaml"


@pytest.fixture
def company():
    return read(DEMO.read_text(), APPS, secrets=lambda name: True)[0]


def test_a_record_comes_back_from_json_as_it_was(company):
    caller = Caller(
        to="0102380095",
        at=datetime(2026, 1, 13, 12, tzinfo=company.zone),
        replies={"klant": Answer("ok", "openstaand")},
        reactions={"201": Reaction("no_answer")},
    )
    record = run(company, caller)
    assert CallRecord.from_json(json.loads(json.dumps(record.as_json()))) == record
    assert record.arrived == datetime(2026, 1, 13, 12, tzinfo=company.zone)
    webhook, ring = record.trace[0], record.trace[-1]
    assert webhook.values == {"klant": "openstaand"}
    assert ring.detail["rang"] == {"201": "stopped", "202": "answered"}
    assert ring.detail["rang_ms"] == 2000


def test_an_item_keeps_its_mark_wherever_it_stands(company):
    moved = DEMO.read_text().replace(
        "      - menu: {name: keuze}", "      - announce: {say: Moment.}\n      - menu: {name: keuze}"
    )
    other, _ = read(moved, APPS, secrets=lambda name: True)
    marks = [item.app.mark for item in company.dial_plans[0].route.items]
    assert [item.app.mark for item in other.dial_plans[0].route.items if item.app.app_name != "announce"] == marks
    assert len(set(marks)) == len(marks)


@pytest.mark.parametrize("text", ["{}", "[]", '{"call": {"uuid": 1}}', '{"call": 3}'])
def test_what_is_no_record_is_said_so(text):
    with pytest.raises(ValueError, match="not the record of a call"):
        CallRecord.from_json(json.loads(text))
