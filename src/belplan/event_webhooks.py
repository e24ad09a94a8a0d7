"""Event webhooks: what happens to calls is told to servers of the company, at least once, and no call waits for it.

Events go to a spool on the disk, from there to an outbox in the database, and from there over the network, with the
guard, the signatures and the deadlines of every webhook but through slots and breakers of their own. What fails is sent
again, ever more seldom, for three days.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from belplan.engine.cdr import CallRecord
from belplan.engine.events import Event, Watcher
from belplan.engine.voicemail.boxes import Message
from belplan.live import Live
from belplan.store.database import DatabaseAwayError
from belplan.store.event_webhooks import Due, EventWebhooks, Happened, as_line, of_line
from belplan.store.spool import Spool, read_lines
from belplan.webhook import Answer, Policy, Request, Sender, Webhooks

EVENTS = ("call.started", "call.answered", "call.ended", "call.missed", "voicemail.received")
TIMEOUT = 10.0  # seconds that a server has to take an event
AT_ONCE = 100  # deliveries under way
AT_ONCE_PER_COMPANY = 10
EVERY = 0.5  # seconds between looks at spool and outbox
SWEEP_EVERY = 3600.0
GONE = 410  # Standard Webhooks: the receiver wants no more

# Of a call that nobody answered: what had somebody's phone ring, or had the caller wait for somebody.
_RINGS = frozenset({"connect", "queue", "same_colleague", "dial_outside"})

_log = structlog.get_logger()

Named = Callable[[str, str], str]
"""The name that a company has for a number; "" for none."""


class Telling:
    """Puts what happens into a spool, where somebody wants to know. Never waits."""

    def __init__(self, webhooks: EventWebhooks, spool: Spool, live: Live, named: Named) -> None:
        self._webhooks = webhooks
        self._spool = spool
        self._live = live
        self._named = named

    def watcher(self, company: str) -> Watcher:
        """What the engine tells of the calls of a company. `live` has to be told first."""
        return lambda event: self._heard(company, event)

    def recorded(self, record: CallRecord) -> None:
        """A call has ended."""
        began = record.arrived or datetime.now(UTC)
        last = record.trace[-1] if record.trace else None
        lasted = (last.started_ms + last.duration_ms) / 1000 if last else 0.0
        facts = self._call(record.company, record.uuid, record.caller_number, record.callee_number, record.dial_plan)
        facts |= {"arrived": began.isoformat(), "lasted": round(lasted, 1), "outcome": record.outcome}
        numbers = (record.caller_number, record.callee_number, record.answered_by or "")
        ended = {"cause": record.cause, "connected_to": record.connected_to, "answered_by": record.answered_by}
        self._tell("call.ended", record.company, record.uuid, numbers, facts | ended | {"version": record.version})
        if is_missed(record):
            self._tell("call.missed", record.company, record.uuid, numbers, facts)

    def received(self, message: Message) -> None:
        """A message is in its box. May be called in any thread."""
        draft = message.draft
        facts = {
            "message": message.id,
            "company": draft.company,
            "box": draft.box,
            "box_name": draft.box_name,
            "caller_number": draft.caller_number,
            "caller_name": self._named(draft.company, draft.caller_number) or draft.caller_name,
            "received": draft.began.isoformat(),
            "seconds": round(message.seconds, 1),
        }
        self._tell("voicemail.received", draft.company, message.id, (draft.caller_number,), facts)

    def _heard(self, company: str, event: Event) -> None:
        call = self._live.calls.get(company, {}).get(event.call_id)
        if call is None or event.what not in ("arrived", "answered"):
            return
        facts = self._call(company, call.uuid, call.caller, call.callee, call.dial_plan)
        numbers = (call.caller, call.callee)
        if event.what == "arrived":
            self._tell("call.started", company, call.uuid, numbers, facts)
        else:
            by = str(event.facts["number"])
            facts |= {"answered_by": by, "connected_to": str(event.facts["to"])}
            self._tell("call.answered", company, f"{call.uuid} {by} {event.path}", (*numbers, by), facts)

    def _call(self, company: str, uuid: str, caller: str, callee: str, plan: str) -> dict[str, Any]:
        return {
            "call": uuid,
            "company": company,
            "caller_number": caller,
            "caller_name": self._named(company, caller),
            "callee_number": callee,
            "dial_plan": plan,
        }

    def _tell(self, event: str, company: str, of: str, numbers: tuple[str, ...], facts: dict[str, Any]) -> None:
        if self._webhooks.wanted(company, event):
            self._spool.put(as_line(happened(event, company, of, facts, numbers)))


def is_missed(record: CallRecord) -> bool:
    """Whether somebody wanted to reach people, and reached neither one nor their voicemail."""
    if record.answered_by or record.outcome in ("connected", "voicemail"):
        return False
    rang = any(step.app in _RINGS for step in record.trace)
    return rang or (record.outcome == "abandoned" and bool(record.dial_plan))


def happened(event: str, company: str, of: str, facts: dict[str, Any], numbers: tuple[str, ...] = ()) -> Happened:
    """An event that happens now. `of` says to what: the same event of the same thing is told once."""
    at = datetime.now(UTC)
    body = {"type": event, "timestamp": at.isoformat(timespec="milliseconds"), "data": facts}
    known = tuple(dict.fromkeys(number for number in numbers if number))
    text = json.dumps(body, ensure_ascii=False)
    return Happened(f"{event} {of}", company, event, round(at.timestamp() * 1000), known, text)


class Outbox:
    """Brings events from the spool to the outbox, and tries what is due."""

    def __init__(self, webhooks: EventWebhooks, spool: Spool, sender: Sender) -> None:
        self._webhooks = webhooks
        self._spool = spool
        self._sender = sender
        self._seen = -1
        self._failing = False
        self._under_way: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """For ever."""
        loop = asyncio.get_running_loop()
        looked = -SWEEP_EVERY
        while True:
            try:
                if loop.time() >= looked + SWEEP_EVERY:
                    await self._webhooks.load()
                    await self._webhooks.sweep()
                    looked = loop.time()
                await self.bring()
                await self.try_due()
                self._failing = False
            except (DatabaseAwayError, OSError) as error:
                if not self._failing:
                    _log.error("events.waiting", reason=str(error), next="they are on disk, and are sent later")
                self._failing = True
            await asyncio.sleep(EVERY)

    async def bring(self) -> None:
        """Bring over what there is now. Raises DatabaseAwayError, OSError; what was not brought over stays."""
        if (count := self._spool.put_count) == self._seen:
            return
        for segment in await asyncio.wrap_future(self._spool.seal()):
            found = await asyncio.to_thread(_read, segment)
            if found:
                await self._webhooks.put(found)
            await asyncio.to_thread(segment.unlink, missing_ok=True)
        self._seen = count

    async def try_due(self) -> None:
        """Begin to send what is due, as far as there is room."""
        if (room := AT_ONCE - len(self._under_way)) <= 0:
            return
        for due in await self._webhooks.take(room):
            task = asyncio.create_task(self._try(due))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def finish(self) -> None:
        """Wait for what is under way."""
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def _try(self, due: Due) -> None:
        delivery = due.delivery
        request = Request(
            company=due.company,
            method="POST",
            url=due.url,
            timeout=TIMEOUT,
            body=delivery.body.encode(),
            secrets=due.secrets,
            webhook_id=delivery.id,
        )
        answer = await self._sender.send(request)
        with contextlib.suppress(DatabaseAwayError):  # then it is sent again: at least once
            await self._webhooks.tried(delivery, answer.status, _failure(answer))
            if answer.status == GONE:
                await self._webhooks.switch_off(delivery.webhook)
                _log.warning("event_webhook.gone", company=due.company, webhook=delivery.webhook)


def _failure(answer: Answer) -> str:
    """What is to be said of a try; "" where it was delivered."""
    if answer.outcome == "ok":
        return ""
    return f"{answer.reason or answer.outcome}: {answer.detail}".removesuffix(": ")


def _read(segment: Path) -> list[Happened]:
    found: list[Happened] = []
    for line in read_lines(segment):
        try:
            found.append(of_line(line))
        except (ValueError, KeyError, TypeError) as error:
            _log.error("event.unreadable", segment=segment.name, reason=repr(error)[:100])
    return found


@asynccontextmanager
async def delivered(webhooks: EventWebhooks, spool: Spool, policy: Policy) -> AsyncGenerator[None]:
    """Deliver for as long as the block runs. What is under way then is sent again by the next server."""
    own = replace(policy, per_company=AT_ONCE_PER_COMPANY, total=AT_ONCE, waiting_per_company=AT_ONCE)
    async with Webhooks(own) as sender:
        outbox = Outbox(webhooks, spool, sender)
        task = asyncio.create_task(outbox.serve())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            with contextlib.suppress(DatabaseAwayError, OSError):
                await outbox.bring()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await outbox.finish()
