"""A request as it goes over the wire, and nothing in it that its author did not mean."""

import re
from collections.abc import Iterable

from belplan import __version__
from belplan.dialplan.urls import Url
from belplan.signing import payload_of, signature
from belplan.webhook.exchange import ExchangeError, Request

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_OWN = frozenset(
    (
        "host", "connection", "content-length", "content-type", "content-encoding", "transfer-encoding", "te",
        "trailer", "upgrade", "expect", "keep-alive", "proxy-connection", "accept-encoding",
        "webhook-id", "webhook-timestamp", "webhook-signature",
    )
)  # fmt: skip
_ID = re.compile(r"[A-Za-z0-9_\-]{1,128}")
_USER_AGENT = f"User-Agent: Belplan/{__version__}\r\n".encode()
MAX_HEADERS = 32
MAX_HEADER_VALUE = 4096


def check_header(name: str, value: str = "") -> str | None:
    """What is wrong with an extra header of a plan, or None."""
    if not _TOKEN.fullmatch(name):
        return "the name of a header is letters, digits and - only"
    if name.lower() in _OWN:
        return f"the header {name} is part of the exchange itself and cannot be set"
    if len(value) > MAX_HEADER_VALUE:
        return f"the header {name} is longer than {MAX_HEADER_VALUE} characters"
    return None


def _field_value(value: str) -> bytes:
    """One header's value, whatever is in it: control characters percent-encoded, other letters as UTF-8.

    A caller's name of `"\\r\\nX-Admin: 1` makes one header with `%0D%0A` in it, not two (RFC 9110 5.5).
    """
    if not value.isprintable():
        value = _CONTROL.sub(lambda found: f"%{ord(found[0]):02X}", value)
        value = _SURROGATE.sub("\ufffd", value)
    return value.strip(" \t").encode()


def _extra(headers: Iterable[tuple[str, str]]) -> list[bytes]:
    lines: list[bytes] = []
    for name, value in headers:
        problem = check_header(name, value)
        if problem is not None:
            raise ExchangeError("blocked", problem)
        lines.append(b"%s: %s\r\n" % (name.encode(), _field_value(value)))
    if len(lines) > MAX_HEADERS:
        raise ExchangeError("blocked", f"there are more than {MAX_HEADERS} extra headers")
    return lines


def message(request: Request, url: Url, webhook_id: str, timestamp: int) -> bytes:
    """The whole request, head and body. `timestamp` is in seconds since 1970. Raises ExchangeError("blocked")."""
    if not _ID.fullmatch(webhook_id):
        raise ExchangeError("blocked", "a webhook-id is letters, digits, - and _, at most 128")
    body = request.body or b"" if request.method == "POST" else b""
    lines = [_start(request.method, url.target, url.netloc)]
    if request.headers:
        lines += _extra(request.headers)
    names = {name.lower() for name, _ in request.headers}
    if "user-agent" not in names:
        lines.append(_USER_AGENT)
    if "accept" not in names:
        lines.append(b"Accept: */*\r\n")
    if request.method == "POST":
        lines.append(b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body))
    lines.append(f"webhook-id: {webhook_id}\r\nwebhook-timestamp: {timestamp}\r\n".encode())
    if request.secrets:
        payload = payload_of(request.method, url.target, body)
        try:
            signed = signature(request.secrets, webhook_id, timestamp, payload)
        except ValueError:
            # Unsigned would be worse: a receiver might take it, or refuse it without saying why.
            raise ExchangeError("blocked", "a signing secret cannot be read; after whsec_ comes base64") from None
        lines.append(f"webhook-signature: {signed}\r\n".encode())
    lines += (b"\r\n", body)
    return b"".join(lines)


def _start(method: str, target: str, netloc: str) -> bytes:
    return f"{method} {target} HTTP/1.1\r\nHost: {netloc}\r\nAccept-Encoding: identity\r\n".encode()
