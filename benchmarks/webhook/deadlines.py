"""Does every exchange leave by its exit in time, whatever the server does?

    .venv/bin/python benchmarks/webhook/deadlines.py [EXCHANGES]

All kinds of hostile server of tests/webhook/hostile.py, in a process of their own, deadlines of 1, 2 and 10 s, 3,000
exchanges at 200 at once. Prints how far beyond its deadline an exchange went; fails above 50 ms at p99.9 or 150 ms at
most.
"""

import asyncio
import json
import logging
import sys
from dataclasses import replace
from pathlib import Path

import structlog

HOSTILE = Path(__file__).parents[2] / "tests" / "webhook"
sys.path.insert(0, str(HOSTILE))

from hostile import expected  # noqa: E402  it lives with the tests

from belplan.webhook import Answer, Policy, Request, Webhooks  # noqa: E402

AT_ONCE = 200
DEADLINES = (1.0, 2.0, 10.0)
POLICY = replace(Policy(allow_loopback=True), total=1000, per_company=1000)


async def with_deadline(timeout: float, exchanges: int, webhooks: Webhooks) -> list[tuple[str, Answer]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(HOSTILE / "hostile.py"),
        str(timeout),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    ports = json.loads(await process.stdout.readline())
    kinds = [kind for _ in range(exchanges // len(ports) + 1) for kind in ports][:exchanges]
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int, kind: str) -> tuple[str, Answer]:
        async with gate:
            url = f"http://127.0.0.1:{ports[kind]}/"
            return kind, await webhooks.send(Request(f"c{timeout}-{number}", "POST", url, timeout, b"{}"))

    results = await asyncio.gather(*(one(number, kind) for number, kind in enumerate(kinds)))
    process.stdin.close()
    await process.wait()
    return results


async def main(exchanges: int) -> bool:
    late: list[float] = []
    wrong = 0
    async with Webhooks(POLICY) as webhooks:
        for timeout in DEADLINES:
            results = await with_deadline(timeout, exchanges // len(DEADLINES), webhooks)
            beyond = [answer.phases["total"] - timeout * 1000 for _, answer in results]
            late += beyond
            bad = [(kind, answer) for kind, answer in results if (answer.outcome, answer.reason) != expected(kind)]
            wrong += len(bad)
            done = f"{len(results)} exchanges, {len(bad)} by the wrong exit"
            print(f"{timeout:4g} s: {done}, latest {max(beyond):.1f} ms late")
            for kind, answer in bad[:5]:
                print(f"        {kind}: {answer.outcome} {answer.reason} {answer.detail}")
    late.sort()
    tail = late[min(len(late) - 1, int(len(late) * 0.999))]
    print(f"overshoot: p99.9 {tail:.1f} ms, most {late[-1]:.1f} ms, of {len(late)} exchanges")
    return tail <= 50 and late[-1] <= 150 and wrong == 0


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    sys.exit(0 if asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3000)) else 1)
