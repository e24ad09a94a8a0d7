"""The records of calls that have ended: each once, whatever was away meanwhile."""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, tuple_
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from belplan.store import tables
from belplan.store.database import Database

AT_ONCE = 200  # rows in one statement: SQLite takes 32,766 values, PostgreSQL 32,767


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records somebody looks for. Moments in ms; `number` is of the caller or of whom was called.

    `of` are the numbers and accounts of one telephone: what it made, was called for, or answered.
    """

    number: str | None = None
    outcome: str | None = None
    since: int | None = None
    until: int | None = None
    webhook: str | None = None
    of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """A call that has ended. `webhook` is the worst that came of its webhooks: ok, error, timeout, or "" without."""

    uuid: str
    arrived: int
    lasted: int
    version: int
    caller: str
    callee: str
    dial_plan: str
    outcome: str
    cause: int
    connected_to: str | None
    answered_by: str | None
    webhook: str


_COLUMNS = [tables.calls.c[name] for name in Record.__slots__]


class Records:
    """What is kept of calls. Every method raises DatabaseAwayError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, rows: Sequence[Mapping[str, Any]]) -> int:
        """Keep these; those that are there already stay as they are. How many were new."""

        async def work(connection: AsyncConnection) -> int:
            known: set[str] = set()
            for at in range(0, len(rows), AT_ONCE):
                ids = [row["uuid"] for row in rows[at : at + AT_ONCE]]
                known.update(
                    (
                        await connection.execute(select(tables.calls.c.uuid).where(tables.calls.c.uuid.in_(ids)))
                    ).scalars()
                )
            companies = set((await connection.execute(select(tables.companies.c.id))).scalars())
            new: dict[str, Mapping[str, Any]] = {}
            for row in rows:
                if row["uuid"] not in known and row["company"] in companies:
                    new.setdefault(row["uuid"], row)
            if new:
                await connection.execute(insert(tables.calls), list(new.values()))
            return len(new)

        return await self._database.change(work)

    async def find(
        self, company: str, wanted: Wanted, *, limit: int, before: tuple[int, str] | None = None
    ) -> list[Record]:
        """The newest first. `before` is (arrived, uuid) of the last one of the page before."""
        columns = tables.calls.c
        query = select(*_COLUMNS).where(*_conditions(company, wanted))
        if before:
            query = query.where(_older(before))
        query = query.order_by(columns.arrived.desc(), columns.uuid.desc()).limit(limit)
        async with self._database.reading() as connection:
            return [_record(row) for row in await connection.execute(query)]

    async def each(self, company: str, wanted: Wanted) -> AsyncGenerator[Record]:
        """All of them, a page at a time: never all in memory, and no connection is held while somebody reads slowly."""
        before: tuple[int, str] | None = None
        while page := await self.find(company, wanted, limit=1000, before=before):
            for record in page:
                yield record
            before = (page[-1].arrived, page[-1].uuid)

    async def count(self, company: str, wanted: Wanted) -> int:
        """How many there are."""
        async with self._database.reading() as connection:
            query = select(func.count()).select_from(tables.calls).where(*_conditions(company, wanted))
            return (await connection.execute(query)).scalar_one()

    async def whole(self, company: str, wanted: Wanted, most: int) -> AsyncGenerator[str]:
        """The newest `most` of them, whole, each as JSON; a page at a time, as `each`."""
        columns = tables.calls.c
        before: tuple[int, str] | None = None
        while most > 0:
            query = select(columns.arrived, columns.uuid, columns.record).where(*_conditions(company, wanted))
            if before:
                query = query.where(_older(before))
            query = query.order_by(columns.arrived.desc(), columns.uuid.desc()).limit(min(most, 500))
            async with self._database.reading() as connection:
                page = (await connection.execute(query)).all()
            if not page:
                return
            for row in page:
                yield row.record
            most -= len(page)
            before = (page[-1].arrived, page[-1].uuid)

    async def get(self, company: str, uuid: str) -> tuple[Record, dict[str, Any]] | None:
        """A record, and the whole of it as the engine wrote it down."""
        columns = tables.calls.c
        query = select(*_COLUMNS, columns.record).where(columns.company == company, columns.uuid == uuid)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).first()
        return (_record(row), json.loads(row.record)) if row else None

    async def of_number(self, company: str, number: str) -> list[str]:
        """The ids of the calls that a number made, was called with, or answered."""
        columns = tables.calls.c
        query = select(columns.uuid).where(columns.company == company, _of(number))
        async with self._database.reading() as connection:
            return list((await connection.execute(query)).scalars())

    async def forget(self, company: str, *, number: str | None = None, until: int | None = None) -> int:
        """Remove the records of a number, or those from before a moment. How many there were."""
        columns = tables.calls.c
        which = [columns.company == company]
        if number is not None:
            which.append(_of(number))
        if until is not None:
            which.append(columns.arrived < until)

        async def work(connection: AsyncConnection) -> int:
            return (await connection.execute(delete(tables.calls).where(*which))).rowcount

        return await self._database.change(work)


def as_row(company: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """A record as the engine wrote it (CallRecord.as_json), as a row of the table. Raises KeyError, ValueError."""
    call, trace = document["call"], document["trace"]
    exits = [step["exit"] for step in trace if step["app"] == "webhook"]
    last = trace[-1] if trace else None
    return {
        "uuid": call["uuid"],
        "company": company,
        "arrived": round(datetime.fromisoformat(document["arrived"]).timestamp() * 1000),
        "lasted": round(last["started_ms"] + last["duration_ms"]) if last else 0,
        "version": document.get("version") or 0,
        "caller": _fit(call["caller_number"], 64),
        "callee": _fit(call["callee_number"], 64),
        "dial_plan": _fit(call["dial_plan"], 200),
        "outcome": document["outcome"],
        "cause": document["cause"],
        "connected_to": document["connected_to"],
        "answered_by": document["answered_by"],
        "webhook": next((word for word in ("timeout", "error", "ok") if word in exits), ""),
        "record": json.dumps(document, ensure_ascii=False),
    }


def _fit(text: str, most: int) -> str:
    """What callers say of themselves, as both databases take it."""
    return text.replace("\0", "")[:most]


def _conditions(company: str, wanted: Wanted) -> list[ColumnElement[bool]]:
    columns = tables.calls.c
    found: list[ColumnElement[bool]] = [columns.company == company]
    if wanted.number is not None:
        found.append(or_(columns.caller == wanted.number, columns.callee == wanted.number))
    if wanted.outcome is not None:
        found.append(columns.outcome == wanted.outcome)
    if wanted.since is not None:
        found.append(columns.arrived >= wanted.since)
    if wanted.until is not None:
        found.append(columns.arrived < wanted.until)
    if wanted.webhook is not None:
        found.append(columns.webhook == wanted.webhook)
    if wanted.of:
        ends = (columns.caller, columns.callee, columns.connected_to, columns.answered_by)
        found.append(or_(*(end.in_(wanted.of) for end in ends)))
    return found


def _older(before: tuple[int, str]) -> ColumnElement[bool]:
    """What comes after this one (arrived, uuid), the newest first. Both databases find it in the index, at once."""
    return tuple_(tables.calls.c.arrived, tables.calls.c.uuid) < before


def _of(number: str) -> ColumnElement[bool]:
    columns = tables.calls.c
    return or_(columns.caller == number, columns.callee == number, columns.answered_by == number)


def _record(row: "Row[Any]") -> Record:
    return Record(**{name: getattr(row, name) for name in Record.__slots__})
