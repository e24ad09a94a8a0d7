"""Event webhooks: who wants to be told what, and the outbox of what is still to be told.

A delivery is one event for one webhook. Its id is made of both: an event that is read twice is one delivery, and its
receiver can tell that a second try is no second event.
"""

import hashlib
import json
import os
from base64 import b64encode
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from belplan.signing import PREFIX
from belplan.store import tables
from belplan.store.companies import UnknownError
from belplan.store.database import Database, now
from belplan.store.vault import Vault

MOST = 20  # webhooks of one company
HOUR = 3_600_000  # ms
GIVEN_UP_AFTER = 72 * HOUR
KEPT = 7 * 24 * HOUR  # what is over can be looked at, and sent again
LEASE = 60_000  # ms that a delivery is another server's, which may have died with it
PAUSES = (5, 30, 120, 600, 1800, 3600, 7200, 14400)  # seconds after each failure; the last one stays

_hooks, _deliveries = tables.event_webhooks.c, tables.deliveries.c


@dataclass(frozen=True, slots=True)
class EventWebhook:
    """Where a company wants to be told of which events. `created` in ms."""

    id: str
    company: str
    url: str
    events: tuple[str, ...]
    active: bool
    created: int


@dataclass(frozen=True, slots=True)
class Happened:
    """An event: `id` is the same whenever it is told, `numbers` whom it is about, `body` the JSON that is sent."""

    id: str
    company: str
    event: str
    at: int
    numbers: tuple[str, ...]
    body: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one webhook. `due` is None where it is over; moments in ms."""

    id: str
    webhook: str
    event: str
    at: int
    body: str
    attempts: int
    due: int | None
    until: int
    tried: int | None
    delivered: bool
    status: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that is to be tried now, with where to and the secrets that sign it, the newest first."""

    delivery: Delivery
    company: str
    url: str
    secrets: tuple[str, ...]


