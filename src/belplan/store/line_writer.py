"""Lines at the end of a file, written by a thread of its own, in batches; whoever gives a line never waits.

While the disk takes nothing, lines wait in memory, and are written once it does.
"""

import contextlib
import os
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import structlog

AGAIN_AFTER = 1.0  # seconds until a batch that the disk did not take is written again

_log = structlog.get_logger()


class _Line(NamedTuple):
    text: str | Callable[[], str]
    then: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class _Anew:
    lines: list[str]


class LineWriter:
    """Writes lines, each with its end, from `start` to `stop`.

    With `durable` each batch is on the disk before the next is begun, so that a machine that loses power loses one
    batch at most; without, a process that dies loses nothing that was written, and a machine some seconds.
    `gather` is for how many seconds lines may wait for more: a thread that wakes for each costs more than the lines.
    """

    def __init__(self, path: Path, *, durable: bool = True, gather: float = 0.0) -> None:
        self._path = path
        self._gather = gather
        self._durable = durable
        self._waiting: queue.SimpleQueue[_Line | _Anew | None] = queue.SimpleQueue()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name=path.stem)

    def put(self, line: str | Callable[[], str], then: Callable[[], None] | None = None) -> None:
        """Have it written, soon. `line` may be what makes it; that and `then`, when it is written, are called
        from another thread.
        """
        self._waiting.put(_Line(line, then))

    def begin_anew(self, lines: list[str]) -> None:
        """Have a file with these lines take the place of all that was put before."""
        self._waiting.put(_Anew(lines))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, once and no longer."""
        self._ending.set()
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        going_on = True
        while going_on:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "ab", buffering=0) as file:
                going_on = self._write_lines(file)

    def _write_lines(self, file: BinaryIO) -> bool:
        """Write what comes. False at the end, True where the file is another one from now on."""
        while True:
            batch, after = self._batch()
            if batch and self._write(file, "".join(map(_text, batch)).encode()):
                for line in batch:
                    if line.then:
                        line.then()
            if after is None:
                return False
            if isinstance(after, _Anew):
                with contextlib.suppress(OSError):  # the old file goes on; it is only longer
                    replace_lines(self._path, after.lines)
                return True

    def _batch(self) -> tuple[list[_Line], _Line | _Anew | None]:
        """The lines that wait, at least one thing, and what comes behind them: a line where nothing else does."""
        lines: list[_Line] = []
        one = self._waiting.get()
        if self._gather and isinstance(one, _Line):
            self._ending.wait(self._gather)
        while isinstance(one, _Line):
            lines.append(one)
            try:
                one = self._waiting.get_nowait()
            except queue.Empty:
                return lines, lines[-1]
        return lines, one

    def _write(self, file: BinaryIO, lines: bytes) -> bool:
        """Write until the disk takes it; at the end of the server, once more and no longer. Whether it did."""
        begins = file.seek(0, os.SEEK_END)
        while True:
            last_try = self._ending.is_set()
            try:
                left = memoryview(lines)
                while left:
                    left = left[file.write(left) :]
                if self._durable:
                    os.fsync(file.fileno())
            except OSError as error:
                name = self._path.stem
                _log.error("file.not_written", file=name, bytes=len(lines), reason=error.strerror, given_up=last_try)
                with contextlib.suppress(OSError):
                    file.truncate(begins)  # half a line would spoil the next one
            else:
                return True
            if last_try:
                return False
            self._ending.wait(AGAIN_AFTER)


def _text(line: _Line) -> str:
    return line.text if isinstance(line.text, str) else line.text()


def replace_lines(path: Path, lines: list[str]) -> None:
    """A new file in the old one's place, in one step and on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the new name too
    finally:
        os.close(folder)
