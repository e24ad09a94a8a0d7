"""The campaign: real calls through an engine that is killed, judged from outside.

Callers and phones are SIPp, the customer's server is a socket, the engine is a process that dies with `kill -9` at a
named point or at any moment; now and then whatever keeps it running dies with it, and is started again. Judged are
SIPp's own verdict on each call, the INVITEs that the phones got, the requests that the server got, and the records.
"""

import asyncio
import contextlib
import itertools
import json
import os
import random
import re
import signal
import socket
import sys
import tempfile
import time
from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import aiohttp

from tests.asterisk.phones import SDP, ack, answering, expect, free_port, request, run_sipp, scenario, sipp, until
from tests.asterisk.phones import register as registration
from tests.asterisk.serving import Crm, crm
from tests.asterisk.wire import Wire

ROOT = Path(__file__).parents[2]

ARMED = (
    "call.arrived", "journal.before", "journal.after", "webhook.asked", "webhook.asked+", "webhook.answered",
    "prompt.playing", "prompt.playing+", "menu.reading", "menu.reading+", "phone.dialled", "phone.dialled+",
    "phone.answered", "talk.begins", "talk.begins+", "talk.goes_on", "call.hung_up", "record.written",
    "adopting.begun", "adopting.read", "call.resumed",
)  # fmt: skip
"""Points to die at; `+` is half a second later."""

NUMBERS = {
    "webhook": "31102380095",
    "prompt": "31102380096",
    "menu": "31102380097",
    "group": "31102380098",
    "early": "31102380099",
}

MENU = """ivr_menus:
  - name: keuze
    start: nl
    contexts:
      nl:
        start: [{{announce: {{say: Toets een cijfer.}}}}]
        timeout: 1
        no_input: [{{connect: {{to: "201"}}}}]
        keys: {{}}
"""

PLAN = (
    """
company: {{name: Voorbeeld BV, id: 42f30becd4ea93edd284e059427b5ee0, last_resort: "203"}}
trunks: [{{name: provider, host: 127.0.0.2, port: 9, inbound_from: [127.0.0.0/8], numbers: ["31102380095"]}}]
users:
  - {{name: Anna de Boer, number: "201", phones: [{{username: anna, password: geheim-anna}}]}}
  - {{name: Bram Visser, number: "202", phones: [{{username: bram, password: geheim-bram}}]}}
  - {{name: Carla Smit, number: "203", phones: [{{username: carla, password: geheim-carla}}]}}
ring_groups: [{{name: Finance, number: "301", members: ["202", "201"], strategy: in_order, timeout: 2}}]
"""
    + MENU
    + """dial_plans:
  - name: Webhook
    external_numbers: ["31102380095"]
    route:
      - webhook: {{method: POST, url: "{crm}", timeout: 5, save_as: klant}}
      - condition: {{variable: klant, equals: openstaand, then: [{{connect: {{to: "201"}}}}]}}
  - name: Prompt
    external_numbers: ["31102380096"]
    route: [{{announce: {{say: Welkom bij Voorbeeld. U wordt doorverbonden.}}}}, {{connect: {{to: "201"}}}}]
  - name: Menu
    external_numbers: ["31102380097"]
    route: [{{menu: {{name: keuze}}}}]
  - name: Group
    external_numbers: ["31102380098"]
    route: [{{connect: {{to: "301"}}}}]
  - name: Early
    external_numbers: ["31102380099"]
    route:
      - announce: {{say: Een ogenblik., answer: false}}
      - webhook: {{method: POST, url: "{crm}", timeout: 5, save_as: klant, early: true}}
      - connect: {{to: "201"}}
"""
)


def caller_steps(hold_ms: tuple[int, int]) -> str:
    """A caller, known by the number in the injected file, who hangs up some time after they were answered."""
    who = "<sip:[field0]@127.0.0.2>"
    low, high = hold_ms
    return scenario(
        request("INVITE", "[field1]", from_=who, body=SDP),
        *(expect(code, optional=True) for code in (100, 180, 183)),
        expect(200, timeout_ms=40000),
        ack("[field1]", from_=who),
        f'<pause distribution="uniform" min="{low}" max="{high}"/>',
        request("BYE", "[field1]", from_=who, cseq=2, to_tag=True),
        expect(200),
    )


