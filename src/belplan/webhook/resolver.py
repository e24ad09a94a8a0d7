"""Names to addresses, by c-ares: nothing blocks a thread, so a name that never answers holds nobody else up."""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import ip_address
from itertools import chain, zip_longest
from typing import Any, Protocol, cast

import aiodns
import pycares

from belplan.dialplan.addresses import Address
from belplan.webhook.exchange import ExchangeError

SECOND_FAMILY = 0.3
"""Seconds that one family's addresses wait for the other's. Some name servers never answer for IPv6 (RFC 8305 3)."""


_FLAGS = cast("int", pycares.ARES_FLAG_EDNS | pycares.ARES_FLAG_NOSEARCH | pycares.ARES_FLAG_NOALIASES)


class Resolver(Protocol):
    """Whoever knows the addresses of a name."""

    async def resolve(self, host: str) -> tuple[Address, ...]:
        """Every address, in the order to try. Raises ExchangeError("dns")."""
        ...

    async def close(self) -> None:
        """Let go of sockets and threads."""
        ...


class CaresResolver:
    """Asks the system's name servers, and the hosts file first. Answers are kept as long as their TTL says.

    A name is taken as written: no search domains, no HOSTALIASES. Callers that ask for one name at once share one
    question.
    """

    def __init__(self, nameservers: Sequence[str] | None = None, *, port: int | None = None) -> None:
        self._nameservers = nameservers
        self._port = port
        self._cares: aiodns.DNSResolver | None = None
        self._asking: dict[str, asyncio.Task[tuple[Address, ...]]] = {}

    async def resolve(self, host: str) -> tuple[Address, ...]:
        """Every address of the name, IPv6 and IPv4 in turns. Raises ExchangeError("dns")."""
        question = self._asking.get(host)
        if question is None:
            question = asyncio.get_running_loop().create_task(self._ask(host))
            self._asking[host] = question
            question.add_done_callback(lambda asked: self._asked(host, asked))
        try:
            # One caller who hangs up does not take the question from the others.
            return await asyncio.shield(question)
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if question.cancelled() and caller is not None and not caller.cancelling():
                raise ExchangeError("dns", "Belplan is shutting down") from None
            raise

    async def close(self) -> None:
        """Stop asking; whoever still waits is told ExchangeError."""
        for question in list(self._asking.values()):
            question.cancel()
        if self._cares is not None:
            await self._cares.close()
            self._cares = None

    def _asked(self, host: str, question: asyncio.Task[tuple[Address, ...]]) -> None:
        del self._asking[host]
        if not question.cancelled():
            question.exception()  # seen, even if every caller has hung up

    def _channel(self) -> aiodns.DNSResolver:
        if self._cares is None:
            # 0.5 s instead of 2 s before asking again: a lost packet must not cost a webhook its whole timeout.
            ports: Any = {} if self._port is None else {"udp_port": self._port, "tcp_port": self._port}
            self._cares = aiodns.DNSResolver(self._nameservers, timeout=0.5, tries=4, flags=_FLAGS, **ports)
        return self._cares

    async def _ask(self, host: str) -> tuple[Address, ...]:
        try:
            cares = self._channel()
            families = (socket.AF_INET6, socket.AF_INET)
            asked = [cares.getaddrinfo(host, family=family, type=socket.SOCK_STREAM) for family in families]
        except (OSError, ValueError, aiodns.error.DNSError, pycares.AresError) as error:
            raise ExchangeError("dns", f"the name cannot be looked up ({error})") from None
        for answer in asked:
            answer.add_done_callback(_seen)
        done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        found = any(answer.exception() is None for answer in done)
        await asyncio.wait(asked, timeout=SECOND_FAMILY if found else None)
        results = [_addresses(answer) for answer in asked]
        turns = chain.from_iterable(zip_longest(*results))
        addresses = tuple(address for address in turns if address is not None)
        if not addresses:
            raise ExchangeError("dns", _why(asked))
        return addresses


def _seen(answer: "asyncio.Future[pycares.AddrInfoResult]") -> None:
    """Look at its error, which nobody may wait for any more when the resolver closes."""
    if not answer.cancelled():
        answer.exception()


def _addresses(answer: "asyncio.Future[pycares.AddrInfoResult]") -> list[Address]:
    if not answer.done():
        answer.cancel()
        return []
    if answer.cancelled() or answer.exception() is not None:
        return []
    # A scope ("%eth0") belongs to link-local addresses, which no webhook reaches.
    texts: list[str] = [node.addr[0].decode() for node in answer.result().nodes]
    return [ip_address(text.partition("%")[0]) for text in texts]


def _why(asked: "list[asyncio.Future[pycares.AddrInfoResult]]") -> str:
    errors = [answer.exception() for answer in asked if answer.done() and not answer.cancelled()]
    codes = {error.args[0] for error in errors if isinstance(error, aiodns.error.DNSError)}
    if aiodns.error.ARES_ETIMEOUT in codes:
        return "no name server answered"
    if aiodns.error.ARES_ESERVFAIL in codes or aiodns.error.ARES_EREFUSED in codes:
        return "the name server could not say"
    if codes <= {aiodns.error.ARES_ENOTFOUND, aiodns.error.ARES_ENODATA}:
        return "the name has no address; write it in full, names are not completed"
    return "the name server's answer makes no sense"
