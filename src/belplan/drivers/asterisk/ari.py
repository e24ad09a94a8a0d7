"""ARI, Asterisk's REST interface: commands and events over one WebSocket.

Commands go over the socket that the events come from (`RESTRequest`, Asterisk 22.4, 21.9 and 20.14),
which keeps them in the order in which they were sent; an older Asterisk is asked over plain HTTP.
All ids are chosen by us, so that a command whose answer was lost with the socket can be sent again.

    AriError
    ├── RefusedError        Asterisk said no: `status` and `reason`
    ├── SlowError           no answer in time
    ├── TooLargeError       not sent: Asterisk would close the socket of all calls for it
    └── DisconnectedError   Asterisk is not there
        └── LeaseLostError  another server took the app over: nothing here may act any more
"""

import asyncio
import contextlib
import itertools
import re
from base64 import b64encode
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Literal
from urllib.parse import quote

import aiohttp
import orjson
import structlog

Event = dict[str, Any]
Listener = Callable[[Event], None]
Transport = Literal["auto", "websocket", "http"]

# A frame over 65,528 bytes makes Asterisk close the WebSocket, and with it the events of every call.
MAX_MESSAGE = 16_384  # bytes
BACK_OFF = (0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0)  # seconds before each attempt to connect again
STABLE = 2.0  # seconds that a connection must last to start the back-off anew
CONNECT_TIMEOUT = 5.0  # seconds
CLOSE_TIMEOUT = 1.0  # seconds for the other side to say goodbye
HEARTBEAT = 4.0  # seconds between pings; half of it again without a pong is a dead Asterisk
ECHO = "belplan.echo"  # our own event, which shows that events come
ECHO_AT = (0.0, 0.5, 1.0)  # seconds after a connection began, and one after the other
ECHO_EVERY = 10.0  # seconds after that
ECHO_WITHIN = (3.0, 10.0)  # seconds: at first, and later, when Asterisk may have much to do
ATTEMPTS = 3  # a command that takes the socket down with it is not sent for ever

# What we listen to. The filter holds back answers too unless it names them: without RESTResponse the
# socket falls silent for good.
_EVENTS = (
    "RESTResponse",
    "ApplicationReplaced",
    "StasisStart",
    "StasisEnd",
    "ChannelDestroyed",
    "ChannelDtmfReceived",
    "ChannelLeftBridge",
    "ChannelTransfer",
    "Dial",
    "PlaybackFinished",
    "RecordingFinished",
    "RecordingFailed",
    "ChannelUserevent",
)
# Whose id an event is routed by; else `channel`. The name of a recording is its id.
_SUBJECT = {
    "Dial": "peer",
    "PlaybackFinished": "playback",
    "RecordingFinished": "recording",
    "RecordingFailed": "recording",
}
_OVER_WEBSOCKET = {20: 14, 21: 9, 22: 4}  # first minor version of each that takes commands there
_ANSWER = '{"type":"RESTResponse"'
_VARIABLE = re.compile(r"[A-Za-z0-9_]+")

_log = structlog.get_logger()


class AriError(Exception):
    """Asterisk did not do it."""


