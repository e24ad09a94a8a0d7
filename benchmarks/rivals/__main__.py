"""The same work, side by side, in one run.

    .venv/bin/python -m benchmarks.rivals [--systems belplan,curl,agi,ari] [--rates 50,200,400] [--webhooks 0,50,500]
        [--seconds 8] [--most] [--json FILE]

A call comes in, a webhook is asked (POST) and answers, half are answered and hear a tone, half are refused with
486. How long does the caller wait for that, over the webhook's own time? `--most` looks for the most calls a second
instead: from 300 on by hundreds, until p99 exceeds 50 ms over the webhook's time.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from belplan.apps import APPS
from belplan.dialplan.check import read
from belplan.drivers.asterisk import configuration, program
from belplan.drivers.asterisk.configuration import ExchangeSettings
from belplan.drivers.asterisk.pbx import Pbx
from benchmarks.rivals import callers
from tests.asterisk.phones import free_port
from tests.asterisk.serving import plan

SYSTEMS = ("belplan", "curl", "agi", "ari")

# Each in the place of the trunk's context. CURL() blocks a thread of Asterisk's own for each call.
# ruff: noqa: E501 - a line of a dialplan has no continuation
CURL = r"""
exten => _X.,1,Ringing()
 same => n,Set(CURLOPT(httptimeout)=2)
 same => n,Set(CURLOPT(httpheader)=Content-Type: application/json)
 same => n,Set(BODY={{"com_id":"42f30becd4ea93edd284e059427b5ee0","callee_number":"${{EXTEN}}","caller_number":"${{CALLERID(num)}}"\,"uuid":"${{UNIQUEID}}"}})
 same => n,Set(ANSWER=${{CURL({url},${{BODY}})}})
