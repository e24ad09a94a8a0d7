"""Time, as a call sees it: real on an exchange, virtual in a simulation.

Waiting is asyncio's own (`asyncio.sleep`, `asyncio.timeout`). On a `VirtualLoop` it costs nothing:
when nobody has anything to do, the loop's time jumps to the next moment at which somebody has. Only
while something real is under way (a webhook that is really sent) does it pass as it does outside.
"""

import asyncio
import contextlib
import selectors
import time
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")


class Clock:
    """The date and time: `start` at the moment it is made, and from then on the event loop's time."""

    def __init__(self, start: datetime | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._start = start or datetime.now(UTC)

    def now(self) -> datetime:
        """The time now, with its zone."""
        return self._start + timedelta(seconds=self._loop.time() - self._began)

    def monotonic(self) -> float:
        """Seconds that never run backwards, from a moment of no meaning."""
        return self._loop.time()


class SystemClock(Clock):
    """The machine's own clock, also when it is set anew while we run."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class DeadlockError(RuntimeError):
    """Everybody waits for somebody else: in virtual time nothing will ever happen again."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps over waiting."""

    def __init__(self) -> None:
        self._ahead = 0.0  # seconds that virtual time has run ahead of the real one
        self._stopped_at: float | None = 0.0  # virtual time while nothing real is under way
        self._real = 0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return self._stopped_at if self._stopped_at is not None else time.monotonic() + self._ahead

    @contextlib.contextmanager
    def real_time(self) -> Generator[None]:
        """Let time pass as it does outside for as long as the block runs."""
        if not self._real:
            self._ahead = self.time() - time.monotonic()
            self._stopped_at = None
        self._real += 1
        try:
            yield
        finally:
            self._real -= 1
            if not self._real:
                self._stopped_at = time.monotonic() + self._ahead

    def rewind(self) -> None:
        """Go back to the beginning of time, so that what comes next happens at the same moments as what came first.

        Only where nothing is under way. Does nothing while time passes really.
        """
        if self._stopped_at is not None:
            self._stopped_at = 0.0

    @property
    def virtual(self) -> bool:
        """Whether nothing real is under way."""
        return self._stopped_at is not None

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> "asyncio.Future[T]":
        """Work in a thread is real: time passes with it."""
        real = self.real_time()
        real.__enter__()
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(lambda _: real.__exit__(None, None, None))
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        with self.real_time():
            await super().shutdown_default_executor()

    def jump(self, seconds: float | None) -> None:
        """Do not wait `seconds`: let them have passed. None is for ever."""
        if seconds is None:
            raise DeadlockError("nothing is scheduled and nothing real is under way")
        if self._stopped_at is not None:
            self._stopped_at += seconds


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop_of = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        if not self._loop_of.virtual:
            return super().select(timeout)
        if timeout == 0:
            return []  # there is something to do, and nothing outside to wait for
        ready = super().select(0)
        if not ready:
            self._loop_of.jump(timeout)
        return ready


@contextlib.contextmanager
def real_time() -> Generator[None]:
    """Let time pass as it does outside for as long as the block runs. On an exchange it always does."""
    loop = asyncio.get_running_loop()
    if isinstance(loop, VirtualLoop):
        with loop.real_time():
            yield
    else:
        yield
