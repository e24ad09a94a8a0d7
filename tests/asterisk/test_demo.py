"""`belplan demo --once` says when a call does not reach the right phone; one that does is in `tests/distribution`."""

import tempfile

from belplan import demo
from belplan.demo.stage import PLAN


def test_a_plan_that_sends_debtors_elsewhere_exits_with_1(program, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # the folder with the logs stays after a failure
    wrong = tmp_path / "company.yaml"
    route = '- condition: {variable: klant, equals: openstaand, then: [{connect: {to: "%s"}}]}'
    text = PLAN.read_text()
    assert route % "301" in text
    wrong.write_text(text.replace(route % "301", route % "205"))
    assert demo.run(once=True, plan=wrong) == 1
    printed = capsys.readouterr().out
    assert "rang: eva; must ring: anna, bram" in printed
    assert "not as it must be: call 1\n" in printed
    assert next(tmp_path.glob("belplan-demo-*/belplan.log")).stat().st_size
