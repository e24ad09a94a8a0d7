"""What a thousand companies cost beside one: start, memory, time per call, on a real exchange.

    python -m benchmarks.companies [--companies 1000] [--numbers 1000] [--calls 200]

Each company has ten dial plans, ten users with a phone, and a phone book of `numbers`: a million in all.
"""

import argparse
import asyncio
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from belplan.drivers.asterisk import program as asterisk
from belplan.installation import installation
from belplan.live import Live  # noqa: F401 - imported before anything is measured
from belplan.options import Options, free_port
from benchmarks.installed import REFUSED, account, percentile, set_up
from tests.asterisk.phones import invite, run_sipp


def memory() -> float:
    """MiB that this process has at most had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def measure(data: Path, companies: int, numbers: int, calls: int) -> str:
    """A row of the table."""
    options = Options(plan=None, data=data, sip_port=free_port(), http_port=free_port())
    program = asterisk.install(with_phones=True)
    began = time.perf_counter()
    async with installation(options, None, program) as parts:
        ready = time.perf_counter() - began
        last = f"{companies:032x}"
        while numbers and not parts.books.name(last, f"316{numbers - 1:08}"):
            await asyncio.sleep(0.02)
        names = time.perf_counter() - began
        looked = time.perf_counter()
        for n in range(1000):
            parts.books.name(last, f"316{n:08}")
        each = (time.perf_counter() - looked) * 1000
        who = account(companies, 1)
        used = time.process_time()
        ran = await run_sipp(invite(REFUSED, 486, login=who), options.sip_port, calls=calls, rate=20, seconds=60)
        used = (time.process_time() - used) / calls * 1000
        assert ran.ok, ran.errors[-1000:]
        took = set_up(ran.trace, 486)
    figures = f"{percentile(took, 0.5):.0f} / {percentile(took, 0.95):.0f} ms | {used:.1f} ms | {each:.1f} µs"
    return f"| {companies:,} | {ready:.1f} s | {names:.1f} s | {memory():.0f} MiB | {figures} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--companies", type=int, default=1000)
    parser.add_argument("--numbers", type=int, default=1000, help="in each phone book")
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--one", action="store_true", help="without the measure of one company beside it")
    arguments = parser.parse_args()
    if not arguments.one:
        print("| companies | calls after | names after | memory | call set-up p50 / p95 | CPU per call | a name |")
        print("|---|---|---|---|---|---|---|", flush=True)
        for companies in (1, arguments.companies):  # each in a process of its own: memory is what it has at most had
            told = ["--one", f"--companies={companies}", f"--numbers={arguments.numbers}", f"--calls={arguments.calls}"]
            subprocess.run([sys.executable, "-m", "benchmarks.companies", *told], check=True, stderr=subprocess.DEVNULL)
        return
    with tempfile.TemporaryDirectory(prefix="belplan-companies-") as name:
        url = f"sqlite:///{name}/belplan.sqlite"
        told = (url, str(arguments.companies), str(arguments.numbers))
        filling = "import asyncio, sys; from benchmarks.installed import fill; u, c, n = sys.argv[1:]"
        subprocess.run([sys.executable, "-c", f"{filling}; asyncio.run(fill(u, int(c), int(n)))", *told], check=True)
        import structlog

        structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
        print(asyncio.run(measure(Path(name), arguments.companies, arguments.numbers, arguments.calls)))


if __name__ == "__main__":
    main()
