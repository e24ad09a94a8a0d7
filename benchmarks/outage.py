"""The database is away while calls come: does a caller notice, and is every record there afterwards, once?

    python -m benchmarks.outage [--kind locked|full|killed] [--seconds 120] [--calls 300]

`locked`: another process holds SQLite. `full`: the disk of the data folder, a small tmpfs, takes nothing (needs root).
`killed`: PostgreSQL is killed, and started again. Calls before it, without any outage, are what it is compared with.
"""

import argparse
import asyncio
import contextlib
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import structlog

from belplan.drivers.asterisk import program as asterisk
from belplan.installation import installation
from belplan.options import Options, free_port
from belplan.store.records import Records, Wanted
from benchmarks.installed import REFUSED, account, fill, percentile, set_up
from tests.asterisk.phones import invite, run_sipp
from tests.stores.postgres import postgres

COMPANY = f"{1:032x}"
KINDS = ("locked", "full", "killed")
SPACE = 64  # MiB of the small disk


@dataclass
class Verdict:
    """What came of it. Set-up times in ms."""

    kind: str
    calls: int
    failed: int
    before: list[float]
    during: list[float]
    healed: float  # seconds until the last record was there
    records: int
    double: int
    answers: Counter[int] = field(default_factory=Counter[int])  # of the API meanwhile, by status
    slowest: float = 0.0  # seconds that the API took for one

    @property
    def slower(self) -> float:
        """Milliseconds by which the set-up's p95 was longer."""
        return percentile(self.during, 0.95) - percentile(self.before, 0.95)

    def row(self) -> str:
        api = ", ".join(f"{count} × {status}" for status, count in sorted(self.answers.items()))
        return (
            f"| {self.kind} | {self.calls} | {self.failed} | {percentile(self.before, 0.95):.0f} ms | "
            f"{percentile(self.during, 0.95):.0f} ms | {self.records}, {self.double} twice | {self.healed:.1f} s | "
            f"{api}, {self.slowest:.1f} s at most |"
        )


@asynccontextmanager
async def place(kind: str) -> AsyncGenerator[tuple[Path, str, object]]:
    """A data folder, the URL of its database, and what takes the database away for as long as a block runs."""
    with tempfile.TemporaryDirectory(prefix="belplan-outage-") as name, contextlib.ExitStack() as stack:
        data = Path(name)
        if kind == "full":
            mount = ["mount", "-t", "tmpfs", "-o", f"size={SPACE}m", "tmpfs", name]
            await asyncio.to_thread(subprocess.run, mount, check=True)
            stack.callback(subprocess.run, ["umount", "-l", name], check=True)
            yield data, f"sqlite:///{data / 'belplan.sqlite'}", lambda: full(data)
        elif kind == "killed":
            cluster = stack.enter_context(postgres())
            yield data, cluster.new_database("outage"), lambda: killed(cluster)
        else:
            yield data, f"sqlite:///{data / 'belplan.sqlite'}", lambda: locked(data / "belplan.sqlite")


@contextlib.contextmanager
def locked(path: Path):
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        yield
        holder.execute("ROLLBACK")


@contextlib.contextmanager
def full(data: Path):
    path = data / "of-others"
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        for size in (1 << 20, 1 << 12, 1):  # to the last byte
            with contextlib.suppress(OSError):
                while file.write(b"\0" * size):
                    pass
    yield
    path.unlink()


@contextlib.contextmanager
def killed(cluster):
    cluster.kill()
    yield
    cluster.start()


async def measure(kind: str, seconds: float, calls: int, before: int) -> Verdict:
    """Place `before` calls, then `calls` in so many seconds without the database."""
    program = asterisk.install(with_phones=True)
    async with place(kind) as (data, url, away):
        await fill(url, 1, 0)
        options = Options(plan=None, data=data, sip_port=free_port(), http_port=free_port(), database_url=url)
        async with installation(options, None, program) as parts:
            records, rate = Records(parts.database), calls / seconds
            first = await _call(options.sip_port, before, max(rate, 5))
            await _all_there(records, before)
            answers, asking = Counter[int](), asyncio.Event()
            with away():
                watcher = asyncio.create_task(_ask(options.http_port, answers, asking))
                second = await _call(options.sip_port, calls, rate)
                asking.set()
                slowest = await watcher
            healed = await _all_there(records, before + calls)
            await asyncio.sleep(1.2)  # two looks at the spool more: nothing comes twice
            found = [one.uuid async for one in records.each(COMPANY, Wanted())]
    during = set_up(second.trace, 486)
    double = len(found) - len(set(found))
    made = len(found) - before
    return Verdict(
        kind, calls, calls - len(during), set_up(first.trace, 486), during, healed, made, double, answers, slowest
    )


async def _call(port: int, calls: int, rate: float):
    steps = invite(REFUSED, 486, login=account(1, 1))
    arguments = ("-rp", "10000")  # calls in ten seconds, so that a rate below one can be said
    return await run_sipp(
        steps, port, calls=calls, rate=max(1, round(rate * 10)), arguments=arguments, seconds=calls / rate + 60
    )


async def _all_there(records: Records, count: int) -> float:
    """Seconds until so many records are there."""
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(Exception):
                if len([one async for one in records.each(COMPANY, Wanted())]) >= count:
                    return asyncio.get_running_loop().time() - began
            await asyncio.sleep(0.1)


async def _ask(port: int, answers: Counter[int], enough: asyncio.Event) -> float:
    """Ask something of the database again and again; the longest that an answer took."""
    slowest, loop = 0.0, asyncio.get_running_loop()
    async with aiohttp.ClientSession(cookies={"belplan": "somebody"}) as http:
        while not enough.is_set():
            began = loop.time()
            async with http.get(f"http://127.0.0.1:{port}/api/v1/session") as answer:
                answers[answer.status] += 1
            slowest = max(slowest, loop.time() - began)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(enough.wait(), 0.5)
    return slowest


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=KINDS)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--calls", type=int, default=300)
    arguments = parser.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    print("| database | calls | failed | p95 before | p95 meanwhile | records | all there after | API meanwhile |")
    print("|---|---|---|---|---|---|---|---|")
    good = True
    for kind in [arguments.kind] if arguments.kind else KINDS:
        verdict = asyncio.run(measure(kind, arguments.seconds, arguments.calls, 100))
        print(verdict.row(), flush=True)
        good = good and not verdict.failed and not verdict.double and verdict.records == verdict.calls
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
