"""The people of the demo: a caller outside and the company's phones, real SIP endpoints on an Asterisk of their own.

What stands in `Seen` is their own word: a phone rang because its INVITE arrived there, and the caller heard a colleague
because that colleague's tone is in what the caller's end recorded. The exchange has no part in it.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from belplan.demo import phones_conf, tones
from belplan.drivers.asterisk.ari import Ari, AriError, Event, segment
from belplan.drivers.asterisk.configuration import ExchangeSettings
from belplan.drivers.asterisk.pbx import Pbx, Program

CALLER = "caller"
PATIENCE = 20.0  # seconds that a whole call may take
REGISTERED = 15.0  # seconds for all phones to register

# Far from each other, and from the tones of the network (425 Hz).
_LOWEST, _STEP = 560.0, 170.0

What = Literal["calls", "presses", "rings", "answers", "hears", "stops", "ends"]


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened at a phone, or at the caller's end. One that was not answered `stops`; else it `ends`."""

    what: What
    who: str  # a SIP account, or CALLER
    text: str = ""  # calls: the number; presses: the key; rings: what the display shows; hears: whose tone


@dataclass(slots=True)
class Seen:
    """What the caller and the phones saw of one call."""

    rang: list[str] = field(default_factory=list[str])
    answered: str | None = None
    caller_rang: bool = False  # heard ringing: 180 came
    caller_answered: bool = False  # 200 came
    caller_hears: str | None = None  # whose tone
    phone_hears: str | None = None

    @property
    def sound_both_ways(self) -> bool:
        return self.phone_hears == CALLER and self.caller_hears is not None and self.caller_hears == self.answered


@dataclass(slots=True)
class _Line:
    """A SIP dialog at our end."""

    channel: str
    ended: "asyncio.Future[None]"
    up: "asyncio.Future[None]"
    answered: bool = False


