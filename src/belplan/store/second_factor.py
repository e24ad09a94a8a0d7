"""The second factor: an authenticator app (RFC 6238), and recovery codes for who has lost it, each good once."""

import hmac
from secrets import choice
from typing import Literal

import pyotp
from pyotp.totp import TOTP
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from belplan.store import tables
from belplan.store.database import Database, now
from belplan.store.people import Person
from belplan.store.vault import Vault

CODES = 10
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"  # base32 (RFC 4648, 6): ten of them are 50 bits


class SecondFactors:
    """The second factors of everybody. Every method raises DatabaseAwayError."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def set(self, person: Person, secret: str) -> list[str]:
        """Ask for codes of this secret from now on. New recovery codes, which are kept as digests only."""
        sealed = self._vault.seal(secret, _place(person.id))
        return await self._replace(person.id, sealed, _new_codes())

    async def remove(self, person: Person) -> None:
        """Go without one again."""
        await self._replace(person.id, None, [])

    async def check(self, person: Person, code: str) -> Literal["app", "recovery"] | None:
        """Which kind of code it is, if it is good now. It is good once (RFC 6238 5.2)."""
        if person.second_factor is None:
            return None
        if not code.isdigit():
            return "recovery" if await self._use_recovery(person.id, code) else None
        totp = TOTP(self._vault.open_sealed(person.second_factor, _place(person.id)))
        step = right_step(totp, code)
        if step is None:
            return None

        async def work(connection: AsyncConnection) -> bool:
            columns = tables.people.c
            unused = update(tables.people).where(columns.id == person.id, columns.second_factor_used < step)
            return bool((await connection.execute(unused.values(second_factor_used=step))).rowcount)

        return "app" if await self._database.change(work) else None

    async def codes_left(self, person: str) -> int:
        """How many recovery codes somebody has not used yet."""
        mine = select(func.count()).select_from(tables.recovery_codes).where(tables.recovery_codes.c.person == person)
        async with self._database.reading() as connection:
            return (await connection.execute(mine)).scalar_one()

    async def renew_codes(self, person: str) -> list[str]:
        """New recovery codes; those from before are good no more."""
        codes = _new_codes()
        await self._database.change(lambda connection: self._put_codes(connection, person, codes))
        return codes

    async def _replace(self, person: str, sealed: bytes | None, codes: list[str]) -> list[str]:
        async def work(connection: AsyncConnection) -> None:
            which = update(tables.people).where(tables.people.c.id == person)
            await connection.execute(which.values(second_factor=sealed, second_factor_used=0))
            await self._put_codes(connection, person, codes)

        await self._database.change(work)
        return codes

    async def _put_codes(self, connection: AsyncConnection, person: str, codes: list[str]) -> None:
        await connection.execute(delete(tables.recovery_codes).where(tables.recovery_codes.c.person == person))
        if codes:
            rows = [{"person": person, "digest": self._digest(person, code)} for code in codes]
            await connection.execute(insert(tables.recovery_codes), rows)

    async def _use_recovery(self, person: str, code: str) -> bool:
        columns, digest = tables.recovery_codes.c, self._digest(person, code)

        async def work(connection: AsyncConnection) -> bool:
            mine = delete(tables.recovery_codes).where(columns.person == person, columns.digest == digest)
            return bool((await connection.execute(mine)).rowcount)

        return await self._database.change(work)

    def _digest(self, person: str, code: str) -> str:
        return self._vault.digest("recovery-code", f"{person} {code.lower().replace('-', '')}")


def new_factor() -> str:
    """A secret for an authenticator, in base32."""
    return pyotp.random_base32()


def right_step(totp: TOTP, code: str) -> int | None:
    """The time step (of 30 s) whose code it is, of this one and its neighbours: clocks differ."""
    now_ = int(now() / 1000 / totp.interval)
    right = (step for step in (now_ - 1, now_, now_ + 1) if hmac.compare_digest(totp.generate_otp(step), code))
    return next(right, None)


def _new_codes() -> list[str]:
    def half() -> str:
        return "".join(choice(_LETTERS) for _ in range(5))

    return [f"{half()}-{half()}" for _ in range(CODES)]


def _place(person: str) -> str:
    return f"person/{person}/second-factor"
