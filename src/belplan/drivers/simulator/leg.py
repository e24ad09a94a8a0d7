"""A simulated leg: a party that hears, presses keys and hangs up as the script says."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager

from belplan.dialplan.fields import Prompt
from belplan.engine.leg import NORMAL, LegEndedError, Sound

SPEECH_RATE = 15.0  # characters a second, as espeak-ng and people speak Dutch
FILE_SECONDS = 3.0  # a sound file whose length the simulator does not know


def seconds_of(sound: Sound) -> float:
    """How long a sound lasts. Tones never end by themselves."""
    if not isinstance(sound, Prompt):
        return float("inf")
    return len(sound.say) / SPEECH_RATE if sound.say is not None else FILE_SECONDS


class _Playing:
    """A sound that ends by itself after its length."""

    def __init__(self, leg: "SimulatedLeg", sound: Sound) -> None:
        self._leg = leg
        loop = asyncio.get_running_loop()
        self._ends = loop.time() + seconds_of(sound)

    async def finished(self) -> bool:
        left = self._ends - asyncio.get_running_loop().time()
        if left == float("inf"):
            await self._leg.ended()
        else:
            await self._leg.lasts(left)
        self._leg.check()
        return True


class SimulatedLeg:
    """A party of a simulated call. See belplan.engine.leg.Leg for what the engine may ask of it.

    `keys` are pressed in turn, each when somebody waits for one. `heard` is what the party was given
    to hear, and `rang` whether that was ringing.
    """

    def __init__(self, leg_id: str, keys: Iterable[str] = ()) -> None:
        self.id = leg_id
        self.answered = False
        self.heard: list[str] = []
        self.rang = False
        self._keys = deque(keys)
        self._pressed: deque[str] = deque()
        self._changed = asyncio.Event()
        self._end: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    # What the engine asks

    async def ring(self) -> None:
        self.check()
        if not self.answered:
            self.rang = True
            self.heard.append("ringing")

    async def answer(self) -> None:
        self.check()
        self.answered = True

    @asynccontextmanager
    async def playing(self, sound: Sound) -> AsyncGenerator[_Playing]:
        self.check()
        self.heard.append(str(sound))
        yield _Playing(self, sound)

    async def read_digit(self) -> str:
        self.check()
        if not self._pressed and self._keys:
            return self._keys.popleft()
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

    async def hang_up(self, cause: int = NORMAL) -> None:
        self.leave(cause)

    async def ended(self) -> int:
        return await asyncio.shield(self._end)

    # What the party does

    def press(self, digits: str) -> None:
        """Press keys now."""
        self._pressed.extend(digits)
        self._changed.set()

    def leave(self, cause: int = NORMAL) -> None:
        """Hang up."""
        if not self._end.done():
            self._end.set_result(cause)
            self._changed.set()

    def check(self) -> None:
        """Raises LegEndedError once the party is gone."""
        if self._end.done():
            raise LegEndedError(self._end.result())

    @property
    def gone(self) -> bool:
        return self._end.done()

    async def lasts(self, seconds: float) -> None:
        """Wait so long, or until the party is gone."""
        await asyncio.wait((self._end,), timeout=max(0.0, seconds))
