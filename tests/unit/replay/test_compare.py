"""Last week's calls through a draft: which are the same, what changed for the others, what the past cannot answer."""

import json

from belplan.cli import app
from belplan.drivers.simulator import Reply
from belplan.replay.compare import replay
from belplan.replay.records import line
from belplan.webhook.exchange import Answer
from tests.unit.replay.test_again import DEMO, OPEN, OTHER, called, company

SILENT = {"replies": {"klant": [Reply(Answer("timeout"), float("inf"))]}}


def week():
    return [
        called(**OPEN),
        called(**OPEN),
        called(**OTHER, keys="2"),
        called(**SILENT),
        called(**OTHER, hang_up_after=3),
    ]


def test_on_their_own_version_all_are_as_they_were():
    found = replay(company(), week())
    assert (str(found), found.exact) == ("5 calls, 5 the same, 0 differ", 5)


def test_what_changed_is_grouped_with_where_and_whom():
    draft = company(
        ('equals: openstaand, then: [{connect: {to: "301"', 'equals: openstaand, then: [{connect: {to: "302"')
    )
    found = replay(draft, week())
    assert str(found) == "5 calls, 3 the same, 2 differ"
    (change,) = found.changes
    assert (change.was, change.now, change.count) == ("Finance (301)", "Helpdesk (302)", 2)
    assert change.at.startswith("dial_plans[0].route[2].condition")
    assert len(change.calls) == 2


def test_a_menu_that_a_call_did_not_come_to_is_not_guessed():
    found = replay(company(("equals: openstaand", "equals: Openstaand")), week())
    assert str(found) == "5 calls, 3 the same, 0 differ, 2 that the past cannot answer"
    (change,) = found.unanswered
    assert change.at == "the call was not in the menu keuze (nl) then"


def test_a_number_that_is_gone_is_a_difference():
    found = replay(company(('external_numbers: ["31102380095"]', 'external_numbers: ["31102380099"]')), week())
    assert found.differs == 5
    assert found.changes[0].now == "no way in"


def test_the_command_reads_json_lines(tmp_path, capsys):
    (tmp_path / "plan.yaml").write_text(DEMO)
    (tmp_path / "draft.yaml").write_text(DEMO.replace("equals: bekend", "equals: nieuw"))
    # The last line is what a crash left.
    (tmp_path / "calls.jsonl").write_text("".join(map(line, week())) + '{"call": {"uu')

    def run(plan, *words):
        words = ["replay", str(tmp_path / plan), str(tmp_path / "calls.jsonl"), *words]
        return app(words, exit_on_error=False, result_action="return_value"), capsys.readouterr().out

    assert run("plan.yaml") == (0, "5 calls, 5 the same, 0 differ\n")
    code, out = run("draft.yaml", "--json")
    told = json.loads(out)
    assert code == 1
    assert (told["calls"], told["same"], told["differ"], told["unknown"]) == (5, 3, 0, 2)
    assert told["unanswered"][0]["at"] == "the webhook collega was not asked then"


def test_a_line_that_is_no_record_is_named(tmp_path, capsys):
    (tmp_path / "plan.yaml").write_text(DEMO)
    (tmp_path / "calls.jsonl").write_text(line(called(**OPEN)) + "{}\n" + line(called(**OPEN)))
    words = ["replay", str(tmp_path / "plan.yaml"), str(tmp_path / "calls.jsonl")]
    assert app(words, exit_on_error=False, result_action="return_value") == 2
    assert "calls.jsonl:2: not the record of a call: it has no 'call'" in capsys.readouterr().err
