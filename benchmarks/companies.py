"""How long a server of a thousand companies takes to start, and how much memory: `python -m benchmarks.companies`.

Companies have ten dial plans, ten users with a phone and a phone book of a thousand numbers each: a million numbers.
"""

import argparse
import asyncio
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import insert

from belplan.installation import installation
from belplan.live import Live  # noqa: F401 - imported before anything is measured
from belplan.options import Options, free_port
from belplan.store import schema, tables
from belplan.store.database import Database, now


def plan(number: int) -> dict:
    """A company of ten people and ten dial plans, with webhook, condition, menu-less routes."""
    users = [
        {
            "name": f"Gebruiker {n}",
            "number": f"2{n:02}",
            "phones": [{"username": f"u{n}", "password": f"geheim-{number}-{n}"}],
        }
        for n in range(10)
    ]
    route = [
        {"webhook": {"method": "POST", "url": "https://crm.example.nl/belplan", "save_as": "klant"}},
        {"condition": {"variable": "klant", "equals": "openstaand", "then": [{"connect": {"to": "201"}}]}},
        {"condition": {"variable": "klant", "is_set": True, "then": [{"connect": {"to": "202"}}]}},
        {"connect": {"to": "200"}},
    ]
    plans = [
        {
            "name": f"Plan {n}",
            "internal_number": f"10{n:02}",
            "external_numbers": [f"3110{number:04}{n:03}"],
            "route": route,
        }
        for n in range(10)
    ]
    return {"company": {"name": f"Bedrijf {number}", "id": f"{number:032x}"}, "users": users, "dial_plans": plans}


async def fill(url: str, companies: int, numbers: int) -> None:
    async with Database(url) as database:
        await schema.upgrade(database)
        for first in range(1, companies + 1, 50):
            some = range(first, min(first + 50, companies + 1))

            async def work(connection, some=some):
                for n in some:
                    text = json.dumps(plan(n))
                    one = f"{n:032x}"
                    row = {"id": one, "handle": f"bedrijf-{n}", "name": f"Bedrijf {n}", "live": 1, "from_file": False}
                    await connection.execute(insert(tables.companies).values(**row, created=now()))
                    kept = {"company": one, "plan": text, "source": None, "author": "x", "at": now()}
                    await connection.execute(insert(tables.drafts).values(**kept, revision=1, base=1))
                    await connection.execute(insert(tables.versions).values(**kept, number=1, note=""))
                    book = [{"company": one, "number": f"316{i:08}", "name": f"Naam {i}"} for i in range(numbers)]
                    await connection.execute(insert(tables.phone_book), book)

            await database.change(work)


async def start(data: Path, program) -> None:
    options = Options(plan=None, data=data, sip_port=free_port(), http_port=free_port())
    began, cpu = time.perf_counter(), time.process_time()
    async with installation(options, None, program) as parts:
        took, used = time.perf_counter() - began, time.process_time() - cpu
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        looked = time.perf_counter()
        for n in range(1000):
            parts.books.name(f"{1:032x}", f"316{n:08}")
        each = (time.perf_counter() - looked) * 1000
        print(f"ready after {took:.1f} s ({used:.1f} s of CPU), {memory:.0f} MiB, a name in {each:.1f} µs")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--companies", type=int, default=1000)
    parser.add_argument("--numbers", type=int, default=1000, help="in each phone book")
    parser.add_argument("--no-calls", action="store_true", help="without Asterisk")
    arguments = parser.parse_args()
    from belplan.drivers.asterisk import program as asterisk

    program = None if arguments.no_calls else asterisk.install(lambda step, done: None, with_phones=False)
    with tempfile.TemporaryDirectory(prefix="belplan-companies-") as name:
        began = time.perf_counter()
        asyncio.run(fill(f"sqlite:///{name}/belplan.sqlite", arguments.companies, arguments.numbers))
        print(f"{arguments.companies} companies written in {time.perf_counter() - began:.1f} s", file=sys.stderr)
        asyncio.run(start(Path(name), program))


if __name__ == "__main__":
    main()
