"""What one call costs the engine, beside a bare ARI client, on the same recorded calls.

    .venv/bin/python -m benchmarks.engine [--calls 3000] [--rate 200] [--systems belplan,ari]

CPU time (user and system) is what counts here: other work on the machine hardly disturbs it.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.rivals.__main__ import ROUTE, Cpu, process, tone
from tests.asterisk.serving import plan

WARM = 300  # calls before it counts


async def measure(name: str, rate: float, calls: int) -> tuple[float, list[float]]:
    """Milliseconds of processor that the engine takes for one call, and how long each waited for its answer."""
    with tempfile.TemporaryDirectory(prefix="belplan-engine-") as folder:
        async with (
            process("benchmarks.rivals.crm", "0") as (_, crm),
            process("benchmarks.engine.tape") as (tape, port),
        ):
            url = f"http://127.0.0.1:{crm}/"
            if name == "belplan":
                path = Path(folder) / "plan.yaml"
                path.write_text(plan(ROUTE.format(url=url)).replace("port: 9,", "port: 9, channels: 10000,"))
                tone(Path(folder) / "sounds")
                words = ("benchmarks.engine.belplan", str(path), folder, port)
            else:
                words = ("benchmarks.rivals.ari", f"http://127.0.0.1:{port}/ari", "none", url)
            async with process(*words) as (engine, _):
                await play(tape, rate, WARM)
                cpu = Cpu(engine.pid)
                before = cpu.seconds()
                ms = await play(tape, rate, calls)
                used = (cpu.seconds() - before) * 1000 / calls
                if name != "belplan":
                    engine.kill()
                return used, ms


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
    parser.add_argument("--systems", default="belplan,ari")
    arguments = parser.parse_args()
    for name in arguments.systems.split(","):
        used, ms = asyncio.run(measure(name, arguments.rate, arguments.calls))
        ms.sort()
        p50, p99 = ms[len(ms) // 2], ms[int(len(ms) * 0.99)]
        print(f"{name:<8} CPU a call {used:.3f} ms; waited p50 {p50:.1f}, p99 {p99:.1f} ms", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
