"""The records of calls: searched, read with every step on the way, exported."""

import asyncio
import contextlib
import csv
import io
import json
import wave
from collections.abc import AsyncGenerator, Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel

from belplan.api import plans, sounds
from belplan.api.fields import Limit, Page, moment
from belplan.api.identity import MayAdminister, MayListen, MaySeeRecords, WithParts
from belplan.api.parts import Parts
from belplan.api.problems import not_found
from belplan.api.trials import StepShown, Why
from belplan.compiled import published
from belplan.dialplan import numbers
from belplan.dialplan.company import Company
from belplan.dialplan.problem import PlanError
from belplan.engine.cdr import CallRecord
from belplan.store.companies import UnknownError
from belplan.store.records import Record, Wanted
from belplan.why import turnings, why

T = TypeVar("T")

router = APIRouter(prefix="/companies/{company}", tags=["calls"])

Outcome = Literal["connected", "voicemail", "queued", "ended", "abandoned"]
CallId = Annotated[str, Path(pattern="^[0-9a-fA-F-]{36}$", description="The call's uuid.")]


class CallShown(BaseModel):
    """A call that has ended. `webhook` is the worst that came of its webhooks. `lasted` in seconds.

    The names are those of users, and of the phone book as it is now; "" where a number has none.
    """

    uuid: str
    arrived: datetime
    lasted: float
    version: int
    caller_number: str
    caller_name: str
    callee_number: str
    callee_name: str
    dial_plan: str
    outcome: str
    cause: int
    connected_to: str | None
    answered_by: str | None
    webhook: str


class StepRecorded(StepShown):
    """A step, with the variables that it set and the mark of its item."""

    item: str = ""
    values: dict[str, str] = {}


class RecordingShown(BaseModel):
    """A recorded conversation of a call, by its number in the call."""

    number: int
    seconds: float


class CallWhole(CallShown):
    """A call with everything that happened on its way."""

    variables: dict[str, str]
    heard: list[str]
    state: dict[str, Any]
    trace: list[StepRecorded]
    recordings: list[RecordingShown]
    """Empty for who has no right to listen."""
    why: Why | None
    """Absent where the version that it walked is not known any more."""


class TurningShown(BaseModel):
    """Something that might have gone otherwise at a step, and where the call had come then."""

    path: str
    what: Why
    to: Why


class Turnings(BaseModel):
    """The turnings that a call did not take and that lead elsewhere, in the order of its way."""

    items: list[TurningShown]


class Forgotten(BaseModel):
    """How many records, recorded conversations, voicemail messages and events of event webhooks are gone."""

    records: int
    recordings: int
    messages: int
    events: int


def wanted(
    number: Annotated[str | None, Query(max_length=64, description="Of the caller, or that was called.")] = None,
    outcome: Outcome | None = None,
    since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    webhook: Annotated[Literal["ok", "error", "timeout"] | None, Query()] = None,
) -> Wanted:
    """Which calls."""
    return Wanted(
        number=number,
        outcome=outcome,
        since=plans.ms(since),
        until=plans.ms(until),
        webhook=webhook,
    )


Filter = Annotated[Wanted, Depends(wanted)]
Cursor = Annotated[
    str | None, Query(pattern=r"^[0-9]{1,16}_[0-9a-zA-Z-]{1,64}$", description="`next` of the page before.")
]


@router.get("/calls")
async def calls(
    access: MaySeeRecords, parts: WithParts, asked: Filter, limit: Limit = 50, cursor: Cursor = None
) -> Page[CallShown]:
    """Calls that have ended, the newest first."""
    return await shown_page(parts, access.id, await _canonical(parts, access.id, asked), limit, cursor)


@router.get(
    "/calls.csv", response_class=Response, responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
)
async def export(access: MaySeeRecords, parts: WithParts, asked: Filter) -> StreamingResponse:
    """The same as a file for a spreadsheet, all of them."""
    asked = await _canonical(parts, access.id, asked)
    named = {"Content-Disposition": 'attachment; filename="calls.csv"'}
    return StreamingResponse(_lines(parts, access.id, asked), media_type="text/csv; charset=utf-8", headers=named)