class EventWebhooks:
    """The webhooks of all companies. Every method but `wanted` raises DatabaseAwayError."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._wanted: dict[str, set[str]] = {}  # events, by company

    def wanted(self, company: str, event: str) -> bool:
        """Whether anybody wants to be told of it, as far as this server knows. Never waits."""
        return event in self._wanted.get(company, ())

    async def load(self) -> None:
        """Look again who wants what."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(_hooks.company, _hooks.events).where(_hooks.active))
            wanted = defaultdict[str, set[str]](set)
            for row in rows:
                wanted[row.company].update(row.events.split())
        self._wanted = dict(wanted)

    async def all(self, company: str) -> list[EventWebhook]:
        """A company's, the oldest first."""
        async with self._database.reading() as connection:
            query = select(tables.event_webhooks).where(_hooks.company == company)
            return [_webhook(row) for row in await connection.execute(query.order_by(_hooks.created, _hooks.id))]

    async def add(self, company: str, url: str, events: Sequence[str]) -> tuple[EventWebhook, str]:
        """A new one, and its signing secret. Raises ValueError where there are too many."""
        made = EventWebhook(uuid4().hex, company, url, tuple(events), True, now())
        secret = _secret()

        async def work(connection: AsyncConnection) -> None:
            taken = await connection.execute(select(_hooks.id).where(_hooks.company == company))
            if len(taken.all()) >= MOST:
                raise ValueError(f"a company has {MOST} event webhooks at most")
            values = {"events": " ".join(made.events), "secret": self._vault.seal(secret, made.id)}
            row = {name: getattr(made, name) for name in EventWebhook.__slots__} | values
            await connection.execute(insert(tables.event_webhooks).values(**row))

        await self._database.change(work)
        await self.load()
        return made, secret

    async def change(self, company: str, webhook: str, url: str, events: Sequence[str], *, active: bool) -> None:
        """Raises UnknownError."""
        await self._update(company, webhook, url=url, events=" ".join(events), active=active)
        await self.load()

    async def renew_secret(self, company: str, webhook: str, keep: int) -> tuple[str, int | None]:
        """A new secret, and until when the old one signs too: `keep` ms from now. Raises UnknownError."""
        secret, until = _secret(), now() + keep if keep else None
        old = {"old_secret": _hooks.secret if keep else None, "old_until": until}
        await self._update(company, webhook, secret=self._vault.seal(secret, webhook), **old)
        return secret, until

    async def remove(self, company: str, webhook: str) -> None:
        """With all that it was still to be told. Raises UnknownError."""

        async def work(connection: AsyncConnection) -> None:
            gone = await connection.execute(delete(tables.event_webhooks).where(_one(company, webhook)))
            if not gone.rowcount:
                raise UnknownError(webhook)

        await self._database.change(work)
        await self.load()

    async def switch_off(self, webhook: str) -> None:
        """Send it nothing any more: its server said that it is gone."""

        async def work(connection: AsyncConnection) -> None:
            off = update(tables.event_webhooks).where(_hooks.id == webhook).values(active=False)
            await connection.execute(off)

        await self._database.change(work)
        await self.load()

    # The outbox

    async def put(self, happened: Sequence[Happened], *, only: str = "") -> list[str]:
        """Have events told to every webhook that wants them, or to one whatever it wants. The ids of new deliveries."""

        async def work(connection: AsyncConnection) -> list[str]:
            mine = _hooks.company.in_({one.company for one in happened})
            rows = (await connection.execute(select(tables.event_webhooks).where(mine))).all()
            hooks = [_webhook(row) for row in rows]
            new: dict[str, dict[str, Any]] = {}
            for one in happened:
                for hook in hooks:
                    wants = hook.id == only if only else hook.active and one.event in hook.events
                    if wants and hook.company == one.company:
                        row = _new(one, hook)
                        new[row["id"]] = row
            known = select(_deliveries.id).where(_deliveries.id.in_(list(new)))
            for there in (await connection.execute(known)).scalars():
                del new[there]
            if new:
                await connection.execute(insert(tables.deliveries), list(new.values()))
            return list(new)

        return await self._database.change(work)

    async def take(self, most: int) -> list[Due]:
        """What is to be tried now. It is this server's for a minute: what dies with it is tried again then."""
        moment = now()
        join = tables.deliveries.join(tables.event_webhooks, _hooks.id == _deliveries.webhook)
        query = select(
            tables.deliveries, _hooks.company, _hooks.url, _hooks.secret, _hooks.old_secret, _hooks.old_until
        ).select_from(join)
        query = query.where(_deliveries.due <= moment, _hooks.active).order_by(_deliveries.due).limit(most)
        async with self._database.reading() as connection:  # mostly there is nothing, and nobody need wait for a lock
            if (await connection.execute(query)).first() is None:
                return []

        async def work(connection: AsyncConnection) -> list[Any]:
            rows = list((await connection.execute(query)).all())
            mine = _deliveries.id.in_([row.id for row in rows])
            await connection.execute(update(tables.deliveries).where(mine).values(due=moment + LEASE))
            return rows

        rows = await self._database.change(work)
        return [Due(_delivery(row), row.company, row.url, self._secrets(row, moment)) for row in rows]

    def _secrets(self, row: Any, moment: int) -> tuple[str, ...]:
        """Whoever receives it may still know the old one only."""
        sealed = (row.secret, *([row.old_secret] if row.old_until and moment < row.old_until else []))
        return tuple(self._vault.open_sealed(one, row.webhook) for one in sealed)

    async def tried(self, delivery: Delivery, status: int | None, failure: str) -> None:
        """Keep what came of a try: `failure` is "" where it was delivered. What failed is due again, until it is given
        up."""
        moment, attempts = now(), delivery.attempts + 1
        due = moment + PAUSES[min(delivery.attempts, len(PAUSES) - 1)] * 1000
        values = {
            "attempts": attempts,
            "tried": moment,
            "delivered": not failure,
            "due": due if failure and due < delivery.until else None,
            "status": status,
            "reason": failure[:200],
        }

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(update(tables.deliveries).where(_deliveries.id == delivery.id).values(**values))

        await self._database.change(work)

    async def deliveries(
        self, company: str, webhook: str, *, limit: int, before: tuple[int, str] | None = None
    ) -> list[Delivery]:
        """Those of a webhook, the newest first. Raises UnknownError."""
        query = select(tables.deliveries).where(_deliveries.webhook == webhook)
        if before:
            query = query.where(tuple_(_deliveries.at, _deliveries.id) < before)
        query = query.order_by(_deliveries.at.desc(), _deliveries.id.desc()).limit(limit)
        async with self._database.reading() as connection:
            if (await connection.execute(select(_hooks.id).where(_one(company, webhook)))).first() is None:
                raise UnknownError(webhook)
            return [_delivery(row) for row in await connection.execute(query)]

    async def again(self, company: str, webhook: str, delivery: str) -> None:
        """Have one sent again, now. Raises UnknownError."""

        async def work(connection: AsyncConnection) -> None:
            if (await connection.execute(select(_hooks.id).where(_one(company, webhook)))).first() is None:
                raise UnknownError(webhook)
            mine = (_deliveries.webhook == webhook) & (_deliveries.id == delivery)
            values = {"due": now(), "until": now() + GIVEN_UP_AFTER, "delivered": False}
            if not (await connection.execute(update(tables.deliveries).where(mine).values(**values))).rowcount:
                raise UnknownError(delivery)

        await self._database.change(work)

    async def about(self, company: str, number: str) -> list[Delivery]:
        """What is kept of deliveries about a number."""
        query = select(tables.deliveries).where(_about(company, number)).order_by(_deliveries.at)
        async with self._database.reading() as connection:
            return [_delivery(row) for row in await connection.execute(query)]

    async def forget(self, company: str, number: str) -> int:
        """Remove what is kept of deliveries about a number, sent or not. How many there were."""

        async def work(connection: AsyncConnection) -> int:
            return (await connection.execute(delete(tables.deliveries).where(_about(company, number)))).rowcount

        return await self._database.change(work)

    async def sweep(self) -> None:
        """Remove what has been over, or has waited for a webhook that is switched off, for long enough."""
        moment = now()

        async def work(connection: AsyncConnection) -> None:
            over = _deliveries.due.is_(None) & (_deliveries.at < moment - KEPT)
            late = _deliveries.until < moment - KEPT
            await connection.execute(delete(tables.deliveries).where(or_(over, late)))
            forgotten = update(tables.event_webhooks).where(_hooks.old_until < moment)
            await connection.execute(forgotten.values(old_secret=None, old_until=None))

        await self._database.change(work)

    async def _update(self, company: str, webhook: str, **values: Any) -> None:
        async def work(connection: AsyncConnection) -> None:
            changed = await connection.execute(
                update(tables.event_webhooks).where(_one(company, webhook)).values(**values)
            )
            if not changed.rowcount:
                raise UnknownError(webhook)

        await self._database.change(work)


