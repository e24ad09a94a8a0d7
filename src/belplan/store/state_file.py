"""The companies' memory in one file: a line of JSON for each change, the last one of a kind and name counts.

Written by a thread of its own, in batches, each on the disk before the next is begun; a call never waits.
A machine that loses power loses at most the batch under way, and a line that was cut off is left out. While the
disk takes nothing, changes wait in memory, and are written once it does.
"""

import json
from collections.abc import Iterator
from dataclasses import astuple
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from belplan.engine.state import Change
from belplan.store.line_writer import LineWriter, replace_lines

VERSION = 1

_log = structlog.get_logger()


class NewerFileError(Exception):
    """The file is of a newer version of Belplan, which this one would damage."""


class StateFile:
    """Keeps changes for as long as the block runs; `read` gives what is there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer = LineWriter(path)

    def read(self) -> list[Change]:
        """The last change of each kind and name. Raises NewerFileError, OSError."""
        found: dict[tuple[str, str, str], Change] = {}
        for change in self._lines():
            found[change.company, change.kind, change.name] = change
        return [change for change in found.values() if change.value is not None]

    def keep(self, change: Change) -> None:
        """Write a change down, soon."""
        self._writer.put(partial(_line, change))

    def __enter__(self) -> Self:
        self._compact()
        self._writer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.stop()

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
        """Begin with the fewest lines."""
        replace_lines(self._path, [json.dumps({"version": VERSION}) + "\n", *map(_line, self.read())])


def _line(change: Change) -> str:
    return json.dumps(astuple(change), ensure_ascii=False) + "\n"