@router.get("/calls/{call}")
async def call(call: CallId, access: MaySeeRecords, parts: WithParts) -> CallWhole:
    """One call: every step on its way, and why it went there."""
    row, document = await _kept(parts, access.id, call)
    recordings = await asyncio.to_thread(parts.recordings.of, access.id, row.uuid) if "listen" in access.rights else []
    return CallWhole.model_validate(
        {
            **_shown(parts, access.id, row),
            "recordings": await asyncio.to_thread(lambda: [_recording(path) for path in recordings]),
            "variables": document["variables"],
            "heard": document["heard"],
            "state": document.get("state") or {},
            "trace": document["trace"],
            "why": await _why(parts, access.id, row.version, document),
        }
    )


@router.get("/calls/{call}/otherwise")
async def otherwise(call: CallId, access: MaySeeRecords, parts: WithParts) -> Turnings:
    """What else could have happened on the way of a call: the same call, with one thing changed at a time."""
    row, document = await _kept(parts, access.id, call)
    items = await _explained(parts, access.id, row.version, document, turnings) or []
    return Turnings(items=[TurningShown.model_validate(asdict(one)) for one in items])


@router.delete("/calls")
async def forget(
    access: MayAdminister,
    parts: WithParts,
    number: Annotated[str, Query(min_length=1, max_length=64, description="Whose records are to go.")],
) -> Forgotten:
    """Remove everything about a number (GDPR, article 17): the records and recordings of its calls, the voicemail that
    it left, what event webhooks were told, who spoke to it last, its entry in the phone book."""
    canonical = await canonical_number(parts, access.id, number)
    calls = await parts.records.of_number(access.id, canonical)
    recordings = await asyncio.to_thread(lambda: sum(parts.recordings.delete(access.id, call) for call in calls))
    messages = [
        one for box in parts.boxes.of(access.id).values() for one in box if one.draft.caller_number == canonical
    ]
    for message in messages:
        parts.boxes.delete(message)
    events = await parts.event_webhooks.forget(access.id, canonical)
    if parts.calls.state:
        parts.calls.state.forget(access.id, canonical)
    # The records last: where something before them fails, asking again finds them.
    gone = await parts.records.forget(access.id, number=canonical)
    with contextlib.suppress(UnknownError):
        await parts.books.remove(access.id, canonical)
    forgotten = Forgotten(records=gone, recordings=recordings, messages=len(messages), events=events)
    await parts.audit.write(access.name, "records.forgotten", company=access.id, target="", **forgotten.model_dump())
    return forgotten


@router.get("/calls/{call}/recordings/{number}.mp3", response_class=Response, responses=sounds.described("audio/mpeg"))
async def recording(
    call: CallId,
    number: Annotated[int, Path(ge=1, le=9999, description="Which conversation of the call.")],
    access: MayListen,
    request: Request,
    parts: WithParts,
) -> Response:
    """A recorded conversation as MP3. A part of it where a Range is asked for. The audit log says who listened."""
    found = await asyncio.to_thread(parts.recordings.of, access.id, call.lower())
    path = next((path for path in found if _recording_number(path) == number), None)
    if path is None:
        raise not_found()
    sound = await sounds.as_mp3(path)
    if request.headers.get("range", "bytes=0-").startswith("bytes=0-"):
        await parts.audit.write(access.name, "recording.heard", company=access.id, target=call.lower())
    return sounds.answer(request, sound, "audio/mpeg")


async def canonical_number(parts: Parts, company: str, number: str) -> str:
    """A number in its one form, as records have it, whichever way it is written."""
    digits = numbers.bare(number)
    if len(digits) <= 6:
        return digits or number
    return numbers.canonical(number, await plans.country_of(parts, company))


