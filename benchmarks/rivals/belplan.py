"""Belplan as an operator runs it, for the comparison: `python -m benchmarks.rivals.belplan PLAN DATA SIP_PORT`."""

import asyncio
import logging
import sys
from pathlib import Path

import structlog

from belplan import server
from belplan.drivers.asterisk import program
from belplan.options import Options, policy, read_plan
from tests.asterisk.phones import free_port


async def main(plan: Path, data: Path, sip_port: int) -> None:
    options = Options(
        plan=plan,
        data=data,
        sip_port=sip_port,
        http_port=free_port(),
        allow_loopback=True,
        webhooks_per_company=10_000,
        webhooks_in_all=10_000,
    )
    asterisk = program.find()
    assert asterisk, "belplan pbx install"
    company, _ = read_plan(plan, policy(options))
    async with server.Exchange(options, company, asterisk) as exchange:
        print(exchange.pbx.pid, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    import uvloop

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    uvloop.run(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
