"""Calls of the company's own phones to the outside: how many at once, how many an hour.

A phone whose password was stolen costs a company tens of thousands in a night; these are the brakes.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Generator
from contextlib import contextmanager

from belplan.dialplan.company import Company

HOUR = 3600.0  # seconds


class TooManyError(Exception):
    """The company's phones call too much; the caller hears so."""


class OutsideLines:
    """Counts the calls to the outside of every company. One for all calls of an exchange."""

    def __init__(self) -> None:
        self._now = Counter[str]()
        self._began = defaultdict[str, deque[float]](deque)

    @contextmanager
    def line(self, company: Company, now: float) -> Generator[None]:
        """Take a line for as long as the block runs; `now` is in monotonic seconds. Raises TooManyError."""
        rules, began = company.settings.outside_calls, self._began[company.id]
        while began and began[0] <= now - HOUR:
            began.popleft()
        if self._now[company.id] >= rules.at_once or len(began) >= rules.per_hour:
            raise TooManyError
        began.append(now)
        self._now[company.id] += 1
        try:
            yield
        finally:
            self._now[company.id] -= 1