@dataclass
class Engine:
    """`belplan serve` in a process of its own, in a folder where its Asterisk stays."""

    folder: Path
    sip_port: int = field(default_factory=free_port)
    http_port: int = field(default_factory=free_port)
    through: tuple[str, ...] = ("-c", "from belplan.cli import main; main()")  # what Python is to run
    process: asyncio.subprocess.Process | None = None
    starts: list[float] = field(default_factory=list)

    async def start(self, fault: str = "", *words: str) -> None:
        """Begin, without waiting until it is ready."""
        self.starts.append(time.time())
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, *self.through, "serve", "plan.yaml", "--data", "data",
            "--sip-port", str(self.sip_port), "--http-port", str(self.http_port), *words,
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": f"{os.environ.get('PYTHONPATH', '')}:{ROOT}", "BELPLAN_FAULT": fault,
                 "BELPLAN_WEBHOOK_ALLOW_NETWORKS": "127.0.0.0/8"},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=(self.folder / "log").open("ab"),
        )  # fmt: skip

    async def ready(self, seconds: float = 30.0) -> None:
        async with asyncio.timeout(seconds), aiohttp.ClientSession() as http:
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with http.get(f"http://127.0.0.1:{self.http_port}/health/ready") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.02)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """The whole of it, its engine and what keeps that running."""
        assert self.process
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)

    @property
    def pid(self) -> int:
        """Of the engine that runs now; 0 while there is none."""
        assert self.process
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            pid = self.process.pid
            itself = Path(f"/proc/{pid}/cmdline").read_bytes()
            for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                # A fork has the command line of its parent; a program, such as Asterisk that says its version, has not.
                if Path(f"/proc/{child}/cmdline").read_bytes() == itself:
                    return int(child)
        return 0

    def kill_engine(self, number: int = signal.SIGKILL) -> None:
        """The engine alone: another one takes its place at once."""
        if pid := self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    async def ended(self) -> int:
        assert self.process
        return await self.process.wait()

    def take_app_away(self) -> None:
        """Connect under its name, as another engine would, and go again."""
        known = json.loads((self.folder / "data/exchange.json").read_text())
        login = b64encode(f"belplan:{known['ari_password']}".encode()).decode()
        with socket.create_connection(("127.0.0.1", known["ari_port"]), timeout=5) as line:
            line.sendall(
                (
                    "GET /ari/events?app=belplan HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                    "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                    f"Sec-WebSocket-Version: 13\r\nAuthorization: Basic {login}\r\n\r\n"
                ).encode()
            )
            line.recv(1024)

    @property
    def asterisk(self) -> int:
        return json.loads((self.folder / "data/asterisk/instance.json").read_text())["pid"]

    async def there(self, what: str) -> list[dict]:
        """The channels or bridges that its Asterisk has now."""
        known = json.loads((self.folder / "data/exchange.json").read_text())
        login = {"Authorization": aiohttp.encode_basic_auth("belplan", known["ari_password"])}
        async with (
            aiohttp.ClientSession(headers=login, timeout=aiohttp.ClientTimeout(total=10)) as http,
            http.get(f"http://127.0.0.1:{known['ari_port']}/ari/{what}") as answer,
        ):
            return await answer.json()

    def log(self) -> list[dict]:
        """What it has logged, over all its lives."""
        found = []
        for line in (self.folder / "log").read_text(errors="replace").splitlines():
            with contextlib.suppress(ValueError):
                found.append(json.loads(line))
        return found

    def died(self, pid: int) -> dict | None:
        """What was logged of the death of this engine."""
        return next((line for line in self.log() if line.get("event") == "engine.died" and line["pid"] == pid), None)

    def records(self) -> list[dict]:
        """The records of calls that have ended."""
        path = self.folder / "data/records.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


Trouble = Callable[[Engine], Awaitable[None]]


