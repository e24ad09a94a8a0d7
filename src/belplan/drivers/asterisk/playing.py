"""Sounds on a channel.

While a channel sounds, Asterisk puts off answering it, connecting it and setting its variables, and with
that command everything behind it on the WebSocket: the commands of all calls. So whoever does one of
these has the channel silent first.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from belplan.drivers.asterisk.ari import AriError, Event, RefusedError, segment
from belplan.engine.leg import Tone

if TYPE_CHECKING:
    from belplan.drivers.asterisk.leg import AsteriskLeg

FAILURE_NOTICE = 0.1  # seconds; a sound fails too when the party hangs up, a moment before their end is told
ASK_AGAIN = 15.0  # seconds after which a sound that says nothing of its end is asked after
LONGEST = 900.0  # seconds
BEEP = 0.3  # seconds

# `ring`, `busy` and `congestion` are those of the phone's tone zone. A comma would begin the next sound.
TONES: dict[Tone, str] = {
    "ringing": "tone:ring",
    "busy": "tone:busy",
    "congestion": "tone:congestion",
    # Ours: two soft blips every three seconds, nothing that could be taken for a tone of the network.
    "waiting": r"tone:425/60\,0/140\,425/60\,0/2740",
    "beep": "tone:1000",
}
_EXTENSIONS = frozenset({".wav", ".wav16", ".sln", ".sln16", ".gsm", ".g722", ".ulaw", ".alaw"})


def media_of(path: Path) -> str:
    """A sound file as Asterisk wants it: without extension, so that it takes the format that suits."""
    whole = path.with_suffix("") if path.suffix in _EXTENSIONS else path
    return "sound:" + str(whole).replace(",", r"\,")


class AsteriskPlaying:
    """A sound under way. See belplan.engine.leg.Playing.

    `lasts` is its length in seconds where we end it ourselves. One that `loops` is so many seconds long
    and played again and again, the first time from `since` on. No media is a sound that cannot be had.
    """

    def __init__(
        self,
        leg: "AsteriskLeg",
        media: str | None,
        lasts: float | None = None,
        *,
        loops: float | None = None,
        since: float = 0.0,
    ) -> None:
        self.sounding = False  # Asterisk plays it, or has been told to
        self._leg = leg
        self._media = media
        self._id = ""
        self._outcome = "" if media else "failed"
        self._now = asyncio.get_running_loop().time
        self._began = self._now()
        self._lasts = lasts
        self._loops = loops
        self._since = since
        self._paused = False
        self._stopped = False
        self._starting: asyncio.Task[None] | None = None

    async def finished(self) -> bool:
        longest = LONGEST if self._loops is None else float("inf")
        over = self._began + (longest if self._lasts is None else self._lasts)
        while not self._outcome:
            self._leg.check()
            if (left := over - self._now()) <= 0:
                return self._lasts is not None
            if not await self._leg.change(min(left, ASK_AGAIN)) and left > ASK_AGAIN:
                await self.ask()
        if self._outcome != "done":
            await self._leg.wait_end(FAILURE_NOTICE)
        self._leg.check()
        return self._outcome == "done"

    async def start(self) -> None:
        """Begin. Raises LegEndedError."""
        await asyncio.shield(self._start())

    def stop(self) -> None:
        """Leave off, for good. Does nothing where it has ended."""
        self._stopped = True
        self._silence()

    def pause(self) -> None:
        """Leave off for a while."""
        self._paused = True
        self._silence()

    def resume(self) -> None:
        """Go on where it was paused."""
        self._paused = False
        if not (self._outcome or self._stopped or self._leg.gone):
            self._start()

    async def ask(self) -> None:
        """Ask Asterisk whether it still plays: its end may have been told to nobody."""
        try:
            await self._leg.exchange.ari.command("GET", f"playbacks/{segment(self._id)}")
        except RefusedError as refused:
            if refused.status == 404:
                self._ends("done")
        except AriError:
            pass

    def forget(self) -> None:
        """Its channel is gone."""
        self.sounding = False
        self._leg.exchange.ari.listeners.pop(self._id, None)
        self._leg.exchange.sounds.pop(self._id, None)

    def _start(self) -> "asyncio.Task[None]":
        leg, at = self._leg, self._now() - self._began + self._since
        offset = round((at if self._loops is None else at % self._loops) * 1000)
        self._id = leg.next_playback_id()
        self.sounding = True
        leg.exchange.ari.listeners[self._id] = self._on_event
        leg.exchange.sounds[self._id] = self
        body = {"media": self._media, "offsetms": offset}
        uri = f"{leg.uri}/play/{segment(self._id)}"
        asked = self._after_bridge(uri, body) if leg.bridged else leg.command("POST", uri, body)
        self._starting = leg.exchange.errands.run(asked)
        return self._starting

    async def _after_bridge(self, uri: str, body: dict[str, Any]) -> None:
        """Begin once the channel has left its bridge.

        Asterisk 22 plays into a bridge by waiting for it, ten minutes at most; where the bridge goes meanwhile nobody
        answers, and the channel takes no command any more, not even that it is hung up.
        """
        leg = self._leg
        await leg.out_of_bridge()
        if self._stopped or self._paused or leg.gone:
            self.forget()
            leg.changed()
            return
        await leg.command("POST", uri, body)

    def _silence(self) -> None:
        if self.sounding and not self._leg.gone:
            self._leg.exchange.errands.remove(f"playbacks/{segment(self._id)}", self._id, self._starting)

    def _ends(self, outcome: str) -> None:
        self.forget()
        if outcome == "done" and not (self._paused or self._stopped or self._leg.gone) and self._comes_round():
            self._began, self._since = self._now(), 0.0
            self._start()
            return
        if not self._paused:
            self._outcome = self._outcome or outcome
        self._leg.changed()

    def _comes_round(self) -> bool:
        # One that ends long before its end is no sound: it must not be begun again and again.
        return self._loops is not None and self._now() - self._began + self._since > self._loops / 2

    def _on_event(self, event: Event) -> None:
        self._ends(event["playback"]["state"])
