"""Recordings of a channel: Asterisk writes them as they are spoken, and goes on when we are gone.

They end by themselves at a key, at silence, after their time, at the hang-up. Each keeps its channel busy: what
else the channel is told to do waits until the recording has ended.
"""

import asyncio
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from belplan.drivers.asterisk.ari import AriError, Event, RefusedError, segment
from belplan.engine.leg import Recorded

if TYPE_CHECKING:
    from belplan.drivers.asterisk.leg import AsteriskLeg

ASK_AGAIN = 15.0  # seconds after which a recording that says nothing of its end is asked after
ASK_GONE = 0.5  # seconds; the same for one whose party is gone
GONE_NOTICE = 0.1  # seconds; a hang-up ends the recording a moment before it is told
HEADER = 44  # bytes of a WAV file before its samples
# Asterisk holds 32 KB back until it writes them, which a killed one never does: 2 s at 8 kHz, and 1 s at 16 kHz.
FORMAT = "wav16"
RATE = 32_000  # bytes a second: 16 kHz, 16 bits, mono


class AsteriskRecording:
    """A recording. See belplan.engine.leg.Recording."""

    def __init__(
        self, leg: "AsteriskLeg", name: str, *, longest: float, silence: float | None, until: Literal["#", "*", ""]
    ) -> None:
        self.name = name
        self._leg = leg
        self._longest = longest
        self._silence = silence
        self._until = until
        self._file = leg.exchange.recordings / f"{name}.{FORMAT}"
        self._over = asyncio.Event()
        self._failed = False
        self._stopped = False
        self._timed_out = False
        self._timer: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Begin, or take up the one of this name. Raises LegEndedError."""
        leg = self._leg
        leg.exchange.ari.listeners[self.name] = self._on_event
        # Asterisk counts whole seconds of the clock, so its own limit comes up to a second late.
        self._timer = asyncio.get_running_loop().call_later(self._longest, self._at_longest)
        await asyncio.shield(leg.exchange.errands.run(self._start()))

    async def finished(self) -> Recorded:
        while not self._over.is_set():
            try:
                async with asyncio.timeout(ASK_GONE if self._leg.gone else ASK_AGAIN):
                    await self._over.wait()
            except TimeoutError:
                await self.ask()
        seconds = await asyncio.to_thread(_seconds, self._file)
        why = await self._why()
        return Recorded(why, self._file, seconds)

    def stop(self) -> None:
        """Leave off, where it has not ended. What was said is kept."""
        if not self._over.is_set() and not self._leg.gone:
            self._stopped = True
            self._leg.exchange.errands.run(self._stop())

    async def ask(self) -> None:
        """Ask Asterisk whether it still records: its end may have been told to nobody."""
        try:
            await self._leg.exchange.ari.command("GET", f"recordings/live/{segment(self.name)}")
        except RefusedError as refused:
            if refused.status == 404:
                self._ends()
        except AriError:
            pass

    async def _start(self) -> None:
        leg = self._leg
        body: dict[str, Any] = {
            "name": self.name,
            "format": FORMAT,
            # Without us it must end too.
            "maxDurationSeconds": max(1, math.ceil(self._longest)),
            "maxSilenceSeconds": max(1, math.ceil(self._silence)) if self._silence else 0,
            "terminateOn": self._until or "none",
            "ifExists": "fail",
        }
        try:
            await leg.exchange.ari.command("POST", f"{leg.uri}/record", body)
        except RefusedError as refused:
            if refused.status == 409 and not leg.gone:
                await self.ask()  # it was begun before: it is under way, or over
                return
            self._ends()
            raise await leg.failure(refused) from refused
        except AriError as error:
            self._ends()
            raise await leg.failure(error) from error

    def _at_longest(self) -> None:
        if not self._stopped and not self._leg.gone:
            self._timed_out = True
            self._leg.exchange.errands.run(self._stop())

    async def _stop(self) -> None:
        try:
            await self._leg.exchange.ari.command("POST", f"recordings/live/{segment(self.name)}/stop")
        except AriError:
            await self.ask()

    async def _why(self) -> Literal["key", "silence", "longest", "stopped", "gone", "failed"]:
        leg = self._leg
        if leg.take_digit(self._until):
            return "key"
        if self._stopped:
            return "stopped"
        if self._timed_out:
            return "longest"
        if await leg.wait_end(GONE_NOTICE):
            return "gone"
        if self._failed:
            return "failed"
        return "longest" if self._silence is None else "silence"

    def _ends(self) -> None:
        self._leg.exchange.ari.listeners.pop(self.name, None)
        if self._timer:
            self._timer.cancel()
        self._over.set()

    def _on_event(self, event: Event) -> None:
        self._failed = event["type"] == "RecordingFailed"
        self._ends()


def _seconds(file: Path) -> float:
    try:
        return max(0, file.stat().st_size - HEADER) / RATE
    except FileNotFoundError:
        return 0.0
