"""Hours of mixed calls and mixed faults: does anything grow, and does anything stay behind?

    python -m benchmarks.soak [--hours 2] [--rate 3] [--folder DIR] [--seed 1]

Callers come to every kind of app; some hang up while they are attended, at any moment. Customers' servers answer,
fail, break off or stay silent; one phone never answers, one is busy. In the first sixth of the time the engine is
killed again and again; then one engine lives to the end, and only loses its connection to Asterisk now and then.
Each minute a line of figures goes to `soak.jsonl` in the folder. Judged are that engine's memory (at most 1 MiB an
hour after its warm-up) and, once the last call is over, what stayed behind of calls, tasks, descriptors, channels and
bridges.
"""

import argparse
import asyncio
import contextlib
import json
import random
import re
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import aiohttp

from tests.asterisk.chaos import MENU, Engine, caller_steps, engine, silent
from tests.asterisk.phones import SDP, ack, answering, expect, free_port, register, request, run_sipp, scenario, sipp
from tests.asterisk.wire import Wire, wire

MOST_GROWTH = 1.0  # MiB an hour
KILLING = 1 / 6  # of the time
WARM_UP = 900.0  # seconds, until what is cached of numbers is full; or a quarter of what is left where that is less
SLACK = {"tasks": 5, "descriptors": 10}  # more than when it was fresh: pools, threads that were started meanwhile
REGISTERED = 3000.0  # seconds that a phone is used
AT_REST = 120.0  # seconds after the last call, within which everything must be as at the beginning

KINDS = ("good", "error", "late", "reset", "prompt", "menu", "group", "busy", "queue", "voicemail")
# Where nobody answers: SIPp cannot take an answer that meets its CANCEL.
SILENT = ("nobody", "waiting", "nobody_of_two")
ANSWERING = (
    "anna",
    "dirk",
    "els",
    "frits",
    "gijs",
)  # all on one SIPp; anna is for everybody, the others work at the queue

PLAN = (
    """
company: {{name: Voorbeeld BV, id: 42f30becd4ea93edd284e059427b5ee0, last_resort: "203"}}
trunks: [{{name: provider, host: 127.0.0.2, port: 9, inbound_from: [127.0.0.0/8], channels: 500}}]
users:
{users}
ring_groups:
  - {{name: Finance, number: "301", members: ["202", "201"], strategy: in_order, timeout: 2}}
  - {{name: Nobody, number: "302", members: ["202", "204"]}}
queues:
  - name: Hulp
    number: "401"
    agents: [{{user: "211"}}, {{user: "212"}}, {{user: "213"}}, {{user: "214"}}]
    greeting: {{say: Welkom.}}
    wrap_up: 0
    max_waiting: 20
    max_wait: 20
voicemail_boxes: [{{name: Algemeen, number: "501", keep_days: 1}}]
"""
    + MENU
    + """dial_plans:
{plans}
"""
)


def _webhook(url: str) -> str:
    asked = f'{{webhook: {{method: POST, url: "{url}", timeout: 1, save_as: klant}}}}'
    branch = '{condition: {variable: klant, equals: openstaand, then: [{connect: {to: "301"}}]}}'
    return f'[{asked}, {branch}, {{connect: {{to: "201"}}}}]'


def plan(ports: dict[str, int]) -> str:
    """A company whose numbers come to one kind of app each."""
    users = {"anna": "201", "bram": "202", "carla": "203", "hans": "204"}
    users |= {name: f"21{n}" for n, name in enumerate(ANSWERING[1:], 1)}
    routes = {kind: _webhook(url(port)) for kind, port in ports.items()}
    asked = f'{{webhook: {{method: POST, url: "{url(ports["late"])}", timeout: 1}}}}'
    routes |= {
        "prompt": '[{announce: {say: Welkom bij Voorbeeld. U wordt doorverbonden.}}, {connect: {to: "201"}}]',
        "menu": "[{menu: {name: keuze}}]",
        "group": '[{connect: {to: "301"}}]',
        "busy": '[{connect: {to: "204"}}, {connect: {to: "201"}}]',
        "queue": '[{queue: {number: "401"}}]',
        "voicemail": '[{voicemail: {box: "501"}}]',
        "nobody": '[{connect: {to: "202"}}]',
        "waiting": f'[{asked}, {{connect: {{to: "202"}}}}]',
        "nobody_of_two": '[{connect: {to: "302"}}]',
    }
    return PLAN.format(
        users="\n".join(
            f'  - {{name: {name.title()}, number: "{number}", phones: [{{username: {name}, password: geheim-{name}}}]}}'
            for name, number in users.items()
        ),
        plans="\n".join(
            f'  - {{name: {kind}, external_numbers: ["{number(kind)}"], route: {routes[kind]}}}'
            for kind in (*KINDS, *SILENT)
        ),
    )


def url(port: int) -> str:
    """Of a customer's server."""
    return f"http://127.0.0.1:{port}/belplan"


