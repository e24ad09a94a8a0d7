"""The driver of Asterisk: calls in, phones rung, parties connected.

A call through webhook, condition and connect takes nine commands: ring, contacts, create, dial, answer,
bridge, both added, the other party hung up, bridge removed.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import structlog

from belplan.drivers.asterisk.adopting import Adoption, remove_stray
from belplan.drivers.asterisk.ari import Ari, AriError, Event, RefusedError, Transport, segment
from belplan.drivers.asterisk.browsers import Browsers
from belplan.drivers.asterisk.configuration import ExchangeSettings, phone_endpoint, trunk_endpoint
from belplan.drivers.asterisk.dialling import AsteriskDialling, RingableLine, RingablePhone, find
from belplan.drivers.asterisk.dialplan_conf import DRAINING
from belplan.drivers.asterisk.errands import Errands
from belplan.drivers.asterisk.leg import AsteriskLeg, Exchange, Prompts, bridge_id
from belplan.drivers.asterisk.message_waiting import MessageWaiting
from belplan.engine.leg import (
    INVALID_NUMBER,
    NO_CIRCUIT,
    NORMAL,
    TEMPORARY_FAILURE,
    Leg,
    PhoneTarget,
    Shown,
    Target,
    Transfer,
)

RECORDINGS = "spool/recording"  # where Asterisk writes recordings, in its folder
CLICK_RINGS = 30.0  # seconds that the phone of somebody who clicked on a number rings
LONGEST_RECORDING = 4 * 3600  # seconds, as long as a call may last
LAST_ERRANDS = 2.0  # seconds for hang-ups that are under way when the driver closes

_USERNAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_NUMBER = re.compile(r"\+?[0-9*#]{1,40}")

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AsteriskCall:
    """A call that arrives. `caller_number` of a phone is its SIP account; "" where it is withheld."""

    caller: AsteriskLeg
    called_number: str
    caller_number: str
    caller_name: str
    sip_call_id: str
    trunk: str | None = None  # it came from outside, over this
    phone: str = ""  # else the SIP account that it came from, also where the caller is withheld
    visits: str = ""  # else it came from a browser that is outside of this company (its id), and calls it
    created: str = ""  # when, as Asterisk has it: no other call has this and the same channel
    journal: str = ""  # what an engine that died has written down of it


OnCall = Callable[[AsteriskCall], Awaitable[None]]


class AsteriskDriver:
    """One Asterisk, for as long as the `async with` block runs. See belplan.engine.leg.Driver.

    Entering does not wait for Asterisk: `wait_connected` does.
    """

    def __init__(
        self,
        settings: ExchangeSettings,
        prompts: Prompts,
        *,
        transport: Transport = "auto",
        timeout: float = 5.0,
        patience: float = 5.0,
    ) -> None:
        self.ari = Ari(
            f"http://127.0.0.1:{settings.http_port}/ari",
            settings.ari_user,
            settings.ari_password,
            settings.app,
            transport=transport,
            timeout=timeout,
            patience=patience,
        )
        self.on_recorded: Callable[[str], None] = lambda name: None  # a recorded conversation has ended
        self.trunk_limits: Mapping[str, int] = {}  # most calls at once, by trunk; not named is not limited
        self.on_adopted: Callable[[list[AsteriskCall]], None] | None = None
        """Told once of the calls that another engine has left behind, all of them, before they are handed on."""
        self.message_waiting = MessageWaiting(self.ari)
        self.browsers = Browsers(self.ari, settings)
        self._errands = Errands(self.ari)
        self._exchange = Exchange(self.ari, self._errands, prompts, {}, {}, settings.data / RECORDINGS)
        self._busy = Counter[str]()  # calls of each trunk now, in and out
        self._calls: dict[str, AsteriskCall] = {}  # listened to, and not yet handed on
        self._arrived: asyncio.Queue[AsteriskCall] = asyncio.Queue()
        self._running: asyncio.Task[None] | None = None
        self.ari.on_unknown = self._on_start
        self._adoption = Adoption(self._exchange, self._begin)
        self.ari.on_connected = self._compare

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self.ari.run())
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._running:
            await self._errands.finish(LAST_ERRANDS if self.connected else 0.0)
            self._running.cancel()
            await asyncio.wait((self._running,))

    @property
    def connected(self) -> bool:
        """Whether Asterisk is there."""
        return self.ari.connected

    async def wait_connected(self) -> None:
        """Wait until Asterisk is there."""
        await self.ari.wait_connected()

    @property
    def recordings(self) -> Path:
        """The folder that recordings are written to."""
        return self._exchange.recordings

    async def has(self, leg_id: str) -> bool:
        """Whether a leg is still there; it is, as far as anybody knows, while Asterisk cannot be asked."""
        try:
            await self.ari.command("GET", f"channels/{segment(leg_id)}")
        except AriError as error:
            return not (isinstance(error, RefusedError) and error.status == 404)
        return True

    @property
    def lost(self) -> bool:
        """Whether another server has taken over, or this one has let go: nothing here may act any more."""
        return self.ari.lost

    def let_go(self) -> None:
        """Leave everything as it is, from this moment on, for another server."""
        self.ari.let_go()

    async def take_calls(self, taking: bool) -> None:
        """Have new calls come here, or have Asterisk send them elsewhere as if nobody were here."""
        try:
            await self.ari.command("POST", f"asterisk/variable?variable={DRAINING}&value={'' if taking else '1'}")
        except AriError as error:
            _log.warning("asterisk.command_failed", reason=str(error))

    async def reload(self, module: str) -> None:
        """Have Asterisk read a module's configuration again. Calls go on. Raises AriError."""
        await self.ari.command("PUT", f"asterisk/modules/{segment(module)}")

    async def registered(self) -> set[str]:
        """The SIP accounts with a telephone that is reachable now. Raises AriError."""
        endpoints = await self.ari.fetch("endpoints/PJSIP")
        online = {one["resource"] for one in endpoints if one["state"] == "online"}
        return online | self.browsers.phones(online)

    async def call_from(self, username: str, number: str) -> str:
        """Ring a phone; whoever answers calls the number, as if it had been dialled there. The id of its leg.

        Raises AriError.
        """
        if not _USERNAME.fullmatch(username) or not _NUMBER.fullmatch(number):
            raise ValueError("no account or no number")
        # Whoever sits at the page has asked for it there.
        ringing = next(iter(self.browsers.beside(username)), phone_endpoint(username))
        channel = f"click-{uuid4()}"
        where = f"extension={segment(number)}&context=incoming&priority=1&timeout={int(CLICK_RINGS)}"
        shown = f"callerId={segment(number)}"
        uri = f"channels?endpoint=PJSIP/{segment(ringing)}&channelId={channel}&{where}&{shown}"
        await self.ari.command("POST", uri)
        return channel

    async def serve(self, on_call: OnCall) -> None:
        """Hand on every call, each in a task of its own, for ever. A call ends with its `on_call`.

        Raises LeaseLostError when another server takes the calls over.
        """
        if self._running is None:
            raise RuntimeError("only within `async with`")
        async with asyncio.TaskGroup() as calls:
            while True:
                arriving = asyncio.ensure_future(self._arrived.get())
                try:
                    await asyncio.wait((arriving, self._running), return_when=asyncio.FIRST_COMPLETED)
                finally:
                    arriving.cancel()
                if not arriving.done():
                    break
                calls.create_task(self._attend(on_call, arriving.result()))
            # No line ends by this, and no call with it: they are another server's now.
            self._running.result()

    @asynccontextmanager
    async def dial(
        self, leg_id: str, target: Target, *, caller: Leg, shown: Shown, timeout: float
    ) -> AsyncGenerator[AsteriskDialling]:
        if not isinstance(caller, AsteriskLeg):
            raise TypeError("the caller is on another exchange")
        ringable, cause = self._ringable(target)
        dialling = AsteriskDialling(self._exchange, leg_id, ringable, caller=caller, shown=shown, timeout=timeout)
        if cause:
            dialling.fails(cause)
        if not isinstance(target, PhoneTarget) and not cause:
            self._busy[target.trunk] += 1
            dialling.leg.at_end(lambda: self._busy.subtract((target.trunk,)))
        # Leaving it waits for nothing: a task cancelled there would lose a leg that has just answered.
        try:
            yield dialling
        except BaseException:
            dialling.stop(nobody_has_it=True)
            raise
        else:
            dialling.stop()

    def picked_up(self, caller: Leg, callee: Leg) -> None:
        if isinstance(caller, AsteriskLeg) and isinstance(callee, AsteriskLeg):
            caller.talks_to = callee

    async def talk(self, caller: Leg, callee: Leg, *, record: str = "") -> Leg | Transfer:
        if not isinstance(caller, AsteriskLeg) or not isinstance(callee, AsteriskLeg):
            raise TypeError("a party is on another exchange")
        caller.check()
        callee.check()
        earlier, caller.earlier_bridge = caller.earlier_bridge, None
        if earlier:
            bridge = earlier.id
        else:
            caller.bridges += 1
            bridge = bridge_id(caller.channel, caller.bridges)
        making: asyncio.Task[None] | None = None
        try:
            async with caller.silent(), callee.silent():
                caller.bridged = callee.bridged = True
                try:
                    if not earlier or callee.channel not in earlier.channels:
                        making = self._errands.run(self._connect(bridge, caller, callee, made=earlier is not None))
                        await asyncio.shield(making)
                    if record:
                        self._errands.run(self._record(bridge, record))
                    return await first_end(caller, callee)
                finally:
                    if making or earlier:
                        self._errands.remove(f"bridges/{segment(bridge)}", bridge, making)
        except AriError as error:
            # Most likely one of them has just hung up, and the news is on its way.
            failure = await caller.failure(error)
            if caller.gone or callee.gone:
                return caller if caller.gone else callee
            raise failure from error

    async def _record(self, bridge: str, name: str) -> None:
        """Record a conversation until its bridge is removed."""

        def ended(event: Event) -> None:
            self.ari.listeners.pop(name, None)
            if event["type"] == "RecordingFailed":
                _log.error("asterisk.recording_failed", recording=name)
            self.on_recorded(name)

        self.ari.listeners[name] = ended
        body = {"name": name, "format": "wav", "maxDurationSeconds": LONGEST_RECORDING, "ifExists": "fail"}
        try:
            await self.ari.command("POST", f"bridges/{segment(bridge)}/record", body)
        except AriError as error:
            if isinstance(error, RefusedError) and error.status == 409:
                return  # it was begun before this process was, and goes on
            self.ari.listeners.pop(name, None)
            _log.error("asterisk.not_recorded", recording=name, reason=str(error))

    async def find(self, leg_id: str, caller: Leg) -> AsteriskLeg | None:
        if not isinstance(caller, AsteriskLeg):
            raise TypeError("the caller is on another exchange")
        return find(self._exchange, leg_id, caller)

    async def watch(self, caller: AsteriskLeg) -> bool:
        """Let a caller talk on who did so before this process began, and end the call after that. False where none."""
        bridge = caller.earlier_bridge
        other = next(iter(bridge.channels - {caller.channel}), "") if bridge else ""
        callee = find(self._exchange, other, caller) if other else None
        if callee is None:
            return False
        await self.talk(caller, callee)
        await callee.hang_up(NORMAL)
        await caller.hang_up(NORMAL)
        return True

    def _connect(
        self, bridge: str, caller: AsteriskLeg, callee: AsteriskLeg, *, made: bool
    ) -> Coroutine[Any, Any, None]:
        parties = f"{segment(caller.channel)},{segment(callee.channel)}"
        # Without dtmf_events the sound may pass Asterisk by, and keys with it.
        make = ("POST", f"bridges?type=mixing,dtmf_events&bridgeId={segment(bridge)}")
        # The display of neither phone changes: what it shows was decided before it rang.
        join = ("POST", f"bridges/{segment(bridge)}/addChannel?channel={parties}&inhibitConnectedLineUpdates=true")
        return self.ari.in_order(*((join,) if made else (make, join)))

    def _ringable(self, target: Target) -> tuple[RingablePhone | RingableLine, int]:
        """What to ring, and the cause why it cannot be, if so."""
        if isinstance(target, PhoneTarget):
            # It becomes part of a function that Asterisk evaluates.
            ok = _USERNAME.fullmatch(target.username)
            beside = self.browsers.beside(target.username)
            return RingablePhone(phone_endpoint(target.username), beside), 0 if ok else INVALID_NUMBER
        line = RingableLine(trunk_endpoint(target.trunk), target.number)
        if not _NUMBER.fullmatch(target.number):
            return line, INVALID_NUMBER
        limit = self.trunk_limits.get(target.trunk)
        return line, NO_CIRCUIT if limit is not None and self._busy[target.trunk] >= limit else 0

    # Calls that arrive

    def _on_start(self, event: Event) -> None:
        channel, args = event["channel"], event["args"]
        if args[:1] == ["in"] and len(args) >= 4:
            self._arrived.put_nowait(self._calls.pop(self._begin(channel, args).channel))
        else:
            remove_stray(self._errands, channel["id"])

    def _begin(self, channel: dict[str, Any], args: list[str]) -> AsteriskLeg:
        """Listen to a caller."""
        _, origin, called, privacy = args[:4]
        kind, _, name = origin.partition(":")
        leg = AsteriskLeg(
            self._exchange, channel["id"], language=channel.get("language", ""), answered=channel["state"] == "Up"
        )
        self.ari.listeners[leg.channel] = leg.on_event
        self._exchange.lines[leg.channel] = leg
        trunk = name if kind == "trunk" else None
        if trunk:
            self._busy[trunk] += 1
            leg.at_end(lambda: self._busy.subtract((trunk,)))
        shown = privacy == "shown"
        number = name if kind == "phone" else channel["caller"]["number"]
        self._calls[leg.channel] = AsteriskCall(
            caller=leg,
            called_number=called,
            caller_number=number if shown else "",
            caller_name=channel["caller"]["name"] if shown else "",
            sip_call_id=channel.get("protocol_id", ""),
            trunk=trunk,
            phone=name if kind == "phone" else "",
            visits=name if kind == "visitor" else "",
            created=channel["creationtime"],
        )
        return leg

    async def _compare(self) -> None:
        self.message_waiting.show_again()
        taken = await self._adoption.compare()
        calls = [replace(self._calls.pop(leg.channel), journal=note) for leg, note in taken]
        if self.on_adopted:
            self.on_adopted(calls)
            self.on_adopted = None
        for call in calls:
            self._arrived.put_nowait(call)

    async def _attend(self, on_call: OnCall, call: AsteriskCall) -> None:
        try:
            await on_call(call)
        except Exception:
            _log.exception("call.failed", leg=call.caller.id)
            await call.caller.hang_up(TEMPORARY_FAILURE)
        finally:
            await call.caller.hang_up(NORMAL)


async def first_end(caller: AsteriskLeg, callee: AsteriskLeg) -> AsteriskLeg | Transfer:
    """Wait until one of two legs ends, that one; or asks for a transfer."""
    ended: asyncio.Future[AsteriskLeg | Transfer] = asyncio.get_running_loop().create_future()

    def over(what: AsteriskLeg | Transfer) -> None:
        if not ended.done():
            ended.set_result(what)

    for leg in (caller, callee):
        leg.at_end(lambda leg=leg: over(leg))
        leg.on_transfer = over
    try:
        return await ended
    finally:
        for leg in (caller, callee):
            if leg.on_transfer is over:
                leg.on_transfer = None
