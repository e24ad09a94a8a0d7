"""Shadows: a draft that is walked beside the live version, on real calls, and reaches nobody.

A call that has ended is walked once more through the draft, with the answers, keys and phones that it met. So webhooks
are shared and nothing is sent twice, and a call waits for nothing: the walking is done by a process of its own.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import structlog

from belplan.engine.cdr import CallRecord
from belplan.examination.process import worker
from belplan.store.database import now
from belplan.store.records import Records, Wanted
from belplan.store.trying import ShadowRow, Trying

SHOWN = 5  # calls that are named of each difference
MOST_WAITING = 2000  # calls; what comes when so many wait is skipped, and counted as such
MOST_GROUPS = 500  # differences told apart
MOST = 20  # shadows on one server: each is a process
CAUGHT_UP = 10_000  # calls since it began, when the server starts anew
AGAIN_AFTER = 5.0  # seconds until a process that ended is started again

Key = tuple[str, str, str]

_log = structlog.get_logger()


class TooManyError(Exception):
    """The server has as many shadows as it may."""


@dataclass(slots=True)
class Shadow:
    """What came of calls in a draft. Groups are by where calls went, where they would have gone, and what decided."""

    row: ShadowRow
    verdicts: Counter[str] = field(default_factory=Counter[str])
    skipped: int = 0
    groups: dict[str, Counter[Key]] = field(default_factory=lambda: {"differs": Counter(), "unknown": Counter()})
    calls: dict[Key, list[str]] = field(default_factory=dict[Key, list[str]])
    waiting: "asyncio.Queue[str]" = field(default_factory=lambda: asyncio.Queue(MOST_WAITING))
    task: "asyncio.Task[None] | None" = None

    def add(self, compared: dict[str, Any]) -> None:
        """One call more."""
        verdict: str = compared["verdict"]
        self.verdicts[verdict] += 1
        group = self.groups.get(verdict)
        if group is None:
            return
        key = (compared["was"], compared["now"], compared["at"])
        if key in group or len(group) < MOST_GROUPS:
            group[key] += 1
            examples = self.calls.setdefault(key, [])
            if len(examples) < SHOWN:
                examples.append(compared["uuid"])

    def shown(self, verdict: str) -> list[dict[str, Any]]:
        """The differences of a kind, the most frequent first."""
        return [
            {"was": was, "now": goes, "at": at, "count": count, "calls": self.calls[was, goes, at]}
            for (was, goes, at), count in self.groups[verdict].most_common()
        ]


class Shadows:
    """The shadows of a server. Lives on one event loop. `handle` gives a company's on the exchange."""

    def __init__(self, kept: Trying, records: Records) -> None:
        self._kept = kept
        self._records = records
        self._shadows: dict[str, Shadow] = {}

    def get(self, company: str) -> Shadow | None:
        """The one of a company."""
        return self._shadows.get(company)

    async def resume(self, handle: Callable[[str], Coroutine[Any, Any, str]]) -> None:
        """Go on with those there were: what has been since they began is looked at again."""
        for row in await self._kept.shadows():
            shadow = self._start(row, await handle(row.company))
            wanted = Wanted(since=row.began)
            async for line in self._records.whole(row.company, wanted, min(CAUGHT_UP, MOST_WAITING)):
                self._put(shadow, line)

    async def begin(self, company: str, plan: dict[str, Any], handle: str, author: str) -> Shadow:
        """Have a plan walked beside the live version from now on. Raises TooManyError."""
        if company not in self._shadows and len(self._shadows) >= MOST:
            raise TooManyError
        row = ShadowRow(company, plan, now(), author)
        await self._kept.keep_shadow(row)
        await self._stop(company)
        return self._start(row, handle)

    async def end(self, company: str) -> None:
        """Stop it, if there is one."""
        await self._kept.end_shadow(company)
        await self._stop(company)

    def heard(self, record: CallRecord) -> None:
        """A call has ended. Never waits."""
        if shadow := self._shadows.get(record.company):
            self._put(shadow, json.dumps(record.as_json(), ensure_ascii=False))

    async def close(self) -> None:
        """Stop all of them, which go on when the server is there again."""
        for company in list(self._shadows):
            await self._stop(company)

    def _start(self, row: ShadowRow, handle: str) -> Shadow:
        shadow = self._shadows[row.company] = Shadow(row)
        task = {"what": "shadow", "plan": json.dumps(row.plan), "handle": handle}
        shadow.task = asyncio.create_task(_follow(shadow, task))
        return shadow

    async def _stop(self, company: str) -> None:
        shadow = self._shadows.pop(company, None)
        if shadow and shadow.task:
            shadow.task.cancel()
            await asyncio.gather(shadow.task, return_exceptions=True)

    @staticmethod
    def _put(shadow: Shadow, line: str) -> None:
        try:
            shadow.waiting.put_nowait(line)
        except asyncio.QueueFull:
            shadow.skipped += 1


async def _follow(shadow: Shadow, task: dict[str, Any]) -> None:
    while True:
        # No process as long as nobody calls.
        first = await shadow.waiting.get()
        try:
            async with worker(task, _lines(shadow, first)) as said:
                async for word in said:
                    if "compared" in word:
                        shadow.add(word["compared"])
                    else:
                        _log.error("shadow.failed", company=shadow.row.company, reason=word.get("error"))
        except OSError as error:
            _log.error("shadow.failed", company=shadow.row.company, reason=str(error))
        shadow.skipped += 1  # the call that it ended with
        await asyncio.sleep(AGAIN_AFTER)


async def _lines(shadow: Shadow, first: str) -> AsyncIterator[str]:
    yield first
    while True:
        yield await shadow.waiting.get()
