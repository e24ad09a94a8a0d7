"""Tokens: access for programs, each by somebody who works in the company. A text is shown once and kept nowhere."""

from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from belplan.store import tables
from belplan.store.companies import UnknownError
from belplan.store.database import Database, now
from belplan.store.people import Person, person_of
from belplan.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Token:
    """Access for a program. `created` and `expires` in ms."""

    id: str
    company: str
    person: str
    name: str
    scopes: tuple[str, ...]
    created: int
    expires: int | None


class Tokens:
    """The tokens of all companies. Every method raises DatabaseAwayError."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def add(
        self, company: str, person: str, name: str, scopes: tuple[str, ...], expires: int | None
    ) -> tuple[Token, str]:
        """A new token, and its text."""
        text = f"belplan_{token_urlsafe(32)}"
        token = Token(uuid4().hex, company, person, name, scopes, now(), expires)

        async def work(connection: AsyncConnection) -> None:
            values: dict[str, Any] = {name: getattr(token, name) for name in Token.__slots__}
            values |= {"digest": self._vault.digest("token", text), "scopes": " ".join(scopes)}
            await connection.execute(insert(tables.tokens).values(**values))

        await self._database.change(work)
        return token, text

    async def find(self, text: str) -> tuple[Token, Person] | None:
        """The token of this text and whose it is, if it is still good."""
        digest = self._vault.digest("token", text)
        join = tables.tokens.join(tables.people, tables.tokens.c.person == tables.people.c.id)
        columns = [column.label(f"token_{column.name}") for column in tables.tokens.c]
        async with self._database.reading() as connection:
            wanted = select(tables.people, *columns).select_from(join).where(tables.tokens.c.digest == digest)
            row = (await connection.execute(wanted)).first()
        if row is None or (row.token_expires is not None and row.token_expires < now()):
            return None
        token = Token(
            row.token_id,
            row.token_company,
            row.token_person,
            row.token_name,
            tuple(row.token_scopes.split()),
            row.token_created,
            row.token_expires,
        )
        return token, person_of(row)

    async def all(self, company: str) -> list[Token]:
        """The tokens of a company, the newest first."""
        columns = tables.tokens.c
        wanted = select(tables.tokens).where(columns.company == company).order_by(columns.created.desc(), columns.id)
        async with self._database.reading() as connection:
            return [
                Token(row.id, row.company, row.person, row.name, tuple(row.scopes.split()), row.created, row.expires)
                for row in await connection.execute(wanted)
            ]

    async def revoke(self, company: str, token: str) -> None:
        """End a token. Raises UnknownError."""

        async def work(connection: AsyncConnection) -> None:
            columns = tables.tokens.c
            of = (columns.company == company) & (columns.id == token)
            if not (await connection.execute(delete(tables.tokens).where(of))).rowcount:
                raise UnknownError(token)

        await self._database.change(work)
