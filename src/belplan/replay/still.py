"""A clock, a caller and an exchange of a call that is walked again: nothing takes time by itself, nobody is rung."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from belplan.engine.leg import NORMAL, LegEndedError, Shown, Sound


class Clock:
    """Time that passes when it is told to."""

    def __init__(self, arrived: datetime) -> None:
        self._arrived = arrived
        self._seconds = 0.0

    def now(self) -> datetime:
        return self._arrived + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        return self._seconds

    def pass_by(self, seconds: float) -> None:
        self._seconds += seconds

    def reach(self, seconds: float) -> None:
        self._seconds = max(self._seconds, seconds)


class Caller:
    """A leg that hears everything at once and never waits."""

    id = "caller"
    digit_waiting = False

    def __init__(self) -> None:
        self.answered = False

    async def ring(self) -> None: ...

    async def answer(self) -> None:
        self.answered = True

    def show(self, shown: Shown) -> None: ...

    async def transferred(self, done: bool) -> None: ...

    async def hang_up(self, cause: int = NORMAL) -> None: ...

    async def ended(self) -> int:
        return NORMAL

    async def note(self, written: Callable[[], str] | None = None) -> None: ...

    @asynccontextmanager
    async def playing(self, sound: Sound) -> AsyncGenerator["Played"]:
        yield Played()

    def recording(self, name: str, **how: Any) -> Any:
        raise LegEndedError

    async def read_digit(self) -> str:
        raise LegEndedError

    async def digit_pressed(self) -> None:
        raise LegEndedError


class Played:
    async def finished(self) -> bool:
        return True


class Nothing:
    """No exchange: whoever is rung is rung by the past."""
