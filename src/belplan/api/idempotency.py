"""A POST that is repeated with the same Idempotency-Key is done once (draft-ietf-httpapi-idempotency-key-header-07).

A key is of whoever asks: of a session or of a token. The same request gets the same answer for a day, another one with
that key 422, and one that comes while the first is under way 409. What is to be tried again (401, 403, 408, 429,
and every fault of ours) is not kept.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable

import structlog
from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from belplan.api.identity import cookie_name
from belplan.api.parts import Parts
from belplan.api.problems import ApiError, answer
from belplan.store.answers import Kept
from belplan.store.database import DatabaseAwayError

HEADER = "idempotency-key"
LARGEST = 4 << 20  # bytes of an answer that is kept

PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Any text of yours, at most 255 characters: repeated with it, the request is done once.",
    "schema": {"type": "string"},
}

_KEY = re.compile(r'"?([\x21\x23-\x7e]{1,255})"?')  # RFC 9651: a String, with its quotes or without
_TRY_AGAIN = (401, 403, 408, 429)
_KEPT = ("content-type", "etag", "location")

_log = structlog.get_logger()


class Idempotency:
    """Wraps the application."""

    def __init__(self, app: ASGIApp, parts: Parts) -> None:
        self._app = app
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER)
        if given is None:
            await self._app(scope, receive, send)
            return
        if not (found := _KEY.fullmatch(given.strip())):
            await answer(ApiError(400, "idempotency-key", "That is no Idempotency-Key."))(scope, receive, send)
            return
        try:
            who = await self._who(Request(scope))
            if not who:  # what nobody asks is not done anyway
                await self._app(scope, receive, send)
                return
            await self._once(self._parts.vault.digest("idempotency", f"{who} {found[1]}"), scope, receive, send)
        except DatabaseAwayError:
            error = ApiError(503, "database-away", "The database cannot be reached now.", headers={"Retry-After": "2"})
            await answer(error)(scope, receive, send)

    async def _who(self, request: Request) -> str:
        """Whose key it is; "" for nobody that we know."""
        kind, _, text = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and text:
            found = await self._parts.tokens.find(text.strip())
            return f"token {found[0].id}" if found else ""
        session = request.cookies.get(cookie_name(self._parts), "")
        person = await self._parts.people.session(session) if session else None
        return f"session {session}" if person else ""

    async def _once(self, key: str, scope: Scope, receive: Receive, send: Send) -> None:
        asked = _Asked(scope, receive)
        known = await self._parts.answers.begin(key)
        if known is None:
            await self._first(key, asked, scope, send)
            return
        if known.status is None:
            error = ApiError(
                409, "idempotency-under-way", "The same request is under way.", headers={"Retry-After": "1"}
            )
            await answer(error)(scope, receive, send)
            return
        await asked.rest()
        if asked.digest() != known.asked:
            error = ApiError(422, "idempotency-key-used", "That Idempotency-Key was of another request.")
            await answer(error)(scope, receive, send)
            return
        headers = [(name.encode(), value.encode()) for name, value in known.headers.items()]
        body = known.body.encode()
        headers += [(b"idempotency-replayed", b"true"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": known.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _first(self, key: str, asked: "_Asked", scope: Scope, send: Send) -> None:
        said = _Said(send)
        try:
            await self._app(scope, asked, said)
            if keeps := said.keeps:
                await asked.rest()
        except BaseException:
            await self._parts.answers.forget(key)
            raise
        try:
            if keeps:
                kept = Kept(asked.digest(), said.status, said.headers, said.body.decode())
                await self._parts.answers.keep(key, kept)
            else:
                await self._parts.answers.forget(key)
        except (DatabaseAwayError, UnicodeDecodeError) as error:
            _log.warning("idempotency.not_kept", reason=str(error))


class _Asked:
    """Reads a request, and makes a digest of all of it on the way."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        self._digest = hashlib.sha256(f"{scope['path']}?{scope['query_string'].decode('latin-1')}\n".encode())
        self._complete = False

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._digest.update(message.get("body", b""))
            self._complete = not message.get("more_body", False)
        else:
            self._complete = True
        return message

    async def rest(self) -> None:
        """Read what was not read yet."""
        while not self._complete:
            await self()

    def digest(self) -> str:
        return self._digest.hexdigest()


class _Said:
    """Passes an answer on, and keeps it. Of a large one only that it is large."""

    def __init__(self, send: Callable[[Message], Awaitable[None]]) -> None:
        self._send = send
        self.status = 500
        self.headers: dict[str, str] = {}
        self.body = bytearray()

    @property
    def keeps(self) -> bool:
        """Whether it is to be given again."""
        return self.status < 500 and self.status not in _TRY_AGAIN and len(self.body) <= LARGEST

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            found = MutableHeaders(scope=message)
            self.headers = {name: found[name] for name in _KEPT if name in found}
        elif len(self.body) <= LARGEST:
            self.body += message.get("body", b"")
        await self._send(message)