"""
AGI = r"""
exten => _X.,1,Ringing()
 same => n,AGI(agi://127.0.0.1:{port}/decide)
"""
DECIDE = r""" same => n,GotoIf($["${ANSWER}" = "even"]?yes)
 same => n,Hangup(17)
 same => n(yes),Answer()
 same => n,Playtones(440)
 same => n,Wait(60)
"""
ARI = r"""
exten => _X.,1,Stasis(belplan,in,trunk:provider,${EXTEN},shown)
 same => n,Hangup(34)
"""
ROUTE = """
- webhook: {{method: POST, url: "{url}", save_as: klant}}
- condition: {{variable: klant, equals: even, then: [{{announce: {{file: toon.wav}}}}]}}
- hangup: {{cause: 17}}
"""


@dataclass
class Cpu:
    """Seconds of processor that a process and its threads have used."""

    pid: int

    def seconds(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass
class System:
    """What is measured: where it listens, and its processes."""

    sip_port: int
    asterisk: Cpu
    engine: Cpu | None


@asynccontextmanager
async def process(*words: str) -> AsyncGenerator[tuple[asyncio.subprocess.Process, str]]:
    """A program of this folder, and the first line it says. It ends with the block."""
    pipe = asyncio.subprocess.PIPE
    running = await asyncio.create_subprocess_exec(sys.executable, "-m", *words, stdin=pipe, stdout=pipe, limit=2**22)
    try:
        assert running.stdout
        yield running, (await running.stdout.readline()).decode().strip()
    finally:
        if running.returncode is None:
            assert running.stdin
            running.stdin.close()
            try:
                async with asyncio.timeout(10):
                    await running.wait()
            except TimeoutError:
                running.kill()
                await running.wait()


@asynccontextmanager
async def system(name: str, url: str) -> AsyncGenerator[System]:
    """One of SYSTEMS, taking calls."""
    with tempfile.TemporaryDirectory(prefix="belplan-rivals-") as folder:
        data, sip_port = Path(folder), free_port()
        text = plan(ROUTE.format(url=url)).replace("port: 9,", "port: 9, channels: 10000,")
        if name == "belplan":
            tone(data / "sounds")
            path = data / "plan.yaml"
            path.write_text(text)
            async with process(
                os.environ.get("RIVAL", "benchmarks.rivals.belplan"), str(path), folder, str(sip_port)
            ) as (engine, pid):
                yield System(sip_port, Cpu(int(pid)), Cpu(engine.pid))
            return
        found = program.find()
        company, problems = read(text, APPS)
        assert found
        assert company, problems
        rtp = free_port(22000) // 2 * 2
        settings = ExchangeSettings(
            data=data / "asterisk", ari_password="benchmark-only", sip_port=sip_port, http_port=free_port(),
            rtp_first=rtp, rtp_last=rtp + 10000, directories=found.directories,
        )  # fmt: skip
        pbx = Pbx(settings, found)
        files = configuration.render([company], settings, lambda _: None).files

        async def start(context: str) -> None:
            await pbx.start(files | {"extensions.conf": "[trunk-provider]\n" + context.lstrip("\n")})

        try:
            if name == "curl":
                await start(CURL.format(url=url) + DECIDE)
                yield System(sip_port, Cpu(pbx.pid), None)
            elif name == "agi":
                async with process("benchmarks.rivals.agi", url) as (engine, port):
                    await start(AGI.format(port=port) + DECIDE)
                    yield System(sip_port, Cpu(pbx.pid), Cpu(engine.pid))
            else:
                await start(ARI)
                ari = f"http://127.0.0.1:{settings.http_port}/ari"
                async with process("benchmarks.rivals.ari", ari, settings.ari_password, url) as (engine, _):
                    yield System(sip_port, Cpu(pbx.pid), Cpu(engine.pid))
                    engine.kill()
        finally:
            await pbx.stop()


def tone(folder: Path) -> None:
    """A tone to be heard, of 5 s."""
    import math
    import struct
    import wave

    folder.mkdir(parents=True, exist_ok=True)
    with wave.open(str(folder / "toon.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"".join(struct.pack("<h", int(8000 * math.sin(n * 0.3456))) for n in range(40000)))


@dataclass(frozen=True, slots=True)
class Run:
    """One run: `over` are milliseconds over the webhook's own time, CPU is in milliseconds a call."""

    system: str
    rate: float
    webhook_ms: float
    calls: int
    answered: int
    over_p50: float
    over_p99: float
    asterisk_cpu: float
    engine_cpu: float

    def line(self) -> str:
        return (
            f"{self.system:<8} {self.rate:5.0f}/s  webhook {self.webhook_ms:3.0f} ms  {self.answered:>5}/{self.calls:<5}"
            f"  p50 {self.over_p50:7.1f}  p99 {self.over_p99:7.1f} ms  CPU a call: Asterisk {self.asterisk_cpu:.2f},"
            f" engine {self.engine_cpu:.2f} ms"
        )


async def measure(name: str, running: System, rate: float, webhook_ms: float, seconds: float) -> Run:
    """Call it so many times a second."""
    before = running.asterisk.seconds(), running.engine.seconds() if running.engine else 0.0
    waited = await callers.call(running.sip_port, rate=rate, calls=int(rate * seconds))
    after = running.asterisk.seconds(), running.engine.seconds() if running.engine else 0.0
    used = [(late - early) * 1000 / waited.calls for early, late in zip(before, after, strict=True)]
    over = [waited.percentile(share) - webhook_ms for share in (0.5, 0.99)]
    return Run(name, rate, webhook_ms, waited.calls, len(waited.ms), *over, *used)


async def compare(names: Sequence[str], rates: Sequence[float], webhooks: Sequence[float], seconds: float) -> list[Run]:
    """Every system at every rate, with webhooks of each length. The systems take turns."""
    runs: list[Run] = []
    for webhook_ms in webhooks:
        async with process("benchmarks.rivals.crm", str(webhook_ms)) as (_, port):
            for name in names:
                async with system(name, f"http://127.0.0.1:{port}/") as running:
                    await callers.call(running.sip_port, rate=50, calls=50)  # connections are made, code is warm
                    for rate in rates:
                        runs.append(run := await measure(name, running, rate, webhook_ms, seconds))
                        print(run.line(), flush=True)
    return runs


async def most(names: Sequence[str], webhooks: Sequence[float], seconds: float) -> list[Run]:
    """The last run of each system that was in time."""
    best: list[Run] = []
    for webhook_ms in webhooks:
        async with process("benchmarks.rivals.crm", str(webhook_ms)) as (_, port):
            for name in names:
                async with system(name, f"http://127.0.0.1:{port}/") as running:
                    await callers.call(running.sip_port, rate=50, calls=50)
                    rate, last = 300, None
                    while (run := await measure(name, running, rate, webhook_ms, seconds)).over_p99 <= 50:
                        rate, last = rate + 100, run
                    best += [last] if last else []
                    print(f"{name:<8} webhook {webhook_ms:3.0f} ms: {rate - 100}/s; then: {run.line()}", flush=True)
    return best


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", default=",".join(SYSTEMS))
    parser.add_argument("--rates", default="50,200,400")
    parser.add_argument("--webhooks", default="0,50,500")
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--most", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    names = arguments.systems.split(",")
    rates = [float(rate) for rate in arguments.rates.split(",")]
    webhooks = [float(ms) for ms in arguments.webhooks.split(",")]
    if arguments.most:
        runs = asyncio.run(most(names, webhooks, arguments.seconds))
    else:
        runs = asyncio.run(compare(names, rates, webhooks, arguments.seconds))
    if arguments.json:
        facts = [{name: getattr(run, name) for name in Run.__slots__} for run in runs]
        arguments.json.write_text(json.dumps(facts, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
