"""The companies' memory in one file: a line of JSON for each change, the last one of a kind and name counts.

Written by a thread of its own, in batches, each on the disk before the next is begun; a call never waits.
A machine that loses power loses at most the batch under way, and a line that was cut off is left out. While the
disk takes nothing, changes wait in memory, and are written once it does.
"""

import contextlib
import json
import os
import queue
import threading
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import structlog

from belplan.engine.state import Change

VERSION = 1
AGAIN_AFTER = 1.0  # seconds until a batch that the disk did not take is written again

_log = structlog.get_logger()


class NewerFileError(Exception):
    """The file is of a newer version of Belplan, which this one would damage."""


class StateFile:
    """Keeps changes for as long as the block runs; `read` gives what is there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changes: queue.SimpleQueue[Change | None] = queue.SimpleQueue()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._write_all, name="state-file")

    def read(self) -> list[Change]:
        """The last change of each kind and name. Raises NewerFileError, OSError."""
        found: dict[tuple[str, str, str], Change] = {}
        for change in self._lines():
            found[change.company, change.kind, change.name] = change
        return [change for change in found.values() if change.value is not None]

    def keep(self, change: Change) -> None:
        """Write a change down, soon."""
        self._changes.put(change)

    def __enter__(self) -> Self:
        self._compact()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._changes.put(None)
        self._thread.join()

    def _lines(self) -> Iterator[Change]:
        try:
            text = self._path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return
        for number, line in enumerate(text.split("\n"), 1):
            if not line:
                continue
            try:
                value = json.loads(line)
                if isinstance(value, dict):
                    if value["version"] > VERSION:
                        raise NewerFileError(f"{self._path} is of a newer version of Belplan; start that one")
                    continue
                yield Change(*value)
            except (ValueError, TypeError, KeyError):
                # Cut off by a power cut, and the next line written behind it.
                _log.warning("state.line_left_out", line=number)

    def _compact(self) -> None:
        """Begin with the fewest lines: a new file takes the old one's place in one step."""
        changes = self.read()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(json.dumps({"version": VERSION}) + "\n")
            file.writelines(_line(change) for change in changes)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the new name too
        finally:
            os.close(folder)

    def _write_all(self) -> None:
        with self._path.open("ab", buffering=0) as file:
            while batch := self._batch():
                changes = [change for change in batch if change]
                if changes:
                    self._write(file, "".join(map(_line, changes)).encode())
                if len(changes) < len(batch):
                    return

    def _batch(self) -> list[Change | None]:
        """Everything that waits, and at least one; None is the end."""
        batch = [self._changes.get()]
        with contextlib.suppress(queue.Empty):
            while batch[-1] is not None:
                batch.append(self._changes.get_nowait())
        return batch

    def _write(self, file: BinaryIO, lines: bytes) -> None:
        """Write until the disk takes it; at the end of the server, once more and no longer."""
        begins = file.seek(0, os.SEEK_END)
        while True:
            last_try = self._ending.is_set()
            try:
                left = memoryview(lines)
                while left:
                    left = left[file.write(left) :]
                os.fsync(file.fileno())
            except OSError as error:
                _log.error("state.not_written", bytes=len(lines), reason=error.strerror, given_up=last_try)
                with contextlib.suppress(OSError):
                    file.truncate(begins)  # half a line would spoil the next one
            else:
                return
            if last_try:
                return
            self._ending.wait(AGAIN_AFTER)


def _line(change: Change) -> str:
    return json.dumps(astuple(change), ensure_ascii=False) + "\n"
