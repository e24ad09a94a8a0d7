"""Thirteen faults planted in the demo company: which of scenarios, replay and proof finds which."""

from datetime import datetime
from pathlib import Path

import pytest

from belplan.apps import APPS
from belplan.dialplan.check import read
from belplan.drivers.simulator import Reply
from belplan.proof import prove
from belplan.replay.compare import replay
from belplan.scenarios.coverage import cover
from belplan.scenarios.run import Bench
from belplan.simulation import Caller, run
from belplan.webhook.exchange import Answer

HERE = Path(__file__).parent
PLAN = (HERE / "company.yaml").read_text()
LATE = [Reply(Answer("timeout"), float("inf"))]


def company(text=PLAN):
    found, problems = read(text, APPS)
    assert found, problems
    return found


def week():
    """Calls that were really made, so to say: not every way is among them, and there is none at night."""
    demo = company()

    def call(klant, agent="", keys=""):
        replies = {"klant": [Reply(Answer("ok", klant, status=200), 0.1)] if klant else LATE}
        replies["agent"] = [Reply(Answer("ok", agent, status=200), 0.1)]
        at = datetime(2026, 1, 13, 12, tzinfo=demo.zone)
        return run(demo, Caller(to="0102380095", keys=keys, at=at, replies=replies))

    return [
        call("openstaand"),
        call("ticket", "203"),
        call("nieuw", keys="1"),
        call("nieuw", keys="2"),
        call("nieuw"),
        call(""),
    ]


FAULTS = {
    "wrong branch": (('openstaand, then: [{connect: {to: "301"', 'openstaand, then: [{connect: {to: "302"'),),
    "another spelling": (("equals: openstaand", "equals: Openstaand"),),
    "is it set, turned round": (("is_set: false", "is_set: true"),),
    "hours turned round": (("when: open, invert: true, then", "when: open, then"),),
    "forgotten end, and no last resort": (
        ('      - connect: {to: "205"}\n\nrules', "\nrules"),
        (', last_resort: "205"', ""),
    ),
    "a loop in the menu": (("        keys:\n", "        no_input: [{goto: {context: nl}}]\n        keys:\n"),),
    "nothing is said at night": (('[{announce: {say: "Wij zijn gesloten."}}, {hangup: {}}]', "[{hangup: {}}]"),),
    "silence in the menu": (("timeout: 3", "timeout: 8"),),
    "the variable of another webhook": (('{connect: {to: "{agent}"}}', '{connect: {to: "{klant}"}}'),),
    "keys exchanged": (
        ('label: Finance, route: [{connect: {to: "301"', 'label: Finance, route: [{connect: {to: "302"'),
        ('label: Helpdesk, route: [{connect: {to: "302"', 'label: Helpdesk, route: [{connect: {to: "301"'),
    ),
    "a webhook that may take long": (("timeout: 1, save_as: klant", "timeout: 10, save_as: klant"),),
    "a branch that nothing reaches": (('variable: agent, one_of: ["203", "204"]', "variable: klant, equals: vip"),),
    "the night bell": (("{hangup: {}}]}\n      - webhook", '{connect: {to: "205"}}]}\n      - webhook'),),
}

FOUND_BY = {
    "wrong branch": "scenario replay",
    "another spelling": "scenario replay",
    "is it set, turned round": "scenario replay",
    "hours turned round": "scenario replay proof",
    "forgotten end, and no last resort": "scenario replay proof",
    "a loop in the menu": "scenario replay proof",
    "nothing is said at night": "scenario proof",  # nobody had called at night
    "silence in the menu": "replay proof",
    "the variable of another webhook": "scenario replay",
    "keys exchanged": "scenario replay",
    "a webhook that may take long": "scenario replay",
    "a branch that nothing reaches": "scenario replay proof",
    "the night bell": "scenario proof",
}


def found_by(text, folder):
    """Which of the three find something wrong with a plan."""
    (folder / "company.yaml").write_text(text)
    (folder / "company.scenario.yaml").write_text((HERE / "company.scenario.yaml").read_text())
    changed = company(text)
    with Bench(lambda path: company(path.read_text())) as bench:
        played = bench.file(folder / "company.scenario.yaml")
    proof = prove(changed)
    finds = {
        "scenario": bool(played.failed or played.problems),
        "replay": (replayed := replay(changed, week())).same < replayed.total,
        "proof": bool(proof.silent or proof.unwalked or any(rule.verdict == "refuted" for rule in proof.rules)),
    }
    return " ".join(name for name, found in finds.items() if found)


def test_nothing_is_found_where_nothing_is_wrong(tmp_path):
    assert found_by(PLAN, tmp_path) == ""


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name, tmp_path):
    text = PLAN
    for old, new in FAULTS[name]:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    assert found_by(text, tmp_path) == FOUND_BY[name]


def test_the_scenarios_walk_every_item():
    with Bench(lambda path: company(path.read_text())) as bench:
        played = bench.file(HERE / "company.scenario.yaml")
    assert not played.failed
    assert cover(played.company, [result.call.record for result in played.results]).unwalked == ()
    some = [result.call.record for result in played.results[:1]]
    assert "dial_plans[0].route[5].menu" in cover(played.company, some).unwalked
