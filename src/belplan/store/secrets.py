"""The values behind `secret:NAME` of each company: sealed in the database, open in memory only.

Reading one never waits: all of them are in memory, and what is set is written before it is used.
"""

from collections import defaultdict

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from belplan import settings
from belplan.store import tables
from belplan.store.companies import UnknownError
from belplan.store.database import Database, now
from belplan.store.vault import Vault


class CompanySecrets:
    """The secrets of all companies."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._values: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self.from_environment: set[str] = set()  # companies whose plan is a file: their secrets are the operator's

    def find(self, company: str, name: str) -> str | None:
        """The value of `secret:NAME` in a company's plan. None where there is none.

        A company that has the exchange to itself names its secrets there without its id: `company` is "".
        """
        if not company or company in self.from_environment:
            return settings.secret(name)
        return self._values[company].get(name) if company in self._values else None

    def names(self, company: str) -> list[str]:
        """The names of a company's secrets."""
        return sorted(self._values[company]) if company in self._values else []

    async def load(self) -> None:
        """Open what is kept. Raises KeyFileError, DatabaseAwayError."""
        async with self._database.reading() as connection:
            rows = (await connection.execute(select(tables.secrets))).all()
        for row in rows:
            self._values[row.company][row.name] = self._vault.open_sealed(row.sealed, _place(row.company, row.name))

    async def set(self, company: str, values: dict[str, str]) -> None:
        """Keep values by name, in the place of those there were. Raises DatabaseAwayError."""
        if not values:
            return
        rows = [
            {"company": company, "name": name, "sealed": self._vault.seal(value, _place(company, name)), "at": now()}
            for name, value in values.items()
        ]

        async def work(connection: AsyncConnection) -> None:
            columns = tables.secrets.c
            old = (columns.company == company) & columns.name.in_(values)
            await connection.execute(delete(tables.secrets).where(old))
            await connection.execute(insert(tables.secrets), rows)

        await self._database.change(work)
        self._values[company].update(values)

    async def remove(self, company: str, name: str) -> None:
        """Forget one. Raises UnknownError, DatabaseAwayError."""

        async def work(connection: AsyncConnection) -> None:
            columns = tables.secrets.c
            gone = await connection.execute(
                delete(tables.secrets).where(columns.company == company, columns.name == name)
            )
            if not gone.rowcount:
                raise UnknownError(name)

        await self._database.change(work)
        self._values[company].pop(name, None)


def _place(company: str, name: str) -> str:
    return f"{company}/{name}"
