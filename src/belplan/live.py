"""What happens now, by company: calls under way, what their webhooks do, and events for whoever watches.

It listens to the engine and never makes it wait: whoever reads too slowly is dropped.
"""

import asyncio
import time
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from belplan.engine.events import Event, Watcher

MOST_WAITING = 1000  # events that a slow reader may be behind
MINUTES = 60  # of a webhook's figures that are kept
SAMPLES = 200  # durations of one minute that percentiles are taken over
MOST_WEBHOOKS = 20_000  # whose figures are kept; the longest unused are forgotten

LOOK_AT_PHONES = 5.0  # seconds between looks which telephones are there, while anybody watches

_ARRIVED = ("caller_number", "callee_number", "dial_plan")
_SHOWN = ("app", "exit", "sound", "number", "outcome", "cause", "queue", "change", "agent", "waiting", "duration_ms")


@dataclass(slots=True)
class LiveCall:
    """A call under way. `since` in ms since 1970."""

    uuid: str
    caller: str
    callee: str
    dial_plan: str
    since: int
    path: str = ""
    app: str = ""
    heard: str = ""
    ringing: list[str] = field(default_factory=list[str])
    answered_by: str | None = None


@dataclass(slots=True)
class Minute:
    """What came of a webhook in one minute. `at` is its number since 1970."""

    at: int
    results: Counter[str] = field(default_factory=Counter[str])
    durations: list[float] = field(default_factory=list[float])


class Reader:
    """Somebody who watches a company. `lost` once they were too slow."""

    def __init__(self) -> None:
        self._events: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(MOST_WAITING)
        self.lost = False

    def put(self, event: dict[str, Any]) -> None:
        if not self.lost:
            try:
                self._events.put_nowait(event)
            except asyncio.QueueFull:
                self.lost = True

    async def next(self, patience: float) -> dict[str, Any] | None:
        """The next event; None where nothing happened for `patience` seconds."""
        try:
            async with asyncio.timeout(patience):
                return await self._events.get()
        except TimeoutError:
            return None


class Live:
    """The companies' calls now. Lives on one event loop."""

    def __init__(self) -> None:
        self.calls: defaultdict[str, dict[str, LiveCall]] = defaultdict(dict)
        self._readers: defaultdict[str, set[Reader]] = defaultdict(set)
        self._webhooks: OrderedDict[tuple[str, str], deque[Minute]] = OrderedDict()
        self._number = 0
        self.listeners: list[Callable[[str, dict[str, Any]], None]] = []  # told of every event, by company

    def watcher(self, company: str) -> Watcher:
        """What the engine tells of the calls of a company."""
        return lambda event: self._heard(company, event)

    @contextmanager
    def reader(self, company: str) -> Generator[Reader]:
        """Somebody who watches, for as long as the block runs."""
        reader = Reader()
        self._readers[company].add(reader)
        try:
            yield reader
        finally:
            self._readers[company].discard(reader)
            if not self._readers[company]:
                del self._readers[company]

    def readers(self, company: str) -> int:
        """How many watch a company."""
        return len(self._readers.get(company, ()))

    def tell(self, company: str, what: str, **facts: Any) -> None:
        """Let whoever watches a company know."""
        self._number += 1
        event = {"id": self._number, "what": what, "at": round(time.time() * 1000), **facts}
        for reader in self._readers.get(company, ()):
            reader.put(event)
        for listener in self.listeners:
            listener(company, event)

    async def follow_phones(self, phones: Callable[[list[str]], Awaitable[dict[str, dict[str, bool]]]]) -> None:
        """Tell of telephones that come and go, for as long as it runs. `phones` says of companies which accounts have
        one now; it may leave some out. Where nobody watches nobody looks."""
        known: dict[str, dict[str, bool]] = {}
        while True:
            found = await phones(list(self._readers)) if self._readers else {}
            for company, accounts in found.items():
                before = known.get(company, accounts)
                for account, there in accounts.items():
                    if before.get(account, False) is not there:
                        self.tell(company, "registration", account=account, registered=there)
            known = {company: found.get(company) or known.get(company, {}) for company in self._readers}
            await asyncio.sleep(LOOK_AT_PHONES)

    def webhooks(self, company: str) -> dict[str, list[Minute]]:
        """The last minutes of each webhook of a company that was asked, by its path."""
        first = _minute() - MINUTES
        found = {path: minutes for (owner, path), minutes in self._webhooks.items() if owner == company}
        return {path: [minute for minute in minutes if minute.at > first] for path, minutes in found.items()}

    def _heard(self, company: str, event: Event) -> None:
        facts = event.facts
        call = self.calls[company].get(event.call_id) if company in self.calls else None
        match str(event.what):
            case "arrived" | "resumed":
                caller, callee, plan = (str(facts.get(name) or "") for name in _ARRIVED)
                call = LiveCall(event.call_id, caller, callee, plan, round(time.time() * 1000))
                self.calls[company][event.call_id] = call
            case "step" if call:
                call.path, call.app = event.path, facts["app"]
            case "left":
                if facts["app"] == "webhook":
                    self._figure(company, event.path, facts)
            case "heard" if call:
                call.heard = facts["sound"]
            case "dialled" if call:
                call.ringing.append(facts["number"])
            case "answered" if call:
                call.answered_by, call.ringing = facts["number"], []
            case "ended":
                if call:
                    self.calls[company].pop(event.call_id)
                    if not self.calls[company]:
                        del self.calls[company]
            case _:
                pass
        shown = {name: facts[name] for name in _SHOWN if name in facts}
        if event.what in ("arrived", "ended") and call:
            shown |= {"caller": call.caller, "callee": call.callee, "dial_plan": call.dial_plan}
        self.tell(company, event.what, call=event.call_id, path=event.path, **shown)

    def _figure(self, company: str, path: str, facts: dict[str, Any]) -> None:
        key = (company, path)
        minutes = self._webhooks.get(key)
        if minutes is None:
            minutes = self._webhooks[key] = deque(maxlen=MINUTES)
            if len(self._webhooks) > MOST_WEBHOOKS:
                self._webhooks.popitem(last=False)
        self._webhooks.move_to_end(key)
        if not minutes or minutes[-1].at != _minute():
            minutes.append(Minute(_minute()))
        minute = minutes[-1]
        minute.results[facts["detail"].get("reason") or facts["exit"]] += 1
        if len(minute.durations) < SAMPLES:
            minute.durations.append(facts["duration_ms"])


def _minute() -> int:
    return int(time.time() // 60)
