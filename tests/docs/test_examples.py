"""The examples run as their READMEs say: the receiver of the folder, and a call through its plan."""

import asyncio
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib import request
from zoneinfo import ZoneInfo

import pytest

from belplan.apps import APPS
from belplan.dialplan.check import read
from belplan.simulation import Caller, VirtualLoop, simulate
from belplan.webhook import Policy, Webhooks
from tests.docs.commands import belplan

EXAMPLES = Path(__file__).parents[2] / "examples"
FOLDERS = sorted(path.parent for path in EXAMPLES.glob("*/plan.yaml"))

# Who calls, and where the folder's README says that it goes.
CALLS = {
    "invoices": [("0612345678", "301"), ("0687654321", "205")],
    "ticket": [("0207654321", "204"), ("0612345678", "302")],
    "second-call": [("0612345678", "302")],
    "power-cut": [],
    "opening-hours": [("0612345678", "201")],
    "vip": [("0207654321", "202"), ("0687654321", "205")],
    "spreadsheet": [("0612345678", "301"), ("0687654321", "205")],
}


@contextmanager
def receiver(folder: Path) -> Iterator[int]:
    """The folder's own server, on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    # Out of the folder's own way: what a receiver writes is no part of the example.
    work = Path(tempfile.mkdtemp(prefix="belplan-example-"))
    shutil.copytree(folder, work, dirs_exist_ok=True)
    process = subprocess.Popen([sys.executable, work / "receiver.py", str(port)], stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                assert process.poll() is None
        yield port
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(work)


def call(plan: str, caller: str, to: str = "0102380095"):
    """One call through a plan, its webhooks really sent."""
    company, problems = read(plan, APPS)
    assert company, problems

    async def walk():
        async with Webhooks(Policy(allow_loopback=True)) as sender:
            return await simulate(company, Caller(to=to, number=caller), sender)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(walk())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_plan_has_no_problem_and_the_page_no_broken_promise(folder):
    _, problems = read((folder / "plan.yaml").read_text(), APPS)
    assert problems == []
    assert "belplan call plan.yaml" in (folder / "README.md").read_text()


@pytest.mark.parametrize(("folder", "caller", "reaches"), [(f, *one) for f, ones in CALLS.items() for one in ones])
def test_with_its_receiver_the_call_goes_where_the_page_says(folder, caller, reaches):
    with receiver(EXAMPLES / folder) as port:
        record = call((EXAMPLES / folder / "plan.yaml").read_text().replace("8090", str(port)), caller)
    assert record.connected_to == reaches
    assert record.trace[0].exit == "ok"


def test_a_second_call_goes_to_the_colleague_of_the_first():
    folder = EXAMPLES / "second-call"
    with receiver(folder) as port:
        told = json.dumps({"number": "31612345678", "colleague": "204"}).encode()
        request.urlopen(f"http://127.0.0.1:{port}/spoken", data=told).close()
        record = call((folder / "plan.yaml").read_text().replace("8090", str(port)), "0612345678")
    assert record.connected_to == "204"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_without_its_receiver_the_call_reaches_somebody_all_the_same(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    record = call((folder / "plan.yaml").read_text().replace("8090", str(port)), "0612345678")
    assert record.outcome == "connected"


def test_every_scenario_of_the_examples_passes():
    code, said, _ = belplan(["test", str(EXAMPLES)], EXAMPLES, os.environ)
    assert code == 0, said
    tried = {path.parent for path in EXAMPLES.glob("*/*.scenario.yaml")}
    assert tried == set(FOLDERS)


def test_a_closed_day_is_read_from_the_calendar():
    folder = EXAMPLES / "opening-hours"
    program = (folder / "receiver.py").read_text().replace("__file__", repr(str(folder / "receiver.py")))
    names: dict[str, Any] = {"__name__": "receiver"}
    exec(program, names)
    asked = {
        "2026-12-25T23:59": "Kerstmis",
        "2026-12-27T00:00": "",
        "2026-09-11T12:59": "",
        "2026-09-11T13:00": "Personeelsuitje",
    }
    for at, why in asked.items():
        moment = datetime.fromisoformat(at).replace(tzinfo=ZoneInfo("Europe/Amsterdam"))
        call = SimpleNamespace(asked_at=moment.astimezone(UTC))
        assert names["why_closed"](call) == why


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_command_of_the_page_runs(folder, tmp_path):
    commands = [line.split("#")[0].strip() for line in (folder / "README.md").read_text().splitlines()]
    for words in (shlex.split(command) for command in commands if command.startswith("belplan ")):
        code, said, complained = belplan([*words[1:], "--json"], folder, os.environ)
        assert code == 0, complained
        json.loads(said)