def as_line(happened: Happened) -> str:
    """An event as a line of a spool."""
    return json.dumps({name: getattr(happened, name) for name in Happened.__slots__}, ensure_ascii=False)


def of_line(line: str) -> Happened:
    """And back. Raises ValueError, KeyError, TypeError."""
    found: dict[str, Any] = json.loads(line)
    found["numbers"] = tuple(found["numbers"])
    return Happened(**found)


def _secret() -> str:
    return PREFIX + b64encode(os.urandom(32)).decode()


def _new(one: Happened, hook: EventWebhook) -> dict[str, Any]:
    return {
        "id": "msg_" + hashlib.sha256(f"{one.id} {hook.id}".encode()).hexdigest()[:32],
        "webhook": hook.id,
        "event": one.event,
        "at": one.at,
        "numbers": f" {' '.join(one.numbers)} "[:140],
        "body": one.body,
        "attempts": 0,
        "due": now(),
        "until": now() + GIVEN_UP_AFTER,
        "tried": None,
        "delivered": False,
        "status": None,
        "reason": "",
    }


def _one(company: str, webhook: str) -> Any:
    return (_hooks.company == company) & (_hooks.id == webhook)


def _about(company: str, number: str) -> Any:
    mine = select(_hooks.id).where(_hooks.company == company)
    return _deliveries.webhook.in_(mine) & _deliveries.numbers.contains(f" {number} ", autoescape=True)


def _webhook(row: Any) -> EventWebhook:
    return EventWebhook(row.id, row.company, row.url, tuple(row.events.split()), row.active, row.created)


def _delivery(row: Any) -> Delivery:
    return Delivery(**{name: getattr(row, name) for name in Delivery.__slots__})
