"""`belplan demo --once`: real calls that reach the right phones, and the exit code that says so."""

import asyncio
import sys
import tempfile

from belplan import demo
from belplan.demo.stage import PLAN

COMMAND = ("-c", "from belplan.cli import main; main()", "demo", "--once")


async def test_each_call_reaches_the_right_phone(program):
    process = await asyncio.create_subprocess_exec(sys.executable, *COMMAND, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(55):
        printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()
    assert printed.decode().count("both ways  ✓") == 5


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
