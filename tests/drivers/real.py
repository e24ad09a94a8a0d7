"""The contract's stage on a real Asterisk: baresip calls, answers and presses keys; SIPp sees every header."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from belplan.dialplan.fields import Prompt
from belplan.drivers.asterisk.driver import AsteriskCall, AsteriskDriver
from belplan.drivers.asterisk.leg import AsteriskLeg
from belplan.drivers.simulator import Reaction
from belplan.engine.leg import PhoneTarget
from tests.asterisk import phones
from tests.asterisk.conftest import PASSWORD, Exchange
from tests.asterisk.phones import Sipp, expect, request, run_sipp, scenario, sipp, until

CALLER = "anna"
CALLED = ("bram", "carla")
EVENTS = {"ringing": "CALL_RINGING", "answered": "CALL_ESTABLISHED", "ended": "CALL_CLOSED"}
STATUS = {"busy": "486 Busy Here", "reject": "603 Decline"}


class Sounds:
    """Prompts without a voice: the exchange's own apology stands for all of them."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def path(self, prompt: Prompt, language: str, company: str) -> Path | None:
        return None if prompt.file == "missing" else self._path

    async def music(self, file: str, company: str) -> tuple[Path, float] | None:
        return self._path, 5.0


def _response(status: str, cseq: str = "[last_CSeq:]") -> str:
    return (
        f"<send><![CDATA[\n\n      SIP/2.0 {status}\n      [last_Via:]\n      [last_From:]\n"
        f"      [last_To:];tag=[pid]s[call_number]\n      [last_Call-ID:]\n      {cseq}\n"
        "      Contact: <sip:[local_ip]:[local_port]>\n      Content-Length: 0\n\n]]></send>"
    )


def _scenario(does: str) -> str:
    """A phone that rings, and then refuses or waits to be stopped."""
    # The exchange asks every place with OPTIONS whether it is there.
    steps = ['<recv request="OPTIONS" optional="true" next="2"></recv>', '<recv request="INVITE"></recv>']
    steps.append(_response("180 Ringing"))
    if does in STATUS:
        steps += ['<pause milliseconds="50"/>', _response(STATUS[does])]
    else:
        steps += ['<recv request="CANCEL"></recv>', _response("200 OK")]
        steps.append(_response("487 Request Terminated", "CSeq: [cseq] INVITE"))
    steps += ['<recv request="ACK" next="9"></recv>', '<label id="2"/>', _response("200 OK"), '<label id="9"/>']
    return scenario(*steps)


def _register(username: str, expires: int) -> str:
    """A phone registers, or takes its registration back (0)."""
    who = f"<sip:{username}@127.0.0.1>"
    challenge = f"[authentication username={username} password={PASSWORD(username)}]"
    uri = "sip:[remote_ip]:[remote_port]"
    lasts = f"Expires: {expires}"
    return scenario(
        request("REGISTER", username, from_=who, uri=uri, headers=(lasts,)),
        expect(401, auth=True),
        request("REGISTER", username, from_=who, uri=uri, cseq=2, headers=(lasts, challenge)),
        expect(200),
    )


class RealPhone:
    """A phone at one or more places; SIPp plays those where it does not answer."""

    def __init__(self, username: str, sip_port: int) -> None:
        self.target = PhoneTarget(username)
        self._sip_port = sip_port
        self.places: list[Sipp] = []
        self.people: list[phones.Phone] = []

    async def rings(self) -> None:
        for place in self.places:
            await until(lambda place=place: "180 Ringing" in place.trace(), "ringing")
        for person in self.people:
            await person.event("CALL_INCOMING")

    async def stops(self) -> str:
        told = ""
        for place in self.places:
            trace = await until(lambda place=place: "CANCEL sip:" in place.trace() and place.trace(), "CANCEL")
            trace = await until(lambda place=place: "ACK sip:" in place.trace() and place.trace(), "ACK")
            told = "elsewhere" if 'text="Call completed elsewhere"' in trace else ""
        return told

    @asynccontextmanager
    async def waits(self, does: str) -> AsyncGenerator[None]:
        """SIPp at a place of its own."""
        port = phones.free_port()
        username = self.target.username
        registered = await run_sipp(_register(username, 60), self._sip_port, port=port)
        assert registered.ok, registered.errors
        try:
            async with sipp(_scenario(does), port=port, calls=100) as place:
                self.places.append(place)
                yield
        finally:
            await run_sipp(_register(username, 0), self._sip_port, port=port)

    @asynccontextmanager
    async def answers(self, reaction: Reaction) -> AsyncGenerator[None]:
        """baresip, and somebody who picks it up."""
        username = self.target.username
        async with phones.phone(username, PASSWORD(username), self._sip_port) as person:
            self.people.append(person)
            picking_up = asyncio.create_task(_picks_up(person, reaction))
            try:
                yield
            finally:
                picking_up.cancel()
                await asyncio.gather(picking_up, return_exceptions=True)


