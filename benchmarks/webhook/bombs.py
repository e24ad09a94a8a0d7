"""1,000 bombs: how much memory they take, and how long the event loop stands still.

    .venv/bin/python benchmarks/webhook/bombs.py

gzip, endless chunks, a million headers, a line of 100 MB, an endless body, deep JSON; the servers are in a process of
their own, 50 at once. Fails above 16 MiB of growth, or a stall with more than 50 ms of
our own work in it; the rest of a stall is the machine doing something else.
"""

import asyncio
import contextlib
import gc
import json
import logging
import sys
import time
from dataclasses import replace
from pathlib import Path

import structlog

HOSTILE = Path(__file__).parents[2] / "tests" / "webhook"
sys.path.insert(0, str(HOSTILE))

from belplan.webhook import ContentError, Policy, Request, Webhooks, extract  # noqa: E402

BOMBS = (
    "gzip bomb",
    "endless small chunks",
    "endless chunks",
    "endless headers",
    "endless line",
    "endless body",
    "deep JSON",
)
POLICY = replace(Policy(allow_loopback=True), per_company=50, failures_in_a_row=10**9, breaker_least=10**9)


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def main() -> bool:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(HOSTILE / "hostile.py"),
        "10",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    ports = json.loads(await process.stdout.readline())
    stalls: list[tuple[float, float]] = []
    most = 0

    async def watch() -> None:
        nonlocal most
        while True:
            began, used = time.perf_counter(), time.process_time()
            await asyncio.sleep(0.001)
            stalls.append((time.perf_counter() - began - 0.001, time.process_time() - used))
            most = max(most, resident())

    async with Webhooks(POLICY) as webhooks:
        gate = asyncio.Semaphore(50)

        async def explode(number: int) -> None:
            async with gate:
                url = f"http://127.0.0.1:{ports[BOMBS[number % len(BOMBS)]]}/"
                answer = await webhooks.send(Request("c", "POST", url, 10, b"{}"))
                if answer.outcome == "ok":
                    with contextlib.suppress(ContentError):
                        extract(answer.text, answer.content_type, {"x": ""})

        await asyncio.gather(*(explode(number) for number in range(100)))
        gc.collect()
        before = most = resident()
        watching = asyncio.create_task(watch())
        await asyncio.gather(*(explode(number) for number in range(1000)))
        watching.cancel()
        gc.collect()
    process.stdin.close()
    await process.wait()
    grown, peak = resident() - before, most - before
    wall, cpu = max(stalls)
    busiest = max(cpu for _, cpu in stalls)
    print(f"1,000 bombs: memory {grown / 2**20:+.1f} MiB, {peak / 2**20:+.1f} MiB at most")
    print(
        f"longest stall {wall * 1000:.1f} ms, {cpu * 1000:.1f} ms of it our own work; most work {busiest * 1000:.1f} ms"
    )
    return peak <= 16 * 2**20 and busiest <= 0.05


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    sys.exit(0 if asyncio.run(main()) else 1)
