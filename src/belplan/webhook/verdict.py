"""What an answer or a failure means: for the call, for the breaker, and for another try. Decisions only."""

import re
from typing import Literal
from urllib.parse import urlsplit

from belplan.webhook.exchange import ExchangeError, Reason
from belplan.webhook.response import Response

FIRST_PAUSE = 0.05
"""Seconds before the first retry; doubled before each further one."""

# These say that a server, or the way to it, is ill. The rest comes from a server that is well, or from our own house.
_ILL: frozenset[Reason] = frozenset(("refused", "unreachable", "dns", "tls", "reset", "truncated", "protocol"))
_OURS: frozenset[Reason] = frozenset(("blocked", "busy", "open"))

# Safe to send again, whatever the method: the server has not seen the request, or says that it did not act on it
# (429: RFC 6585 4; 502, 503, 504: RFC 9110 15.6).
_NEVER_ARRIVED: frozenset[Reason] = frozenset(("refused", "unreachable", "dns"))
_NOT_NOW = frozenset((429, 502, 503, 504))
# And of a GET, which changes nothing (RFC 9110 9.2.2), whatever broke on the way.
_BROKEN_OFF: frozenset[Reason] = frozenset(("reset", "truncated"))

_REDIRECTS = frozenset((301, 302, 303, 307, 308))


def judge(response: Response) -> None:
    """Return for a 2xx. Raises ExchangeError("redirect") or ExchangeError("status"); redirects are never followed."""
    status = response.status
    if 200 <= status < 300:
        return
    if status in _REDIRECTS:
        where = _shown(response.fields.get(b"location", b""))
        raise ExchangeError(
            "redirect", f"the server says to go to {where or 'nowhere'}; write that URL in the plan", status=status
        )
    failure = ExchangeError("status", f"the server answered with status {status}", status=status)
    failure.retry_after = _seconds(response.fields.get(b"retry-after", b""))
    raise failure


def is_ill(failure: ExchangeError) -> bool | None:
    """Does this failure count against the server? None: it says nothing about it."""
    if failure.reason in _OURS:
        return None
    if failure.status is not None:
        return failure.status >= 500 or failure.status == 429
    return failure.reason in _ILL


def may_retry(method: Literal["GET", "POST"], failure: ExchangeError) -> bool:
    """Can another try do no harm, and may it help?"""
    if failure.reason in _NEVER_ARRIVED or failure.status in _NOT_NOW:
        return True
    return method == "GET" and failure.reason in _BROKEN_OFF


def pause_before_retry(failure: ExchangeError, pause: float) -> float:
    """Seconds to wait: what the server asks for (Retry-After, RFC 9110 10.2.3, as seconds), else `pause`."""
    return failure.retry_after if failure.retry_after is not None else pause


def _seconds(value: bytes) -> float | None:
    return float(value) if re.fullmatch(rb"[0-9]{1,6}", value) else None


def _shown(location: bytes) -> str:
    """Where a redirect points to, fit for a log: no credentials, no query, one short line."""
    try:
        parts = urlsplit(location.decode("latin-1"))
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "a URL that makes no sense"
    text = f"{parts.scheme}://{host}{parts.path}" if host else f"{parts.scheme}:{parts.path}".lstrip(":")
    return re.sub(r"[^\x21-\x7e]", "?", text)[:200]
