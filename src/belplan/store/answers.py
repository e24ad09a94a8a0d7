"""Answers that are given again: what came of a request with an Idempotency-Key, for a day.

They are sealed, as an answer may hold a secret that is shown once.
"""

import json
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from belplan.store import tables
from belplan.store.database import Database, now
from belplan.store.vault import Vault

KEPT = 86_400_000  # ms
UNDER_WAY = 60_000  # ms after which a request that is still under way has died with its server

_columns = tables.answers.c


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer. `asked` is a digest of its request; `status` is None while that is under way."""

    asked: str
    status: int | None
    headers: dict[str, str]
    body: str


class Answers:
    """Every method raises DatabaseAwayError."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def begin(self, key: str) -> Kept | None:
        """Note that a request with this key is under way. What there is of an earlier one, where there was one."""

        async def work(connection: AsyncConnection) -> Kept | None:
            moment = now()
            row = (await connection.execute(select(tables.answers).where(_columns.key == key))).first()
            if row and row.at > moment - (KEPT if row.status else UNDER_WAY):
                said: tuple[dict[str, str], str] = ({}, "")
                if row.sealed:
                    said = json.loads(self._vault.open_sealed(row.sealed, key))
                return Kept(row.asked, row.status, *said)
            await connection.execute(delete(tables.answers).where(_columns.key == key))
            await connection.execute(insert(tables.answers).values(key=key, asked="", at=moment))
            return None

        return await self._database.change(work)

    async def keep(self, key: str, kept: Kept) -> None:
        """Keep what came of it."""
        sealed = self._vault.seal(json.dumps([kept.headers, kept.body]), key)

        async def work(connection: AsyncConnection) -> None:
            values = {"asked": kept.asked, "status": kept.status, "sealed": sealed}
            await connection.execute(update(tables.answers).where(_columns.key == key).values(**values))

        await self._database.change(work)

    async def forget(self, key: str) -> None:
        """Nothing came of it that is to be given again."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(tables.answers).where(_columns.key == key))

        await self._database.change(work)

    async def sweep(self) -> None:
        """Remove those that have been kept for their day."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(tables.answers).where(_columns.at < now() - KEPT))

        await self._database.change(work)
