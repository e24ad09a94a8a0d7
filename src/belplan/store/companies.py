"""Companies, the drafts of their plans, and the versions: numbered, never changed, one of them live."""

import json
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from belplan.store import tables
from belplan.store.database import Database, now

KEPT_REVISIONS = 200  # of a draft: what tells somebody who comes late what others changed meanwhile


class UnknownError(LookupError):
    """There is nothing of that name or number here."""


class StaleError(Exception):
    """Somebody else changed the draft meanwhile. `current` is the draft now."""

    def __init__(self, current: "Draft", seen: "Draft | None") -> None:
        super().__init__("the draft has changed")
        self.current = current
        self.seen = seen


class TakenError(Exception):
    """There is one of that name or id already."""


@dataclass(frozen=True, slots=True)
class CompanyRow:
    """A company as it is kept. `live` is the number of the version that calls walk."""

    id: str
    handle: str
    name: str
    live: int | None
    from_file: bool
    created: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan that is being worked on. `base` is the version that it began from, 0 for none.

    `source` is the text of the file that was imported last: it has the comments, and the plan may be another by now.
    """

    revision: int
    base: int
    plan: dict[str, Any]
    source: str | None
    author: str
    at: int


@dataclass(frozen=True, slots=True)
class Version:
    """A published plan. It never changes; `plan` and `source` are absent in lists."""

    number: int
    author: str
    note: str
    at: int
    plan: dict[str, Any] | None = None
    source: str | None = None


class Companies:
    """What is kept of companies and their plans. Every method raises DatabaseAwayError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, company: str, name: str, plan: dict[str, Any], author: str, *, from_file: bool = False
    ) -> CompanyRow:
        """A new company with this draft. Raises TakenError where its id is taken."""

        async def work(connection: AsyncConnection) -> CompanyRow:
            taken = await connection.execute(select(tables.companies.c.id).where(tables.companies.c.id == company))
            if taken.first():
                raise TakenError(f"there is a company with id {company} already")
            handles = {row.handle for row in await connection.execute(select(tables.companies.c.handle))}
            row = CompanyRow(company, handle(name, handles), name, None, from_file, now())
            await connection.execute(insert(tables.companies).values(**_fields(row)))
            await _save(connection, company, Draft(1, 0, plan, None, author, now()))
            return row

        return await self._database.change(work)

    async def all(self) -> list[CompanyRow]:
        """Every company, by name."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(tables.companies).order_by(tables.companies.c.name))
            return [_company(row) for row in found]

    async def get(self, company: str) -> CompanyRow:
        """Raises UnknownError."""
        async with self._database.reading() as connection:
            return await _get(connection, company)

    async def rename(self, company: str, name: str) -> None:
        """Follow the name that the plan has."""

        async def work(connection: AsyncConnection) -> None:
            statement = update(tables.companies).where(tables.companies.c.id == company).values(name=name)
            await connection.execute(statement)

        await self._database.change(work)

    async def adopt_files(self) -> list[str]:
        """Companies whose plan was a file have it here from now on. Their names."""

        async def work(connection: AsyncConnection) -> list[str]:
            columns = tables.companies.c
            found = (await connection.execute(select(columns.name).where(columns.from_file))).scalars().all()
            await connection.execute(update(tables.companies).values(from_file=False))
            return list(found)

        return await self._database.change(work)

    async def remove(self, company: str) -> None:
        """Remove a company and everything of it. Raises UnknownError."""

        async def work(connection: AsyncConnection) -> None:
            gone = await connection.execute(delete(tables.companies).where(tables.companies.c.id == company))
            if not gone.rowcount:
                raise UnknownError(company)

        await self._database.change(work)

    # Drafts

    async def draft(self, company: str) -> Draft:
        """The draft. Raises UnknownError."""
        async with self._database.reading() as connection:
            return await _draft(connection, company)

    async def save(
        self, company: str, plan: dict[str, Any], author: str, *, seen: int | None, source: str | None = None
    ) -> Draft:
        """Keep a draft by somebody who saw revision `seen` (None: whichever). Raises StaleError, UnknownError."""

        async def work(connection: AsyncConnection) -> Draft:
            current = await _draft(connection, company)
            if seen is not None and current.revision != seen:
                raise StaleError(current, await _draft_at(connection, company, seen))
            if current.plan == plan and source in (None, current.source):
                return current
            draft = Draft(current.revision + 1, current.base, plan, source or current.source, author, now())
            await _save(connection, company, draft)
            return draft

        return await self._database.change(work)

    # Versions

    async def publish(
        self,
        company: str,
        plan: dict[str, Any],
        author: str,
        note: str,
        *,
        seen: int,
        source: str | None = None,
        live: bool = True,
    ) -> Version:
        """Make the draft, as it was at revision `seen`, a version: with `live`, the one that calls walk.

        Raises StaleError, UnknownError.
        """

        async def work(connection: AsyncConnection) -> Version:
            draft = await _draft(connection, company)
            if draft.revision != seen:
                raise StaleError(draft, await _draft_at(connection, company, seen))
            return await _publish(connection, company, draft, Version(0, author, note, now(), plan, source), live)

        return await self._database.change(work)

    async def make_live(self, company: str, number: int) -> None:
        """Have calls walk this version. Raises UnknownError."""

        async def work(connection: AsyncConnection) -> None:
            await _version(connection, company, number)
            statement = update(tables.companies).where(tables.companies.c.id == company).values(live=number)
            await connection.execute(statement)

        await self._database.change(work)

    async def restore(self, company: str, number: int, author: str, note: str) -> Version:
        """Publish an old version anew, under a new number; the draft becomes the same. Raises UnknownError."""

        async def work(connection: AsyncConnection) -> Version:
            old = await _version(connection, company, number)
            draft = await _draft(connection, company)
            new = Version(0, author, note, now(), old.plan, old.source)
            return await _publish(connection, company, draft, new)

        return await self._database.change(work)

    async def keep_file(self, company: str, name: str, plan: dict[str, Any], text: str | None) -> int:
        """Keep what a plan file says now as the live version of its company, unless that is what it was. Its number."""

        async def work(connection: AsyncConnection) -> int:
            found = await connection.execute(select(tables.companies).where(tables.companies.c.id == company))
            if found.first() is None:
                handles = {row.handle for row in await connection.execute(select(tables.companies.c.handle))}
                row = CompanyRow(company, handle(name, handles), name, None, True, now())
                await connection.execute(insert(tables.companies).values(**_fields(row)))
                await _save(connection, company, Draft(1, 0, {}, None, "", now()))
            values = update(tables.companies).where(tables.companies.c.id == company)
            await connection.execute(values.values(name=name, from_file=True))
            draft = await _draft(connection, company)
            if draft.plan == plan and draft.base:
                return draft.base
            return (await _publish(connection, company, draft, Version(0, "plan file", "", now(), plan, text))).number

        return await self._database.change(work)

    async def version(self, company: str, number: int) -> Version:
        """Raises UnknownError."""
        async with self._database.reading() as connection:
            return await _version(connection, company, number)

    async def versions(self, company: str, *, before: int | None = None, limit: int = 50) -> list[Version]:
        """Without their plans, the newest first."""
        columns = tables.versions.c
        wanted = select(columns.number, columns.author, columns.note, columns.at).where(columns.company == company)
        if before is not None:
            wanted = wanted.where(columns.number < before)
        async with self._database.reading() as connection:
            found = await connection.execute(wanted.order_by(columns.number.desc()).limit(limit))
            return [Version(row.number, row.author, row.note, row.at) for row in found]

    async def live(self) -> list[tuple[CompanyRow, str]]:
        """Every company that takes calls, with the plan that they walk, as JSON."""
        join = tables.companies.join(
            tables.versions,
            (tables.versions.c.company == tables.companies.c.id)
            & (tables.versions.c.number == tables.companies.c.live),
        )
        async with self._database.reading() as connection:
            found = await connection.execute(select(tables.companies, tables.versions.c.plan).select_from(join))
            return [(_company(row), row.plan) for row in found]


def handle(name: str, taken: set[str]) -> str:
    """A short word for a company, from its name, that no other has: `voorbeeld-bv`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    word = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:16].strip("-") or "company"
    number, found = 1, word
    while found in taken:
        number += 1
        found = f"{word[: 19 - len(str(number))]}-{number}"
    return found


