"""The page of `belplan webhook serve`: each request as it comes, what was answered, and the answer of the next one.

It is below /_belplan/ of the address that webhooks ask, for browsers on this machine only: callers' numbers are on it,
and it says what the server answers.
"""

import asyncio
import ipaddress
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from aiohttp import web

from belplan.rehearsal.rules import Rule, RulesError, typed

if TYPE_CHECKING:
    from belplan.rehearsal.stand_in import Seen

AT = "/_belplan/"
KEPT = 200  # requests that somebody who opens the page later still sees
TYPES = {"index.html": "text/html", "page.js": "text/javascript", "page.css": "text/css"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Page:
    """What browsers see. `answer` is told what somebody typed there; `standing` says what is answered now.

    `example` has an example sent to the server, as the exchange sends it.
    """

    def __init__(
        self, answer: Callable[[Rule], None], standing: Callable[[], Rule], example: Callable[[], Awaitable[None]]
    ) -> None:
        self._answer = answer
        self._example = example
        self._standing = standing
        self._kept: deque[dict[str, Any]] = deque(maxlen=2 * KEPT)
        self._open: set[asyncio.Queue[dict[str, Any]]] = set()

    def add(self, application: web.Application) -> None:
        """Its addresses, before the one that takes any path."""
        for name in TYPES:
            application.router.add_get(AT + name.removeprefix("index.html"), _on_this_machine(_file(name)))
        application.router.add_get(AT + "events", _on_this_machine(self._events))
        application.router.add_post(AT + "example", _on_this_machine(self._send))
        application.router.add_post(AT + "answer", _on_this_machine(self._typed))

    def seen(self, seen: "Seen") -> None:
        """Show a request that came."""
        self._tell({"seen": asdict(seen), "at": datetime.now().astimezone().isoformat(timespec="milliseconds")})

    def told(self, seen: "Seen", rule: Rule) -> None:
        """Show what was answered to it."""
        self._tell({"told": seen.number, "answer": _written(rule)})

    def _tell(self, event: dict[str, Any]) -> None:
        self._kept.append(event)
        for queue in self._open:
            queue.put_nowait(event)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers=HEADERS | {"Content-Type": "text/event-stream"})
        await response.prepare(request)
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        for event in ({"standing": _written(self._standing())}, *self._kept):
            queue.put_nowait(event)
        self._open.add(queue)
        try:
            while True:
                await response.write(f"data: {json.dumps(await queue.get())}\n\n".encode())
        finally:
            self._open.discard(queue)

    async def _send(self, _: web.Request) -> web.Response:
        await self._example()
        return _json({}, 200)

    async def _typed(self, request: web.Request) -> web.Response:
        try:
            rule = typed(str((await request.json())["line"]))
        except RulesError as error:
            return _json({"problem": str(error)}, 422)
        except (ValueError, TypeError, KeyError):
            return _json({"problem": 'send {"line": "openstaand"}'}, 422)
        self._answer(rule)
        self._tell({"standing": _written(self._standing())})
        return _json({}, 200)


def _written(rule: Rule) -> dict[str, Any]:
    return {"text": rule.text, "status": rule.status, "delay": rule.delay}


def _json(content: dict[str, Any], status: int) -> web.Response:
    return web.json_response(content, status=status, headers=HEADERS)


def _file(name: str) -> Handler:
    async def send(_: web.Request) -> web.Response:
        text = (files("belplan.rehearsal.page") / name).read_text(encoding="utf-8")
        return web.Response(text=text, content_type=TYPES[name], headers=HEADERS)

    return send


def _on_this_machine(handler: Handler) -> Handler:
    """Only for browsers here, under a name of this machine: another site's name may lead here too (DNS rebinding)."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        host = request.host.rsplit(":", 1)[0].strip("[]")
        if not (_is_loopback(request.remote or "") and (host == "localhost" or _is_loopback(host))):
            raise web.HTTPNotFound
        # Another site can make a browser post a form here, and not JSON.
        if request.method == "POST" and request.content_type != "application/json":
            return _json({"problem": "send JSON"}, 415)
        return await handler(request)

    return guarded


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
