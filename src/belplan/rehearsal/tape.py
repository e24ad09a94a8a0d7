"""What passed between exchange and receiver, a line of JSON each: written while it happens, played again later."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast


class TapeError(ValueError):
    """A file that is no recording: where, and why."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request and its answer. Headers that carry credentials or signatures are not kept."""

    method: str
    target: str
    body: str
    status: int
    answer: str
    content_type: str = "text/plain; charset=utf-8"

    @property
    def caller(self) -> str:
        """`caller_number` of a POST; of a GET the whole target, which has in it what it asks about."""
        try:
            fields = json.loads(self.body)
            return str(fields["caller_number"])
        except (ValueError, KeyError, TypeError):
            return self.target

    def line(self) -> str:
        """As it stands in the file."""
        fields: dict[str, Any] = {
            "method": self.method,
            "target": self.target,
            "body": self.body,
            "status": self.status,
            "answer": self.answer,
            "content_type": self.content_type,
        }
        return json.dumps(fields, ensure_ascii=False) + "\n"


def read(path: Path) -> list[Recorded]:
    """A recording. Raises TapeError, and OSError where there is no such file."""
    return list(_lines(path))


def _lines(path: Path) -> Iterator[Recorded]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            fields = cast("dict[str, Any]", json.loads(line))
            yield Recorded(**fields)
        except (ValueError, TypeError):
            raise TapeError(f"{path}:{number}: not a line of a recording by `belplan webhook serve --record`") from None


def text_of(body: bytes) -> str:
    """A body as text; what is none, in base64."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return "base64:" + base64.b64encode(body).decode()


def bytes_of(text: str) -> bytes:
    """The body that `text_of` wrote down."""
    encoded = text.removeprefix("base64:")
    return base64.b64decode(encoded) if encoded != text else text.encode()
