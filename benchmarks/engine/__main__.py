"""What one call costs the engine, beside a bare ARI client, on the same recorded calls.

    .venv/bin/python -m benchmarks.engine [--calls 3000] [--rate 200] [--webhook 0] [--systems belplan,ari]

CPU time (user and system) is what counts here: other work on the machine hardly disturbs it.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rivals.__main__ import ROUTE, Cpu, process, tone
from tests.asterisk.serving import plan

WARM = 300  # calls before it counts


@dataclass(frozen=True, slots=True)
class Cost:
    """What calls cost the engine: `cpu` in ms a call, `ms` that each waited, `memory` that it grew by, in bytes."""

    cpu: float
    ms: list[float]
    memory: int

    def percentile(self, share: float) -> float:
        """The milliseconds that this share of the calls did not exceed."""
        return sorted(self.ms)[min(len(self.ms) - 1, int(len(self.ms) * share))]


async def measure(name: str, rate: float, calls: int, *, webhook_ms: int = 0, plans: int = 1) -> Cost:
    """Place so many calls at so many a second, with webhooks that take so long, in a company of so many dial plans."""
    with tempfile.TemporaryDirectory(prefix="belplan-engine-") as folder:
        async with (
            process("benchmarks.rivals.crm", str(webhook_ms)) as (_, crm),
            process("benchmarks.engine.tape") as (tape, port),
        ):
            url = f"http://127.0.0.1:{crm}/"
            if name == "belplan":
                path = Path(folder) / "plan.yaml"
                route = ROUTE.format(url=url).replace("POST,", "POST, timeout: 10,")
                path.write_text(plan(route).replace("port: 9,", "port: 9, channels: 10000,") + more(plans, route))
                tone(Path(folder) / "sounds")
                words = ("benchmarks.engine.belplan", str(path), folder, port)
            else:
                words = ("benchmarks.rivals.ari", f"http://127.0.0.1:{port}/ari", "none", url)
            async with process(*words) as (engine, _):
                await play(tape, rate, min(WARM, calls))
                cpu = Cpu(engine.pid)
                before, small = cpu.seconds(), most_memory(engine.pid)
                ms = await play(tape, rate, calls)
                used = (cpu.seconds() - before) * 1000 / calls
                grown = most_memory(engine.pid) - small
                if name != "belplan":
                    engine.kill()
                return Cost(used, ms, grown)


def more(plans: int, route: str) -> str:
    """Dial plans beside the one that is called."""
    body = textwrap.indent(textwrap.dedent(route), "      ")
    return "".join(
        f"  - name: Plan {n}\n    external_numbers: ['31880{n:06d}']\n    route:\n{body}\n" for n in range(1, plans)
    )


def most_memory(pid: int) -> int:
    """The most bytes that a process has had of its own."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise LookupError("no VmHWM")


async def play(tape: asyncio.subprocess.Process, rate: float, calls: int) -> list[float]:
    """How long each of so many calls waited."""
    assert tape.stdin
    assert tape.stdout
    tape.stdin.write(f"{rate} {calls}\n".encode())
    result = json.loads(await tape.stdout.readline())
    assert len(result["ms"]) == calls, f"{len(result['ms'])} of {calls} calls were answered or refused"
    return result["ms"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=3000)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--webhook", type=int, default=0, help="milliseconds that it takes")
    parser.add_argument("--systems", default="belplan,ari")
    arguments = parser.parse_args()
    for name in arguments.systems.split(","):
        cost = asyncio.run(measure(name, arguments.rate, arguments.calls, webhook_ms=arguments.webhook))
        late = [cost.percentile(share) - arguments.webhook for share in (0.5, 0.99)]
        kilobytes = cost.memory / 1000 / arguments.calls
        print(
            f"{name:<8} CPU a call {cost.cpu:.3f} ms; over the webhook p50 {late[0]:.1f}, p99 {late[1]:.1f} ms;"
            f" grew by {kilobytes:.1f} kB a call",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
