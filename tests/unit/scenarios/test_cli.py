"""`belplan test`: what it prints, what it writes, and how it exits."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from belplan.cli.knowing import scenario
from belplan.cli.plans import call
from belplan.cli.scenarios import test as run

PLAN = """
company: {name: Voorbeeld BV}
users:
  - {name: Anna, number: "201", phones: [{username: anna, password: x}]}
  - {name: Bram, number: "202", phones: [{username: bram, password: x}]}
ring_groups: [{name: Finance, number: "301", members: ["201"]}]
dial_plans:
  - name: Hoofdnummer
    internal_number: "1003"
    route:
      - webhook: {method: POST, url: "http://127.0.0.1:1/", save_as: klant}
      - condition: {variable: klant, equals: open, then: [{connect: {to: "301"}}]}
      - connect: {to: "202"}
"""
GOOD = """
call: {to: "1003"}
scenarios:
  - name: Debiteur
    webhooks: {klant: open}
    expect: {connected_to: "301", trace: [webhook: ok, condition: true, connect: answered]}
  - name: Ander
    webhooks: {klant: x}
    expect: {connected_to: "202", silence: 0, within: {ring: 0, answer: 2, all: 62}, webhooks: {klant: 1}}
"""
BAD = """
call: {to: "1003"}
scenarios:
  - name: Traag
    webhooks: {klant: {text: open, delay: 3}}
    expect:
      connected_to: "301"
      trace: [webhook: ok, condition: true, connect: answered]
  - {name: Vergeten, expect: {outcome: connected}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "good.scenario.yaml").write_text(GOOD)
    return tmp_path


def test_all_pass(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith("good.scenario.yaml  2 scenarios")
    assert said[1].startswith("2 passed")


def test_a_failure_is_a_ladder_with_the_first_step_that_differed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.scenario.yaml").write_text(BAD)
    assert run(folder) == 1
    said = capsys.readouterr().out
    assert "✗ Traag" in said
    assert "bad.scenario.yaml:4" in said
    lines = said.splitlines()
    step = next(index for index, line in enumerate(lines) if "→ timeout" in line)
    assert lines[step].endswith("✗")
    assert lines[step + 1].strip() == "┄ expected here: webhook → ok"
    assert "webhook klant was asked and the scenario gives no answer" in said
    assert "2 passed, 2 failed" in said


def test_json_is_one_document(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.scenario.yaml").write_text(BAD)
    assert run(folder, as_json=True) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["passed"], document["failed"]) == (2, 2)
    slow = document["scenarios"][0]
    assert (slow["name"], slow["passed"], slow["line"]) == ("Traag", False, 4)
    assert slow["differences"][0] == {
        "what": "trace[0]", "expected": "webhook → ok", "got": "webhook → timeout", "step": 0,
    }  # fmt: skip
    assert slow["record"]["trace"][0]["exit"] == "timeout"


def test_the_same_every_time(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.scenario.yaml").write_text(BAD.replace("  - {name: Vergeten, expect: {outcome: connected}}\n", ""))
    run(folder, as_json=True)
    first = capsys.readouterr().out
    run(folder, as_json=True)
    assert capsys.readouterr().out == first


def test_junit(folder: Path) -> None:
    (folder / "bad.scenario.yaml").write_text(BAD.replace("Traag", '"Traag \\a <&>"'))
    (folder / "worse.scenario.yaml").write_text("name: x")
    assert run(folder, junit=folder / "out.xml") == 2
    suites = ElementTree.parse(folder / "out.xml").getroot()
    assert [(suite.get("tests"), suite.get("failures"), suite.get("errors")) for suite in suites] == [
        ("2", "2", "0"), ("2", "0", "0"), ("1", "0", "1"),
    ]  # fmt: skip
    failure = suites.find("testsuite/testcase/failure")
    assert failure is not None
    assert "expected here: webhook → ok" in (failure.text or "")


def test_one_scenario_by_its_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, only="debit") == 0
    assert "1 passed" in capsys.readouterr().out
    assert run(folder, only="nergens") == 2


def test_nothing_to_test_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path) == 2
    assert "no scenario in" in capsys.readouterr().err
    assert run(tmp_path / "nowhere") == 2
    assert "there is no" in capsys.readouterr().err


def test_a_plan_with_problems_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "plan.yaml").write_text(PLAN.replace('to: "202"', 'to: "209"'))
    assert run(folder) == 2
    assert "plan.yaml:13" in capsys.readouterr().err.replace("\n", "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("webhooks: {klnt: x}", 'the plan has no webhook "klnt" (did you mean "klant"?)'),
        ("phones: {301: busy}", "301 is the ring group Finance; say it of its members, 201"),
        ("phones: {1003: busy}", "1003 is Hoofdnummer, which is no phone"),
        ("phones: {299: busy}", "nobody has the number 299"),
        ("state: {last_answerd: {}}", '(did you mean "last_answered"?)'),
        ("state: {last_answered: {301: 202}}", "202 is no member of Finance"),
        ("expect: {trace: [webhok: ok]}", 'there is no app "webhok" (did you mean "webhook"?)'),
        ("expect: {trace: [webhook: okay]}", 'webhook is left by ok, error and timeout, not by "okay"'),
        ("plan: nowhere.yaml", "cannot be read"),
    ],
)
def test_what_the_plan_does_not_have_is_said(
    folder: Path, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    expect = "" if text.startswith("expect") else "\nexpect: {cause: 16}"
    (folder / "good.scenario.yaml").write_text(f"name: x\ncall: {{to: '1003'}}\n{text}{expect}\n")
    assert run(folder) == 2
    assert message in capsys.readouterr().err.replace("\n", "")


def test_an_unknown_number_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "good.scenario.yaml").write_text("name: x\ncall: {to: '1009'}\nexpect: {cause: 16}\n")
    assert run(folder) == 2
    assert "nothing of Voorbeeld BV has the number 1009" in capsys.readouterr().err.replace("\n", "")


def test_webhooks_are_really_sent_only_when_that_is_asked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "good.scenario.yaml").write_text("""
name: Echt
call: {to: '1003'}
webhooks: real
expect: {trace: {includes: [webhook: error]}, connected_to: "202"}
""")
    assert run(folder, as_json=True) == 0
    (scenario,) = json.loads(capsys.readouterr().out.splitlines()[-1])["scenarios"]
    assert scenario["record"]["trace"][0]["detail"]["reason"] == "refused"
    assert run(folder, guard=True, as_json=True) == 0
    (scenario,) = json.loads(capsys.readouterr().out.splitlines()[-1])["scenarios"]
    assert scenario["record"]["trace"][0]["detail"]["reason"] == "blocked"


def test_recorded_calls_become_scenarios_that_pass(tmp_path, capsys):
    plan, records = tmp_path / "plan.yaml", tmp_path / "calls.jsonl"
    plan.write_text(PLAN)
    for reply in ("klant=open", "klant=x"):
        assert call(plan, to="1003", reply=(reply,), as_json=True) == 0
    records.write_text(capsys.readouterr().out)
    assert scenario(plan, records) == 0
    (tmp_path / "calls.scenario.yaml").write_text(capsys.readouterr().out)
    assert run(tmp_path) == 0
    assert "2 passed" in capsys.readouterr().out
    plan.write_text(PLAN.replace("equals: open", "equals: x"))
    assert run(tmp_path) == 1
