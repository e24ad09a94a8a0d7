"""What a simulated party says into a recording: so many seconds, and then nothing."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from belplan.engine.leg import Recorded

if TYPE_CHECKING:
    from belplan.drivers.simulator.leg import SimulatedLeg


class SimulatedRecording:
    """A recording without sound. See belplan.engine.leg.Recording. Its file is never there."""

    def __init__(
        self, leg: "SimulatedLeg", name: str, speech: float, longest: float, silence: float | None, until: str
    ) -> None:
        self.name = name
        self._leg = leg
        self._began = leg.now()
        self._speech = speech
        self._longest = longest
        self._silence = silence
        self._until = until
        self._asked = False
        self._recorded: Recorded | None = None

    async def finished(self) -> Recorded:
        while self._recorded is None:
            elapsed = round(self._leg.now() - self._began, 6)  # or it waits for a moment that has no length
            if self._leg.take_pressed(self._until):
                return self._ends("key")
            if self._leg.gone:
                return self._ends("gone")
            if elapsed >= self._longest:
                return self._ends("longest")
            if elapsed >= self._speech and not self._asked:
                # The party has said everything: now comes the key that waits for somebody to listen.
                self._asked = True
                self._leg.press(self._leg.next_key())
                continue
            if self._silence is not None and elapsed >= self._speech + self._silence:
                return self._ends("silence")
            await self._leg.changes(self._next() - elapsed)
        return self._recorded

    def stop(self) -> None:
        """Leave off, where it has not ended."""
        if self._recorded is None:
            self._ends("gone" if self._leg.gone else "stopped")

    def _next(self) -> float:
        """Seconds from its beginning to when something happens by itself."""
        if not self._asked:
            return min(self._speech, self._longest)
        return self._longest if self._silence is None else min(self._speech + self._silence, self._longest)

    def _ends(self, why: Literal["key", "silence", "longest", "stopped", "gone"]) -> Recorded:
        now = self._leg.now()
        self._leg.ear.listened(self._began, now)  # who speaks hears themselves
        spoken = min(now - self._began, self._speech)
        self._recorded = Recorded(why, Path(f"{self.name}.wav16"), round(spoken, 3))
        return self._recorded
