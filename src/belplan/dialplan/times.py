"""Whether a named time holds at a moment.

Hours are those of the clock on the company's wall. Where summer time begins, an hour of that clock does
not exist, and no moment falls in it; where it ends, an hour comes twice, and what is said of it holds
both times. `to` is the first moment after: 17:00 ends at 17:00:00. A date of every year that is
29 February exists in leap years only.
"""

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from belplan.dialplan.company import DAYS, SpecialDate, TimeCondition


def holds(condition: TimeCondition, moment: datetime, zone: ZoneInfo) -> bool:
    """Whether any part of a time condition holds at a moment (with a time zone, any)."""
    local = moment.astimezone(zone)
    today, minute = local.date(), local.hour * 60 + local.minute
    if condition.weekdays:
        day = DAYS[local.weekday()]
        if any(day in hours.days and _within(minute, hours.start, hours.to) for hours in condition.weekdays):
            return True
    if condition.holidays and today in public_holidays(condition.holidays, today.year):
        return True
    if condition.periods and any(period.start <= today.isoformat() <= period.to for period in condition.periods):
        return True
    return any(_within(minute, one.start, one.to) for one in _on(condition.dates, today))


@lru_cache(maxsize=1024)
def public_holidays(country: str, year: int) -> frozenset[date]:
    """The public holidays of a country (ISO 3166) in a year, moving ones included. None are known: an empty set."""
    import holidays  # takes 0.1 s, and most plans name none

    try:
        return frozenset(holidays.country_holidays(country, years=year))
    except NotImplementedError:
        return frozenset()


def knows_holidays(country: str) -> bool:
    """Whether the public holidays of a country are known."""
    from holidays.registry import EntityLoader

    # Asking for a country's holidays would load those of all countries: 0.2 s.
    return country in EntityLoader.get_country_codes()


def _on(dates: Iterable[SpecialDate], today: date) -> Iterable[SpecialDate]:
    text = today.isoformat()
    return (one for one in dates if one.on in (text, text[5:]))


def _within(minute: int, start: str, to: str) -> bool:
    return _minutes(start) <= minute < _minutes(to)


@lru_cache(maxsize=4096)
def _minutes(clock: str) -> int:
    """Minutes since midnight; 24:00 is 1440."""
    return int(clock[:2]) * 60 + int(clock[3:])
