"""What systemd is told, as it listens: a datagram socket of ours in its place."""

import asyncio
import configparser
import socket
from pathlib import Path

from belplan.watchdog import watched

UNIT = Path(__file__).parents[2] / "deploy/systemd/belplan.service"


def test_ready_alive_and_stopping(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(5)
        told = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "20000"}

        async def serve() -> None:
            async with watched(told):
                await asyncio.sleep(0.05)

        asyncio.run(serve())
        states = [systemd.recv(100) for _ in range(4)]
    assert states[0] == b"READY=1"
    assert b"WATCHDOG=1" in states


def test_without_systemd_nothing_is_told():
    async def serve() -> None:
        async with watched({}):
            pass

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
