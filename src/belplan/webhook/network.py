"""One request, one answer: over a kept connection, or over a new one to an address that the guard has judged."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter

from belplan.dialplan.addresses import Address
from belplan.dialplan.urls import Url
from belplan.webhook import guard
from belplan.webhook.connection import READ_SIZE, Connection, tls_detail
from belplan.webhook.exchange import ExchangeError
from belplan.webhook.policy import Policy
from belplan.webhook.pool import Key, Pool
from belplan.webhook.resolver import Resolver
from belplan.webhook.response import Response
from belplan.webhook.tls import system_context


@dataclass(slots=True)
class Trace:
    """How far a try has come."""

    phases: dict[str, float] = field(default_factory=dict[str, float])
    """Milliseconds, as in `Answer.phases`."""
    received: int = 0


class Network:
    """The connections of all companies, on one event loop. Knows no deadlines: whoever calls it cancels it."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, policy: Policy, resolver: Resolver, tls: ssl.SSLContext | None
    ) -> None:  # fmt: skip
        self._loop = loop
        self._policy = policy
        self._resolver = resolver
        self._tls = tls
        self._pool = Pool(loop, policy)
        self._into = memoryview(bytearray(READ_SIZE))

    def close_idle(self) -> None:
        """Close the connections that carry nothing."""
        self._pool.close()

    async def request(self, company: str, url: Url, wire: bytes, trace: Trace) -> Response:
        """Send `wire` and read the answer. Raises ExchangeError."""
        key = (company, url.origin)
        kept = self._pool.take(key)
        if kept is not None:
            try:
                return await self._over(kept, key, wire, trace)
            except ExchangeError as failure:
                # RFC 9112 9.3.1 and 9.5: a server may close an idle connection at any time, also just as we send. It
                # has not answered a byte; once more, then, and the webhook-id tells a receiver that did see it.
                if failure.reason != "reset" or failure.received:
                    raise
                self._pool.drop(key)
        connection = await self._connect(url, key, trace)
        return await self._over(connection, key, wire, trace)

    async def _over(self, connection: Connection, key: Key, wire: bytes, trace: Trace) -> Response:
        began = perf_counter()
        try:
            response = await connection.exchange(wire)
        finally:
            trace.received += connection.received
            trace.phases["send"] = (connection.sent_at - began) * 1000
            if connection.first_byte_at:
                trace.phases["first_byte"] = (connection.first_byte_at - connection.sent_at) * 1000
                trace.phases["body"] = (perf_counter() - connection.first_byte_at) * 1000
        self._pool.keep(key, connection)
        return response

    async def _connect(self, url: Url, key: Key, trace: Trace) -> Connection:
        began = perf_counter()
        addresses = await self._addresses(url)
        resolved = perf_counter()
        trace.phases["dns"] = (resolved - began) * 1000
        sock, address = await guard.connect(addresses, url.port)
        connected = perf_counter()
        trace.phases["connect"] = (connected - resolved) * 1000

        def made() -> Connection:
            return Connection(self._policy, address, self._into, lambda: self._pool.distrust(key))

        try:
            if url.scheme == "http":
                _, connection = await self._loop.create_connection(made, sock=sock)
            else:
                connection = await self._encrypted(made, sock, url.host)
                trace.phases["tls"] = (perf_counter() - connected) * 1000
        except BaseException:
            sock.close()
            raise
        return connection

    async def _addresses(self, url: Url) -> tuple[Address, ...]:
        found = (url.address,) if url.address is not None else await self._resolver.resolve(url.host)
        return guard.admit(url, found, self._policy)

    async def _encrypted(self, made: Callable[[], Connection], sock: socket.socket, host: str) -> Connection:
        if self._tls is None:
            self._tls = system_context()
        try:
            # The deadline of the exchange is the real bound; this only has to be longer than any.
            _, connection = await self._loop.create_connection(
                made, sock=sock, ssl=self._tls, server_hostname=host, ssl_handshake_timeout=3600
            )
        except (ssl.SSLError, ssl.CertificateError) as error:
            raise ExchangeError("tls", tls_detail(error)) from None
        except OSError as error:
            why = (error.strerror or "without a word; it may want a client certificate").lower()
            raise ExchangeError("tls", f"the server broke off the handshake: {why}") from None
        return connection
