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
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, Literal
from urllib.parse import quote

import aiohttp
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
    "Dial",
    "PlaybackFinished",
)
_SUBJECT = {"Dial": "peer", "PlaybackFinished": "playback"}  # whose id an event is routed by; else `channel`
_OVER_WEBSOCKET = {20: 14, 21: 9, 22: 4}  # first minor version of each that takes commands there
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
        self.listeners: dict[str, Listener] = {}  # by id of a channel or playback
        self.on_unknown: Listener | None = None  # StasisStart of what nobody listens for
        self.on_connected: Callable[[], Awaitable[None]] | None = None
        self.commands = 0  # sent so far
        self.version = ""
        self._url = url.rstrip("/")
        self._auth = aiohttp.BasicAuth(user, password)
        self._transport: Transport = transport
        self._timeout = timeout
        self._patience = patience
        self._http: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._up = asyncio.Event()
        self._over_socket = False
        self._lost = False
        self._pending: dict[str, asyncio.Future[Event]] = {}
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
        # A connection for each of the commands under way, where they do not go over the socket.
        async with aiohttp.ClientSession(auth=self._auth, connector=aiohttp.TCPConnector(limit=200)) as self._http:
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

    async def command(
        self, method: str, uri: str, body: dict[str, Any] | None = None, *, patience: float | None = None
    ) -> Any:
        """Send a command that may be sent twice, and give what Asterisk answers, as JSON has it.

        While Asterisk is away it waits for its return, `patience` seconds at most.
        """
        deadline = asyncio.get_running_loop().time() + (self._patience if patience is None else patience)
        for attempt in range(ATTEMPTS):
            await self._until_up(deadline)
            try:
                return await self._send(method, uri, body)
            except LeaseLostError:
                raise
            except DisconnectedError:
                continue
            except RefusedError as refused:
                # The answer to the first one was lost, and what it asked for has been done.
                if attempt and refused.status == 409:
                    return None
                raise
        raise DisconnectedError(f"the connection was lost {ATTEMPTS} times")

    async def in_order(self, *commands: tuple[str, str]) -> None:
        """Send commands that need each other in this order, without waiting in between where the socket keeps it."""
        if self._over_socket:
            await asyncio.gather(*(self.command(method, uri) for method, uri in commands))
            return
        for method, uri in commands:
            await self.command(method, uri)

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
        try:
            allowed = {"allowed": [{"type": event} for event in _EVENTS]}
            await self._over_http("PUT", f"applications/{segment(self.app)}/eventFilter", allowed)
            self.version = str(system["version"])
            self._over_socket = self._transport == "websocket" or (
                self._transport == "auto" and _takes_commands(self.version)
            )
            self._socket = socket
            self._up.set()
            _log.info("asterisk.connected", version=self.version, commands="socket" if self._over_socket else "http")
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
            self._socket = None
            if arriving:
                arriving.cancel()
            for answer in self._pending.values():
                if not answer.done():
                    answer.set_exception(self._gone())
            self._pending.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await socket.close()

    def _receive(self, text: str) -> None:
        event: Event = json.loads(text)
        what = event["type"]
        if what == "RESTResponse":
            answer = self._pending.get(event["request_id"])
            if answer and not answer.done():
                answer.set_result(event)
            return
        if what == "ApplicationReplaced":
            _log.error("asterisk.lease_lost", app=self.app)
            self._lost = True
            return
        subject = event.get(_SUBJECT.get(what, "channel"))
        listener = self.listeners.get(subject["id"]) if subject else None
        if listener is None and what == "StasisStart":
            listener = self.on_unknown
        if listener:
            try:
                listener(event)
            except Exception:
                # What goes wrong in one call never costs the others theirs.
                _log.exception("asterisk.event_failed", event_type=what)

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

    async def _send(self, method: str, uri: str, body: dict[str, Any] | None) -> Any:
        self.commands += 1
        try:
            async with asyncio.timeout(self._timeout):
                if self._over_socket:
                    return await self._over_websocket(method, uri, body)
                return await self._over_http(method, uri, body)
        except TimeoutError:
            raise SlowError(f"no answer within {self._timeout} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise DisconnectedError(str(error)) from error

    async def _over_websocket(self, method: str, uri: str, body: dict[str, Any] | None) -> Any:
        if self._socket is None:
            raise self._gone()
        number = str(next(self._numbers))
        message = {"type": "RESTRequest", "request_id": number, "method": method, "uri": uri}
        if body is not None:
            message["content_type"] = "application/json"
            message["message_body"] = _encode(body)
        text = _encode(message)
        _fits(text)
        answer = self._pending[number] = asyncio.get_running_loop().create_future()
        try:
            await self._socket.send_str(text)
            response = await answer
        finally:
            self._pending.pop(number, None)
        return _content(response["status_code"], response.get("message_body") or "")

    async def _over_http(self, method: str, uri: str, body: dict[str, Any] | None) -> Any:
        if self._http is None:
            raise self._gone()
        text = None if body is None else _encode(body)
        if text:
            _fits(text)
        kind = {"Content-Type": "application/json"} if text else None
        async with self._http.request(method, f"{self._url}/{uri}", data=text, headers=kind) as response:
            return _content(response.status, await response.text())


def _content(status: int, text: str) -> Any:
    if status >= 400:
        raise RefusedError(status, text[:200])
    return json.loads(text) if text else None


def _encode(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _fits(text: str) -> None:
    if len(text) > MAX_MESSAGE or (len(text) * 4 > MAX_MESSAGE and len(text.encode()) > MAX_MESSAGE):
        raise TooLargeError(f"over {MAX_MESSAGE} bytes")


def _takes_commands(version: str) -> bool:
    found = re.search(r"(\d+)\.(\d+)", version)
    if not found:
        return False
    major, minor = int(found[1]), int(found[2])
    return major > max(_OVER_WEBSOCKET) or minor >= _OVER_WEBSOCKET.get(major, minor + 1)


def _say_failure(task: "asyncio.Future[None]") -> None:
    if not task.cancelled() and (error := task.exception()):
        _log.error("asterisk.resynchronisation_failed", reason=str(error) or type(error).__name__)
