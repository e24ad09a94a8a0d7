"""One connection to a customer's server: one request at a time, one answer each."""

import asyncio
import ssl
from collections.abc import Callable
from time import perf_counter
from typing import cast

from belplan.dialplan.addresses import Address
from belplan.webhook.exchange import ExchangeError
from belplan.webhook.policy import Policy
from belplan.webhook.response import Response, ResponseReader

READ_SIZE = 16 * 1024
"""Bytes of one read, between two of which every other call has its turn. asyncio's own 256 KiB would let fifty servers
that send without end hold 13 MiB, and the event loop with them."""


class Connection(asyncio.BufferedProtocol):
    """Carries one request at a time. Whatever arrives while nothing was asked closes it, and `on_stray` is told.

    A connection that failed, was cancelled, or saw anything odd is never used again.
    """

    def __init__(self, policy: Policy, address: Address, into: memoryview, on_stray: Callable[[], None]) -> None:
        """`into` is where reads go: shared by all connections of a loop, and copied from at once."""
        self._loop = asyncio.get_running_loop()
        self._policy = policy
        self._into = into
        self._on_stray = on_stray
        self._transport: asyncio.Transport | None = None
        self._reader: ResponseReader | None = None
        self._answer: asyncio.Future[Response] | None = None
        self.address = address
        self.closed = False
        self.received = 0
        self.sent_at = 0.0
        self.first_byte_at = 0.0
        self.idle_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    async def exchange(self, request: bytes) -> Response:
        """Send a request, whole as it is on the wire, and wait for its answer. Raises ExchangeError; cancelling it
        closes."""
        if self._transport is None or self.closed:
            raise ExchangeError("reset", "the connection was closed while it was idle")
        policy = self._policy
        self._reader = ResponseReader(
            max_body=policy.max_body, max_head=policy.max_head, max_lines=policy.max_header_lines
        )
        self._answer = self._loop.create_future()
        self.received = 0
        self.first_byte_at = 0.0
        self._transport.write(request)
        self.sent_at = perf_counter()
        try:
            response = await self._answer
        except BaseException:
            self.abort()
            raise
        finally:
            self._answer = self._reader = None
        if not response.reusable or self._transport.get_write_buffer_size():
            self.abort()
        if response.excess:
            self._on_stray()
        return response

    def abort(self) -> None:
        """Close at once, without farewell: nobody waits for what is still under way."""
        self.closed = True
        if self._transport is not None:
            self._transport.abort()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._into

    def buffer_updated(self, nbytes: int) -> None:
        if self._answer is None or self._reader is None or self._answer.done():
            self.abort()
            self._on_stray()
            return
        if not self.received:
            self.first_byte_at = perf_counter()
        self.received += nbytes
        try:
            if self._reader.feed(self._into[:nbytes]):
                self._answer.set_result(self._reader.response)
        except ExchangeError as failure:
            self._fail(failure)

    def eof_received(self) -> None:
        self.closed = True
        if self._answer is None or self._reader is None or self._answer.done():
            return
        try:
            self._reader.eof(farewell=self._farewell())
            self._answer.set_result(self._reader.response)
        except ExchangeError as failure:
            self._fail(failure)

    def _farewell(self) -> bool:
        """Did the server mean to end here? Over TLS it says so (close_notify), and then there is nothing more to
        read."""
        secure = self._transport.get_extra_info("ssl_object") if self._transport is not None else None
        if secure is None:
            return True
        try:
            return not secure.read(1)
        except ssl.SSLError:
            return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if self._answer is None or self._answer.done():
            return
        if isinstance(exc, ssl.SSLError):
            self._fail(ExchangeError("tls", tls_detail(exc)))
        elif exc is not None or not self.received:
            self._fail(ExchangeError("reset", "the server broke the connection off"))
        else:
            self._fail(ExchangeError("truncated", "the connection ended in the middle of the answer"))

    def _fail(self, failure: ExchangeError) -> None:
        failure.received = self.received
        self._reader = None  # and with it what had come of the answer
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(failure)
        self.abort()


def tls_detail(error: ssl.SSLError | ssl.CertificateError) -> str:
    """What is wrong, in one line, as OpenSSL calls it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not accepted: {error.verify_message}"
    reason = (error.reason or "").replace("_", " ").lower()
    # RFC 8446 6.2: what the server says of our certificate, of one it misses, or of nothing in particular.
    if "alert" in reason and ("certificate" in reason or "unknown ca" in reason or "handshake failure" in reason):
        return f"the server does not take us ({reason}); it may want another client certificate, or one at all"
    if "wrong version number" in reason or "http request" in reason:
        return "the server does not speak TLS at that port; is it http://?"
    return f"no TLS with that server ({reason or 'handshake failed'})"
