"""What holds for every answer and every request, whatever it asks: headers, foreign sites, bodies that never end."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from belplan.api.identity import COOKIES, SAFE
from belplan.api.problems import ApiError, answer

REMEMBERED = 50_000  # of those who ask
BODY_TIME = 60.0  # seconds in which a body must have come

# The page needs nothing from anywhere else, and nothing inline.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), payment=(), usb=(), microphone=(self)",
}


class Edge:
    """Wraps the application."""

    def __init__(self, app: ASGIApp, per_minute: int) -> None:
        self._app = app
        self._pace = Pace(per_minute) if per_minute else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        api = scope["path"].startswith("/api/")

        shown = _shown(headers)

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                if self._pace and shown and message["status"] not in (401, 429):
                    self._pace.know(shown)
                found = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    found.setdefault(name, value)
                if api:
                    found.setdefault("Cache-Control", "no-store")
            await send(message)

        if (refused := _refused(scope, headers) or self._too_fast(scope, shown, api=api)) is not None:
            await answer(refused)(scope, receive, dressed)
            return
        if scope["type"] == "websocket":
            await self._app(scope, receive, dressed)
            return
        deadline = asyncio.get_running_loop().time() + BODY_TIME
        complete = False

        async def bounded() -> Message:
            nonlocal complete
            if complete:
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, "The body did not come in time.") from None  # FastAPI hides any other
            complete = message["type"] != "http.request" or not message.get("more_body", False)
            return message

        await self._app(scope, bounded, dressed)

    def _too_fast(self, scope: Scope, shown: str, *, api: bool) -> ApiError | None:
        if self._pace is None or not api:
            return None
        client = scope["client"][0] if scope.get("client") else ""
        wait = self._pace.wait(shown, client)
        if wait <= 0:
            return None
        return ApiError(429, "too-many", "Too many requests; wait.", headers={"Retry-After": str(int(wait) + 1)})


class Pace:
    """How fast each person or program may ask: so many a minute, half of them at once.

    Whoever has shown no good credentials yet counts by their address: else each guess would begin a count of its own.
    """

    def __init__(self, per_minute: int) -> None:
        self._rate = per_minute / 60
        self._most = max(1.0, per_minute / 2)
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # by whom: how many, and since when

    def know(self, shown: str) -> None:
        """These credentials were good: whoever shows them is counted by them from now on."""
        self._left.setdefault(_key(shown), (self._most, time.monotonic()))

    def wait(self, shown: str, client: str) -> float:
        """Count a request. Seconds until it may be made; 0 for now."""
        key = _key(shown)
        if not shown or key not in self._left:
            key = _key(client)
        now = time.monotonic()
        left, since = self._left.get(key, (self._most, now))
        left = min(self._most, left + (now - since) * self._rate)
        self._left[key] = (max(0.0, left - 1), now)
        self._left.move_to_end(key)
        if len(self._left) > REMEMBERED:
            self._left.popitem(last=False)
        return 0.0 if left >= 1 else (1 - left) / self._rate


def _shown(headers: Headers) -> str:
    """The credentials that a request shows; "" for none."""
    if given := headers.get("authorization"):
        return given
    cookies = cookie_parser(headers.get("cookie", ""))
    return next((cookies[name] for name in COOKIES if name in cookies), "")


def _key(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _refused(scope: Scope, headers: Headers) -> ApiError | None:
    """A request that a page of somebody else makes a browser send is not for us to do."""
    if "%00" in scope.get("raw_path", b"").decode("latin-1") or b"%00" in scope.get("query_string", b""):
        return ApiError(400, "malformed", "A NUL cannot stand in an address.")
    if scope["type"] == "http" and scope["method"] in SAFE:
        return None
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return ApiError(403, "origin", "This comes from another site.")
    origin = headers.get("origin")
    if origin and urlsplit(origin).netloc != headers.get("host"):
        return ApiError(403, "origin", "This comes from another site.")
    return None
