"""The calls under way, in a file beside the records of those that have ended, so that each call has one record.

What happens to a call is a line, written behind its back. A call that ends gets its record, in another file, and then
a line here that it has one. Whoever starts next finds here what is known of the calls that were under way: it goes on
with those that Asterisk still has, and writes the record of those whose caller has gone meanwhile.
"""

import json
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import orjson
import structlog

from belplan.engine.cdr import CallRecord, Step, Trace
from belplan.engine.events import Event
from belplan.engine.leg import NORMAL
from belplan.store.line_writer import LineWriter, replace_lines

VERSION = 1
LONGEST = 16 << 20  # characters after which the file begins anew with the calls under way
LOOK_BACK = 4 << 20  # bytes at the end of the records in which one of a call under way may stand

GATHER = 0.005  # seconds that lines wait for more: as little as hardly ever a whole call fits in

_log = structlog.get_logger()


@dataclass(slots=True)
class Unfinished:
    """What is known of a call that has no record."""

    began: dict[str, Any]
    trace: Trace
    answered: dict[str, Any]
    lines: list[str]

    def closed(self) -> CallRecord:
        """The record of a call whose caller went while nobody was there."""
        return CallRecord(
            uuid=self.began["id"],
            caller_number=self.began["caller_number"],
            callee_number=self.began["callee_number"],
            dial_plan=self.began["dial_plan"],
            outcome="connected" if self.answered else "abandoned",
            cause=NORMAL,
            connected_to=self.answered.get("to"),
            answered_by=self.answered.get("number"),
            variables={name: value for step in self.trace.steps for name, value in step.values.items()},
            heard=tuple(self.trace.heard),
            trace=tuple(self.trace.steps),
            arrived=datetime.fromtimestamp(self.began["at"], UTC),
            state=self.trace.state,
            company=self.began.get("company", ""),
            version=self.began.get("version") or 0,
        )


class CallFile:
    """Watches calls, for as long as the block runs. `folder` has `calls.jsonl` and `records.jsonl`."""

    def __init__(self, folder: Path) -> None:
        self._calls = folder / "calls.jsonl"
        self._records = folder / "records.jsonl"
        self._writer = LineWriter(self._calls, durable=False, gather=GATHER)
        self._record_writer = LineWriter(self._records, gather=GATHER)
        self._traces: dict[str, Trace] = {}
        self._open: dict[str, list[str]] = {}  # lines of the calls under way
        self._written = 0
        self.unfinished: dict[str, Unfinished] = {}  # of before this process began, by the call's id

    def __enter__(self) -> Self:
        self._read()
        self._open = {uuid: call.lines for uuid, call in self.unfinished.items()}
        replace_lines(self._calls, self._fewest())
        self._writer.start()
        self._record_writer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._record_writer.stop()
        self._writer.stop()

    def __call__(self, event: Event) -> None:
        """A watcher of calls."""
        call, facts = event.call_id, event.facts
        match event.what:
            case "resumed" if call in self._open:
                self._traces[call] = Trace(facts["began"])
                self._put("resumed", call, {"steps": facts["steps"]})
            case "arrived" | "resumed":
                # Its engine may have died before the line of its arrival was written.
                self._traces[call] = Trace(facts["began"])
                self._put("began", call, facts)
            case "left" if trace := self._traces.get(call):
                trace(event)
                self._put("step", call, trace.steps.pop())
            case "heard":
                self._put("heard", call, {"sound": facts["sound"]})
            case "answered":
                self._put("answered", call, {"number": facts["number"], "to": facts["to"]})
            case _:
                pass

    def ended(self, record: CallRecord) -> None:
        """Keep the record of a call that has ended."""
        self._traces.pop(record.uuid, None)
        uuid = record.uuid

        def kept() -> None:
            self._open.pop(uuid, None)
            self._writer.put(_line("ended", uuid, {}))

        self._record_writer.put(_text(record.as_json()), then=kept)

    def recorded(self) -> set[str]:
        """The calls that have one of the last records."""
        return set(_recorded(self._records))

    def written(self, within: float = 5.0) -> bool:
        """Wait until every record that was given is on the disk, so many seconds at most. Whether it is."""
        done = threading.Event()
        self._record_writer.put("", then=done.set)
        return done.wait(within)

    def close(self, but: Collection[str]) -> list[CallRecord]:
        """Write the records of the calls that nobody has taken up, `but` these. They are returned."""
        records = [call.closed() for uuid, call in self.unfinished.items() if uuid not in but]
        for record in records:
            self.ended(record)
            self.unfinished.pop(record.uuid)
        return records

    def past(self, call: str) -> Trace | None:
        """What is known of a call that goes on."""
        known = self.unfinished.pop(call, None)
        return known.trace if known else None

    def _put(self, kind: str, call: str, facts: dict[str, Any] | Step) -> None:
        line = _line(kind, call, facts)
        self._open.setdefault(call, []).append(line)
        self._writer.put(line)
        self._written += len(line)
        if self._written > LONGEST:
            self._written = 0
            self._writer.begin_anew(self._fewest())

    def _fewest(self) -> list[str]:
        """What the file must hold: the calls under way."""
        return [
            json.dumps({"version": VERSION}) + "\n",
            *(line for lines in list(self._open.values()) for line in lines),
        ]

    def _read(self) -> None:
        for line in _lines(self._calls):
            try:
                self._take(line)
            except (ValueError, TypeError, LookupError, AttributeError):
                _log.warning("calls.line_left_out")  # cut off by a power cut
        if self.unfinished:
            for uuid in _recorded(self._records):
                self.unfinished.pop(uuid, None)

    def _take(self, line: str) -> None:
        value = json.loads(line)
        if isinstance(value, dict):
            return
        kind, uuid, facts = value
        if kind == "began" and uuid not in self.unfinished:
            self.unfinished[uuid] = Unfinished({**facts, "id": uuid}, Trace(0.0, arrived=facts), {}, [line + "\n"])
            return
        if uuid not in self.unfinished:
            return  # its record was already there when the file began anew
        call = self.unfinished[uuid]
        call.lines.append(line + "\n")
        match kind:
            case "step":
                call.trace.steps.append(Step(**facts))
            case "heard" if call.trace.heard[-1:] != [facts["sound"]]:
                call.trace.heard.append(facts["sound"])
            case "resumed":
                del call.trace.steps[facts["steps"] :]
            case "answered":
                call.answered = facts
            case "ended":
                del self.unfinished[uuid]
            case _:
                pass


def _line(kind: str, call: str, facts: dict[str, Any] | Step) -> str:
    return _text([kind, call, facts])


def _text(content: object) -> str:
    return orjson.dumps(content, default=_plain, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE).decode()


def _plain(value: object) -> object:
    return list(cast("tuple[object, ...]", value)) if isinstance(value, tuple) else str(value)


def _lines(path: Path) -> Iterator[str]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    yield from (line for line in text.split("\n") if line)


def _recorded(path: Path) -> Iterator[str]:
    """The calls that the last records are of."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LOOK_BACK))
            tail = file.read().decode(errors="replace")
    except FileNotFoundError:
        return
    for line in tail.split("\n"):
        try:
            yield json.loads(line)["call"]["uuid"]
        except (ValueError, TypeError, KeyError):
            continue
