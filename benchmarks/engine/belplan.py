"""The engine of Belplan, whole, on a tape in the place of Asterisk: `… belplan PLAN DATA ARI_PORT [APP]`."""

import asyncio
import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import structlog

from belplan import server
from belplan.drivers.asterisk import program
from belplan.drivers.asterisk.driver import AsteriskDriver
from belplan.options import Options, policy, read_plan


class NoPbx:
    """In the place of Asterisk's process."""

    pid = os.getpid()

    async def start(self, files: Mapping[str, str]) -> set[str]:
        return set()

    async def configure(self, files: Mapping[str, str]) -> set[str]:
        return set()

    async def stop(self) -> None:
        pass

    async def exited(self) -> None:
        await asyncio.get_running_loop().create_future()


async def main(plan: Path, data: Path, port: int, app: str) -> None:
    options = Options(
        plan=plan, data=data, http_port=1, allow_loopback=True, webhooks_per_company=10_000, webhooks_in_all=10_000
    )
    found = program.find()
    assert found, "belplan pbx install"
    company, problems = read_plan(plan, policy(options))
    assert company, problems
    exchange = server.Exchange(options, company, found)
    exchange.pbx = cast("Any", NoPbx())
    settings = replace(exchange.settings, http_port=port, app=app)
    exchange.driver = AsteriskDriver(settings, exchange.prompts)
    async with exchange:
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    import uvloop

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    uvloop.run(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), (sys.argv[4:] or ["belplan"])[0]))
