"""A leg of a call: a channel of Asterisk."""

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import unquote

import structlog

from belplan.dialplan.fields import Prompt
from belplan.drivers.asterisk import causes, notes
from belplan.drivers.asterisk.ari import (
    Ari,
    AriError,
    DisconnectedError,
    Event,
    LeaseLostError,
    RefusedError,
    SlowError,
    segment,
)
from belplan.drivers.asterisk.errands import Errands
from belplan.drivers.asterisk.playing import BEEP, TONES, AsteriskPlaying, media_of
from belplan.drivers.asterisk.recording import AsteriskRecording
from belplan.engine.fault import point
from belplan.engine.leg import NORMAL, TEMPORARY_FAILURE, LegEndedError, Music, Recorded, Shown, Sound, Tone, Transfer

END_NOTICE = 1.0  # seconds within which Asterisk tells of the end that a command ran into
PLAYBACKS = 8  # ids of sounds, used in turn: one sounds at a time, and another may be on its way out
SILENCE = 1.0  # seconds until a sound that was stopped must have ended; it takes 20 ms

_log = structlog.get_logger()


class Prompts(Protocol):
    """Where the sound files of prompts come from."""

    async def path(self, prompt: Prompt, language: str, company: str) -> Path | None:
        """The file, absolute and without extension. None where it cannot be had."""
        ...

    async def music(self, file: str, company: str) -> "tuple[Path, float] | None":
        """The same for music, with its length in seconds. "" is the music that everybody has."""
        ...


class Line(Protocol):
    """A channel that we know of, as it is compared with what Asterisk has after the connection was lost."""

    def found(self, state: str) -> None:
        """It is still there, in this state ("Up" is answered)."""
        ...

    def missing(self) -> None:
        """It is gone, and nobody told us."""
        ...


@dataclass(slots=True)
class Exchange:
    """What all legs of one Asterisk share."""

    ari: Ari
    errands: Errands
    prompts: Prompts
    lines: dict[str, Line]
    sounds: dict[str, AsteriskPlaying]
    recordings: Path  # the folder that Asterisk writes them to


@dataclass(frozen=True, slots=True)
class Bridge:
    """A conversation that Asterisk has: its id, and the channels in it."""

    id: str
    channels: frozenset[str]


_BRIDGE = re.compile(r"(.+)-b[0-9]{1,3}")


def bridge_id(channel: str, number: int) -> str:
    """The id of the n-th conversation of a caller. It says whose it is, whoever finds it."""
    return f"{channel}-b{number}"


def owner(bridge: Bridge) -> str | None:
    """The channel of the caller whose conversation it is; without that caller it is nobody's.

    None where it is not ours: Asterisk makes its own for whoever talks with the last resort.
    """
    found = _BRIDGE.fullmatch(bridge.id)
    return found[1] if found else None


def playback_ids(*channels: str) -> list[str]:
    """The ids that the sounds of channels have, in turn."""
    return [f"{channel}-p{n}" for channel in channels for n in range(PLAYBACKS)]


