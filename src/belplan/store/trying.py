"""Plans that are tried on real calls: shadows, and versions that some of the callers have. One of each a company."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sqlalchemy import delete, insert, select

from belplan.store import tables
from belplan.store.database import Database


@dataclass(frozen=True, slots=True)
class ShadowRow:
    """A plan that is walked beside the live version. `began` in ms."""

    company: str
    plan: dict[str, Any]
    began: int
    author: str


@dataclass(frozen=True, slots=True)
class RolloutRow:
    """A version that `share` percent of the callers have, while the others have `before`. `began` in ms."""

    company: str
    version: int
    before: int
    share: int
    began: int
    author: str
    state: Literal["running", "finished", "back"] = "running"
    reason: str = ""


class Trying:
    """What is kept of them. Every method raises DatabaseAwayError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def shadows(self) -> list[ShadowRow]:
        """Of all companies."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(tables.shadows))
            return [ShadowRow(row.company, json.loads(row.plan), row.began, row.author) for row in rows]

    async def keep_shadow(self, shadow: ShadowRow) -> None:
        """In the place of the one there is."""
        values = asdict(shadow) | {"plan": json.dumps(shadow.plan, ensure_ascii=False)}
        await self._replace(tables.shadows, shadow.company, values)

    async def end_shadow(self, company: str) -> None:
        """Whether there is one or not."""
        await self._replace(tables.shadows, company, None)

    async def rollouts(self) -> list[RolloutRow]:
        """Of all companies, those that are over too."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(tables.rollouts))
            return [RolloutRow(**{name: getattr(row, name) for name in RolloutRow.__slots__}) for row in rows]

    async def keep_rollout(self, rollout: RolloutRow) -> None:
        """In the place of the one there is."""
        await self._replace(tables.rollouts, rollout.company, asdict(rollout))

    async def _replace(self, table: Any, company: str, values: dict[str, Any] | None) -> None:
        async def work(connection: Any) -> None:
            await connection.execute(delete(table).where(table.c.company == company))
            if values:
                await connection.execute(insert(table).values(**values))

        await self._database.change(work)
