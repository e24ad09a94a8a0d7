"""Versions that a share of the callers have: begun, widened, finished, and taken back by themselves."""

import json
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import structlog

from belplan.dialplan.company import Company
from belplan.engine.cdr import CallRecord
from belplan.gradual.rule import Tally, verdict
from belplan.store.audit import Audit
from belplan.store.database import now
from belplan.store.records import Records, Wanted
from belplan.store.trying import RolloutRow, Trying

COUNTED_AGAIN = 50_000  # calls at most, when the server starts

Share = Callable[[Company, int], Awaitable[None]]

_log = structlog.get_logger()


@dataclass(slots=True)
class Rollout:
    """A version for some of the callers, and what came of its calls and of those of the version before."""

    row: RolloutRow
    version: Company | None = None
    new: Tally = field(default_factory=Tally)
    old: Tally = field(default_factory=Tally)

    @property
    def running(self) -> bool:
        return self.row.state == "running"


class NotGradualError(Exception):
    """Phones and trunks are the whole exchange's: they cannot be otherwise for some callers."""


class Rollouts:
    """The rollouts of a server. `share` and `unshare` tell the exchange; `later` has something done soon."""

    def __init__(
        self,
        kept: Trying,
        records: Records,
        audit: Audit,
        *,
        share: Share,
        unshare: Callable[[str], None],
        later: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._kept = kept
        self._records = records
        self._audit = audit
        self._share = share
        self._unshare = unshare
        self._later = later
        self._rollouts: dict[str, Rollout] = {}

    def get(self, company: str) -> Rollout | None:
        """The last one of a company."""
        return self._rollouts.get(company)

    async def resume(self, compiled: Callable[[str, int], Awaitable[Company | None]]) -> None:
        """Go on with those that were under way. `compiled` gives a version of a company; None where it cannot walk."""
        for row in await self._kept.rollouts():
            found = self._rollouts[row.company] = Rollout(row)
            if not found.running:
                continue
            found.version = await compiled(row.company, row.version)
            if found.version is None:
                await self._end(found, "back", "the version cannot be used any more")
                continue
            await self._share(found.version, row.share)
            self._later(self._count_again(found, Wanted(since=row.began, until=now())))

    async def begin(self, live: Company, version: Company, share: int, author: str) -> None:
        """Let `share` percent of the callers have a version. Raises OSError."""
        row = RolloutRow(live.id, version.number, live.number, share, now(), author)
        await self._kept.keep_rollout(row)
        self._rollouts[live.id] = Rollout(row, version)
        await self._share(version, share)

    async def widen(self, company: str, share: int) -> None:
        """Let more of the callers have it, or fewer. Raises LookupError where none is running, OSError."""
        found = self._running(company)
        found.row = replace(found.row, share=share)
        await self._kept.keep_rollout(found.row)
        if found.version:
            await self._share(found.version, share)

    async def end(self, company: str, state: Literal["finished", "back"], reason: str = "") -> None:
        """All callers have the live version again. Nothing where none is running."""
        found = self._rollouts.get(company)
        if found and found.running:
            await self._end(found, state, reason)

    def heard(self, record: CallRecord) -> None:
        """A call has ended. Never waits: it is told on the loop that calls are on."""
        found = self._rollouts.get(record.company)
        if found is None or not found.running:
            return
        self._count(found, record)
        if reason := verdict(found.new, found.old):
            self._unshare(record.company)  # at once; what is written comes after
            found.row = replace(found.row, state="back", reason=reason)
            _log.warning("rollout.back", company=record.company, version=found.row.version, reason=reason)
            self._later(self._write_back(found))

    async def _count_again(self, found: Rollout, wanted: Wanted) -> None:
        async for line in self._records.whole(found.row.company, wanted, COUNTED_AGAIN):
            self._count(found, CallRecord.from_json(json.loads(line)))

    async def _write_back(self, found: Rollout) -> None:
        row = found.row
        await self._kept.keep_rollout(row)
        target = str(row.version)
        await self._audit.write("belplan", "rollout.back", company=row.company, target=target, reason=row.reason)

    async def _end(self, found: Rollout, state: Literal["finished", "back"], reason: str) -> None:
        self._unshare(found.row.company)
        found.row = replace(found.row, state=state, reason=reason)
        await self._kept.keep_rollout(found.row)

    def _running(self, company: str) -> Rollout:
        found = self._rollouts.get(company)
        if found is None or not found.running:
            raise LookupError(company)
        return found

    @staticmethod
    def _count(found: Rollout, record: CallRecord) -> None:
        if record.version == found.row.version:
            found.new.count(record)
        elif record.version == found.row.before:
            found.old.count(record)


def refuse_other_lines(live: Company, version: Company) -> None:
    """Raises NotGradualError where phones or trunks are not those of the live version."""
    phones = [{user.number: user.phones for user in one.users if user.phones} for one in (live, version)]
    if phones[0] != phones[1]:
        raise NotGradualError("the phones are not those of the live version; publish that for all callers")
    if live.trunks != version.trunks:
        raise NotGradualError("the trunks are not those of the live version; publish that for all callers")