@asynccontextmanager
async def engine(folder: Path, plan: str, line: Wire | None = None, fault: str = "") -> AsyncGenerator[Engine]:
    """An engine that takes calls when the block begins; it and its Asterisk end with the block.

    `line` is what it talks to Asterisk over, `fault` what it dies of.
    """
    (folder / "plan.yaml").write_text(plan)
    one = Engine(folder)
    if line:
        line.to = free_port()
        one.through = ("-m", "tests.asterisk.wire", str(line.port))
        (folder / "data").mkdir()
        (folder / "data/exchange.json").write_text(json.dumps({"ari_password": "geheim-van-ari", "ari_port": line.to}))
    await one.start(fault)
    try:
        try:
            await one.ready()
        except TimeoutError:
            raise TimeoutError((folder / "log").read_text()) from None
        yield one
    finally:
        one.kill()
        await one.ended()
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            os.kill(one.asterisk, signal.SIGKILL)


@dataclass
class Phones:
    """Anna answers, Bram never does, and Carla is the last resort. What each was sent is in SIPp's log."""

    logs: dict[str, object]

    def rang(self, username: str) -> Counter[str]:
        """How often a phone was rung for each caller: INVITEs with a Call-ID of their own."""
        invites: dict[str, set[str]] = defaultdict(set)
        for one in re.split(r"-{20,}", self.logs[username].trace()):
            if found := re.search(r"^INVITE ", one, re.MULTILINE):
                sender = re.search(r"^From:.*?sip:\+?([0-9]+)@", one[found.start() :], re.MULTILINE | re.IGNORECASE)
                call_id = re.search(r"^Call-ID: *(\S+)", one, re.MULTILINE | re.IGNORECASE)
                if sender and call_id:
                    invites[sender[1][-8:]].add(call_id[1])
        return Counter({caller: len(ids) for caller, ids in invites.items()})


@asynccontextmanager
async def phones(sip_port: int) -> AsyncGenerator[Phones]:
    async with contextlib.AsyncExitStack() as stack:
        logs = {}
        for username, steps in (
            ("anna", answering(ring_ms=700)),
            ("bram", silent()),
            ("carla", answering(ring_ms=100)),
        ):
            port = free_port()
            ran = await run_sipp(
                registration(username, f"geheim-{username}", 200).replace("60", "3600"), sip_port, port=port
            )
            assert ran.ok, ran.errors
            logs[username] = await stack.enter_async_context(
                sipp(steps, port=port, calls=100000, seconds=3600, arguments=("-aa",))
            )
        yield Phones(logs)


def silent() -> str:
    """A phone that rings until it is told to stop."""
    reply = (
        "<send><![CDATA[\n\n      SIP/2.0 {status}\n      [last_Via:]\n      [last_From:]\n"
        "      [last_To:];tag=[pid]s[call_number]\n      [last_Call-ID:]\n      {cseq}\n"
        "      Contact: <sip:[local_ip]:[local_port]>\n      Content-Length: 0\n\n]]></send>"
    )
    return scenario(
        '<recv request="INVITE"></recv>',
        reply.format(status="180 Ringing", cseq="[last_CSeq:]"),
        '<recv request="CANCEL"></recv>',
        reply.format(status="200 OK", cseq="[last_CSeq:]"),
        reply.format(status="487 Request Terminated", cseq="CSeq: [cseq] INVITE"),
        '<recv request="ACK"></recv>',
    )


def faults(chance: random.Random) -> Iterator[str]:
    """What each engine dies of, in turn: a point, or (the empty one) whatever happens to be under way."""
    for point in itertools.cycle((*ARMED, "", "", "")):
        name, late = point.rstrip("+"), point.endswith("+")
        yield f"{name}:{chance.randrange(1, 6)}{':0.5' if late else ''}" if name else ""


