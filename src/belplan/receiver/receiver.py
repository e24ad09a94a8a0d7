"""A receiver: it takes a request apart, asks your function, and answers. It knows no framework.

A request with a `webhook-id` that was answered before gets the same answer again, and your function is not asked:
so a repeat does nothing twice. That is remembered in this process only.
"""

import asyncio
import inspect
import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from belplan.receiver.call import Call, NotACallError
from belplan.receiver.verify import TOLERANCE, SignatureError, verify

if TYPE_CHECKING:
    from belplan.receiver.asgi import AsgiReceiver
    from belplan.receiver.django import DjangoView
    from belplan.receiver.wsgi import WsgiReceiver

MAX_BODY = 64 * 1024  # bytes; twelve fields are some 500
REMEMBERED = 10_000  # answers, for as long as a signature is taken

log = logging.getLogger("belplan.receiver")

Said = str | int | dict[str, Any] | list[Any] | None
OnCall = Callable[[Call], "Said | Reply | Awaitable[Said | Reply]"]
OnGet = Callable[[dict[str, str]], "Said | Reply | Awaitable[Said | Reply]"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back: a status, and a text. Only 2xx sets a variable in the plan."""

    text: str = ""
    status: int = 200
    content_type: str = "text/plain; charset=utf-8"
    allow: str = ""
    """The methods that are taken, where this one is not."""

    @property
    def body(self) -> bytes:
        return self.text.encode("utf-8", "replace")

    @property
    def headers(self) -> list[tuple[str, str]]:
        fixed = [("Content-Type", self.content_type), ("Content-Length", str(len(self.body)))]
        return [*fixed, ("Allow", self.allow)] if self.allow else fixed


class Receiver:
    """Answers the webhooks of a plan with your functions.

    With `secret`, what it did not sign is refused with 401; a list holds the old and the new one while they change.
    """

    def __init__(self, secret: str | Sequence[str] = (), *, tolerance: float = TOLERANCE) -> None:
        self._secrets = [secret] if isinstance(secret, str) else list(secret)
        if "" in self._secrets:
            raise ValueError("the secret is empty; leave it away to take requests unsigned")
        self._tolerance = tolerance
        self._on_call: OnCall | None = None
        self._on_get: OnGet | None = None
        self._answered: OrderedDict[tuple[str, bytes], tuple[float, Reply]] = OrderedDict()
        self._lock = threading.Lock()

    def on_call(self, function: OnCall) -> OnCall:
        """Decorates the function that answers a `POST`: it gets the Call and gives a text, a dict, or a Reply."""
        self._on_call = function
        return function

    def on_get(self, function: OnGet) -> OnGet:
        """Decorates the function that answers a `GET`: it gets the query as a dict. A GET brings no call."""
        self._on_get = function
        return function

    @cached_property
    def asgi(self) -> "AsgiReceiver":
        """An ASGI application: by itself, or `app.add_route("/belplan", receiver.asgi)` in Starlette and FastAPI."""
        from belplan.receiver.asgi import AsgiReceiver

        return AsgiReceiver(self)

    @cached_property
    def wsgi(self) -> "WsgiReceiver":
        """A WSGI application: by itself, or returned by a view of Flask."""
        from belplan.receiver.wsgi import WsgiReceiver

        return WsgiReceiver(self)

    @cached_property
    def django(self) -> "DjangoView":
        """A view of Django: `path("belplan", receiver.django)`."""
        from belplan.receiver.django import DjangoView

        return DjangoView(self)

    async def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """The reply to a request. `target` is path and query as on the request line. Raises nothing."""
        prepared = self._prepare(method, target, headers, body)
        if isinstance(prepared, Reply):
            return prepared
        key, function, argument = prepared
        try:
            if inspect.iscoroutinefunction(function):
                said = await function(argument)
            else:
                # It may well ask a database, and must not hold up the others meanwhile.
                said = await asyncio.to_thread(function, argument)
                said = await said if inspect.isawaitable(said) else said
            return self._remember(key, _reply(said))
        except Exception:
            return _broken()

    def answer_now(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """The same where there is no event loop."""
        prepared = self._prepare(method, target, headers, body)
        if isinstance(prepared, Reply):
            return prepared
        key, function, argument = prepared
        try:
            said = function(argument)
            said = asyncio.run(_awaited(said)) if inspect.isawaitable(said) else said
            return self._remember(key, _reply(said))
        except Exception:
            return _broken()

    def _prepare(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> "Reply | tuple[tuple[str, bytes], Callable[[Any], Any], Call | dict[str, str]]":
        function: Callable[[Any], Any] | None = {"POST": self._on_call, "GET": self._on_get}.get(method)
        if function is None:
            taken = [name for name, one in (("GET", self._on_get), ("POST", self._on_call)) if one]
            return Reply(f"{method} is not taken here", 405, allow=", ".join(taken))
        if len(body) > MAX_BODY:
            return Reply("the body is too large", 413)
        if self._secrets:
            try:
                verify(self._secrets, method, target, headers, body, tolerance=self._tolerance)
            except SignatureError as error:
                log.warning("refused: %s", error)
                return Reply(str(error), 401)
        webhook_id = next((value for name, value in headers.items() if name.lower() == "webhook-id"), "")
        key = (webhook_id, body or target.encode())
        if known := self._known(key):
            return known
        if method == "GET":
            return key, function, dict(parse_qsl(target.partition("?")[2], keep_blank_values=True))
        try:
            return key, function, Call.read(body)
        except NotACallError as error:
            return Reply(str(error), 400)

    def _known(self, key: tuple[str, bytes]) -> Reply | None:
        with self._lock:
            kept = self._answered.get(key)
        return kept[1] if kept and time.monotonic() - kept[0] <= self._tolerance else None

    def _remember(self, key: tuple[str, bytes], reply: Reply) -> Reply:
        # What failed may be tried again; what has no id cannot be told from another call of the same caller.
        if key[0] and reply.status < 500:
            with self._lock:
                kept = self._answered.setdefault(key, (time.monotonic(), reply))
                if time.monotonic() - kept[0] > self._tolerance:
                    self._answered[key] = kept = (time.monotonic(), reply)
                while len(self._answered) > REMEMBERED:
                    self._answered.popitem(last=False)
            return kept[1]
        return reply


def _broken() -> Reply:
    """Inside an `except`: the log gets the reason, the exchange only a status, and its caller goes on."""
    log.exception("the function failed")
    return Reply("", 500)


def _reply(said: Said | Reply) -> Reply:
    if isinstance(said, Reply):
        return said
    if isinstance(said, (dict, list)):
        return Reply(json.dumps(said, ensure_ascii=False), content_type="application/json")
    return Reply("" if said is None else str(said))


async def _awaited(said: Awaitable[Any]) -> Any:
    return await said
