"""What an export of a million records costs the server in memory, and how long it takes.

    python -m benchmarks.export [--rows 1000000]

The server runs in a process of its own; whoever asks reads the CSV file as fast as it comes.
"""

import argparse
import asyncio
import json
import multiprocessing
import tempfile
import time
from pathlib import Path

import requests
from sqlalchemy import insert

from belplan.installation import installation
from belplan.options import Options, free_port
from belplan.store import schema, tables
from belplan.store.companies import Companies
from belplan.store.database import Database
from belplan.store.people import People
from belplan.store.records import as_row
from belplan.store.tokens import Tokens
from belplan.store.vault import Vault
from tests.api.test_calls import record

COMPANY = f"{1:032x}"


def serve(options: Options, up, stop) -> None:
    """The server, in a process of its own."""

    async def run() -> None:
        async with installation(options, None, None):
            up.set()
            await asyncio.to_thread(stop.wait)

    asyncio.run(run())


async def fill(options: Options, rows: int) -> str:
    """A company with so many records; a token that may read them."""
    async with Database(options.database_url) as database:
        await schema.upgrade(database)
        await Companies(database).add(COMPANY, "Een BV", {"company": {"name": "Een BV", "id": COMPANY}}, "Anna")
        vault = Vault.open(options.data / "belplan.key")
        anna = await People(database, vault).add("anna@example.nl", "Anna", password=None)
        await People(database, vault).join(anna.id, COMPANY, "administrator")
        _, token = await Tokens(database, vault).add(COMPANY, anna.id, "export", ("records",), None)
        row = as_row(COMPANY, record(0, COMPANY)) | {"record": json.dumps({})}
        for first in range(0, rows, 10_000):
            some = [row | {"uuid": f"{n:036}", "arrived": row["arrived"] + n} for n in range(first, first + 10_000)]
            await database.change(lambda connection, some=some: connection.execute(insert(tables.calls), some))
    return token


def memory(pid: int) -> tuple[float, float]:
    """MiB that a process has, and has at most had."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    now, most = (int(lines[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    return now, most


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="belplan-export-") as name:
        data = Path(name)
        url = f"sqlite:///{data / 'belplan.sqlite'}"
        options = Options(plan=None, data=data, http_port=free_port(), database_url=url)
        token = asyncio.run(fill(options, rows))
        context = multiprocessing.get_context("spawn")
        up, stop = context.Event(), context.Event()
        server = context.Process(target=serve, args=(options, up, stop))
        server.start()
        assert up.wait(60)
        at = f"http://127.0.0.1:{options.http_port}/api/v1/companies/{COMPANY}/calls.csv"
        bearer = {"Authorization": f"Bearer {token}"}
        requests.get(at + "?number=201", headers=bearer, timeout=60)  # what is loaded at the first request is loaded
        before, _ = memory(server.pid)
        began, size, lines = time.perf_counter(), 0, 0
        with requests.get(at, headers=bearer, stream=True, timeout=60) as answer:
            for piece in answer.iter_content(1 << 16):
                size += len(piece)
                lines += piece.count(b"\n")
        took = time.perf_counter() - began
        _, most = memory(server.pid)
        stop.set()
        server.join(30)
    print(f"{lines - 1:,} records, {size >> 20} MiB in {took:.1f} s; memory {before:.0f} MiB, {most:.0f} MiB at most")
    assert lines - 1 == rows


if __name__ == "__main__":
    main()
