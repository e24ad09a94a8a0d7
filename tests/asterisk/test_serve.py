"""`belplan serve`, as an operator runs it: its own process, its health, its end."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.asterisk.phones import free_port, invite, run_sipp, until
from tests.asterisk.serving import CALLER, plan

NUMBER = "31102380095"


@asynccontextmanager
async def belplan_serve(
    folder: Path, text: str, sip_port: int, http_port: int
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """The server in a process of its own; it is ended with the block."""
    (folder / "plan.yaml").write_text(text)
    words = ["serve", "plan.yaml", "--sip-port", str(sip_port), "--http-port", str(http_port), "--data", "data"]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from belplan.cli import main; main()",
        *words,
        cwd=folder,
        stderr=(folder / "log").open("wb"),
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def health(http_port: int) -> int:
    """The status of /health/ready; 0 while nobody listens."""
    try:
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"http://127.0.0.1:{http_port}/health/ready") as answer,
        ):
            return answer.status
    except aiohttp.ClientError:
        return 0


async def until_health(http_port: int, status: int) -> None:
    async with asyncio.timeout(20):
        while await health(http_port) != status:
            await asyncio.sleep(0.02)


async def test_it_is_ready_takes_calls_survives_its_asterisk_and_ends_with_0(program, tmp_path):
    sip_port, http_port = free_port(), free_port()
    async with belplan_serve(tmp_path, plan("- hangup: {cause: 17}"), sip_port, http_port) as process:
        await until_health(http_port, 200)
        assert (await run_sipp(invite(NUMBER, 486, from_=CALLER), sip_port)).ok
        os.kill(_asterisk(tmp_path), signal.SIGKILL)
        await until_health(http_port, 503)
        await until_health(http_port, 200)
        assert (await run_sipp(invite(NUMBER, 486, from_=CALLER), sip_port)).ok
        assert "pbx.ended" in (tmp_path / "log").read_text()
        asterisk = _asterisk(tmp_path)
        process.terminate()
        assert await process.wait() == 0
    await until(lambda: not Path(f"/proc/{asterisk}").exists(), "the end of Asterisk")


async def test_a_plan_with_problems_is_not_served(program, tmp_path):
    async with belplan_serve(tmp_path, plan("- hangupp: {}"), free_port(), free_port()) as process:
        assert await process.wait() == 1
    assert "hangupp" in (tmp_path / "log").read_text()


async def test_a_webhook_that_the_guard_would_stop_is_refused_when_the_plan_is_read(program, tmp_path):
    route = '- webhook: {method: POST, url: "http://169.254.169.254/latest/", fallback_url: "http://10.0.0.7/"}'
    async with belplan_serve(tmp_path, plan(route), free_port(), free_port()) as process:
        assert await process.wait() == 1
    said = (tmp_path / "log").read_text()
    assert "dial_plans[0].route[0].webhook.url" in said
    assert "dial_plans[0].route[0].webhook.fallback_url" in said


async def test_a_port_that_is_taken_is_said(program, tmp_path):
    port = free_port()
    taken = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", port)
    async with taken, belplan_serve(tmp_path, plan("- hangup: {}"), free_port(), port) as process:
        assert await process.wait() == 1
    assert "in use" in (tmp_path / "log").read_text()


def _asterisk(folder: Path) -> int:
    return json.loads((folder / "data/asterisk/instance.json").read_text())["pid"]