async def shown_page(parts: Parts, company: str, asked: Wanted, limit: int, cursor: str | None) -> Page[CallShown]:
    """A page of the calls that somebody looks for, the newest first."""
    before = None
    if cursor:
        arrived, _, uuid = cursor.partition("_")
        before = (int(arrived), uuid)
    found = await parts.records.find(company, asked, limit=limit + 1, before=before)
    items = found[:limit]
    more = f"{items[-1].arrived}_{items[-1].uuid}" if len(found) > limit else None
    return Page(items=[CallShown.model_validate(_shown(parts, company, one)) for one in items], next=more)


def _recording_number(path: FilePath) -> int:
    return int(path.stem.rpartition("-")[2])


def _recording(path: FilePath) -> RecordingShown:
    try:
        with wave.open(str(path), "rb") as file:
            seconds = round(file.getnframes() / max(1, file.getframerate()), 1)
    except (OSError, EOFError, wave.Error):
        seconds = 0.0
    return RecordingShown(number=_recording_number(path), seconds=seconds)


async def _canonical(parts: Parts, company: str, asked: Wanted) -> Wanted:
    """A number may be written in any way that the company's country has."""
    if asked.number is None:
        return asked
    return Wanted(
        await canonical_number(parts, company, asked.number), asked.outcome, asked.since, asked.until, asked.webhook
    )


async def _kept(parts: Parts, company: str, call: str) -> tuple[Record, dict[str, Any]]:
    """A record of the company, and the whole of it. Raises ApiError."""
    found = await parts.records.get(company, call.lower())
    if found is None:
        raise not_found()
    return found


async def _why(parts: Parts, company: str, number: int, document: dict[str, Any]) -> Why | None:
    said = await _explained(parts, company, number, document, why)
    return Why.model_validate(said) if said else None


async def _explained(
    parts: Parts, company: str, number: int, document: dict[str, Any], explain: Callable[[Company, CallRecord], T]
) -> T | None:
    """What is said of a call by the version that it walked. None where that is not known any more."""
    try:
        version = await parts.companies.version(company, number)
    except UnknownError:
        return None

    def work() -> T | None:
        try:
            walked = published(json.dumps(version.plan), "", number)
            return explain(walked, CallRecord.from_json(document))
        except (PlanError, ValueError, LookupError):
            return None

    return await asyncio.to_thread(work)


COLUMNS = (
    "arrived", "lasted", "caller_number", "caller_name", "callee_number", "callee_name", "dial_plan", "outcome",
    "cause", "connected_to", "answered_by", "webhook", "version", "uuid",
)  # fmt: skip


async def _lines(parts: Parts, company: str, asked: Wanted) -> AsyncGenerator[str]:
    buffer = io.StringIO()
    lines = csv.writer(buffer)
    lines.writerow(COLUMNS)
    async for record in parts.records.each(company, asked):
        shown = _shown(parts, company, record)
        lines.writerow([_cell(shown[name]) for name in COLUMNS])
        if buffer.tell() > 65536:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _cell(value: Any) -> str:
    """A value that no spreadsheet takes for a formula."""
    text = value.isoformat() if isinstance(value, datetime) else "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _shown(parts: Parts, company: str, record: Record) -> dict[str, Any]:
    return {
        "uuid": record.uuid,
        "arrived": moment(record.arrived),
        "lasted": record.lasted / 1000,
        "version": record.version,
        "caller_number": record.caller,
        "caller_name": name_of(parts, company, record.caller),
        "callee_number": record.callee,
        "callee_name": name_of(parts, company, record.callee),
        "dial_plan": record.dial_plan,
        "outcome": record.outcome,
        "cause": record.cause,
        "connected_to": record.connected_to,
        "answered_by": record.answered_by,
        "webhook": record.webhook,
    }


def name_of(parts: Parts, company: str, number: str) -> str:
    """Who has a number or a SIP account: the user, else whom the phone book names; "" for nobody."""
    live = parts.calls.company(company)
    if live and (user := live.user(number) or live.accounts.get(number)):
        return user.name
    return parts.books.name(company, number)