def _fields(row: CompanyRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in CompanyRow.__slots__}


def _company(row: "Row[Any]") -> CompanyRow:
    return CompanyRow(row.id, row.handle, row.name, row.live, row.from_file, row.created)


async def _get(connection: AsyncConnection, company: str) -> CompanyRow:
    row = (await connection.execute(select(tables.companies).where(tables.companies.c.id == company))).first()
    if row is None:
        raise UnknownError(company)
    return _company(row)


async def _draft(connection: AsyncConnection, company: str) -> Draft:
    columns = tables.drafts.c
    newest = select(tables.drafts).where(columns.company == company).order_by(columns.revision.desc()).limit(1)
    row = (await connection.execute(newest)).first()
    if row is None:
        raise UnknownError(company)
    return _as_draft(row)


async def _draft_at(connection: AsyncConnection, company: str, revision: int) -> Draft | None:
    columns = tables.drafts.c
    wanted = select(tables.drafts).where(columns.company == company, columns.revision == revision)
    row = (await connection.execute(wanted)).first()
    return _as_draft(row) if row else None


def _as_draft(row: "Row[Any]") -> Draft:
    return Draft(row.revision, row.base, json.loads(row.plan), row.source, row.author, row.at)


async def _save(connection: AsyncConnection, company: str, draft: Draft) -> None:
    plan = json.dumps(draft.plan, ensure_ascii=False)
    columns = tables.drafts.c
    await connection.execute(
        insert(tables.drafts).values(
            company=company,
            revision=draft.revision,
            base=draft.base,
            plan=plan,
            source=draft.source,
            author=draft.author,
            at=draft.at,
        )
    )
    old = columns.revision <= draft.revision - KEPT_REVISIONS
    await connection.execute(delete(tables.drafts).where(columns.company == company, old))


async def _publish(
    connection: AsyncConnection, company: str, draft: Draft, version: Version, live: bool = True
) -> Version:
    columns = tables.versions.c
    highest = select(func.coalesce(func.max(columns.number), 0)).where(columns.company == company)
    number = (await connection.execute(highest)).scalar_one() + 1
    plan = json.dumps(version.plan, ensure_ascii=False)
    new = Version(number, version.author, version.note, version.at, version.plan, version.source)
    await connection.execute(
        insert(tables.versions).values(
            company=company,
            number=number,
            plan=plan,
            source=new.source,
            author=new.author,
            note=new.note,
            at=new.at,
        )
    )
    if live:
        await connection.execute(update(tables.companies).where(tables.companies.c.id == company).values(live=number))
    published = version.plan or {}
    await _save(
        connection, company, Draft(draft.revision + 1, number, published, version.source, version.author, version.at)
    )
    return new


async def _version(connection: AsyncConnection, company: str, number: int) -> Version:
    columns = tables.versions.c
    wanted = select(tables.versions).where(columns.company == company, columns.number == number)
    row = (await connection.execute(wanted)).first()
    if row is None:
        raise UnknownError(str(number))
    return Version(row.number, row.author, row.note, row.at, json.loads(row.plan), row.source)
