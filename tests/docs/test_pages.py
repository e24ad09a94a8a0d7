"""What the documentation shows works as it is shown."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from belplan.apps import APPS
from belplan.dialplan.check import read
from tests.docs.pages import ROOT, Block, blocks, pages

PAGES = pages()
LANGUAGES = {"yaml", "python", "json", "console", "http", "ini", "csv", "xml", "javascript", ""}
COMPANY = """
company: {name: Voorbeeld BV}
users: [{name: Anna, number: "201"}, {name: Bram, number: "202"}, {name: Carla, number: "203"}]
ring_groups: [{name: Finance, number: "301", members: ["201", "202"]}]
dial_plans: [{name: Hoofdnummer, external_numbers: ["31102380095"], route: []}]
"""
BOUND = 60  # seconds for all commands of a page
ENDED = re.compile(r"^@@ (\d+) (\d+)$", re.MULTILINE)


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_block_says_what_it_is_in(page):
    for block in blocks(page):
        assert block.language in LANGUAGES, f"{_name(page)}:{block.line}"
        if block.language == "console":
            assert block.commands(), f"{_name(page)}:{block.line} has no command"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_piece_of_code_can_be_read(page):
    for block in blocks(page):
        where = f"{_name(page)}:{block.line}"
        if block.why or (block.title and block.language in ("ini", "csv")):
            continue
        if block.language == "python":
            compile(block.text, where, "exec")
        elif block.language == "json":
            json.loads(block.text)
        elif block.language == "yaml":
            _read_yaml(block, where)


def _read_yaml(block: Block, where: str) -> None:
    content = yaml.safe_load(block.text)
    if isinstance(content, dict) and "dial_plans" in content:
        company, problems = read(block.text, APPS)
        assert company, f"{where}: {[str(problem) for problem in problems]}"
    elif isinstance(content, list) and all(set(item) & set(APPS) for item in content):
        plan = yaml.safe_load(COMPANY)
        plan["dial_plans"][0]["route"] = content
        errors = [one for one in read(yaml.safe_dump(plan), APPS)[1] if one.code in ("unknown-app", "unknown-field")]
        assert not errors, f"{where}: {errors}"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_command_does_what_is_shown(page, tmp_path):
    for block in blocks(page):
        for command, _ in block.commands() if block.language == "console" and not block.why else ():
            # Never here: they stay up, and start an Asterisk that others wait for.
            stays = re.search(r"belplan (serve|demo|pbx start|webhook serve)|make (demo|test)", command)
            assert not stays, f"{_name(page)}:{block.line}: put <!-- not run: why --> on the line before the block"
    found = [block for block in blocks(page) if block.language == "console" and not block.why]
    if not found:
        return
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
    for block in blocks(page):
        if block.title:
            (tmp_path / block.title).write_text(block.text.replace("8090", port), encoding="utf-8")
    commands = [(one, block.line) for block in found for one in block.commands()]
    script = [f"wait_for() {{ {sys.executable} -c {shlex.quote(_WAIT)} {port}; }}"]
    for number, ((command, _), _) in enumerate(commands):
        script.append(command.replace("8090", port))
        if command.rstrip().endswith("&"):
            script.append("wait_for")
        script.append(f'printf "\\n@@ {number} $?\\n"')
    said = _run("\n".join(script), tmp_path)
    parts = ENDED.split(said)
    for number, ((command, shown), line) in enumerate(commands):
        where = f"{_name(page)}:{line}: {command}"
        assert len(parts) > number * 3 + 2, f"{where}: it did not end\n{said}"
        output, code = parts[number * 3], parts[number * 3 + 2]
        assert code == "0", f"{where} exits with {code}\n{output}"
        for expected in shown:
            assert expected.replace("8090", port) in output, f"{where}: {expected!r} is not in\n{output}"


_WAIT = """
import socket, sys, time
for _ in range(500):
    try:
        socket.create_connection(("127.0.0.1", int(sys.argv[1]))).close()
        break
    except OSError:
        time.sleep(0.02)
else:
    sys.exit(1)
"""


def _run(script: str, folder: Path) -> str:
    """What a script prints, all of it in one stream. What it leaves running is ended."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "BELPLAN_DATA": str(folder / "data"),
        "NO_COLOR": "1",
        "COLUMNS": "200",
    }
    log = folder / ".said"
    with log.open("wb") as said:
        shell = subprocess.Popen(
            ["bash", "-c", script], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            start_new_session=True,
        )  # fmt: skip
        try:
            with suppress(subprocess.TimeoutExpired):
                shell.wait(BOUND)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
            shell.wait()
    return log.read_text(errors="replace")
