"""Signs of life, and what systemd is told, as it listens: a datagram socket of ours in its place."""

import asyncio
import configparser
import os
import socket
from pathlib import Path

from belplan.watchdog import BEAT, tell, watched

UNIT = Path(__file__).parents[2] / "deploy/systemd/belplan.service"


def test_systemd_is_told(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(5)
        tell("READY=1", {"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert systemd.recv(100) == b"READY=1"


def test_an_engine_shows_that_it_lives():
    listening, told = os.pipe()

    async def serve() -> None:
        async with watched({BEAT: str(told)}):
            await asyncio.sleep(0.01)

    asyncio.run(serve())
    assert os.read(listening, 100) == b"."
    os.close(listening)
    os.close(told)


def test_where_nobody_listens_nothing_is_told():
    async def serve() -> None:
        async with watched({}):
            tell("READY=1", {})

    asyncio.run(serve())


def test_the_unit_has_a_watchdog_and_leaves_asterisk_its_calls():
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str
    unit.read_string(UNIT.read_text())
    service = unit["Service"]
    assert (service["Type"], service["Restart"], service["KillMode"]) == ("notify", "always", "process")
    assert int(service["WatchdogSec"]) <= 30
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"
