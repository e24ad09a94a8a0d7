"""Recorded conversations, kept with the records of their calls: `<folder>/<company>/<call>-<n>.wav`.

Asterisk writes one as it is spoken, under a name that says whose it is. It is moved here when it has ended; one that
was cut off, by the end of Asterisk or of this process, is mended and moved when it has not been written to for a while.
"""

import asyncio
import os
import re
from collections.abc import Callable
from pathlib import Path

import structlog

from belplan.store import wav

STILL = 600.0  # seconds without a byte more after which nobody writes a recording any longer
DAY = 86_400.0  # seconds

_NAME = re.compile(r"call-(?P<company>[0-9a-f]{32})-(?P<rest>[0-9a-f-]{36}-[0-9]{1,4})")

_log = structlog.get_logger()


class CallRecordings:
    """The recordings of one exchange. `spool` is the folder that Asterisk writes to."""

    def __init__(self, folder: Path, spool: Path) -> None:
        self._folder = folder
        self._spool = spool
        self._tasks: set[asyncio.Task[None]] = set()

    def keep(self, name: str) -> None:
        """Take in a recording that has ended. It waits for nothing."""
        task = asyncio.ensure_future(asyncio.to_thread(self._keep, name))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Wait until all that has ended is taken in."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    def of(self, company: str, call: str) -> list[Path]:
        """The recordings of a call, the first conversation first. Blocks."""
        return sorted(
            (self._folder / company).glob(f"{call}-*.wav"), key=lambda path: int(path.stem.rpartition("-")[2])
        )

    def delete(self, company: str, call: str) -> int:
        """Delete the recordings of a call. How many there were. Blocks. Raises OSError."""
        found = self.of(company, call)
        for recording in found:
            recording.unlink(missing_ok=True)
        return len(found)

    def sweep(self, now: float, keep_days: Callable[[str], int]) -> int:
        """Take in what was left behind, and delete what was kept for its company's days. How many. Blocks.

        `now` is in seconds since 1970.
        """
        for left in self._spool.glob("call-*.wav"):
            if now - left.stat().st_mtime > STILL:
                self._keep(left.stem)
        deleted = 0
        for kept in self._folder.glob("*/*.wav"):
            if now - kept.stat().st_mtime > keep_days(kept.parent.name) * DAY:
                kept.unlink()
                deleted += 1
        return deleted

    def _keep(self, name: str) -> None:
        found, source = _NAME.fullmatch(name), self._spool / f"{name}.wav"
        if not found:
            return
        try:
            if not wav.repair(source):
                source.unlink(missing_ok=True)  # nobody said anything
                return
            target = self._folder / found["company"] / f"{found['rest']}.wav"
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            source.chmod(0o600)
            source.replace(target)
            _sync(target.parent)
        except OSError as error:
            _log.error("recording.not_moved", recording=name, reason=error.strerror, next="it is tried again")


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