class AsteriskLeg:
    """One party's channel. See belplan.engine.leg.Leg for what each of these does."""

    def __init__(self, exchange: Exchange, leg_id: str, *, language: str, answered: bool = False) -> None:
        self.channel = leg_id
        self.language = language
        self.company = ""  # its id, once it is known: its own sounds are played
        self.talks_to: AsteriskLeg | None = None  # the phone that answered this caller
        self.bridges = 0  # made for it so far: their ids follow from this
        self.earlier: dict[str, str] = {}  # phones dialled for it before this process began: state by channel
        self.earlier_bridge: Bridge | None = None
        self.bridged = False  # it talks, or has not been told yet that it does not any more
        self.exchange = exchange
        self._id = leg_id
        self._answered = answered
        self._ringing = False
        self._digits: deque[str] = deque()
        self._sounds: list[AsteriskPlaying] = []
        self._playbacks = 0
        self._noted = ""
        self._notes = 0
        self._end: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting: set[asyncio.Future[None]] = set()
        self._at_end: list[Callable[[], None]] = []
        self.on_transfer: Callable[[Transfer], None] | None = None  # of whoever it talks with

    @property
    def id(self) -> str:
        return self._id

    @property
    def answered(self) -> bool:
        return self._answered

    @property
    def gone(self) -> bool:
        """Whether it has ended."""
        return self._end.done()

    async def note(self, written: Callable[[], str]) -> None:
        if not self.gone and (text := written()) != self._noted:
            self._noted = text
            await self._write_note()

    async def ring(self) -> None:
        self.check()
        if not self._answered and not self._ringing:
            # A ringing tone that does not come costs the call nothing; where order is kept, nobody waits for it.
            if not self.exchange.ari.tell("POST", f"{self.uri}/ring"):
                await self.command("POST", f"{self.uri}/ring")
            self._ringing = True

    async def answer(self) -> None:
        self.check()
        if not self._answered:
            async with self.silent():
                await self.command("POST", f"{self.uri}/answer")
            self._answered = True

    @asynccontextmanager
    async def playing(self, sound: Sound) -> AsyncGenerator[AsteriskPlaying]:
        self.check()
        playing = await self._playing(sound)
        self.check()
        self._sounds.append(playing)
        # After a sound before the answer, the caller's own phone makes no ringing tone any more.
        self._ringing = False
        try:
            await playing.start()
            yield playing
        finally:
            playing.stop()

    @asynccontextmanager
    async def recording(
        self, name: str, *, longest: float, silence: float | None = None, until: Literal["#", "*", ""] = "#"
    ) -> AsyncGenerator[AsteriskRecording]:
        self.check()
        recording = AsteriskRecording(self, name, longest=longest, silence=silence, until=until)
        try:
            await recording.start()
            point("recording.begun")
            yield recording
        finally:
            recording.stop()

    async def read_digit(self) -> str:
        await self.digit_pressed()
        return self._digits.popleft()

    @property
    def digit_waiting(self) -> bool:
        return bool(self._digits)

    async def digit_pressed(self) -> None:
        self.check()
        while not self._digits:
            await self.change()
            self.check()

    def show(self, shown: Shown) -> None:
        # The `i` of the first: the phone is told once, of both.
        uri = f"{self.uri}/variable?variable="
        values = {"CONNECTEDLINE(name,i)": plain(shown.name), "CONNECTEDLINE(num)": shown.number}
        commands = (("POST", f"{uri}{segment(name)}&value={segment(value)}") for name, value in values.items())
        self.exchange.errands.run(self.exchange.ari.in_order(*commands))

    async def transferred(self, done: bool) -> None:
        await self.command(
            "POST", f"{self.uri}/transfer_progress?states=channel_{'answered' if done else 'unavailable'}"
        )

    async def hang_up(self, cause: int = NORMAL) -> None:
        if not self.gone:
            self.remove(cause if self._answered else causes.refusal(cause))
            self.ends(cause)

    async def ended(self) -> int:
        return await asyncio.shield(self._end)

    # What this package needs of it

    async def read_note(self) -> str:
        """The text that was kept with its channel before this process began. Raises notes.GoneError, AriError."""
        text, self._notes = await notes.read(self.exchange.ari, self.channel)
        return text

    @property
    def uri(self) -> str:
        return f"channels/{segment(self.channel)}"

    def check(self) -> None:
        """Raises LegEndedError once the party is gone."""
        if self._end.done():
            raise LegEndedError(self._end.result())

    async def change(self, within: float | None = None) -> bool:
        """Wait until something about this leg changes: a key, the end of a sound, its own end.

        False where nothing did in time.
        """
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        try:
            done, _ = await asyncio.wait((waiter,), timeout=within)
            return bool(done)
        finally:
            self._waiting.discard(waiter)

    def changed(self) -> None:
        """Wake whoever waits for a change."""
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def wait_end(self, within: float | None = None) -> bool:
        """Whether it ends within so many seconds."""
        if not self._end.done():
            await asyncio.wait((self._end,), timeout=within)
        return self._end.done()

    @asynccontextmanager
    async def silent(self) -> AsyncGenerator[None]:
        """Have its channel silent for as long as the block runs; what sounded goes on after it."""
        sounding = [sound for sound in self._sounds if sound.sounding]
        self._sounds = sounding
        for sound in sounding:
            sound.pause()
        try:
            async with asyncio.timeout(SILENCE):
                while any(sound.sounding for sound in sounding) and not self.gone:
                    await self.change()
        except TimeoutError:
            _log.warning("asterisk.sound_goes_on", leg=self.id)
        try:
            yield
        finally:
            for sound in sounding:
                sound.resume()

    async def out_of_bridge(self) -> None:
        """Wait until its channel is in no bridge any more, a moment at most."""
        try:
            async with asyncio.timeout(SILENCE):
                while self.bridged and not self.gone:
                    await self.change()
        except TimeoutError:
            _log.warning("asterisk.still_in_bridge", leg=self.id)
            self.bridged = False

    def take_digit(self, key: str) -> bool:
        """Whether this key is among those pressed; it and those before it are taken away."""
        if not key or key not in self._digits:
            return False
        while self._digits.popleft() != key:
            pass
        return True

    def next_playback_id(self) -> str:
        """An id for the next sound, one of a few: who takes up the call stops whatever still sounds by it."""
        self._playbacks += 1
        return playback_ids(self.channel)[self._playbacks % PLAYBACKS]

    def at_end(self, do: Callable[[], None]) -> None:
        """Have this done when the leg ends, at once where it has."""
        if self.gone:
            do()
        else:
            self._at_end.append(do)

    def ends(self, cause: int) -> None:
        """It has ended, as far as anybody here is concerned."""
        if self._end.done():
            return
        self._end.set_result(cause)
        self.forget()
        self.changed()
        for do in self._at_end:
            do()
        self._at_end.clear()

    def forget(self) -> None:
        """Listen to its channel no longer."""
        self.exchange.ari.listeners.pop(self.channel, None)
        self.exchange.lines.pop(self.channel, None)
        for sound in self._sounds:
            sound.forget()

    def remove(self, cause: int) -> None:
        """Have its channel hung up, whatever else happens."""
        self.exchange.errands.remove(f"{self.uri}?reason_code={cause}", self.channel)

    def command(self, method: str, uri: str, body: dict[str, Any] | None = None) -> Coroutine[Any, Any, None]:
        """Send a command about this leg, now. Awaiting it raises LegEndedError where it cannot be done."""
        return self._done(self.exchange.ari.command(method, uri, body))

    async def _done(self, command: Coroutine[Any, Any, Any]) -> None:
        try:
            await command
        except AriError as error:
            raise await self.failure(error) from error

    async def failure(self, error: AriError) -> LegEndedError:
        """What a command that failed means to the engine."""
        if isinstance(error, LeaseLostError):
            # The call goes on with another server. Whoever waits here is cancelled with everything else.
            await asyncio.get_running_loop().create_future()
        if isinstance(error, RefusedError) and await self.wait_end(END_NOTICE):
            return LegEndedError(self._end.result())
        _log.warning("asterisk.command_failed", leg=self.id, reason=str(error))
        lost = isinstance(error, (DisconnectedError, SlowError))
        if not self.gone and (lost or (isinstance(error, RefusedError) and error.status == 404)):
            # Nobody knows what it is doing there. It must not stay up alone.
            self.remove(causes.refusal(TEMPORARY_FAILURE))
            self.ends(TEMPORARY_FAILURE)
        return LegEndedError(TEMPORARY_FAILURE)

    def on_event(self, event: Event) -> None:
        match event["type"]:
            case "ChannelDtmfReceived":
                # RFC 4733 has A to D too, which no telephone has; nobody expects them.
                if event["digit"] in "0123456789*#":
                    self._digits.append(event["digit"])
                    self.changed()
            case "ChannelDestroyed":
                self.ends(causes.heard(event["cause"]))
            case "ChannelLeftBridge":
                self.bridged = False
                self.changed()
            case "ChannelTransfer" if "state" not in event:  # with one it tells what we said of it
                self._asks_for_transfer(event)
            case "StasisEnd":
                # It hung up, or somebody took it away from us. ChannelDestroyed comes up to a second later, if at all.
                self.ends(NORMAL)
            case _:
                pass

    def _asks_for_transfer(self, event: Event) -> None:
        refer = event["refer_to"]
        line = refer.get("destination_channel")
        to = self.exchange.lines.get(line["id"]) if line else None
        asked = Transfer(
            self,
            number=called_number(refer["requested_destination"].get("destination", "")),
            to=to if isinstance(to, AsteriskLeg) else None,
        )
        if self.on_transfer:
            self.on_transfer(asked)
        else:
            self.exchange.errands.run(self.transferred(False))

    def found(self, state: str) -> None:
        self._answered = self._answered or state == "Up"
        if self._noted:
            self.exchange.errands.run(self._write_note())

    async def _write_note(self) -> None:
        self._notes += 1
        await notes.write(self.exchange.ari, self.channel, self._noted, self._notes)

    def missing(self) -> None:
        self.ends(TEMPORARY_FAILURE)

    async def _playing(self, sound: Sound) -> AsteriskPlaying:
        if sound == "music":
            sound = Music()
        if not isinstance(sound, Music):
            return AsteriskPlaying(self, await self._media(sound), BEEP if sound == "beep" else None)
        if not (found := await self.exchange.prompts.music(sound.file, self.company)):
            return AsteriskPlaying(self, None)
        return AsteriskPlaying(self, media_of(found[0]), loops=found[1], since=sound.since)

    async def _media(self, sound: Prompt | Tone | Recorded) -> str | None:
        if isinstance(sound, Recorded):
            return media_of(sound.file)
        if not isinstance(sound, Prompt):
            return TONES[sound]
        path = await self.exchange.prompts.path(sound, sound.language or self.language, self.company)
        return media_of(path) if path else None


def called_number(destination: str) -> str:
    """What is called, of a SIP URI or the user of one: `sip:202@127.0.0.1;user=phone` calls 202."""
    user = destination.removeprefix("sip:").removeprefix("sips:").partition("@")[0].partition(";")[0]
    return unquote(user)


def plain(name: str) -> str:
    """A name without what would end a line, or a header."""
    return "".join(c if c.isprintable() else " " for c in name).strip()[:80]
