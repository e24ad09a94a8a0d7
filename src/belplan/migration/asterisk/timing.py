"""`times,weekdays,days,months` of GotoIfTime and include, as named times of a plan.

Asterisk counts the last minute in: 17:00 is over at 17:01.
"""

import re
from typing import Any

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def parts_of(timing: str) -> list[dict[str, Any]]:
    """What must all hold, each as the parts of one time condition. Raises ValueError for what is no timing."""
    words = [word.strip().lower() for word in re.split(r"[,|]", timing)] + ["*"] * 4
    spans = _spans(words[0])
    days = _listed(words[1], DAYS)
    dates = _dates(words[2], words[3])
    found: list[dict[str, Any]] = []
    if dates is not None:
        # Hours belong to the date, unless weekdays have them already.
        hours = spans if days is None else [("00:00", "24:00")]
        found.append({"dates": [{"on": on} | _hours(start, to) for on in dates for start, to in hours]})
    if days is not None or dates is None:
        weekdays = [{"days": days or list(DAYS)} | _hours(start, to) for start, to in spans]
        found.append({"weekdays": weekdays})
    return found


def name_of(timing: str) -> str:
    """A name for it, made of its words."""
    words = [word.strip() for word in re.split(r"[,|]", timing)][:4]
    return " ".join(word for word in words if word not in ("*", "")) or "altijd"


def _hours(start: str, to: str) -> dict[str, str]:
    return {} if (start, to) == ("00:00", "24:00") else {"from": start, "to": to}


def _spans(word: str) -> list[tuple[str, str]]:
    if word in ("*", ""):
        return [("00:00", "24:00")]
    spans: list[tuple[str, str]] = []
    for one in word.split("&"):
        found = re.fullmatch(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})", one)
        if not found:
            raise ValueError(f"{one} is not 08:30-17:00")
        start, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
        if start > 1439 or end > 1439:
            raise ValueError(f"{one} is not 08:30-17:00")
        if start <= end:
            spans.append((_clock(start), _clock(end + 1)))
        else:  # over midnight, on the same days of the week
            spans += [(_clock(start), "24:00"), ("00:00", _clock(end + 1))]
    return spans


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _listed(word: str, names: tuple[str, ...]) -> list[str] | None:
    """`mon-fri`, `sat&sun`; None is any."""
    if word in ("*", ""):
        return None
    found: set[int] = set()
    for one in word.split("&"):
        first, _, last = one.partition("-")
        start, end = (_place(text, names) for text in (first, last or first))
        found |= {at % len(names) for at in range(start, (end if end >= start else end + len(names)) + 1)}
    return [names[at] for at in sorted(found)]


def _place(text: str, names: tuple[str, ...]) -> int:
    if text[:3] not in names:
        raise ValueError(f"{text} is none of {', '.join(names)}")
    return names.index(text[:3])


def _dates(days: str, months: str) -> list[str] | None:
    """Dates as MM-DD; None is any."""
    wanted = _listed(months, MONTHS)
    numbers: set[int] | None = None
    if days not in ("*", ""):
        numbers = set()
        for one in days.split("&"):
            first, _, last = one.partition("-")
            if not first.isdigit() or (last and not last.isdigit()):
                raise ValueError(f"{one} is no day of a month")
            numbers |= set(range(int(first), int(last or first) + 1))
    if wanted is None and numbers is None:
        return None
    return [
        f"{month + 1:02}-{day:02}"
        for month, name in enumerate(MONTHS)
        if wanted is None or name in wanted
        for day in range(1, _LENGTHS[month] + 1)
        if numbers is None or day in numbers
    ]
