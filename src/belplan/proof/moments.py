"""Classes of moments: which named times hold together, and when.

Every day of a calendar of 28 years is looked at, after which weekdays and dates come round again. A call
may come just before a named time begins or ends, and go on after: such pairs are classes of their own.
"""

import itertools
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from belplan.dialplan import times
from belplan.dialplan.company import Company, TimeCondition
from belplan.proof.classes import bits

YEARS = 28
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """A class of moments: which named times hold (a bit each) when the call arrives, and later, when it is asked.

    `seen` is a moment at which it is so: the middle of the longest stretch, or the very moment of the change.
    """

    arrival: int
    later: int
    seen: datetime

    @property
    def changes(self) -> bool:
        return self.arrival != self.later


class Moments:
    """The classes of moments of a company, each a bit of a mask."""

    def __init__(self, company: Company, named: tuple[str, ...], first: date, *, overridden: bool = False) -> None:
        self.names = named
        self._calendar = tuple(company.times[name] for name in named), company.zone, first
        classes = list(_middles(*self._calendar))
        if overridden:  # somebody may say of any time that it holds or not
            seen = {one.arrival for one in classes}
            missing = [holds for holds in range(1 << len(named)) if holds not in seen]
            classes += [Moment(holds, holds, classes[0].seen) for holds in missing]
        self.plain = len(classes)
        self.classes = classes
        self.full = (1 << len(classes)) - 1
        self._passing: dict[int, int] = {}

    def allow(self, seconds: float) -> None:
        """Let calls last so long, so that they may meet a change of times."""
        known = {(one.arrival, one.later) for one in self.classes}
        changes = _changes(*self._calendar, timedelta(seconds=seconds))
        self.classes += [one for one in changes if (one.arrival, one.later) not in known]
        self._passing.clear()

    @property
    def everything(self) -> int:
        return (1 << len(self.classes)) - 1

    def passing(self, mask: int) -> int:
        """The mask with all classes in which a call of these may be later."""
        if mask not in self._passing:
            arrived = {self.classes[index].arrival for index in bits(mask)}
            more = (1 << index for index, one in enumerate(self.classes) if one.changes and one.arrival in arrived)
            self._passing[mask] = mask | sum(more)
        return self._passing[mask]

    def split(self, mask: int, name: str, *, at_arrival: bool = False) -> dict[bool, int]:
        """The parts of a mask in which a named time holds, and does not."""
        bit = 1 << self.names.index(name)
        parts = {True: 0, False: 0}
        for index in bits(mask):
            one = self.classes[index]
            parts[bool((one.arrival if at_arrival else one.later) & bit)] |= 1 << index
        return {held: part for held, part in parts.items() if part}

    def steady(self, mask: int) -> int:
        """The part of a mask in which nothing changes meanwhile."""
        return sum(1 << index for index in bits(mask) if not self.classes[index].changes)


# The same calendar is asked for again at each proof of a company of which the hours stay as they were.
@lru_cache(maxsize=64)
def _stretches(conditions: tuple[TimeCondition, ...], zone: ZoneInfo, first: date) -> tuple[tuple[datetime, int], ...]:
    """The moments from which on other named times hold than before, each with those that hold."""
    minutes = sorted({0} | {minute for one in conditions for minute in _minutes(one)})
    found: list[tuple[datetime, int]] = []
    kinds: dict[tuple[object, ...], tuple[tuple[int, int], ...]] = {}
    day = first
    last = first.replace(year=first.year + YEARS) if first.month != 2 or first.day != 29 else first + YEARS * 365 * _DAY
    while day <= last:
        kind = tuple(_kind(one, day) for one in conditions)
        if odd := _changes_clock(zone, day):
            kind = (*kind, day)
        if kind not in kinds or odd:
            spans: list[tuple[int, int]] = []
            for minute in minutes:
                moment = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone)
                held = (times.holds(one, moment, zone) for one in conditions)
                spans.append((minute, sum(1 << bit for bit, holds in enumerate(held) if holds)))
            kinds[kind] = tuple(spans)
        for minute, holds in kinds[kind]:
            if not found or found[-1][1] != holds:
                local = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone)
                found.append((local.astimezone(UTC), holds))
        day += _DAY
    end = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    return (*found, (end, -1)) if found else ((end - _DAY, 0), (end, -1))


@lru_cache(maxsize=64)
def _middles(conditions: tuple[TimeCondition, ...], zone: ZoneInfo, first: date) -> tuple[Moment, ...]:
    """A class for all that hold together at some moment."""
    seen: dict[int, tuple[timedelta, datetime]] = {}
    for (began, holds), (ended, _) in itertools.pairwise(_stretches(conditions, zone, first)):
        length = ended - began
        if holds not in seen or length > seen[holds][0]:
            seen[holds] = (length, began + length / 2)
    return tuple(Moment(holds, holds, middle) for holds, (_, middle) in seen.items())


@lru_cache(maxsize=64)
def _changes(
    conditions: tuple[TimeCondition, ...], zone: ZoneInfo, first: date, lasting: timedelta
) -> tuple[Moment, ...]:
    """A class for each change that a call may meet that lasts so long, in the order of the calendar."""
    stretches = _stretches(conditions, zone, first)
    starts = [began for began, _ in stretches]
    found: dict[tuple[int, int], Moment] = {}
    for index, (_, before) in enumerate(stretches[:-1]):
        until = stretches[index + 1][0] + lasting
        for at in range(index + 1, bisect_right(starts, until)):
            moment, after = stretches[at]
            if after >= 0 and before != after:
                found.setdefault((before, after), Moment(before, after, moment))
    return tuple(found.values())


def _kind(condition: TimeCondition, day: date) -> tuple[object, ...]:
    """What of a day matters to a condition."""
    text = day.isoformat()
    return (
        day.weekday() if condition.weekdays else None,
        bool(condition.holidays and day in times.public_holidays(condition.holidays, day.year)),
        any(period.start <= text <= period.to for period in condition.periods),
        tuple(index for index, one in enumerate(condition.dates) if one.on in (text, text[5:])),
    )


def _changes_clock(zone: ZoneInfo, day: date) -> bool:
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    return midnight.utcoffset() != (midnight + _DAY).utcoffset()


def _minutes(condition: TimeCondition) -> Mapping[int, None]:
    clock = [text for part in (*condition.weekdays, *condition.dates) for text in (part.start, part.to)]
    return dict.fromkeys(minute for text in clock if (minute := int(text[:2]) * 60 + int(text[3:])) < 1440)