class RefusedError(AriError):
    """Asterisk said no, with an HTTP status."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason


class SlowError(AriError):
    """No answer in time."""


class TooLargeError(AriError):
    """The command is larger than MAX_MESSAGE, and was not sent."""


class DisconnectedError(AriError):
    """Asterisk is not there, and did not come back in time."""


class LeaseLostError(DisconnectedError):
    """Another server took over the Stasis app: the calls are its own now."""


class _InterruptedError(AriError):
    """The connection ended before the answer."""


def segment(part: str) -> str:
    """An id or a value as it may stand in a URI."""
    return quote(part, safe="")


class Ari:
    """One Stasis app of one Asterisk. `run` keeps it connected; commands wait for that.

    `url` is Asterisk's ARI root (`http://127.0.0.1:8088/ari`). `timeout` is what one command may take,
    `patience` how long a command waits for Asterisk to come back, both in seconds.
    """

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        app: str,
        *,
        transport: Transport = "auto",
        timeout: float = 5.0,
        patience: float = 5.0,
    ) -> None:
        self.app = app
        self.listeners: dict[str, Listener] = {}  # by id of a channel or playback, or name of a recording
        self.on_unknown: Listener | None = None  # StasisStart of what nobody listens for
        self.on_connected: Callable[[], Awaitable[None]] | None = None
        self.commands = 0  # sent so far
        self.on_answered: Callable[[float], None] | None = None  # told how many seconds each answer took
        self.version = ""
        self._url = url.rstrip("/")
        login = b64encode(f"{user}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {login}"}
        self._transport: Transport = transport
        self._timeout = timeout
        self._patience = patience
        self._http: aiohttp.ClientSession | None = None
        self._outbox: deque[str] = deque()
        self._more = asyncio.Event()
        self._up = asyncio.Event()
        self._over_socket = False
        self._lost = False
        self._heard = asyncio.Event()
        self._pending: dict[str, tuple[asyncio.Future[Event], float]] = {}  # with when it was sent
        self._numbers = itertools.count(1)

    @property
    def connected(self) -> bool:
        return self._up.is_set()

    async def wait_connected(self) -> None:
        """Wait until Asterisk is there."""
        await self._up.wait()

    async def run(self) -> None:
        """Stay connected, for ever. Raises LeaseLostError when another server takes the app over."""
        loop = asyncio.get_running_loop()
        # One connection for each command under way, where they do not go over the socket.
        connector = aiohttp.TCPConnector(limit=200)
        async with aiohttp.ClientSession(headers=self._headers, connector=connector) as self._http:
            failures, said = 0, ""
            while True:
                await asyncio.sleep(BACK_OFF[min(failures, len(BACK_OFF) - 1)])
                began = loop.time()
                reason = "closed by Asterisk"
                try:
                    await self._connection(self._http)
                except (aiohttp.ClientError, OSError, TimeoutError, RefusedError) as error:
                    reason = str(error) or type(error).__name__
                if self._lost:
                    raise LeaseLostError("another server took over the app")
                failures = 0 if loop.time() - began > STABLE else failures + 1
                if reason != said:
                    _log.warning("asterisk.unreachable", reason=reason)
                    said = reason

    @property
    def lost(self) -> bool:
        """Whether another server has the app, or this one has let go of it."""
        return self._lost

    def let_go(self) -> None:
        """Do nothing any more from this moment on: what is under way in Asterisk stays as it is, for another server."""
        self._lost = True
        self._outbox.clear()

    def command(
        self, method: str, uri: str, body: dict[str, Any] | None = None, *, patience: float | None = None
    ) -> Coroutine[Any, Any, Any]:
        """Send a command that may be sent twice. Awaiting it gives what Asterisk answers, as JSON has it.

        It goes off when it is called, before any that is called later. While Asterisk is away it waits
        for its return, `patience` seconds at most.
        """
        return self._answer(self._post(method, uri, body), method, uri, body, patience)

    def tell(self, method: str, uri: str) -> bool:
        """Send a command whose answer nobody waits for, before any that comes later. False where it cannot be so."""
        return self._post(method, uri, None, answered=False) is not None

    def in_order(self, *commands: tuple[str, str]) -> Coroutine[Any, Any, None]:
        """Send commands that need each other in this order, without waiting in between where the socket keeps it."""
        if self._over_socket:
            return self._all([self.command(method, uri) for method, uri in commands])
        return self._one_by_one(commands)

    async def variable(self, channel: str, name: str) -> str | None:
        """A channel's variable. None where it is not set."""
        # Asterisk evaluates functions in this place, also such as fetch a URL.
        if not _VARIABLE.fullmatch(name):
            raise ValueError(f"not the name of a variable: {name!r}")
        try:
            return (await self.command("GET", f"channels/{segment(channel)}/variable?variable={name}"))["value"]
        except RefusedError as refused:
            if refused.status == 404:
                return None
            raise

    async def fetch(self, uri: str) -> Any:
        """Get a list over HTTP: one that is too long for a frame would close the socket."""
        return await self._over_http("GET", uri, None)

    # The connection

    async def _connection(self, http: aiohttp.ClientSession) -> None:
        """Connect, and hand on what comes in until the connection ends."""
        async with asyncio.timeout(CONNECT_TIMEOUT):
            system = (await self._over_http("GET", "asterisk/info?only=system", None))["system"]
            socket = await http.ws_connect(
                f"{self._url}/events?app={segment(self.app)}",
                heartbeat=HEARTBEAT,
                max_msg_size=0,
            )
        arriving: asyncio.Task[None] | None = None
        writing = asyncio.ensure_future(self._write(socket))
        listening: asyncio.Task[None] | None = None
        try:
            allowed = {"allowed": [{"type": event} for event in _EVENTS]}
            await self._over_http("PUT", f"applications/{segment(self.app)}/eventFilter", allowed)
            self.version = str(system["version"])
            self._over_socket = self._transport == "websocket" or (
                self._transport == "auto" and _takes_commands(self.version)
            )
            self._up.set()
            _log.info("asterisk.connected", version=self.version, commands="socket" if self._over_socket else "http")
            listening = asyncio.ensure_future(self._listen(socket))
            if self.on_connected:
                arriving = asyncio.ensure_future(self.on_connected())
                arriving.add_done_callback(_say_failure)
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._receive(message.data)
                if self._lost:
                    return
        finally:
            self._up.clear()
            if arriving:
                arriving.cancel()
            writing.cancel()
            if listening:
                listening.cancel()
            for answer, _ in self._pending.values():
                if not answer.done():
                    answer.set_exception(_InterruptedError())
                    answer.exception()  # its task may be cancelled by now
            self._pending.clear()
            self._outbox.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await socket.close()

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """End a connection on which commands are answered, and no events come.

        Asterisk 22 cleans up after a connection that broke, by the app's name. Where the next one is sooner, that one
        has no app any more: calls come to nobody until it ends.
        """
        for number, pause in enumerate(itertools.chain(ECHO_AT, itertools.repeat(ECHO_EVERY))):
            await asyncio.sleep(pause)
            self._heard.clear()
            try:
                async with asyncio.timeout(ECHO_WITHIN[number >= len(ECHO_AT)]):
                    await self._over_http("POST", f"events/user/{ECHO}?application={segment(self.app)}", None)
                    await self._heard.wait()
                continue
            except TimeoutError:
                pass
            except (aiohttp.ClientError, OSError, RefusedError) as error:
                # Unless there is no such app, it says nothing of the events: HTTP has connections of its own.
                if not (isinstance(error, RefusedError) and error.status == 404):
                    continue
            _log.warning("asterisk.no_events", next="connecting anew")
            await socket.close()
            return

    def _receive(self, text: str) -> None:
        if self._is_for_nobody(text):
            return
        event: Event = orjson.loads(text)
        what = event["type"]
        if what == "RESTResponse":
            if waited := self._pending.pop(event["request_id"], None):
                answer, sent = waited
                if not answer.done():
                    answer.set_result(event)
                if self.on_answered:
                    self.on_answered(asyncio.get_running_loop().time() - sent)
            return
        if what == "ApplicationReplaced":
            _log.warning("asterisk.lease_lost", app=self.app)
            self.let_go()
            return
        if what == "ChannelUserevent":
            self._heard.set()
            return
        subject = _subject(what, event)
        listener = self.listeners.get(subject.get("id") or subject["name"]) if subject else None
        if listener is None and what == "StasisStart":
            listener = self.on_unknown
        if listener:
            try:
                listener(event)
            except Exception:
                # What goes wrong in one call never costs the others theirs.
                _log.exception("asterisk.event_failed", event_type=what)

    def _is_for_nobody(self, text: str) -> bool:
        """Whether it is the answer to a command that was only told: a journal comes back whole, and nobody reads it."""
        if not text.startswith(_ANSWER):
            return False
        # Within a JSON text these quotes cannot stand unescaped.
        _, found, rest = text.partition('"request_id":"')
        return bool(found) and rest[: rest.find('"')] not in self._pending

    async def _until_up(self, deadline: float) -> None:
        if self._lost:
            raise self._gone()
        if not self._up.is_set():
            try:
                async with asyncio.timeout_at(deadline):
                    await self._up.wait()
            except TimeoutError:
                raise self._gone() from None

    def _gone(self) -> DisconnectedError:
        return LeaseLostError("another server took over the app") if self._lost else DisconnectedError("no connection")

    # One command

    async def _answer(
        self,
        posted: asyncio.Future[Event] | None,
        method: str,
        uri: str,
        body: dict[str, Any] | None,
        patience: float | None,
    ) -> Any:
        deadline = asyncio.get_running_loop().time() + (self._patience if patience is None else patience)
        for attempt in range(ATTEMPTS):
            try:
                if posted is None:
                    await self._until_up(deadline)
                    posted = self._post(method, uri, body)
                async with asyncio.timeout(self._timeout):
                    if posted is None:
                        return await self._over_http(method, uri, body)
                    response = await posted
                    return _content(response["status_code"], response.get("message_body") or "")
            except TimeoutError:
                raise SlowError(f"no answer within {self._timeout} s") from None
            except (aiohttp.ClientError, OSError, _InterruptedError):
                posted = None
            except RefusedError as refused:
                # The answer to the first one was lost, and what it asked for has been done.
                if attempt and refused.status == 409:
                    return None
                raise
        raise DisconnectedError(f"the connection was lost {ATTEMPTS} times")

    async def _all(self, commands: Sequence[Coroutine[Any, Any, Any]]) -> None:
        await asyncio.gather(*commands)

    async def _one_by_one(self, commands: Sequence[tuple[str, str]]) -> None:
        for method, uri in commands:
            await self.command(method, uri)

    def _post(
        self, method: str, uri: str, body: dict[str, Any] | None, *, answered: bool = True
    ) -> asyncio.Future[Event] | None:
        """Put a command on the socket. None where it does not go that way, or nobody is there.

        Without `answered` the future never has a result.
        """
        if self._lost or not (self._over_socket and self._up.is_set()):
            return None
        self.commands += 1
        number = str(next(self._numbers))
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Event] = loop.create_future()
        message = {"type": "RESTRequest", "request_id": number, "method": method, "uri": uri}
        try:
            if body is not None:
                message["content_type"] = "application/json"
                message["message_body"] = _encode(body)
            self._outbox.append(_fitting(_encode(message)))
        except TooLargeError as error:
            answer.set_exception(error)
            return answer
        self._more.set()
        if answered:
            self._pending[number] = answer, loop.time()
        return answer

    async def _write(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Send what is on its way, in turn, until the connection ends."""
        with contextlib.suppress(ConnectionError, aiohttp.ClientError):
            while True:
                while self._outbox:
                    await socket.send_str(self._outbox.popleft())
                self._more.clear()
                await self._more.wait()

    async def _over_http(self, method: str, uri: str, body: dict[str, Any] | None) -> Any:
        if self._http is None:
            raise self._gone()
        text = None if body is None else _fitting(_encode(body))
        kind = {"Content-Type": "application/json"} if text else None
        async with self._http.request(method, f"{self._url}/{uri}", data=text, headers=kind) as response:
            return _content(response.status, await response.text())


def _subject(what: str, event: Event) -> dict[str, Any] | None:
    """The channel, playback or recording that an event is about."""
    if what == "ChannelTransfer":
        return event["referred_by"]["source_channel"]
    return event.get(_SUBJECT.get(what, "channel"))


def _content(status: int, text: str) -> Any:
    if status >= 400:
        raise RefusedError(status, text[:200])
    return orjson.loads(text) if text else None


def _encode(content: dict[str, Any]) -> str:
    return orjson.dumps(content).decode()


def _fitting(text: str) -> str:
    if len(text) > MAX_MESSAGE or (len(text) * 4 > MAX_MESSAGE and len(text.encode()) > MAX_MESSAGE):
        raise TooLargeError(f"over {MAX_MESSAGE} bytes")
    return text


def _takes_commands(version: str) -> bool:
    found = re.search(r"(\d+)\.(\d+)", version)
    if not found:
        return False
    major, minor = int(found[1]), int(found[2])
    return major > max(_OVER_WEBSOCKET) or minor >= _OVER_WEBSOCKET.get(major, minor + 1)


def _say_failure(task: "asyncio.Future[None]") -> None:
    if not task.cancelled() and (error := task.exception()):
        _log.error("asterisk.resynchronisation_failed", reason=str(error) or type(error).__name__)
