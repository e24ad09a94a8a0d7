"""Who is in a call: the people of a company, as callers or on whichever phone of theirs rings or talks."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Generator
from contextlib import contextmanager

from belplan.engine.leg import Leg

Person = tuple[str, str]
"""A company's id, and an internal or outside number of theirs."""


class Engaged:
    """Counts the calls of everybody. One for all calls of an exchange."""

    def __init__(self) -> None:
        self._ringing = Counter[Person]()
        self._talking = defaultdict[Person, Counter[str]](Counter)
        self._watchers: list[Callable[[str, str], None]] = []
        self._ends: set[asyncio.Task[int]] = set()

    def watch(self, watcher: Callable[[str, str], None]) -> None:
        """Have this called with a company's id and a number whenever something changes for that number."""
        self._watchers.append(watcher)

    def engaged(self, company: str, number: str) -> bool:
        """Whether a phone of theirs rings, or they are in a call."""
        return bool(self._ringing[company, number] or self._talking.get((company, number)))

    def talks_elsewhere(self, company: str, number: str, call: str) -> bool:
        """Whether they are in another call than this one."""
        return any(other != call for other in self._talking.get((company, number), ()))

    @contextmanager
    def ringing(self, company: str, number: str) -> Generator[None]:
        """A phone of theirs rings for as long as the block runs."""
        self._ringing[company, number] += 1
        self._changed(company, number)
        try:
            yield
        finally:
            self._ringing[company, number] -= 1
            if not self._ringing[company, number]:
                del self._ringing[company, number]
            self._changed(company, number)

    @contextmanager
    def calling(self, company: str, number: str, call: str) -> Generator[None]:
        """They are in this call for as long as the block runs."""
        self._begins(company, number, call)
        try:
            yield
        finally:
            self._ended(company, number, call)

    def talks(self, company: str, number: str, call: str, leg: Leg) -> None:
        """They have answered, and are in this call until their leg ends."""
        self._begins(company, number, call)
        self.at_end(leg, lambda: self._ended(company, number, call))

    def at_end(self, leg: Leg, do: Callable[[], None]) -> None:
        """Have this done when a leg has ended."""
        ending = asyncio.ensure_future(leg.ended())
        self._ends.add(ending)
        ending.add_done_callback(self._ends.discard)
        ending.add_done_callback(lambda _: do())

    async def forget(self) -> None:
        """Wait for no leg's end any more: where a simulation is over, and some of its legs are left as they are."""
        ends = list(self._ends)
        for ending in ends:
            ending.cancel()
        await asyncio.gather(*ends, return_exceptions=True)

    def _begins(self, company: str, number: str, call: str) -> None:
        self._talking[company, number][call] += 1
        self._changed(company, number)

    def _ended(self, company: str, number: str, call: str) -> None:
        calls = self._talking[company, number]
        calls[call] -= 1
        if calls[call] <= 0:
            del calls[call]
        if not calls:
            del self._talking[company, number]
        self._changed(company, number)

    def _changed(self, company: str, number: str) -> None:
        for watcher in self._watchers:
            watcher(company, number)
