"""A receiver as a WSGI application (PEP 3333)."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from belplan.receiver.receiver import MAX_BODY, Reply

if TYPE_CHECKING:
    from belplan.receiver.receiver import Receiver

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]


class WsgiReceiver:
    """A receiver as a WSGI application."""

    def __init__(self, receiver: "Receiver") -> None:
        self._receiver = receiver

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        reply = self._reply(environ)
        start_response(f"{reply.status} {_phrase(reply.status)}", reply.headers)
        return [reply.body]

    def _reply(self, environ: Environ) -> Reply:
        try:
            length = int(environ.get("CONTENT_LENGTH") or 0)
        except ValueError:
            return Reply("Content-Length is not a number", 400)
        if length > MAX_BODY:
            return Reply("the body is too large", 413)
        body: bytes = environ["wsgi.input"].read(length) if length > 0 else b""
        return self._receiver.answer_now(environ["REQUEST_METHOD"], target_of(environ), headers_of(environ), body)


def headers_of(environ: Environ) -> dict[str, str]:
    """The request's own headers, out of their names in a WSGI environment."""
    return {name[5:].replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")}


def target_of(environ: Environ) -> str:
    """Path and query as they were on the request line.

    PEP 3333 gives the path decoded only; servers that keep it give it as REQUEST_URI or RAW_URI.
    """
    for name in ("REQUEST_URI", "RAW_URI"):
        raw = str(environ.get(name) or "")
        if raw.startswith("/"):
            return raw
    decoded = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    path = quote(decoded.encode("latin-1"), safe="/!$&'()*+,;=:@-._~")
    query = environ.get("QUERY_STRING", "")
    return f"{path}?{query}" if query else path


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Status"
