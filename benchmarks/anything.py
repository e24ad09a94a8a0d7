"""Whatever is sent to the API while 20 real calls are up: what it answers, how soon, and whether a caller notices.

    python -m benchmarks.anything [--requests 50000] [--part 1/10]

Every operation of the OpenAPI document, by schemathesis with all its checks, as the administrator of one company;
the calls are another's, with voice both ways through Asterisk. A part takes every n-th operation: the parts together
are the whole.
"""

import argparse
import asyncio
import math
import multiprocessing
import os
import re
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import positive_data_acceptance

from belplan.drivers.asterisk import program as asterisk
from belplan.installation import installation
from belplan.options import Options, free_port
from belplan.store.database import Database
from belplan.store.people import People
from belplan.store.vault import Vault
from benchmarks.installed import PROVIDER, account, fill, percentile
from benchmarks.media import open_end, ports, talking
from tests.api.serving import PASSWORD, Client
from tests.api.test_anything import AWAY, for_company
from tests.asterisk.phones import answering, invite, register, run_sipp, sipp, until

CALLS = 20
COMPANY = f"{2:032x}"  # whose administrator asks; the calls are of company 1


def serve(options: Options, up, stop) -> None:
    """The server, in a process of its own."""

    async def run() -> None:
        async with installation(options, None, asterisk.install(with_phones=True)):
            up.set()
            await asyncio.to_thread(stop.wait)

    log = os.open(options.data / "server.log", os.O_WRONLY | os.O_CREAT)
    os.dup2(log, 1)
    os.dup2(log, 2)
    asyncio.run(run())


async def prepare(data: Path) -> None:
    """Two companies, and an administrator of the second."""
    url = f"sqlite:///{data / 'belplan.sqlite'}"
    await fill(url, 2, 1000)
    async with Database(url) as database:
        people = People(database, Vault.open(data / "belplan.key"))
        person = await people.add("beheer@example.nl", "Beheer", password=PASSWORD)
        await people.join(person.id, COMPANY, "administrator")


@contextmanager
def serving(data: Path):
    options = Options(plan=None, data=data, sip_port=free_port(), http_port=free_port(), api_per_minute=0)
    context = multiprocessing.get_context("spawn")
    up, stop = context.Event(), context.Event()
    process = context.Process(target=serve, args=(options, up, stop))
    process.start()
    try:
        assert up.wait(60), "the server does not start"
        yield options
    finally:
        stop.set()
        process.join(30)


def ask_everything(url: str, count: int, part: tuple[int, int]) -> tuple[dict[str, list[float]], Counter, list[str]]:
    """Milliseconds of each answer by operation, the answers by status, and what was wrong."""
    client = Client(url)
    assert client.sign_in("beheer@example.nl").ok
    schema = schemathesis.openapi.from_dict(for_company(client("GET", "/openapi.json").json(), COMPANY))
    schema.config.update(base_url=url)
    every = [one.ok() for one in schema.get_all_operations()]
    every = [one for one in every if one.definition.raw["operationId"] not in AWAY]
    each = math.ceil(count / len(every))
    took: dict[str, list[float]] = {}
    statuses: Counter[int] = Counter()
    wrong: list[str] = []
    with requests.Session() as http:
        for operation in every[part[0] - 1 :: part[1]]:
            name = operation.definition.raw["operationId"]
            for case, answer in _answers(operation, each, client, http):
                took.setdefault(name, []).append(answer.elapsed * 1000)
                statuses[answer.status_code] += 1
                try:
                    case.validate_response(answer, excluded_checks=[positive_data_acceptance])
                except FailureGroup as error:
                    wrong.append(f"{name}: {str(error)[:600]}")
    return took, statuses, wrong


def _answers(operation, count: int, client: Client, http: requests.Session) -> list:
    """What an operation answers to so many requests, each with its request."""
    found = []

    @given(case=operation.as_strategy())
    @settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def probe(case):
        cookies = client.http.cookies.get_dict()
        found.append((case, case.call(headers=client.headers, cookies=cookies, timeout=30, session=http)))

    probe()
    return found


async def measure(options: Options, count: int, part: tuple[int, int]):
    """The campaign, with calls up: what `ask_everything` says, what was heard, and how many calls ended well."""
    port, phone = options.sip_port, free_port()
    name, password = account(1, 1)
    assert (await run_sipp(register(name, password, 200).replace("60", "3600"), port, port=phone)).ok
    caller_end, phone_end = open_end(), open_end()
    called = answering().replace("[media_port]", str(phone_end.getsockname()[1]))
    calling = invite(PROVIDER, 200, from_="<sip:061234[call_number]@127.0.0.2>", hold_ms=3_600_000)
    calling = calling.replace("[media_port]", str(caller_end.getsockname()[1]))
    async with (
        sipp(called, port=phone, calls=CALLS, seconds=3600, arguments=("-aa",)) as callee,
        sipp(calling, to=port, calls=CALLS, rate=10, seconds=3600) as caller,
    ):
        await until(lambda: len(ports(caller.trace())) == CALLS and len(ports(callee.trace())) == CALLS, "20 calls", 30)
        with talking([(caller_end, ports(caller.trace())), (phone_end, ports(callee.trace()))]) as heard:
            url = f"http://127.0.0.1:{options.http_port}"
            said = await asyncio.to_thread(ask_everything, url, count, part)
        early = len([line for line in (caller.trace() + callee.trace()).splitlines() if line.startswith("BYE ")])
    return *said, heard, early


def report(took, statuses, wrong, heard, early) -> bool:
    every = [one for times in took.values() for one in times]
    print(f"requests {len(every):,}; by status {dict(sorted(statuses.items()))}")
    print(
        f"p50 {percentile(every, 0.5):.1f} ms, p99 {percentile(every, 0.99):.0f} ms, longest {max(every):.0f} ms; "
        f"outside the schema, or a fault: {len(wrong)}"
    )
    for name in sorted(took, key=lambda name: -percentile(took[name], 0.99))[:5]:
        print(f"  {name}: p99 {percentile(took[name], 0.99):.0f} ms")
    for end, one in zip(("callers", "phones"), heard, strict=True):
        lost = one.sent - one.received
        print(
            f"{end} heard {one.received:,} packets of {one.sent:,} ({lost / one.sent:.3%} lost), longest gap "
            f"{one.longest * 1000:.0f} ms, {len(one.streams)} streams"
        )
    print(f"calls {CALLS}, ended early {early}")
    for one in wrong[:10]:
        print("!", one)
    return not wrong and not early and not any(status >= 500 for status in statuses)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=50_000)
    parser.add_argument("--part", default="1/1")
    arguments = parser.parse_args()
    number, _, of = arguments.part.partition("/")
    with tempfile.TemporaryDirectory(prefix="belplan-anything-") as name:
        asyncio.run(prepare(Path(name)))
        with serving(Path(name)) as options:
            found = asyncio.run(measure(options, arguments.requests, (int(number), int(of))))
        log = re.sub(r"\x1b\[[0-9;]*m", "", (Path(name) / "server.log").read_text(errors="replace"))
        for line in [line for line in log.splitlines() if "api.failed" in line][:10]:
            print("!", line[:400])
    return 0 if report(*found) else 1


if __name__ == "__main__":
    sys.exit(main())
