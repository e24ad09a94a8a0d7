"""A simulated leg: a party that hears, presses keys and hangs up as the script says."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from belplan.drivers.simulator.hearing import Ear, seconds_of
from belplan.drivers.simulator.recording import SimulatedRecording
from belplan.engine.leg import NORMAL, LegEndedError, Shown, Sound

SPEAKS = 10.0  # seconds; about a sentence or two


@dataclass(frozen=True, slots=True)
class Press:
    """Keys pressed at a moment: so many seconds after the call's arrival, or after a sound begins that has this in it.

    "" presses nothing, and so names a moment at which nothing happens.
    """

    keys: str
    after: float = 0.0
    during: str = ""


class _Playing:
    """A sound that ends by itself after its length."""

    def __init__(self, leg: "SimulatedLeg", ends: float) -> None:
        self._leg = leg
        self._ends = ends

    async def finished(self) -> bool:
        if self._ends == float("inf"):
            await self._leg.ended()
        else:
            await self._leg.lasts(self._ends - self._leg.now())
        self._leg.check()
        return True


class SimulatedLeg:
    """A party of a simulated call. See belplan.engine.leg.Leg for what the engine may ask of it.

    `keys` are pressed in turn, each when somebody waits for one; "" lets one such wait pass without a key.
    `presses` are pressed at their own moments, whether anybody waits or not. `speaks` is how many seconds the
    party speaks into each recording, the last one again and again; then comes the next of `keys`.
    """

    def __init__(
        self,
        leg_id: str,
        keys: Iterable[str] = (),
        presses: Iterable[Press] = (),
        speaks: Iterable[float] = (),
    ) -> None:
        self.id = leg_id
        self.answered = False
        self.rang = False
        self.taken = False  # somebody picked up what rings for it
        self.shows: list[Shown] = []  # who it talked with, as its phone was told after it had rung
        self.told: list[bool] = []  # what came of its transfers
        self._loop = asyncio.get_running_loop()
        self.now = self._loop.time
        self.ear = Ear(self.now())
        self.ended_at: float | None = None
        self._keys = deque(keys)
        self._speaks = deque(speaks or (SPEAKS,))
        self._recordings: dict[str, SimulatedRecording] = {}
        self._pressed: deque[str] = deque()
        self._changed = asyncio.Event()
        self._end: asyncio.Future[int] = self._loop.create_future()
        self.waiting: set[asyncio.Future[None]] = set()
        self._cues = [press for press in presses if press.during]
        self._timers = [
            self._loop.call_later(press.after, self.press, press.keys) for press in presses if not press.during
        ]

    # What the engine asks

    async def note(self, written: Callable[[], str]) -> None:
        pass  # it dies with this process

    async def ring(self) -> None:
        self.check()
        if not self.answered:
            self.rang = True
            self.ear.rings(self.now())
            self._hears("ringing")

    async def answer(self) -> None:
        self.check()
        self.answered = True
        self.ear.stops_ringing(self.now())

    @asynccontextmanager
    async def playing(self, sound: Sound) -> AsyncGenerator[_Playing]:
        self.check()
        began = self.now()
        ends = began + seconds_of(sound)
        self.ear.stops_ringing(began)
        self.ear.heard.append(str(sound))
        self._hears(str(sound))
        try:
            yield _Playing(self, ends)
        finally:
            self.ear.listened(began, min(ends, self.now()))

    @asynccontextmanager
    async def recording(
        self, name: str, *, longest: float, silence: float | None = None, until: Literal["#", "*", ""] = "#"
    ) -> AsyncGenerator[SimulatedRecording]:
        self.check()
        if name not in self._recordings:
            speech = self._speaks.popleft() if len(self._speaks) > 1 else self._speaks[0]
            self._recordings[name] = SimulatedRecording(self, name, speech, longest, silence, until)
        recording = self._recordings[name]
        try:
            yield recording
        finally:
            recording.stop()

    async def read_digit(self) -> str:
        self.check()
        if not self._pressed and (key := self.next_key()):
            return key
        await self.digit_pressed()
        return self._pressed.popleft()

    @property
    def digit_waiting(self) -> bool:
        return bool(self._pressed)

    async def digit_pressed(self) -> None:
        while not self._pressed:
            self.check()
            self._changed.clear()
            await self._changed.wait()

    def show(self, shown: Shown) -> None:
        self.shows.append(shown)

    async def transferred(self, done: bool) -> None:
        self.told.append(done)

    async def hang_up(self, cause: int = NORMAL) -> None:
        self.leave(cause)

    async def ended(self) -> int:
        return await asyncio.shield(self._end)

    # What the party does

    def next_key(self) -> str:
        """The next key of those that wait for somebody to ask; "" where there is none, or this time none is pressed."""
        return self._keys.popleft() if self._keys else ""

    def take_pressed(self, key: str) -> bool:
        """Whether this key is among those pressed; it and those before it are taken away."""
        if not key or key not in self._pressed:
            return False
        while self._pressed.popleft() != key:
            pass
        return True

    async def changes(self, within: float) -> bool:
        """Wait until a key is pressed or the party is gone. False where neither comes in so many seconds."""
        self._changed.clear()
        try:
            async with asyncio.timeout(max(0.0, within)):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    @property
    def heard(self) -> list[str]:
        """What the party was given to hear, in turn."""
        return self.ear.heard

    def press(self, digits: str) -> None:
        """Press keys now."""
        self._pressed.extend(digits)
        self._changed.set()

    def leave(self, cause: int = NORMAL) -> None:
        """Hang up."""
        if self._end.done():
            return
        self._end.set_result(cause)
        self.ended_at = self.now()
        self._changed.set()
        for timer in self._timers:
            timer.cancel()
        for waiter in self.waiting:
            _wake(waiter)

    def leave_after(self, seconds: float) -> None:
        """Hang up by itself so many seconds from now, where the call lasts that long."""
        self._timers.append(self._loop.call_later(seconds, self.leave))

    def check(self) -> None:
        """Raises LegEndedError once the party is gone."""
        if self._end.done():
            raise LegEndedError(self._end.result())

    @property
    def gone(self) -> bool:
        return self._end.done()

    async def lasts(self, seconds: float) -> None:
        """Wait so long, or until the party is gone."""
        await one_gone((self,), seconds)

    def _hears(self, sound: str) -> None:
        """Press what was to be pressed during this sound."""
        for cue in self._cues:
            if cue.during in sound:
                self._cues.remove(cue)
                if cue.after:
                    self._timers.append(self._loop.call_later(cue.after, self.press, cue.keys))
                else:
                    self.press(cue.keys)
                return


async def one_gone(legs: Collection[SimulatedLeg], seconds: float) -> None:
    """Wait so long, or until one of the parties is gone."""
    if any(leg.gone for leg in legs):
        return
    loop = asyncio.get_running_loop()
    waiter = loop.create_future()
    timer = loop.call_later(max(0.0, seconds), _wake, waiter)
    for leg in legs:
        leg.waiting.add(waiter)
    try:
        await waiter
    finally:
        timer.cancel()
        for leg in legs:
            leg.waiting.discard(waiter)


def _wake(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)
