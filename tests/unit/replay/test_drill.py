"""A server down, slow, or answering rubbish: for calls of the past and for all ways. And what it was seen to answer."""

import json

import pytest

from belplan.cli import app
from belplan.drill import drill
from belplan.drivers.simulator import Reply
from belplan.replay.faults import DOWN, chosen, rubbish, slow
from belplan.replay.learned import learn
from belplan.replay.records import line
from belplan.webhook.exchange import Answer
from tests.unit.replay.test_again import DEMO, called, company
from tests.unit.replay.test_compare import week


def drilled(fault, *names, records=True):
    demo = company()
    return drill(demo, chosen(demo, names), fault, week() if records else None)


def test_a_server_that_is_down():
    found = drilled(DOWN, "klant")
    assert str(found.replayed) == "5 calls, 1 the same, 4 differ"
    assert {change.now for change in found.replayed.changes} == {"Eva de Wit (205)"}
    assert "202" in found.silenced
    assert "205" not in found.silenced


def test_a_server_that_is_slow_is_late_from_its_timeout_on():
    assert drilled(slow(0.5), "klant").replayed.same == 5
    assert drilled(slow(0.5), "klant").silenced == []
    late = drilled(slow(3), "klant")
    assert late.replayed.same == 1
    assert max(one.longer or 0 for one in late.replayed.compared) == 1
    assert "202" in late.silenced


def test_a_server_that_answers_rubbish():
    found = drilled(rubbish(), "klant")
    assert str(found.replayed) == "5 calls, 2 the same, 0 differ, 3 that the past cannot answer"
    # What is set to rubbish is set: nobody goes to the reception at once, and nobody is known.
    assert {one.number for one in found.failing.reached} == {"301", "302", "401", "205"}


def test_a_webhook_is_named_by_variable_or_path():
    demo = company()
    assert chosen(demo, ["agent"]) == {"dial_plans[0].route[3].condition.then[0].webhook"}
    assert chosen(demo, ["dial_plans[0].route[0].webhook"]) == {"dial_plans[0].route[0].webhook"}
    assert len(chosen(demo, [])) == 3
    with pytest.raises(ValueError, match="no webhook sets klnt"):
        chosen(demo, ["klnt"])


def answered(text, delay=0.1, times=1):
    return [called(replies={"klant": [Reply(Answer("ok", text, status=200), delay)]}) for _ in range(times)]


def test_values_that_no_branch_knows_are_found():
    calls = [
        *answered("openstaand", times=3),
        *answered("Openstaand", times=2),
        *answered('{"a": 1}'),
        *answered("vip"),
    ]
    klant = learn(company(), calls)[0]
    values = {one.text: one for one in klant.values["klant"]}
    assert [one.count for one in klant.values["klant"]] == [3, 2, 1, 1]
    assert values["openstaand"].handled_by == "dial_plans[0].route[2].condition"
    assert values["Openstaand"].handled_by is None
    assert values["Openstaand"].hint == "“openstaand” in other letters"
    assert "extract" in values['{"a": 1}'].hint
    assert values["vip"].branch == {"condition": {"variable": "klant", "equals": "vip", "then": []}}


def test_the_timeout_that_fits_is_reckoned_from_what_was_measured():
    longer = company(("timeout: 1, save_as: klant", "timeout: 5, save_as: klant"))
    calls = [*answered("x", 0.2, 97), *answered("x", 0.9, 3)]
    calls += [*answered("x", float("inf"), 3)]  # nobody knows how long they had taken: no less than 1 s
    (klant, *_) = learn(longer, calls)
    assert klant.seen == 1.0
    assert (klant.timeout, klant.advice) == (5.0, 1.0)
    assert klant.advised == pytest.approx(100 / 103, abs=0.001)


def test_the_commands(tmp_path, capsys):
    (tmp_path / "plan.yaml").write_text(DEMO)
    (tmp_path / "calls.jsonl").write_text("".join(map(line, week())))
    files = [str(tmp_path / "plan.yaml"), str(tmp_path / "calls.jsonl")]

    def run(*words):
        return app([*words], exit_on_error=False, result_action="return_value"), capsys.readouterr()

    code, out = run("drill", *files, "--webhook", "klant", "--down", "--json")
    assert (code, json.loads(out.out)["calls"]["differ"]) == (0, 4)
    code, out = run("drill", files[0], "--slow", "3")
    assert code == 0
    assert "no longer rung" in out.out
    assert run("drill", files[0])[0] == 1
    assert run("drill", files[0], "--down", "--webhook", "klnt")[0] == 1
    code, out = run("answers", *files)
    assert code == 0
    assert "klant = “nieuw”  no branch" in out.out
    code, out = run("answers", *files, "--json")
    assert json.loads(out.out)["webhooks"][0]["exits"] == {"ok": 4, "timeout": 1}
