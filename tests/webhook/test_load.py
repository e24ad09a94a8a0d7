"""Many at once: deadlines, memory, the event loop and the neighbours hold when a hundred servers misbehave together.

`benchmarks/webhook/` runs the same at full size, with figures.
"""

import asyncio
import gc
import json
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from asking import LOCAL, PATIENT, came_to, client, request
from hostile import (
    BOMB,
    CHUNKED,
    DEEP,
    HEAD,
    KINDS,
    NO_SERVER,
    after,
    answer,
    expected,
    flood,
    replies,
    serving,
    silent,
    syn_black_hole,
)

from belplan.webhook import ContentError, extract


@asynccontextmanager
async def hostile_process(timeout: float):
    """All kinds of hostile server, in a process of their own so that they do not slow down what is measured."""
    program = Path(__file__).with_name("hostile.py")
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(program), str(timeout), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield json.loads(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


def test_there_are_at_least_25_kinds():
    assert len(KINDS) + len(NO_SERVER) >= 25


@pytest.mark.parametrize("timeout", [1.0, 2.0])
async def test_every_kind_leaves_by_its_exit_in_time(timeout):
    """200 at once. How close to the deadline is for the benchmark to say; here a busy machine is allowed for."""
    policy = replace(LOCAL, per_company=200)
    async with hostile_process(timeout) as ports, client(policy) as webhooks:
        kinds = [kind for _ in range(9) for kind in ports]
        gate = asyncio.Semaphore(200)

        async def one(number: int, kind: str):
            async with gate:
                url = f"http://127.0.0.1:{ports[kind]}/"
                return kind, await webhooks.send(request(url, company=f"c{number}", timeout=timeout))

        results = await asyncio.gather(*(one(number, kind) for number, kind in enumerate(kinds)))
    wrong = [(kind, came_to(result), result.detail) for kind, result in results if came_to(result) != expected(kind)]
    assert not wrong
    assert max(result.phases["total"] for _, result in results) < timeout * 1000 + 500


def resident() -> int:
    """Bytes of memory that this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def test_bombs_take_no_memory_and_never_stall_the_loop():
    bombs = {
        "gzip": replies(BOMB, "200 OK", "Content-Encoding: gzip"),
        "chunks": flood(CHUNKED, b"1\r\nx\r\n"),
        "headers": flood(HEAD, b"X-Header: value\r\n"),
        "line": flood(b"HTTP/1.1 200 ", b"O" * 1024),
        "body": flood(HEAD + b"\r\n", b"x" * 1024),
        "json": replies(DEEP),
    }
    async with client(replace(PATIENT, per_company=50)) as webhooks:
        for behaviour in bombs.values():
            async with serving(behaviour) as server:

                async def explode(url: str = server.url()) -> None:
                    result = await webhooks.send(request(url))
                    if result.outcome == "ok":
                        with pytest.raises(ContentError):
                            extract(result.text, result.content_type, {"x": ""})

                await asyncio.gather(*(explode() for _ in range(5)))
                gc.collect()
                before = resident()
                for _ in range(2):
                    await asyncio.gather(*(explode() for _ in range(10)))
                assert resident() - before < 16 * 2**20


async def test_company_a_in_a_black_hole_is_not_felt_by_company_b():
    """500 calls of A; meanwhile B asks a server that takes 5 ms. The benchmark measures how much more B waits."""
    with syn_black_hole() as port:
        async with serving(silent) as mute, serving(after(0.005, answer())) as crm, client(LOCAL) as webhooks:
            urls = [f"http://127.0.0.1:{port}/", mute.url()]
            calls = [
                asyncio.create_task(webhooks.send(request(urls[number % 2], company="a", timeout=1)))
                for number in range(500)
            ]
            took = []
            for _ in range(40):
                began = time.perf_counter()
                result = await webhooks.send(request(crm.url(), company="b"))
                assert result.outcome == "ok"
                took.append(time.perf_counter() - began)
                await asyncio.sleep(0.05)
            results = await asyncio.gather(*calls)
            assert {came_to(result) for result in results} <= {("timeout", None), ("error", "open"), ("error", "busy")}
            closed_off = await webhooks.send(request(mute.url(), company="a"))
            assert came_to(closed_off) == ("error", "open")
            assert closed_off.phases["total"] < 5
    assert sorted(took)[len(took) // 2] < 0.025


async def test_a_wait_for_a_slot_of_ours_opens_no_breaker():
    """A server of 0.8 s, one slot, a second for each: who waited fails, not by the server's fault."""
    policy = replace(LOCAL, per_company=1, breaker_least=2, failures_in_a_row=2)
    async with serving(after(0.8, answer(b"ok"))) as server, client(policy) as webhooks:
        for _ in range(2):
            first, second = await asyncio.gather(*(webhooks.send(request(server.url(), timeout=1)) for _ in range(2)))
            assert (came_to(first), came_to(second)) == (("ok", None), ("timeout", None))
        assert [health.breaker for health in webhooks.health()] == ["closed"]
