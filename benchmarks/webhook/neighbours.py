"""Company A has 500 calls to a black hole; company B asks a server that takes 5 ms, 20 times a second. What does B
feel?

    .venv/bin/python benchmarks/webhook/neighbours.py

Fails if B has a failure or waits more than 25 ms longer at p99 than alone, if A's breaker is not open within 10 s, or
if it then takes 5 ms or more to say so.
"""

import asyncio
import logging
import sys
import time
from pathlib import Path

import structlog

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "webhook"))

from hostile import after, answer, serving, syn_black_hole

from belplan.webhook import Policy, Request, Webhooks

SECONDS = 10


async def twenty_a_second(webhooks: Webhooks, url: str) -> tuple[float, int]:
    """p99 in milliseconds, and failures."""
    sending = []
    for _ in range(20 * SECONDS):
        sending.append(asyncio.create_task(webhooks.send(Request("b", "POST", url, 2, b"{}"))))
        await asyncio.sleep(0.05)
    results = await asyncio.gather(*sending)
    took = sorted(result.phases["total"] for result in results)
    return took[int(len(took) * 0.99)], sum(result.outcome != "ok" for result in results)


async def main() -> bool:
    with syn_black_hole() as port:
        black_hole = f"http://127.0.0.1:{port}/"
        async with serving(after(0.005, answer())) as crm, Webhooks(Policy(allow_loopback=True)) as webhooks:
            alone, _ = await twenty_a_second(webhooks, crm.url())
            began = time.perf_counter()
            opened: list[float] = []

            async def call() -> None:
                await webhooks.send(Request("a", "POST", black_hole, 2, b"{}"))
                if not opened and any(health.breaker == "open" for health in webhooks.health()):
                    opened.append(time.perf_counter() - began)

            calls = [asyncio.create_task(call()) for _ in range(500)]
            beside, failures = await twenty_a_second(webhooks, crm.url())
            await asyncio.gather(*calls)
            # Not the probe: the two after it.
            says = [await webhooks.send(Request("a", "POST", black_hole, 2, b"{}")) for _ in range(3)][1:]
    slowest = max(result.phases["total"] for result in says)
    print(f"B alone p99 {alone:.1f} ms; beside A p99 {beside:.1f} ms, {failures} failures")
    print(f"A's breaker open after {opened[0]:.2f} s, says so in {slowest:.2f} ms ({says[0].reason})")
    return failures == 0 and beside - alone <= 25 and opened[0] <= 10 and slowest < 5 and says[0].reason == "open"


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    sys.exit(0 if asyncio.run(main()) else 1)
