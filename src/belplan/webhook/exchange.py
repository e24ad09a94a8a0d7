"""What is asked of a customer's server, and what came of it: the facts, no I/O.

An exchange always ends in an `Answer`; the only exception that ever leaves a `Sender` is `CancelledError`
(the caller hung up).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args

Outcome = Literal["ok", "error", "timeout"]

Reason = Literal[
    "refused",  # the port is closed
    "unreachable",  # no way there
    "dns",  # no address for the name
    "tls",  # no trusted, encrypted connection
    "reset",  # the server broke the connection off
    "truncated",  # less came than was promised
    "protocol",  # not HTTP, or broken HTTP
    "encoding",  # compressed, though not asked for
    "too_large",  # more than the caps allow
    "redirect",  # somewhere else, says the server; never followed
    "status",  # a status outside 2xx
    "content",  # not the JSON that was asked for
    "blocked",  # the guard refuses the address or the URL
    "busy",  # no slot
    "open",  # the breaker is open
]
REASONS: tuple[str, ...] = get_args(Reason)


@dataclass(frozen=True, slots=True)
class Request:
    """One webhook to send.

    `url` is complete: placeholders filled and percent-encoded. `timeout` is in seconds and bounds everything: the
    wait for a slot, DNS, connect, TLS, sending, the answer, retries and fallback.
    """

    company: str
    """Company id: bulkhead, breaker and connections are kept by it."""
    method: Literal["GET", "POST"]
    url: str
    timeout: float
    body: bytes | None = None
    """JSON of the twelve fields for POST, sent byte for byte; None for GET."""
    headers: tuple[tuple[str, str], ...] = ()
    """Extra headers, credentials too, with every `secret:` resolved."""
    webhook_id: str = ""
    """The same on every try of one step of one call; made here when empty."""
    secrets: tuple[str, ...] = ()
    """Signing secrets, `whsec_…` or raw text. All of them sign, so that one can be rotated out."""
    retries: int = 0
    fallback_url: str | None = None
    path: str = ""
    """Where the webhook stands in its plan. Not sent."""
    variable: str = ""
    """What its answer is saved as. Not sent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it. `text` is data from outside: check it where it is used."""

    outcome: Outcome
    text: str = ""
    """The body, decoded and trimmed; "" unless ok."""
    status: int | None = None
    reason: Reason | None = None
    """Set when the outcome is error."""
    detail: str = ""
    """One line for people: where a redirect pointed to, what is wrong with a certificate. Never body or secret."""
    content_type: str = ""
    phases: Mapping[str, float] = field(default_factory=dict[str, float])
    """Milliseconds of the last try: slot, dns, connect, tls, send, first_byte, body; and total, of everything.
    What was not reached, or not needed on a kept connection, is absent."""
    attempts: int = 1
    webhook_id: str = ""
    bytes_received: int = 0
    fallback: bool = False
    """The answer, or the failure, is that of the fallback URL."""


class Sender(Protocol):
    """Whoever can send a webhook: the network, or a test's list of replies."""

    async def send(self, request: Request) -> Answer:
        """Send it and wait for the answer, at most `request.timeout` seconds. Raises only CancelledError."""
        ...


class ExchangeError(Exception):
    """An exchange came to nothing, for one of the contract's reasons. Raised and caught within `belplan.webhook`."""

    def __init__(self, reason: Reason, detail: str = "", *, status: int | None = None, received: int = 0) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail
        self.status = status
        self.received = received
        self.retry_after: float | None = None
