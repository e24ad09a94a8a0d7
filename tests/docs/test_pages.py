"""What the documentation shows works as it is shown."""

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import pytest
import yaml

from belplan.apps import APPS
from belplan.dialplan.check import read
from tests.docs.commands import belplan
from tests.docs.pages import ROOT, Block, blocks, pages

PAGES = pages()
LANGUAGES = {"yaml", "python", "json", "console", "http", "ini", "csv", "xml", "javascript", ""}
COMPANY = """
company: {name: Voorbeeld BV}
users: [{name: Anna, number: "201"}, {name: Bram, number: "202"}, {name: Carla, number: "203"}]
ring_groups: [{name: Finance, number: "301", members: ["201", "202"]}]
dial_plans: [{name: Hoofdnummer, external_numbers: ["31102380095"], route: []}]
"""


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
    commands = [
        (block, *command)
        for block in blocks(page)
        if block.language == "console" and not block.why
        for command in block.commands()
    ]
    if not commands:
        return
    for block, command, _ in commands:
        # Never here: they stay up, and start an Asterisk that others wait for.
        stays = re.search(r"belplan (serve|demo|pbx start|webhook serve)|make (demo|test)", command)
        assert not stays, f"{_name(page)}:{block.line}: put <!-- not run: why --> on the line before the block"
    with Shell(tmp_path) as shell:
        for block in blocks(page):
            if block.title:
                (tmp_path / block.title).write_text(block.text.replace("8090", shell.port), encoding="utf-8")
        for block, command, shown in commands:
            where = f"{_name(page)}:{block.line}: {command}"
            code, output = shell.run(command.replace("8090", shell.port))
            assert code == 0, f"{where} exits with {code}\n{output}"
            for expected in shown:
                assert expected.replace("8090", shell.port) in output, f"{where}: {expected!r} is not in\n{output}"


class Shell:
    """Runs the commands of one page, one after another, in one folder. What it leaves running ends with its block."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port = str(taken.getsockname()[1])
        self._folder = folder
        self._left: list[subprocess.Popen[bytes]] = []
        self._environment = dict(os.environ) | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "BELPLAN_DATA": str(folder / "data"),
            "NO_COLOR": "1",
            "COLUMNS": "200",
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._left:
            process.terminate()
            process.wait()

    def run(self, command: str) -> tuple[int, str]:
        """Exit code, and everything that is printed."""
        if command.endswith("&"):
            self._left.append(
                subprocess.Popen(
                    shlex.split(command[:-1]), cwd=self._folder, env=self._environment, stderr=subprocess.DEVNULL
                )
            )
            return self._wait_for_port(), ""
        if " && " in command:
            parts = [self.run(part) for part in command.split(" && ")]
            return max(code for code, _ in parts), "".join(said for _, said in parts)
        words = shlex.split(command)
        if words[0] == "export":
            self._environment |= dict(word.split("=", 1) for word in words[1:])
            return 0, ""
        if words[0] == "belplan":
            code, said, complained = belplan(words[1:], self._folder, self._environment)
            return code, said + complained
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def _wait_for_port(self) -> int:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", int(self.port))).close()
            except OSError:
                time.sleep(0.02)
            else:
                return 0
        return 1


_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")


@pytest.mark.parametrize(
    "page", [*PAGES, *(ROOT / "docs" / name for name in ("apps.md", "cli.md", "plan.md"))], ids=_name
)
def test_every_link_leads_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in _LINK.findall(text):
        target, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), f"{_name(page)}: {link}"
        if anchor and path.suffix == ".md":
            assert anchor in _anchors(path), f"{_name(page)}: {link}"


def _anchors(page: Path) -> set[str]:
    """The places in a page that links may name: its headings, as GitHub and the site write them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