async def _picks_up(person: phones.Phone, reaction: Reaction) -> None:
    """Answer every call after `after` seconds, and hang up after `talks`."""
    seen = 0
    while True:
        await person.event("CALL_INCOMING", seconds=3600, after=seen)
        seen = len(person.events)
        if not await _closes(person, seen, reaction.after):
            with contextlib.suppress(AssertionError):  # it stopped in this very moment
                await person.accept()
            if not await _closes(person, seen, reaction.talks):
                await person.hang_up()


async def _closes(person: phones.Phone, seen: int, within: float) -> bool:
    with contextlib.suppress(TimeoutError):
        return bool(await person.event("CALL_CLOSED", within, seen))
    return False


class RealStage:
    """See stage.Stage."""

    sound = Prompt(say="Er is nu niemand.")

    def __init__(self, driver: AsteriskDriver, exchange: Exchange, stack: AsyncExitStack) -> None:
        self.driver = driver
        self.calls: asyncio.Queue[AsteriskCall] = asyncio.Queue()
        self.caller: phones.Phone | None = None
        self._exchange = exchange
        self._stack = stack
        self._free = list(CALLED)
        self._over = asyncio.Event()

    async def attend(self, call: AsteriskCall) -> None:
        self.calls.put_nowait(call)
        await call.caller.ended()

    async def call(self) -> AsteriskLeg:
        if self.caller is None:
            self.caller = await self._stack.enter_async_context(
                phones.phone(CALLER, PASSWORD(CALLER), self._exchange.sip_port)
            )
        self.caller.events.clear()
        await self.caller.dial("1003")
        async with asyncio.timeout(5):
            return (await self.calls.get()).caller

    async def sees(self, what: str) -> None:
        assert self.caller
        await self.caller.event(EVENTS[what])

    async def press(self, keys: str) -> None:
        assert self.caller
        for key in keys:
            # baresip sends the next one only when the one before has ended.
            await self.caller.command("sndcode", key)
            await self.caller.command("sndcode", "\x04")

    async def leave(self) -> None:
        assert self.caller
        await self.caller.hang_up()

    async def phone(self, does: Reaction, *, places: int = 1) -> RealPhone:
        phone = RealPhone(self._free.pop(0), self._exchange.sip_port)
        if does.does == "failed":
            return phone
        first = phone.answers(does) if does.does == "answer" else phone.waits(does.does)
        for place in (first, *(phone.waits("no_answer") for _ in range(places - 1))):
            await self._stack.enter_async_context(place)
        return phone

    async def nothing_left(self) -> None:
        async with asyncio.timeout(5):
            while await self.driver.ari.fetch("channels") + await self.driver.ari.fetch("bridges"):
                await asyncio.sleep(0.02)
        assert not self.driver.ari.listeners


@asynccontextmanager
async def real(exchange: Exchange) -> AsyncGenerator[RealStage]:
    sounds = Sounds(exchange.settings.apologies["nl"])
    async with AsteriskDriver(exchange.settings, sounds) as driver, AsyncExitStack() as stack:
        await driver.wait_connected()
        stage = RealStage(driver, exchange, stack)
        serving = asyncio.create_task(driver.serve(stage.attend))
        try:
            yield stage
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
