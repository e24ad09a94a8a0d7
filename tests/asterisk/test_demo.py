"""`belplan demo --once`: real calls that reach the right phones, and the exit code that says so."""

import asyncio
import sys

from belplan import demo
from belplan.demo.stage import PLAN

COMMAND = ("-c", "from belplan.cli import main; main()", "demo", "--once")


async def test_each_call_reaches_the_right_phone(program):
    process = await asyncio.create_subprocess_exec(sys.executable, *COMMAND, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(55):
        printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()
    assert printed.decode().count("both ways  ✓") == 5


def test_a_plan_that_sends_debtors_elsewhere_exits_with_1(program, tmp_path, capsys):
    wrong = tmp_path / "company.yaml"
    route = '- condition: {variable: klant, equals: openstaand, then: [{connect: {to: "%s"}}]}'
    text = PLAN.read_text()
    assert route % "301" in text
    wrong.write_text(text.replace(route % "301", route % "205"))
    assert demo.run(once=True, plan=wrong) == 1
    assert "✗" in capsys.readouterr().out