class Phones:
    """All of them, registered and ready, for as long as the `async with` block runs."""

    def __init__(self, settings: ExchangeSettings, program: Program, accounts: Mapping[str, str]) -> None:
        self.tell: Callable[[Fact], None] = lambda fact: None
        self.patience: Mapping[str, float] = {}  # seconds that a phone rings before somebody answers; absent: 8
        self.seen = Seen()
        self.pbx = Pbx(settings, program)
        self._accounts = accounts
        self._settings = settings
        names = (CALLER, *accounts)
        self._tones = {name: _LOWEST + _STEP * index for index, name in enumerate(names)}
        self._ari = Ari(
            f"http://127.0.0.1:{settings.http_port}/ari", settings.ari_user, settings.ari_password, settings.app
        )
        self._ari.on_unknown = self._arrives
        self._caller: _Line | None = None
        self._answered: asyncio.Future[tuple[str, _Line]] | None = None
        self._at_work: set[asyncio.Task[None]] = set()
        self._calls = 0
        self._open = AsyncExitStack()

    async def start(self, *, exchange_port: int, provider_port: int) -> Self:
        """Come up, and register at the exchange. Raises PbxError, TimeoutError."""
        async with AsyncExitStack() as opening:
            files = phones_conf.render(
                self._settings, self._accounts, exchange_port=exchange_port, provider_port=provider_port
            )
            await self.pbx.start(files)
            opening.push_async_callback(self.pbx.stop)
            for name, hertz in self._tones.items():
                tones.write(self._tone(name), hertz)
            running = asyncio.create_task(self._ari.run())
            opening.push_async_callback(_cancelled, running)
            await self._ari.wait_connected()
            self._open = opening.pop_all()
        return self

    async def registered(self) -> None:
        """Wait until each phone says that it is registered. Raises TimeoutError."""
        async with asyncio.timeout(REGISTERED):
            # Asterisk tells nobody of its own registrations: it has to be asked.
            while (await self.pbx.cli("pjsip show registrations")).count(" Registered ") < len(self._accounts):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """Hang up, and end. Does nothing where it was not started."""
        for task in self._at_work:
            task.cancel()
        await asyncio.gather(*self._at_work, return_exceptions=True)
        await self._open.aclose()

    async def call(self, number: str, caller: str) -> Seen:
        """Call the exchange from outside, talk to whoever answers, hang up. What all of them saw of it."""
        self._calls += 1
        self.seen = Seen()
        self._answered = asyncio.get_running_loop().create_future()
        self._caller = self._line(f"{CALLER}-{self._calls}", CALLER)
        origin = {
            "endpoint": f"PJSIP/{number}@{phones_conf.LINE}",
            "app": self._settings.app,
            "appArgs": CALLER,
            "channelId": self._caller.channel,
            "callerId": caller,
            "timeout": int(PATIENCE),
        }
        self.tell(Fact("calls", CALLER, number))
        await self._ari.command("POST", "channels", origin)
        try:
            async with asyncio.timeout(PATIENCE):
                await _first(self._answered, self._caller.ended)
                if self._answered.done():
                    await self._converse(self._caller, *self._answered.result())
        except TimeoutError:
            pass  # what was seen until then is what there is
        finally:
            await self._hang_up(self._caller)
            await asyncio.gather(*self._at_work)
            self._answered = None
        return self.seen

    async def press(self, key: str, after: float) -> None:
        """Press a key at the caller's telephone, when they have listened for so many seconds."""
        if line := self._caller:
            await _first(line.up, line.ended)
            await asyncio.wait((line.ended,), timeout=after)
            if not line.ended.done():
                self.tell(Fact("presses", CALLER, key))
                await self._ari.command("POST", f"channels/{line.channel}/dtmf?dtmf={segment(key)}")

    # One phone

    def _arrives(self, event: Event) -> None:
        """An INVITE from the exchange."""
        account, channel = event["args"][0], event["channel"]
        display = channel["caller"]["name"] or channel["caller"]["number"] or "anonymous"
        line = self._line(channel["id"], account)
        task = asyncio.create_task(self._ring(account, line, display))
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)

    async def _ring(self, account: str, line: _Line, display: str) -> None:
        """Ring, answer after a while, and stay until the call is over."""
        with contextlib.suppress(AriError):  # gone in the meantime, which `ended` says
            self.seen.rang.append(account)
            self.tell(Fact("rings", account, display))
            await self._ari.command("POST", f"channels/{line.channel}/ring")
            await asyncio.wait((line.ended,), timeout=self.patience.get(account, 8.0))
            if not line.ended.done():
                await self._ari.command("POST", f"channels/{line.channel}/answer")
                line.answered = True
                self.tell(Fact("answers", account))
                if self._answered and not self._answered.done():
                    self.seen.answered = account
                    self._answered.set_result((account, line))
                else:
                    await self._say(account, line)
        await line.ended

    # Both ends

    async def _converse(self, caller: _Line, account: str, phone: _Line) -> None:
        """Let both say their tone, and write down what each end heard."""
        with contextlib.suppress(AriError):
            await _first(caller.up, caller.ended)
            ends = ((CALLER, caller), (account, phone))
            recordings = [await self._listen(name, line) for name, line in ends]
            await asyncio.gather(*(self._say(name, line) for name, line in ends))
            for recording in recordings:
                await self._hang_up(recording)
            heard = [tones.heard(self._recording(line), self._tones) for _, line in ends]
            self.seen.caller_hears, self.seen.phone_hears = heard
            for (name, _), what in zip(ends, heard, strict=True):
                self.tell(Fact("hears", name, what or ""))

    async def _listen(self, name: str, line: _Line) -> _Line:
        """Record what comes to this end of the line, until the line given back is hung up."""
        ear = self._line(f"ear-{line.channel}", "")
        snoop = {"spy": "in", "app": self._settings.app, "appArgs": name}
        await self._ari.command("POST", f"channels/{line.channel}/snoop/{ear.channel}", snoop)
        await ear.up
        record = {"name": line.channel, "format": "wav", "maxDurationSeconds": int(PATIENCE), "ifExists": "overwrite"}
        await self._ari.command("POST", f"channels/{ear.channel}/record", record)
        return ear

    async def _say(self, name: str, line: _Line) -> None:
        """Say one's tone, to its end or the call's."""
        playback = f"tone-{line.channel}"
        finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def ended(event: Event) -> None:
            if not finished.done():
                finished.set_result(None)

        self._ari.listeners[playback] = ended
        try:
            media = {"media": f"sound:{self._tone(name if name in self._tones else CALLER)}"}
            await self._ari.command("POST", f"channels/{line.channel}/play/{playback}", media)
            await _first(finished, line.ended)
        finally:
            del self._ari.listeners[playback]

    async def _hang_up(self, line: _Line) -> None:
        if not line.ended.done():
            with contextlib.suppress(AriError):
                await self._ari.command("DELETE", f"channels/{line.channel}")
        async with asyncio.timeout(5):
            await line.ended

    def _line(self, channel: str, who: str) -> _Line:
        loop = asyncio.get_running_loop()
        line = _Line(channel, loop.create_future(), loop.create_future())

        def heard(event: Event) -> None:
            match event["type"]:
                case "StasisStart" if not line.up.done():
                    line.up.set_result(None)
                    if who == CALLER:
                        line.answered = self.seen.caller_answered = True
                        self.tell(Fact("answers", CALLER))
                case "Dial" if event["dialstatus"] == "RINGING" and not self.seen.caller_rang:
                    self.seen.caller_rang = True
                    self.tell(Fact("rings", CALLER))
                # One that was still ringing outside has no StasisEnd; one that came in may have nothing else.
                case "StasisEnd" | "ChannelDestroyed" if not line.ended.done():
                    line.ended.set_result(None)
                    if who:
                        self.tell(Fact("ends" if line.answered else "stops", who))
                case _:
                    pass

        self._ari.listeners[channel] = heard
        return line

    def _tone(self, name: str) -> Path:
        return self._settings.data / f"tone-{name}"

    def _recording(self, line: _Line) -> Path:
        return self._settings.data / "spool/recording" / f"{line.channel}.wav"


async def _first(*waited: "asyncio.Future[Any]") -> None:
    await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait((task,))
