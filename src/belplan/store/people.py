"""People who sign in, what they may do where, their sessions and one-time links."""

import asyncio
from dataclasses import dataclass
from functools import cache
from secrets import token_urlsafe
from typing import Any, Literal
from uuid import uuid4

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Row
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from belplan.store import tables
from belplan.store.companies import TakenError, UnknownError
from belplan.store.database import Database, now
from belplan.store.vault import Vault

Purpose = Literal["setup", "invitation", "reset"]

_MS = 1000
IDLE = 12 * 3600 * _MS  # ms after which a session that nobody used ends
LONGEST = 7 * 24 * 3600 * _MS  # ms after which any session ends
LINK = 24 * 3600 * _MS  # ms that a one-time link can be followed
SEEN_EVERY = 60 * _MS  # ms between notes of a session's use

# RFC 9106 4, the second recommended option: for where memory is scarce. 64 MiB each, so two at once.
_HASHER = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=1)
_AT_ONCE = asyncio.Semaphore(2)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in. `signs_in` is false until they followed their invitation."""

    id: str
    email: str
    name: str
    language: str
    operator: bool
    signs_in: bool
    second_factor: bytes | None = None
    created: int = 0


@dataclass(frozen=True, slots=True)
class Membership:
    """What a person is in a company. `extension` is their own internal number there."""

    company: str
    company_name: str
    role: str
    extension: str | None = None


class People:
    """What is kept of people. Every method raises DatabaseAwayError."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    # Persons

    async def anybody(self) -> bool:
        """Whether there is anybody at all."""
        async with self._database.reading() as connection:
            return (await connection.execute(select(tables.people.c.id).limit(1))).first() is not None

    async def add(
        self, email: str, name: str, *, password: str | None, operator: bool = False, language: str = "nl"
    ) -> Person:
        """A new person. Raises TakenError where somebody has the address."""
        hashed = await hash_password(password) if password else None
        person = Person(uuid4().hex, email.lower(), name, language, operator, hashed is not None, created=now())

        async def work(connection: AsyncConnection) -> Person:
            values = {"password": hashed, "second_factor": None, "second_factor_used": 0}
            fields = ("id", "email", "name", "language", "operator", "created")
            values |= {field: getattr(person, field) for field in fields}
            try:
                await connection.execute(insert(tables.people).values(**values))
            except IntegrityError:
                raise TakenError(f"somebody has the address {email} already") from None
            return person

        return await self._database.change(work)

    async def get(self, person: str) -> Person:
        """Raises UnknownError."""
        return await self._one(tables.people.c.id == person, person)

    async def by_email(self, email: str) -> Person:
        """Raises UnknownError."""
        return await self._one(tables.people.c.email == email.lower(), email)

    async def all(self) -> list[Person]:
        """Everybody, by address."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(tables.people).order_by(tables.people.c.email))
            return [person_of(row) for row in found]

    async def remove(self, person: str) -> None:
        """Remove somebody, with their sessions and tokens. Raises UnknownError."""

        async def work(connection: AsyncConnection) -> None:
            gone = await connection.execute(delete(tables.people).where(tables.people.c.id == person))
            if not gone.rowcount:
                raise UnknownError(person)

        await self._database.change(work)

    async def check_password(self, email: str, password: str) -> Person | None:
        """The person whose password it is. As slow for an address that nobody has."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(tables.people).where(tables.people.c.email == email.lower()))
            row = found.first()
        hashed = row.password if row and row.password else await asyncio.to_thread(_nobody)
        right = await _verify(hashed, password)
        return person_of(row) if row and row.password and right else None

    async def set_password(self, person: str, password: str) -> None:
        """A new password; every session of the person ends. Raises UnknownError."""
        hashed = await hash_password(password)

        async def work(connection: AsyncConnection) -> None:
            changed = await connection.execute(
                update(tables.people).where(tables.people.c.id == person).values(password=hashed)
            )
            if not changed.rowcount:
                raise UnknownError(person)
            await connection.execute(delete(tables.sessions).where(tables.sessions.c.person == person))
            await connection.execute(delete(tables.links).where(tables.links.c.person == person))

        await self._database.change(work)

    # Memberships

    async def memberships(self, person: str) -> list[Membership]:
        """Where somebody is a member, by the company's name."""
        join = tables.members.join(tables.companies, tables.members.c.company == tables.companies.c.id)
        wanted = select(tables.members, tables.companies.c.name).select_from(join)
        async with self._database.reading() as connection:
            found = await connection.execute(
                wanted.where(tables.members.c.person == person).order_by(tables.companies.c.name)
            )
            return [Membership(row.company, row.name, row.role, row.extension) for row in found]

    async def membership(self, person: str, company: str) -> Membership | None:
        """What somebody is in a company."""
        return next((one for one in await self.memberships(person) if one.company == company), None)

    async def members(self, company: str) -> list[tuple[Person, Membership]]:
        """Everybody in a company, by name."""
        join = tables.people.join(tables.members, tables.members.c.person == tables.people.c.id)
        columns = tables.members.c
        wanted = select(tables.people, columns.role, columns.extension).select_from(join)
        async with self._database.reading() as connection:
            found = await connection.execute(wanted.where(columns.company == company).order_by(tables.people.c.name))
            return [(person_of(row), Membership(company, "", row.role, row.extension)) for row in found]

    async def join(self, person: str, company: str, role: str, extension: str | None = None) -> None:
        """Make somebody a member, or change what they are."""

        async def work(connection: AsyncConnection) -> None:
            columns = tables.members.c
            await connection.execute(delete(tables.members).where(columns.person == person, columns.company == company))
            values = {"person": person, "company": company, "role": role, "extension": extension}
            await connection.execute(insert(tables.members).values(**values))

        await self._database.change(work)

    async def leave(self, person: str, company: str) -> None:
        """End a membership, and the person's tokens there. Raises UnknownError."""

        async def work(connection: AsyncConnection) -> None:
            columns = tables.members.c
            gone = await connection.execute(
                delete(tables.members).where(columns.person == person, columns.company == company)
            )
            if not gone.rowcount:
                raise UnknownError(person)
            of = (tables.tokens.c.person == person) & (tables.tokens.c.company == company)
            await connection.execute(delete(tables.tokens).where(of))

        await self._database.change(work)

    # Sessions

    async def sign_in(self, person: str) -> str:
        """A new session: its token, which only the cookie has."""
        token = token_urlsafe(32)
        values = {"digest": self._vault.digest("session", token), "person": person, "created": now(), "seen": now()}

        async def work(connection: AsyncConnection) -> None:
            old = tables.sessions.c.seen < now() - LONGEST
            await connection.execute(delete(tables.sessions).where(old))
            await connection.execute(insert(tables.sessions).values(**values))

        await self._database.change(work)
        return token

    async def session(self, token: str) -> Person | None:
        """Whose session it is, if it has not ended."""
        digest = self._vault.digest("session", token)
        join = tables.sessions.join(tables.people, tables.sessions.c.person == tables.people.c.id)
        wanted = select(tables.people, tables.sessions.c.created.label("began"), tables.sessions.c.seen)
        async with self._database.reading() as connection:
            found = await connection.execute(wanted.select_from(join).where(tables.sessions.c.digest == digest))
            row = found.first()
        if row is None or now() - row.seen > IDLE or now() - row.began > LONGEST:
            return None
        if now() - row.seen > SEEN_EVERY:

            async def work(connection: AsyncConnection) -> None:
                seen = update(tables.sessions).where(tables.sessions.c.digest == digest).values(seen=now())
                await connection.execute(seen)

            await self._database.change(work)
        return person_of(row)

    async def sign_out(self, token: str) -> None:
        """End a session."""
        digest = self._vault.digest("session", token)

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(tables.sessions).where(tables.sessions.c.digest == digest))

        await self._database.change(work)

    # One-time links

    async def link(self, purpose: Purpose, person: str | None = None) -> str:
        """A token for a link that is good once, for a day. One made before for the same purpose ends."""
        token = token_urlsafe(32)
        values = {
            "digest": self._vault.digest(purpose, token),
            "purpose": purpose,
            "person": person,
            "expires": now() + LINK,
        }

        async def work(connection: AsyncConnection) -> None:
            columns = tables.links.c
            mine = columns.person == person if person else columns.person.is_(None)
            await connection.execute(delete(tables.links).where(columns.purpose == purpose, mine))
            await connection.execute(insert(tables.links).values(**values))

        await self._database.change(work)
        return token

    async def follow(self, purpose: Purpose, token: str) -> str | None:
        """Use up a link: whose it was ("" for nobody's). None where it is not good, or no longer."""
        digest = self._vault.digest(purpose, token)

        async def work(connection: AsyncConnection) -> str | None:
            columns = tables.links.c
            row = (await connection.execute(select(tables.links).where(columns.digest == digest))).first()
            if row is None or row.expires < now():
                return None
            await connection.execute(delete(tables.links).where(columns.digest == digest))
            return row.person or ""

        return await self._database.change(work)

    async def count(self) -> int:
        """How many people there are."""
        async with self._database.reading() as connection:
            return (await connection.execute(select(func.count()).select_from(tables.people))).scalar_one()

    async def _one(self, which: Any, what: str) -> Person:
        async with self._database.reading() as connection:
            row = (await connection.execute(select(tables.people).where(which))).first()
        if row is None:
            raise UnknownError(what)
        return person_of(row)


async def hash_password(password: str) -> str:
    """The argon2id hash of a password, made in a thread."""
    async with _AT_ONCE:
        return await asyncio.to_thread(_HASHER.hash, password)


@cache
def _nobody() -> str:
    """A hash that no password has."""
    return _HASHER.hash(token_urlsafe(16))


async def _verify(hashed: str, password: str) -> bool:
    async with _AT_ONCE:
        try:
            return await asyncio.to_thread(_HASHER.verify, hashed, password)
        except (VerificationError, InvalidHashError):
            return False


def person_of(row: "Row[Any]") -> Person:
    """Somebody, from a row of `people`."""
    return Person(
        row.id,
        row.email,
        row.name,
        row.language,
        row.operator,
        row.password is not None,
        row.second_factor,
        row.created,
    )
