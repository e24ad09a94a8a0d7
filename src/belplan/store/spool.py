"""Lines on their way to the database: on disk first, so that nothing is lost while the database is away.

A thread of its own appends lines to a segment, in batches, each on the disk before the next is begun; whoever puts one
never waits. Whoever empties the spool has the segment closed, reads it, and removes it once the database has it all.
A line may be read twice after a crash: what reads it must not mind.
"""

import contextlib
import os
import queue
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import structlog

AGAIN_AFTER = 1.0  # seconds until a batch that the disk did not take is written again

_log = structlog.get_logger()

_Seal = Future[list[Path]]


class Spool:
    """Takes lines for as long as the block runs. `folder` is its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: queue.SimpleQueue[str | _Seal | None] = queue.SimpleQueue()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="spool")
        self._next = 0
        self.put_count = 0  # lines put so far: tells whether there is anything new

    def put(self, line: str) -> None:
        """Have a line (without its end) kept, soon."""
        self.put_count += 1
        self._waiting.put(line)

    def seal(self) -> "Future[list[Path]]":
        """Close the segment that is being written: every segment that there is, the oldest first."""
        sealed: _Seal = Future()
        self._waiting.put(sealed)
        return sealed

    def size(self) -> int:
        """Bytes on the disk that the database does not have yet."""
        found = 0
        for path in self._segments():
            with contextlib.suppress(FileNotFoundError):  # the database has just taken it
                found += path.stat().st_size
        return found

    def __enter__(self) -> Self:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._next = max((int(path.stem) for path in self._segments()), default=0) + 1
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._waiting.put(None)
        self._thread.join()

    def _segments(self) -> list[Path]:
        return sorted((path for path in self._folder.glob("*.jsonl") if path.stem.isdigit()), key=lambda p: int(p.stem))

    def _work(self) -> None:
        while True:
            path = self._folder / f"{self._next}.jsonl"
            self._next += 1
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "ab", buffering=0) as file:
                sealed = self._fill(file)
            if path.stat().st_size == 0:
                path.unlink()
            if sealed is None:
                return
            sealed.set_result(self._segments())

    def _fill(self, file: BinaryIO) -> "_Seal | None":
        """Write what comes, until the segment is to be closed (by that seal) or it is the end (None)."""
        while True:
            lines: list[str] = []
            one = self._waiting.get()
            while isinstance(one, str):
                lines.append(one)
                try:
                    one = self._waiting.get_nowait()
                except queue.Empty:
                    break
            if lines:
                self._write(file, "".join(f"{line}\n" for line in lines).encode())
            if not isinstance(one, str):
                return one

    def _write(self, file: BinaryIO, lines: bytes) -> None:
        begins = file.seek(0, os.SEEK_END)
        while True:
            last_try = self._ending.is_set()
            try:
                left = memoryview(lines)
                while left:
                    left = left[file.write(left) :]
                os.fsync(file.fileno())
            except OSError as error:
                _log.error("spool.not_written", bytes=len(lines), reason=error.strerror, given_up=last_try)
                with contextlib.suppress(OSError):
                    file.truncate(begins)  # half a line would spoil the next one
            else:
                return
            if last_try:
                return
            self._ending.wait(AGAIN_AFTER)


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a segment; one that a power cut left unfinished is left out."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.endswith("\n"):
                yield line[:-1]
