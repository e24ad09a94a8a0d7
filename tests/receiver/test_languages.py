"""The receivers of examples/receivers pass in all grades, in every language that is on this machine."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from belplan.rehearsal.exchange import Target
from belplan.rehearsal.grades import grade
from tests.receiver.programs import running

FOLDER = Path(__file__).parents[2] / "examples" / "receivers"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def python(_: Path) -> Sequence[str]:
    return [sys.executable, str(FOLDER / "receiver.py")]


def node(_: Path) -> Sequence[str]:
    return [_program("node"), str(FOLDER / "receiver.mjs")]


def php(_: Path) -> Sequence[str]:
    # The port is the command's last word, and PHP wants it in the middle.
    return ["sh", "-c", f'exec {_program("php")} -S "127.0.0.1:$1" receiver.php', "php"]


def go(work: Path) -> Sequence[str]:
    built = str(work / "receiver")
    subprocess.run([_program("go"), "build", "-o", built, str(FOLDER / "receiver.go")], check=True)
    return [built]


def csharp(work: Path) -> Sequence[str]:
    built = str(work / "Receiver.exe")
    compiler = [_program("mcs"), "-r:System.Runtime.Serialization", f"-out:{built}", str(FOLDER / "Receiver.cs")]
    subprocess.run(compiler, check=True)
    return [_program("mono"), built]


def _program(name: str) -> str:
    return shutil.which(name) or pytest.skip(f"{name} is not on this machine")


@pytest.mark.parametrize("language", [python, node, php, go, csharp])
def test_the_receiver_passes_in_all_grades(language, tmp_path):
    command = language(tmp_path)
    with running(command, folder=FOLDER, environment={"WEBHOOK_SECRET": SECRET}) as port:
        target = Target(f"http://127.0.0.1:{port}/belplan", secrets=(SECRET,), timeout=10.0)
        graded = asyncio.run(grade(target))
    bad = {one.name: (one.finding.seen, one.finding.advice) for one in graded if one.finding.grade != "pass"}
    assert not bad
    assert "openstaand" in graded[0].finding.seen
