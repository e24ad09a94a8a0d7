"""Records of calls in a file: JSON lines, as an exchange keeps them, or what `belplan call --json` printed."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

from belplan.engine.cdr import CallRecord


class RecordsError(ValueError):
    """A file does not hold records of calls; the message says which line is at fault."""


def read(path: Path) -> list[CallRecord]:
    """The records in a file, in its order. Raises RecordsError, and OSError where it cannot be read.

    A last line that a crash left unfinished is left out: every line before it is whole.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecordsError(f"{path} is not UTF-8 text: byte {error.start}") from None
    try:
        return list(_records(_documents(text)))
    except ValueError as error:
        raise RecordsError(f"{path}{error}") from None


def line(record: CallRecord) -> str:
    """A record as one line of such a file."""
    return json.dumps(record.as_json(), ensure_ascii=False, separators=(",", ":")) + "\n"


def _documents(text: str) -> Iterator[tuple[int, Any]]:
    """The JSON documents of a file, each with the number of its line."""
    try:
        whole: Any = json.loads(text) if text.strip() else []
    except ValueError:
        whole = None
    if whole is not None:
        yield from ((1, one) for one in (cast("list[Any]", whole) if isinstance(whole, list) else [whole]))
        return
    lines = text.split("\n")
    for number, one in enumerate(lines, 1):
        if not one.strip():
            continue
        try:
            yield number, json.loads(one)
        except ValueError as error:
            if number == len(lines):
                return
            raise ValueError(f":{number}: not JSON: {error}") from None


def _records(documents: Iterable[tuple[int, Any]]) -> Iterator[CallRecord]:
    for number, document in documents:
        try:
            yield CallRecord.from_json(document)
        except ValueError as error:
            raise ValueError(f":{number}: {error}") from None
