"""What befalls an engine besides its death, under real calls; judged from outside as the campaign is.

    python -m tests.asterisk.hardships [NAME…]

stopped     the engine stands still (SIGSTOP), and is replaced
cut         the line to Asterisk breaks, at any byte, again and again
upgraded    Belplan is loaded anew (SIGUSR2), twice
restarted   the server ends (SIGTERM, at once) and is started again
asterisk    Asterisk dies: its calls are lost, and everything else goes on
frozen      Asterisk stands still for ten seconds (SIGSTOP, SIGCONT)
full        the disk of the data folder is full for fifteen seconds (needs root: a small tmpfs)
nobody      no engine for a minute: 300 new calls
"""

import asyncio
import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from tests.asterisk.chaos import PLAN, Engine, Verdict, caller_steps, campaign, engine, phones
from tests.asterisk.phones import sipp, until
from tests.asterisk.serving import crm
from tests.asterisk.wire import Wire, wire


async def stopped(one: Engine) -> None:
    await asyncio.sleep(6)
    pid = one.pid
    one.kill_engine(signal.SIGSTOP)
    await until(lambda: one.pid not in (0, pid), "another engine", 60)


async def upgraded(one: Engine) -> None:
    for _ in range(2):
        await asyncio.sleep(6)
        pid = one.pid
        one.kill(signal.SIGUSR2)
        await until(lambda pid=pid: one.pid not in (0, pid), "another engine", 60)


async def restarted(one: Engine) -> None:
    await asyncio.sleep(6)
    one.kill(signal.SIGTERM)
    await one.ended()
    await one.start()


async def asterisk(one: Engine) -> None:
    await asyncio.sleep(15)
    os.kill(one.asterisk, signal.SIGKILL)


async def frozen(one: Engine) -> None:
    await asyncio.sleep(8)
    os.kill(one.asterisk, signal.SIGSTOP)
    await asyncio.sleep(10)
    os.kill(one.asterisk, signal.SIGCONT)


async def full(one: Engine) -> None:
    await asyncio.sleep(8)
    filling = one.folder / "data" / "filling"
    with contextlib.suppress(OSError), filling.open("wb") as file:
        while True:
            file.write(bytes(65536))
            file.flush()
    await asyncio.sleep(15)
    filling.unlink()


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A file system of its own, of 48 MB, in memory."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "none", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def cutting(
    line: Wire, chance: random.Random, every: tuple[float, float] = (0.2, 3.0), most: int = 1_000_000
) -> Callable[[Engine], Awaitable[None]]:
    """Cut the line until the calls are over, or that often."""

    async def cut(one: Engine) -> None:
        while line.cuts < most:
            await asyncio.sleep(chance.uniform(*every))
            line.cut(chance.randrange(20_000))

    return cut


async def nobody(folder: Path, calls: int, rate: float) -> tuple[list[float], int]:
    """Place calls while there is no engine: seconds until each rang the last resort, and how many records there are."""
    async with (
        crm("openstaand") as customer,
        engine(folder, PLAN.format(crm=customer.url)) as one,
        phones(one.sip_port) as ringing,
    ):
        one.kill()
        await one.ended()
        placed = folder / "callers.csv"
        placed.write_text("SEQUENTIAL\n" + "".join(f"06{20000000 + n};31102380095;\n" for n in range(calls)))
        async with sipp(
            caller_steps((500, 1500)), to=one.sip_port, calls=calls, rate=rate, seconds=calls / rate + 30,
            arguments=("-inf", str(placed)),
        ) as placing:  # fmt: skip
            ran = await placing.ended(calls / rate + 40)
            assert ran.ok, ran.errors
            sent = invites(placing.trace(), "sent")
        rang = invites(ringing.logs["carla"].trace(), "received")
        await one.start()
        await one.ready()
        await until(lambda: len(one.records()) >= calls, "the last record", 20)
        callers = {record["call"]["caller_number"] for record in one.records()}
        assert len(callers) == len(one.records()), "a call has two records"
        return sorted((rang[caller] - at).total_seconds() for caller, at in sent.items()), len(callers)


def invites(trace: str, way: str) -> dict[str, datetime]:
    """When the first INVITE of each caller (the last digits of their number) was sent or received."""
    found: dict[str, datetime] = {}
    for part in re.split(r"^-{20,} ", trace.replace("\r", ""), flags=re.MULTILINE):
        head, _, message = part.partition("\n\n")
        caller = re.search(r"^From:.*?sip:\+?[0-9]*?([0-9]{8})@", message, re.MULTILINE | re.IGNORECASE)
        if caller and way in head and message.startswith("INVITE "):
            found.setdefault(caller[1], datetime.fromisoformat(re.split(r"\t(?=\d)|\n", head)[0].replace("\t", "T")))
    return found


TROUBLES: dict[str, Callable[[Engine], Awaitable[None]]] = {
    "stopped": stopped, "upgraded": upgraded, "restarted": restarted, "asterisk": asterisk, "frozen": frozen,
    "full": full,
}  # fmt: skip


async def hardship(folder: Path, name: str, calls: int = 100) -> Verdict:
    """Let calls meet one."""
    if name == "cut":
        async with wire() as line:
            return await campaign(folder, calls, rate=4, trouble=cutting(line, random.Random(1)), line=line)
    with small_disk(folder / "data") if name == "full" else contextlib.nullcontext():
        return await campaign(folder, calls, rate=4, trouble=TROUBLES[name])


async def _main(names: list[str]) -> None:
    for name in names or ["cut", *TROUBLES, "nobody"]:
        with tempfile.TemporaryDirectory(prefix="belplan-hardship-") as folder:
            if name == "nobody":
                after, records = await nobody(Path(folder), 300, 5)
                print(f"== nobody: rang after {after[150]:.2f} s (p50), {after[-1]:.2f} s at most; {records} records")
                continue
            told = (await hardship(Path(folder), name)).told()
            told.pop("errors")
            print(f"== {name}: " + ", ".join(f"{what}: {value}" for what, value in told.items()), flush=True)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1:]))
