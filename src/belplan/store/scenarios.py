"""The scenarios of companies, and whether publishing needs them to pass."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from belplan.store import tables
from belplan.store.companies import TakenError, UnknownError
from belplan.store.database import Database, now

MOST = 2000  # scenarios of one company


class FullError(Exception):
    """A company has as many scenarios as it may."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A scenario of a company: one mapping, as in a scenario file."""

    id: str
    name: str
    scenario: dict[str, Any]
    author: str
    at: int


class Scenarios:
    """What is kept of scenarios. Every method raises DatabaseAwayError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self, company: str) -> list[Kept]:
        """In the order in which they came."""
        table = tables.scenarios
        query = select(table).where(table.c.company == company).order_by(table.c.at, table.c.id)
        async with self._database.reading() as connection:
            rows = await connection.execute(query)
            return [Kept(row.id, row.name, json.loads(row.scenario), row.author, row.at) for row in rows]

    async def add(self, company: str, scenario: Mapping[str, Any], author: str) -> Kept:
        """Keep a new one. Raises TakenError where its name is, FullError."""
        kept = Kept(uuid4().hex, str(scenario["name"]), dict(scenario), author, now())

        async def work(connection: AsyncConnection) -> Kept:
            await _refuse_taken(connection, company, kept)
            count = select(func.count()).select_from(tables.scenarios).where(tables.scenarios.c.company == company)
            if (await connection.execute(count)).scalar_one() >= MOST:
                raise FullError
            await connection.execute(insert(tables.scenarios).values(company=company, **_row(kept)))
            return kept

        return await self._database.change(work)

    async def change(self, company: str, which: str, scenario: Mapping[str, Any], author: str) -> Kept:
        """Put another in its place. Raises UnknownError, TakenError."""
        kept = Kept(which, str(scenario["name"]), dict(scenario), author, now())
        columns = tables.scenarios.c

        async def work(connection: AsyncConnection) -> Kept:
            await _refuse_taken(connection, company, kept)
            values = {"name": kept.name, "scenario": _text(kept), "author": author}
            change = update(tables.scenarios).where(columns.company == company, columns.id == which)
            if not (await connection.execute(change.values(**values))).rowcount:
                raise UnknownError(which)
            return kept

        return await self._database.change(work)

    async def remove(self, company: str, which: str) -> None:
        """Raises UnknownError."""
        columns = tables.scenarios.c

        async def work(connection: AsyncConnection) -> None:
            gone = delete(tables.scenarios).where(columns.company == company, columns.id == which)
            if not (await connection.execute(gone)).rowcount:
                raise UnknownError(which)

        await self._database.change(work)

    async def required(self, company: str) -> bool:
        """Whether publishing needs them to pass."""
        columns = tables.publishing.c
        async with self._database.reading() as connection:
            query = select(columns.scenarios_required).where(columns.company == company)
            return bool((await connection.execute(query)).scalar())

    async def require(self, company: str, required: bool) -> None:
        """Say whether publishing needs them to pass."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(tables.publishing).where(tables.publishing.c.company == company))
            await connection.execute(insert(tables.publishing).values(company=company, scenarios_required=required))

        await self._database.change(work)


def _text(kept: Kept) -> str:
    return json.dumps(kept.scenario, ensure_ascii=False)


def _row(kept: Kept) -> dict[str, Any]:
    return {"id": kept.id, "name": kept.name, "scenario": _text(kept), "author": kept.author, "at": kept.at}


async def _refuse_taken(connection: AsyncConnection, company: str, kept: Kept) -> None:
    columns = tables.scenarios.c
    query = select(columns.id).where(columns.company == company, columns.name == kept.name, columns.id != kept.id)
    if (await connection.execute(query)).first():
        raise TakenError(f"there is a scenario “{kept.name}” already")
