"""A plan taken over from FreePBX decides as FreePBX does, and says what it could not take along."""

import itertools
import random
from datetime import datetime
from pathlib import Path

import pytest

from belplan import simulation
from belplan.apps import APPS
from belplan.dialplan.check import read
from belplan.drivers.simulator import Reaction
from belplan.migration.draft import ImportFileError
from belplan.migration.freepbx import dump
from belplan.migration.freepbx.importing import draft_of
from belplan.webhook.exchange import Answer
from tests.migration.deciding import decisions
from tests.migration.freepbx_rules import FreePbx

SQL = (Path(__file__).parent / "files" / "freepbx.sql").read_text()
ANY = (
    ("0102380095", "0102380095", "0102380096"),
    ("0612345678", "0612345679", "0207654321"),
    ("openstaand", "ticket", "oud", "iets anders", ""),
    (
        "2026-01-13T12:00", "2026-01-13T17:00:59", "2026-01-13T17:01",
        "2026-01-16T12:30", "2026-12-26T10:00", "2026-01-07T11:00",
    ),
    ("", "1", "2", "91", "0", "55", "5", "9#2"),
    ("answer", "busy", "no_answer"),
    (False, False, True),
)  # fmt: skip
COMPANY, PROBLEMS = read(draft_of(SQL, "Voorbeeld BV", "NL").text("freepbx.sql"), APPS)
USERS = {user.name: user.number for user in COMPANY.users}
BOXES = {box.number: USERS[box.name.removeprefix("Voicemail ")] for box in COMPANY.voicemail_boxes}


def test_the_plan_can_be_used():
    assert [problem for problem in PROBLEMS if problem.severity == "error"] == []


@pytest.mark.parametrize("scenario", random.Random(1).sample(list(itertools.product(*ANY)), 60))
def test_a_call_goes_as_it_went(scenario):
    to, caller, says, at, keys, does, night = scenario
    moment = datetime.fromisoformat(at)
    phones = dict.fromkeys(("201", "202", "203", "204", "0687654321"), does)
    there = FreePbx(dump.read(SQL), moment, caller, says, keys, phones, night).call(to)
    who = simulation.Caller(
        to=to,
        number=caller,
        keys=keys,
        at=moment.replace(tzinfo=COMPANY.zone),
        reactions={number: Reaction(does) for number in phones},
        replies={"klant_1": Answer("ok", says)},
        state={"diversions": {"vergadering": "on" if night else "off"}},
    )
    here = [_named(one) for one in decisions(COMPANY, simulation.run(COMPANY, who))]
    assert here == there


def _named(decided: tuple[str, object]) -> tuple[str, object]:
    """Boxes by the numbers that they had, and the outside number as it was dialled."""
    what, who = decided
    if what == "voicemail":
        return what, BOXES[str(who)]
    return (what, frozenset({"0687654321"})) if who == frozenset({"31687654321"}) else decided


def test_what_could_not_be_carried_over_is_said():
    notes = "\n".join(str(note) for note in draft_of(SQL, "Voorbeeld BV", "NL").notes)
    for said in (
        "lost: dynamic route oud: it asks mysql",
        "lost: IVR keuze: callers cannot type an extension",
        "lost: IVR keuze: the recordings invalid_retry_recording",
        "lost: IVR keuze: 12: a menu takes one key",
        "lost: IVR tweede: key # returns",
        "lost: ring group 601: 0687654321 cannot ring in a group",
        "changed: call flow vergadering: *281",
        "changed: dynamic route klant: numbers in the URL",
        "todo: inbound route any: give the dial plan De rest its numbers",
        "todo: copy the recording tot-morgen",
    ):
        assert said in notes


def test_the_names_and_settings_come_along():
    assert [user.name for user in COMPANY.users] == ["Anna de Boer", "Bram O'Visser", "Carla Smit", "Daan Mulder"]
    group = next(group for group in COMPANY.ring_groups if group.number == "601")
    assert (group.name, group.members, group.strategy, group.timeout) == ("Balie", ("203", "204"), "in_order", 12)
    queue = COMPANY.queues[0]
    assert (queue.number, queue.strategy, queue.max_wait, queue.max_waiting) == ("400", "longest_idle", 300, 5)
    assert [agent.user for agent in queue.agents] == ["201", "202"]


@pytest.mark.parametrize(
    "text", ["", "not SQL at all", "CREATE TABLE `incoming` (\n  `x` int\n);\nINSERT INTO `incoming` VALUES ("]
)
def test_a_file_that_is_no_dump_is_refused(text):
    with pytest.raises(ImportFileError, match="no inbound route"):
        draft_of(text, "x", "NL")


def test_a_dump_is_read_as_mysql_writes_it():
    text = "CREATE TABLE `t` (\n  `a` int(11),\n  `b` text,\n  KEY `b` (`a`,`b`)\n) ENGINE=x;\n"
    text += "INSERT INTO `t` VALUES (1,'it\\'s; (a,b)\\n'),(NULL,'x''y');"
    assert dump.read(text)["t"] == [{"a": "1", "b": "it's; (a,b)\n"}, {"a": "", "b": "x'y"}]
