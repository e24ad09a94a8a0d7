"""Calls of the past through a draft: which come out as they were, and what changed for the others."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from belplan.dialplan.company import Company
from belplan.engine.cdr import CallRecord, Step
from belplan.ladder import sentence, who
from belplan.replay.past import RINGING, Faulty
from belplan.replay.walk import Again, again

Verdict = Literal["same", "differs", "unknown"]
SHOWN = 5  # calls that are named of each change


@dataclass(frozen=True, slots=True)
class Compared:
    """One call. `was` and `now` are where it came to, in words; `at` is the item that made the difference.

    `unknown` is what the past could not answer; with the verdict `differs` it is known all the same that the call
    goes elsewhere. `longer` are the seconds that it takes longer until the first phone rings, where both are known.
    """

    record: CallRecord
    verdict: Verdict
    exact: bool
    was: str
    now: str = ""
    at: str = ""
    unknown: str = ""
    longer: float | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Calls that changed in the same way."""

    was: str
    now: str
    at: str
    count: int
    calls: tuple[str, ...]


@dataclass(slots=True)
class Replayed:
    """What came of all the calls. `exact` are those whose every step is as it was."""

    total: int = 0
    same: int = 0
    exact: int = 0
    differs: int = 0
    unknown: int = 0
    changes: tuple[Change, ...] = ()
    unanswered: tuple[Change, ...] = ()
    compared: list[Compared] = field(default_factory=list[Compared])

    def __str__(self) -> str:
        calls = "1 call" if self.total == 1 else f"{self.total} calls"
        text = f"{calls}, {self.same} the same, {self.differs} {'differs' if self.differs == 1 else 'differ'}"
        return text + (f", {self.unknown} that the past cannot answer" if self.unknown else "")

    def as_json(self) -> dict[str, Any]:
        """Counts and groups; of the calls themselves those that are not the same."""
        return {
            "calls": self.total,
            "same": self.same,
            "exactly": self.exact,
            "differ": self.differs,
            "unknown": self.unknown,
            "changes": [_change(one) for one in self.changes],
            "unanswered": [_change(one) for one in self.unanswered],
            "different": [
                {
                    "uuid": one.record.uuid,
                    "verdict": one.verdict,
                    "was": one.was,
                    "now": one.now,
                    "at": one.at,
                    "unknown": one.unknown or None,
                    "longer_s": one.longer,
                }
                for one in self.compared
                if one.verdict != "same"
            ],
        }


def _change(change: Change) -> dict[str, Any]:
    return {"was": change.was, "now": change.now, "at": change.at, "count": change.count, "calls": list(change.calls)}


def replay(company: Company, records: Iterable[CallRecord], *, faulty: Faulty = lambda app, path: None) -> Replayed:
    """Walk calls of the past through a company's plan, and compare. `faulty` is what their webhooks do instead."""
    return replayed(compare(company, record, faulty=faulty) for record in records)


def replayed(compared: Iterable[Compared]) -> Replayed:
    """Calls that were compared, counted and grouped."""
    found = Replayed()
    for one in compared:
        found.total += 1
        found.same += one.verdict == "same"
        found.exact += one.exact
        found.differs += one.verdict == "differs"
        found.unknown += one.verdict == "unknown"
        found.compared.append(one)
    found.changes = _grouped(one for one in found.compared if one.verdict == "differs")
    found.unanswered = _grouped(one for one in found.compared if one.verdict == "unknown")
    return found


def compare(company: Company, record: CallRecord, *, faulty: Faulty = lambda app, path: None) -> Compared:
    """One call of the past through a company's plan."""
    was = _place(company, record, None)
    try:
        came = again(company, record, faulty=faulty)
    except LookupError as gone:
        return Compared(record, "differs", False, was, "no way in", record.callee_number, str(gone))
    now = _place(company, came.record, came.ringing)
    before, after = _met(record), _met(came.record)
    longer = _longer(record, came)
    if came.unknown is None:
        same = (
            before == after and record.outcome == came.record.outcome and record.answered_by == came.record.answered_by
        )
        if same:
            return Compared(record, "same", came.exact, was, now, longer=longer)
        return Compared(record, "differs", False, was, now, _decider(company, record, came.record), longer=longer)
    elsewhere = came.ringing is not None and (len(before) <= len(after) or before[len(after)][0] != came.ringing)
    differs = elsewhere or before[: len(after)] != after
    verdict: Verdict = "differs" if differs else "unknown"
    place = now if came.ringing else "not known"
    at = _decider(company, record, came.record) if differs else came.unknown.name
    return Compared(record, verdict, False, was, place, at, str(came.unknown), longer)


def _met(record: CallRecord) -> list[tuple[str, str]]:
    """Who was rung, and how it went; and the end."""
    return [(str(step.detail["to"]), step.exit) for step in record.trace if _rings(step)]


def _rings(step: Step) -> bool:
    return step.exit in RINGING and "to" in step.detail


def _place(company: Company, record: CallRecord, ringing: str | None) -> str:
    if ringing:
        return who(company, ringing)
    if record.outcome == "connected":
        return who(company, record.connected_to or "")
    return {"abandoned": "hung up by the caller", "ended": "ended by the plan"}.get(record.outcome, record.outcome)


def _decider(company: Company, was: CallRecord, now: CallRecord) -> str:
    """The first step that is left otherwise than it was, or is new: as the item's path and what it asks."""
    exits: dict[str, list[str]] = {}
    for step in was.trace:
        exits.setdefault(step.item or step.path, []).append(step.exit)
    for step in now.trace:
        before = exits.get(step.item or step.path)
        if before and before[0] == step.exit:
            del before[0]
            continue
        if before or _chooses(step):
            return f"{step.path} {sentence(company, step)} → {step.exit}".replace("  ", " ")
    return now.trace[-1].path if now.trace else ""


def _chooses(step: Step) -> bool:
    return step.app not in ("announce", "set", "prefix", "email") and step.exit not in ("false", "otherwise")


def _longer(was: CallRecord, came: Again) -> float | None:
    """Seconds until the first phone rings: how many more than it was."""
    before = next((step.started_ms for step in was.trace if _rings(step)), None)
    after = next((step.started_ms for step in came.record.trace if _rings(step)), None)
    if after is None and came.ringing:
        last = came.record.trace[-1] if came.record.trace else None
        after = last.started_ms + last.duration_ms if last else 0.0
    return None if before is None or after is None else round((after - before) / 1000, 3)


def _grouped(compared: Iterable[Compared]) -> tuple[Change, ...]:
    counts: Counter[tuple[str, str, str]] = Counter()
    calls: dict[tuple[str, str, str], list[str]] = {}
    for one in compared:
        key = (one.was, one.now, one.at if one.verdict == "differs" else one.unknown)
        counts[key] += 1
        calls.setdefault(key, []).append(one.record.uuid)
    return tuple(Change(*key, count, tuple(calls[key][:SHOWN])) for key, count in counts.most_common())


def slower(compared: Sequence[Compared]) -> tuple[int, float]:
    """How many calls ring later than they did, and by how many seconds at most."""
    more = [one.longer for one in compared if one.longer is not None and one.longer > 0.05]
    return len(more), max(more, default=0.0)
