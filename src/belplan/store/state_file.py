"""The companies' memory in one file: a line of JSON for each change, the last one of a kind and name counts.

Written by a thread of its own, in batches, each on the disk before the next is begun; a call never waits.
A machine that loses power loses at most the batch under way, and a line that was cut off is left out.
"""

import json
import os
import queue
import threading
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from belplan.engine.state import Change

VERSION = 1

_log = structlog.get_logger()


class NewerFileError(Exception):
    """The file is of a newer version of Belplan, which this one would damage."""


class StateFile:
    """Keeps changes for as long as the block runs; `read` gives what is there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changes: queue.SimpleQueue[Change | None] = queue.SimpleQueue()
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
        self._changes.put(None)
        self._thread.join()

    def _lines(self) -> Iterator[Change]:
        try:
            text = self._path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return
        for number, line in enumerate(text.splitlines(), 1):
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

    def _write_all(self) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            while (change := self._changes.get()) is not None:
                batch = [change]
                ends = False
                while not self._changes.empty():
                    if (following := self._changes.get()) is None:
                        ends = True
                        break
                    batch.append(following)
                try:
                    file.writelines(_line(change) for change in batch)
                    file.flush()
                    os.fsync(file.fileno())
                except OSError as error:
                    _log.error("state.not_written", changes=len(batch), reason=str(error))
                if ends:
                    return


def _line(change: Change) -> str:
    return json.dumps(astuple(change), ensure_ascii=False) + "\n"