@dataclass
class Verdict:
    """What came of a campaign."""

    calls: int
    kills: Counter[str]
    dropped: list[str]
    rang_twice: list[str]
    never_rang: list[str]
    webhook_ids: dict[str, int]  # callers for whom more than one id was sent
    webhooks_repeated: int
    records: int
    records_double: int
    records_missing: int
    outcomes: Counter[str]
    resumed: int
    resumed_after: list[float]  # seconds from the death of the engine before
    last_resort: int
    errors: str

    @property
    def faultless(self) -> bool:
        return not (self.dropped or self.rang_twice or self.webhook_ids or self.records_double or self.records_missing)

    def told(self) -> dict[str, object]:
        """For people."""
        after = self.resumed_after
        told = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "resumed_after"}
        told["kills"] = f"{self.kills.total()}: {dict(self.kills)}"
        p50, p95, most = (_percentile(after, part) for part in (0.5, 0.95, 1.0))
        told["resumed after"] = f"p50 {p50:.2f} s, p95 {p95:.2f} s, most {most:.2f} s"
        return told


def _percentile(values: list[float], part: float) -> float:
    return values[min(len(values) - 1, int(len(values) * part))] if values else 0.0


async def campaign(
    folder: Path, calls: int, *, rate: float = 3.0, hold_ms: tuple[int, int] = (14000, 18000), seed: int = 1,
    every: tuple[float, float] = (0.5, 5.0), trouble: Trouble | None = None, line: Wire | None = None,
    most: int = 1_000_000,
) -> Verdict:  # fmt: skip
    """Place the calls, and kill the engine until they are over, or `most` are dead; or let another `trouble` happen."""
    chance = random.Random(seed)
    told = faults(chance)
    armed = ["", *(itertools.islice(told, 400) if trouble is None else ())]
    async with (
        crm("openstaand", 0.5) as customer,
        engine(folder, PLAN.format(crm=customer.url), line, ",".join(armed)) as one,
        phones(one.sip_port) as ringing,
    ):
        numbers = list(NUMBERS.values())
        rows = [f"06{20000000 + n};{numbers[n % len(numbers)]};" for n in range(calls)]
        callers = folder / "callers.csv"
        callers.write_text("SEQUENTIAL\n" + "\n".join(rows) + "\n")
        killer = Killer(one, chance, every, told, armed, most)
        troubling = asyncio.ensure_future(killer.run() if trouble is None else trouble(one))
        limit = calls / rate + hold_ms[1] / 1000 + 60
        async with sipp(
            caller_steps(hold_ms), to=one.sip_port, calls=calls, rate=rate, seconds=limit,
            arguments=("-inf", str(callers), "-l", "200", "-aa"),
        ) as placing:  # fmt: skip
            ran = await placing.ended(limit + 10)
            log = placing.trace()
        troubling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await troubling
        await one.ready()
        with contextlib.suppress(TimeoutError):
            await until(lambda: len(one.records()) >= calls, "the last record", 15)
        return _judge(one, ringing, customer, log, ran.errors, rows, killer.done)


@dataclass
class Killer:
    """Lets one engine after the other die."""

    one: Engine
    chance: random.Random
    every: tuple[float, float]
    told: Iterator[str]  # what engines die of
    armed: list[str]  # what those of the keeper that runs now do
    most: int
    done: Counter[str] = field(default_factory=Counter)

    async def run(self) -> None:
        while self.done.total() < self.most:
            pid = await until(lambda: self.one.pid, "the next engine", 30)
            # Most of the time it gets to work; now and then it dies while it begins.
            if self.chance.random() < 0.8:
                with contextlib.suppress(TimeoutError):
                    await self.one.ready(5.0)
            with contextlib.suppress(TimeoutError):
                await until(lambda pid=pid: self.one.pid != pid, "its death", self.chance.uniform(*self.every))
            if self.one.process.returncode is not None:
                self.done[f"ended by itself ({self.one.process.returncode})"] += 1
                self.armed = list(itertools.islice(self.told, 400))
                await self.one.start(",".join(self.armed))
            elif self.one.pid != pid:
                died = await until(lambda pid=pid: self.one.died(pid), "its death in the log")
                self.done[self.armed[died["life"]].partition(":")[0] or "itself"] += 1
            elif self.chance.random() > 0.08:
                self.done["blind"] += 1
                self.one.kill_engine()
                await until(lambda pid=pid: self.one.pid != pid, "its death")
            else:
                self.done["with its keeper"] += 1
                self.one.kill()
                await self.one.ended()
                self.armed = list(itertools.islice(self.told, 400))
                await self.one.start(",".join(self.armed))


