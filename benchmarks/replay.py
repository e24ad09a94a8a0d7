"""How many calls of the past are walked again in a second: `python -m benchmarks.replay [CALLS]`."""

import asyncio
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from belplan.apps import APPS
from belplan.dialplan.check import read
from belplan.drivers.simulator import Reaction, Reply
from belplan.engine.cdr import CallRecord
from belplan.engine.clock import VirtualLoop
from belplan.replay.compare import replay
from belplan.replay.records import line
from belplan.replay.records import read as read_records
from belplan.simulation import Caller, NoWebhooks, simulate
from belplan.webhook.exchange import Answer

DEMO = Path(__file__).parents[1] / "src/belplan/demo/company.yaml"


async def calls(count: int) -> list[CallRecord]:
    """Calls to the demo company, each another."""
    random = Random(1)
    company, _ = read(DEMO.read_text(), APPS, secrets=lambda name: True)
    if company is None:
        raise SystemExit("the demo company has problems")
    made: list[CallRecord] = []
    for index in range(count):
        says = random.choice(["openstaand", "ticket", "bekend", "nieuw", "Openstaand"])
        replies = {
            "klant": [Reply(Answer("ok", says, status=200), random.choice([0.05, 0.4, 2.0]))],
            "agent": [Reply(Answer("ok", random.choice(["201", "202", "999"]), status=200), 0.1)],
            "collega": [Reply(Answer("ok", random.choice(["203", ""]), status=200), 0.1)],
        }
        caller = Caller(
            to="0102380095",
            number=f"06{random.randrange(10**8):08}",
            keys=random.choice(["", "1", "2", "7"]),
            at=datetime(2026, 1, 13, 8, tzinfo=company.zone) + timedelta(seconds=index),
            hang_up_after=random.choice([None, None, None, 3.0]),
            reactions={"201": Reaction(random.choice(["answer", "no_answer", "busy"]))},
            replies=replies,
        )
        made.append(await simulate(company, caller, NoWebhooks()))
    return made


def main() -> None:
    """Record calls, and walk them again: on their own version, and on one where a word is written otherwise."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        made = runner.run(calls(count))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calls.jsonl"
        path.write_text("".join(map(line, made)))
        text = DEMO.read_text()
        for name, plan in (
            ("their own version", text),
            ("a draft", text.replace("equals: openstaand", "equals: bekend")),
        ):
            company, _ = read(plan, APPS, secrets=lambda name: True)
            began = time.perf_counter()
            if company:
                found = replay(company, read_records(path))
                print(f"{name}: {found}; {found.exact} exactly; {time.perf_counter() - began:.2f} s")


if __name__ == "__main__":
    main()
