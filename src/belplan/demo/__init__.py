"""The demo: a sample company with its CRM, and real calls between real SIP phones, all on this machine."""

import asyncio
import contextlib
import shutil
import signal
import tempfile
from collections.abc import Coroutine, Generator
from pathlib import Path
from typing import Any

import structlog
import uvloop
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from belplan.demo.show import show
from belplan.demo.stage import PLAN
from belplan.dialplan.problem import PlanError
from belplan.drivers.asterisk import program
from belplan.drivers.asterisk.ari import AriError
from belplan.drivers.asterisk.debian import InstallError
from belplan.drivers.asterisk.pbx import PbxError

__all__ = ["run"]

INTERRUPTED = 130  # as a shell has it for Ctrl-C
WIDTH = 100  # where nobody is looking


def run(*, once: bool, plan: Path = PLAN) -> int:
    """Run the demo, in a folder of its own that goes with it.

    Gives 0 only if every call reached the right phone, 1 if not, 130 where it was interrupted before that.
    With `once` it ends after the calls; else it stays up until Ctrl-C. `plan` is another plan for the
    sample company. Where something went wrong the folder with the logs stays, and is named.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    try:
        asterisk = _install(console)
    except KeyboardInterrupt:
        return INTERRUPTED
    except InstallError as error:
        console.print(Text(f"✗ {error}", style="red"))
        return 1
    data = Path(tempfile.mkdtemp(prefix="belplan-demo-"))
    code = 1
    try:
        with _log_to(data / "belplan.log"):
            code = uvloop.run(_interruptible(show(asterisk, data, console, plan, once=once)))
    except (asyncio.CancelledError, KeyboardInterrupt):
        code = INTERRUPTED
    except TimeoutError:
        console.print("[red]✗ something took too long[/]")
    except (PbxError, PlanError, AriError, OSError) as error:
        console.print(Text(f"✗ {error}", style="red"))
    finally:
        if code in (0, INTERRUPTED):
            shutil.rmtree(data, ignore_errors=True)
        else:
            console.print(f"The logs are in {data}", soft_wrap=True)
    return code


async def _interruptible(work: Coroutine[Any, Any, int]) -> int:
    """Do the work; the first SIGINT or SIGTERM cancels it, and what follows does not disturb the tidying up."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    told = False

    def stop() -> None:
        nonlocal told
        if not told:
            told = True
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    return await task


def _install(console: Console) -> program.Program:
    """The Asterisk to run. What takes longer than a moment is shown. Raises InstallError."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    said = ""
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("Asterisk", total=1.0)

        def report(step: str, done: float) -> None:
            nonlocal said
            progress.update(task, description=step, completed=done)
            if not console.is_terminal and step != said:
                said = step
                console.print(f"· {step}")

        return program.install(report)


@contextlib.contextmanager
def _log_to(file: Path) -> Generator[None]:
    """Keep the logs away from the ladder, in a file."""
    before = structlog.get_config()
    with file.open("w", encoding="utf-8") as log:
        structlog.configure(
            processors=[
                structlog.contextvars.merge_contextvars,
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.format_exc_info,
                structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
            ],
            logger_factory=structlog.WriteLoggerFactory(log),
            cache_logger_on_first_use=False,
        )
        try:
            yield
        finally:
            structlog.configure(**before)
