"""Who changed what, and when. Entries are only ever added; each carries a keyed digest over itself and the one before,
so that one that is altered or taken out shows."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from belplan.store import tables
from belplan.store.database import Database, now
from belplan.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Entry:
    """One act. `what` is such as `version.published`; `target` says of what."""

    number: int
    company: str | None
    at: int
    who: str
    what: str
    target: str
    detail: dict[str, Any]


class Audit:
    """The log of the whole installation. Every method raises DatabaseAwayError."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def write(self, who: str, what: str, *, company: str | None = None, target: str = "", **detail: Any) -> None:
        """Add an entry. `detail` holds no secrets."""

        async def work(connection: AsyncConnection) -> None:
            columns = tables.audit.c
            newest = select(columns.number, columns.chain).order_by(columns.number.desc()).limit(1)
            last = (await connection.execute(newest)).first()
            number, before = (last.number + 1, last.chain) if last else (1, "")
            values = {
                "number": number,
                "company": company,
                "at": now(),
                "who": who,
                "what": what,
                "target": target,
                "detail": json.dumps(detail, ensure_ascii=False),
            }
            await connection.execute(insert(tables.audit).values(**values, chain=self._chain(before, values)))

        await self._database.change(work)

    async def entries(self, company: str | None, *, before: int | None = None, limit: int = 50) -> list[Entry]:
        """The newest first; of one company, or (None) of the whole installation."""
        columns = tables.audit.c
        wanted = select(tables.audit).order_by(columns.number.desc()).limit(limit)
        if company is not None:
            wanted = wanted.where(columns.company == company)
        if before is not None:
            wanted = wanted.where(columns.number < before)
        async with self._database.reading() as connection:
            return [
                Entry(row.number, row.company, row.at, row.who, row.what, row.target, json.loads(row.detail))
                for row in await connection.execute(wanted)
            ]

    async def broken_at(self) -> int | None:
        """The number of the first entry that was altered, or stands where one was taken out. None where all is well."""
        async with self._database.reading() as connection:
            before, expected = "", 1
            for row in await connection.execute(select(tables.audit).order_by(tables.audit.c.number)):
                values = {name: getattr(row, name) for name in ("number", "company", "at", "who", "what", "target")}
                values["detail"] = row.detail
                if row.number != expected or row.chain != self._chain(before, values):
                    return row.number
                before, expected = row.chain, expected + 1
        return None

    def _chain(self, before: str, values: dict[str, Any]) -> str:
        return self._vault.digest("audit", before + json.dumps(values, ensure_ascii=False))