def _judge(
    one: Engine,
    ringing: Phones,
    customer: Crm,
    log: str,
    errors: str,
    rows: list[str],
    kills: Counter[str],
) -> Verdict:
    callers = [row.partition(";")[0][-8:] for row in rows]
    rang = ringing.rang("anna") + ringing.rang("carla")
    ids, repeated = defaultdict(set), 0
    for asked in customer.asked:
        caller = dict(asked.fields)["caller_number"][-8:]
        webhook_id = re.search(r"^webhook-id: *(\S+)", asked.head, re.MULTILINE | re.IGNORECASE)[1]
        repeated += webhook_id in ids[caller]
        ids[caller].add(webhook_id)
    records = one.records()
    by_caller = Counter(record["call"]["caller_number"][-8:] for record in records)
    # Whose ring group had no time left, and who came to the last resort as the plan says.
    late = {
        record["call"]["caller_number"][-8:]
        for record in records
        if record["connected_to"] == "203"
        and any((step["detail"].get("rang") or {}).get("201") == "no_answer" for step in record["trace"])
    }
    resumed = [line for line in one.log() if line.get("event") == "call.resumed"]
    starts = [*one.starts, *(_when(line) for line in one.log() if line.get("event") == "engine.died")]
    after = [_when(line) - max(start for start in starts if start <= _when(line)) for line in resumed]
    return Verdict(
        calls=len(rows),
        kills=kills,
        dropped=_dropped(log, callers),
        rang_twice=[caller for caller in callers if rang[caller] > 1 and not (rang[caller] == 2 and caller in late)],
        never_rang=[caller for caller in callers if rang[caller] == 0],
        webhook_ids={caller: len(found) for caller, found in ids.items() if len(found) > 1},
        webhooks_repeated=repeated,
        records=len(records),
        records_double=sum(count > 1 for count in by_caller.values()),
        records_missing=sum(by_caller[caller] == 0 for caller in callers),
        outcomes=Counter(record["outcome"] for record in records),
        resumed=len(resumed),
        resumed_after=sorted(after),
        last_resort=len(ringing.rang("carla")),
        errors=errors[-2000:],
    )


def _when(line: dict) -> float:
    return datetime.fromisoformat(line["timestamp"]).timestamp()


def _dropped(log: str, callers: list[str]) -> list[str]:
    """Callers whose own BYE was never answered with 200: we ended their call, or they never got anywhere."""
    good = set()
    for one in re.split(r"-{20,}", log):
        found = re.search(r"^From:.*?sip:06(\d{8})@", one, re.MULTILINE)
        if found and "SIP/2.0 200" in one and re.search(r"^CSeq: *2 BYE", one, re.MULTILINE):
            good.add(found[1])
    return sorted(set(callers) - good)


def _keep(folder: Path) -> None:
    kept = Path(tempfile.mkdtemp(prefix="belplan-chaos-log-"))
    for file in ("log", "data/calls.jsonl", "data/records.jsonl", "data/asterisk/log/messages.log"):
        with contextlib.suppress(FileNotFoundError):
            (kept / Path(file).name).write_bytes((folder / file).read_bytes())
    print(f"the engine's log is in {kept}")


async def _main() -> None:
    """`python -m tests.asterisk.chaos CALLS [SEED]`"""
    calls, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory(prefix="belplan-chaos-") as name:
        try:
            verdict = await campaign(Path(name), calls, seed=seed)
        finally:
            _keep(Path(name))
    for name, value in verdict.told().items():
        print(f"{name:>20}: {value}")
    sys.exit(0 if verdict.faultless else 1)


if __name__ == "__main__":
    asyncio.run(_main())