def number(kind: str) -> str:
    """The number that is called for this kind of app."""
    return f"311023800{(*KINDS, *SILENT).index(kind):02}"


@asynccontextmanager
async def customers() -> AsyncGenerator[dict[str, int]]:
    """Ports of customers' servers, by what they do to whoever asks them."""
    reply = b"HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nopenstaand"

    def doing(kind: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while head := await reader.readuntil(b"\r\n\r\n"):
                    length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
                    await reader.readexactly(int(length[1]) if length else 0)
                    if kind == "late":
                        await reader.read(1)  # until they go
                        break
                    if kind == "reset":
                        writer.write(b"HTTP/1.1 2")
                        writer.transport.abort()
                        return
                    writer.write(reply % (b"200 OK" if kind == "good" else b"500 No"))
            writer.close()

        return serve

    async with contextlib.AsyncExitStack() as stack:
        ports = {}
        for kind in ("good", "error", "late", "reset"):
            server = await asyncio.start_server(doing(kind), "127.0.0.1", 0)
            stack.callback(server.close)
            ports[kind] = server.sockets[0].getsockname()[1]
        yield ports


def impatient_steps() -> str:
    """A caller who hangs up while the phone rings, or whatever else they are attended by."""
    who, to = "<sip:[field0]@127.0.0.2>", "[field1]"
    # RFC 3261 9.1 and 17.1.1.3: the CANCEL, and the ACK of what was refused, have the branch of the INVITE.
    return scenario(
        request("INVITE", to, from_=who, body=SDP),
        expect(100, optional=True),
        expect(180),
        '<pause distribution="uniform" min="1" max="1900"/>',
        request("CANCEL", to, from_=who).replace("[branch]", "[branch-4]"),
        expect(200),
        expect(487),
        ack(to, from_=who).replace("[branch]", "[branch-7]"),
    )


@asynccontextmanager
async def phones(sip_port: int) -> AsyncGenerator[None]:
    """One answers for several, one never does, one is busy, and one is the last resort.

    They are registered when the block begins, and as a registration lasts an hour, others take their place before.
    """
    async with contextlib.AsyncExitStack() as stack:
        await _register(stack, sip_port)

        async def stay() -> None:
            while True:
                await asyncio.sleep(REGISTERED)
                await _register(stack, sip_port)

        staying = asyncio.create_task(stay())
        stack.callback(staying.cancel)
        yield


async def _register(stack: contextlib.AsyncExitStack, sip_port: int) -> None:
    for names, steps in (
        (ANSWERING, answering(ring_ms=700)),
        (("bram",), silent()),
        (("carla",), answering(ring_ms=3000)),
        (("hans",), answering(486)),
    ):
        port = free_port()
        for name in names:
            registering = register(name, f"geheim-{name}", 200).replace("Expires: 60", "Expires: 3600")
            ran = await run_sipp(registering, sip_port, port=port)
            assert ran.ok, ran.errors
        arguments = {"calls": 10_000_000, "seconds": 2 * REGISTERED + 600, "arguments": ("-aa",), "trace": False}
        await stack.enter_async_context(sipp(steps, port=port, **arguments))


@dataclass
class Figures:
    """Of one moment."""

    minute: float
    engine: int  # process id
    engine_mib: float
    tasks: float
    descriptors: float
    calls: float
    asterisk_mib: float
    asterisk_descriptors: int
    channels: int
    bridges: int


async def figures(one: Engine, began: float) -> Figures | None:
    """What there is now; None where the engine or Asterisk does not say."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http,
            http.get(f"http://127.0.0.1:{one.http_port}/metrics") as answer,
        ):
            told = dict(re.findall(r"^([a-z_]+) ([-0-9.e+]+)$", await answer.text(), re.MULTILINE))
        there = {what: len(await one.there(what)) for what in ("channels", "bridges")}
        asterisk = one.asterisk
        status = Path(f"/proc/{asterisk}/status").read_text()
        return Figures(
            minute=round((asyncio.get_running_loop().time() - began) / 60, 2),
            engine=one.process.pid if one.process else 0,
            engine_mib=round(float(told["process_resident_memory_bytes"]) / 2**20, 2),
            tasks=float(told["belplan_tasks"]),
            descriptors=float(told["process_open_fds"]),
            calls=float(told["belplan_calls"]),
            asterisk_mib=round(int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024, 2),
            asterisk_descriptors=len(list(Path(f"/proc/{asterisk}/fd").iterdir())),
            **there,
        )
    except (aiohttp.ClientError, TimeoutError, OSError, KeyError, ValueError):
        return None


async def _faults(one: Engine, line: Wire, chance: random.Random, seconds: float) -> None:
    """Kill the engine for the first sixth of the time; then cut its line to Asterisk now and then."""
    until = asyncio.get_running_loop().time() + seconds * KILLING
    while asyncio.get_running_loop().time() < until:
        await asyncio.sleep(chance.uniform(20, 90))
        one.kill()
        await one.ended()
        await asyncio.sleep(chance.choice((0, 0, 10)))
        await one.start()
        with contextlib.suppress(TimeoutError):
            await one.ready()
    while True:
        await asyncio.sleep(chance.uniform(60, 240))
        line.cut(chance.randrange(20_000))


def growth(samples: list[Figures]) -> float:
    """MiB an hour: the slope of the engine's memory (least squares) over the life of the last engine, warmed up."""
    life = [one for one in samples if one.engine == samples[-1].engine]
    warm = life[0].minute + min(WARM_UP / 60, (life[-1].minute - life[0].minute) / 4)
    minutes, memory = zip(*((one.minute, one.engine_mib) for one in life if one.minute >= warm), strict=True)
    return statistics.linear_regression(minutes, memory).slope * 60 if len(minutes) > 2 else 0.0


def stayed(before: Figures, after: Figures) -> list[str]:
    """What is there at rest that was not there when the engine was fresh."""
    found = [f"{getattr(after, name):g} {name}" for name in ("calls", "channels", "bridges") if getattr(after, name)]
    for name, slack in SLACK.items():
        if (more := getattr(after, name) - getattr(before, name)) > slack:
            found.append(f"{more:g} more {name}")
    return found


async def soak(folder: Path, hours: float, rate: float, seed: int) -> int:
    """Run it. 0 where nothing grew and nothing stayed."""
    chance, seconds = random.Random(seed), hours * 3600
    loop = asyncio.get_running_loop()
    began = loop.time()
    samples: list[Figures] = []
    async with contextlib.AsyncExitStack() as stack:
        line = await stack.enter_async_context(wire())
        ports = await stack.enter_async_context(customers())
        one = await stack.enter_async_context(engine(folder, plan(ports), line))
        await stack.enter_async_context(phones(one.sip_port))
        kept = stack.enter_context((folder / "soak.jsonl").open("a"))
        fresh = await figures(one, began)
        assert fresh, "neither the engine nor Asterisk says how it is"

        async def watch() -> None:
            while True:
                if now := await figures(one, began):
                    samples.append(now)
                    kept.write(json.dumps(asdict(now)) + "\n")
                    kept.flush()
                await asyncio.sleep(60)

        def callers(*kinds: str) -> list[str]:
            return [f"06{chance.randrange(10**7, 10**8)};{number(kind)};" for _ in range(500) for kind in kinds]

        placing = []
        for name, lines, steps, part in (
            ("stay", callers(*KINDS), caller_steps((1, 12000)), 0.7),
            ("leave", callers(*SILENT), impatient_steps(), 0.3),
        ):
            placed = folder / f"{name}.csv"
            placed.write_text("RANDOM\n" + "\n".join(lines) + "\n")
            every = f"{1000 / (rate * part):.0f}"  # ms
            placing.append(
                await stack.enter_async_context(
                    sipp(
                        steps, to=one.sip_port, calls=int(seconds * rate * part), rate=1, seconds=seconds + 300,
                        arguments=("-inf", str(placed), "-rp", every, "-l", "400", "-aa", "-trace_stat", "-fd", "60",
                                   "-stf", str(folder / f"{name}-calls.csv")), trace=False,
                    )
                )
            )  # fmt: skip
        doing = [asyncio.create_task(watch()), asyncio.create_task(_faults(one, line, chance, seconds))]
        ended = asyncio.gather(*(calling.ended(seconds + 400) for calling in placing))
        await asyncio.wait((*doing, ended), return_when=asyncio.FIRST_COMPLETED)
        doing[1].cancel()
        over = loop.time()
        while not (last := await figures(one, began)) or (stayed(fresh, last) and loop.time() < over + AT_REST):
            await asyncio.sleep(2)
        doing[0].cancel()
        for task in (*doing, ended):
            with contextlib.suppress(asyncio.CancelledError):
                await task
        grew, left = growth(samples), stayed(fresh, last)
        errors = Counter(line["event"] for line in one.log() if line.get("level") in ("error", "critical"))
    print(f"{hours:g} hours, {rate:g} calls a second, the line cut {line.cuts} times, {len(one.starts)} engines")
    print(f"memory: {grew:+.2f} MiB an hour, {last.engine_mib:.0f} MiB at the end")
    print(f"left behind: {', '.join(left) or 'nothing'}")
    print(f"said by the engines: {dict(errors)}")
    return 1 if left or grew > MOST_GROWTH else 0


def main() -> int:
    """As the text above says."""
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--hours", type=float, default=2.0)
    told.add_argument("--rate", type=float, default=3.0, help="calls a second")
    told.add_argument("--folder", type=Path, help="for its figures, and what the engine writes")
    told.add_argument("--seed", type=int, default=1)
    options = told.parse_args()
    folder: Path = options.folder or Path(tempfile.mkdtemp(prefix="belplan-soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    print(f"figures in {folder / 'soak.jsonl'}", flush=True)
    return asyncio.run(soak(folder.resolve(), options.hours, options.rate, options.seed))


if __name__ == "__main__":
    sys.exit(main())
