"""The commands of a page of the documentation, one after another, as a reader types them."""

import os
import re
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from tests.docs.commands import belplan
from tests.docs.pages import ROOT, blocks


def play(page: Path, folder: Path, installed: Path | None = None) -> int:
    """Write the files of a page into `folder`, run its commands there, and look for what it shows. How many there were.

    With the folder of an installed package's commands, `belplan` is run from there; else in this process, which is
    sooner.
    """
    commands = [
        (block, *command)
        for block in blocks(page)
        if block.language == "console" and not block.why
        for command in block.commands()
    ]
    name = page.relative_to(ROOT)
    for block, command, _ in commands:
        # Never here: they stay up, and start an Asterisk that others wait for.
        stays = re.search(r"belplan (serve|demo|pbx start|webhook serve)|make (demo|test)", command)
        assert not stays, f"{name}:{block.line}: put <!-- not run: why --> on the line before the block"
    if not commands:
        return 0
    with Shell(folder, installed) as shell:
        for block in blocks(page):
            if block.title:
                (folder / block.title).write_text(block.text.replace("8090", shell.port), encoding="utf-8")
        for block, command, shown in commands:
            where = f"{name}:{block.line}: {command}"
            code, output = shell.run(command.replace("8090", shell.port))
            assert code == 0, f"{where} exits with {code}\n{output}"
            for expected in shown:
                assert expected.replace("8090", shell.port) in output, f"{where}: {expected!r} is not in\n{output}"
    return len(commands)


class Shell:
    """Runs the commands of one page, one after another, in one folder. What it leaves running ends with its block."""

    def __init__(self, folder: Path, installed: Path | None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port = str(taken.getsockname()[1])
        self._folder = folder
        self._in_process = installed is None
        self._left: list[subprocess.Popen[bytes]] = []
        self._environment = dict(os.environ) | {
            "PATH": f"{installed or Path(sys.executable).parent}:{os.environ['PATH']}",
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
                    ["bash", "-c", f"exec {command[:-1]}"],
                    cwd=self._folder,
                    env=self._environment,
                    stderr=subprocess.DEVNULL,
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
        if words[0] == "belplan" and self._in_process:
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
