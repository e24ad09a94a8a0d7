"""What holds for every answer and every request, whatever it asks: headers, foreign sites, bodies that never end."""

import asyncio
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from belplan.api.identity import SAFE
from belplan.api.problems import ApiError, answer

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

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        api = scope["path"].startswith("/api/")

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    found.setdefault(name, value)
                if api:
                    found.setdefault("Cache-Control", "no-store")
            await send(message)

        if (refused := _refused(scope, headers)) is not None:
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
                raise ApiError(408, "slow", "The body did not come in time.") from None
            complete = message["type"] != "http.request" or not message.get("more_body", False)
            return message

        await self._app(scope, bounded, dressed)


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
