"""Which address a webhook goes to, and the connection to exactly that one.

A name is resolved once, every address is judged, the connection is made to a judged address, and its other end is
looked at again. There is no second look-up that could say something else (DNS rebinding).
"""

import asyncio
import errno
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address

import structlog

from belplan.dialplan.addresses import Address, unwrapped
from belplan.dialplan.urls import Url, refuses
from belplan.webhook.exchange import ExchangeError, Reason
from belplan.webhook.policy import Policy

log = structlog.stdlib.get_logger()

ATTEMPT_DELAY = 0.25
"""Seconds before the next address is tried beside one that does not answer (RFC 8305 5, "Connection Attempt Delay")."""

_NO_ROOM = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS}
# Every address of this machine, as it stands in a list of our own ports.
_ANY = (IPv4Address("0.0.0.0"), IPv6Address("::"))  # noqa: S104


def admit(url: Url, addresses: Iterable[Address], policy: Policy) -> tuple[Address, ...]:
    """The addresses to try, at most `policy.max_addresses`. Raises ExchangeError("blocked") when a single one may not
    be reached.

    A name with one good and one bad address is refused: it is either attacked or attacking.
    """
    admitted: list[Address] = []
    for address in addresses:
        address = unwrapped(address)
        why = policy.reach.refuses(address)
        if why is None and _is_own(address, url.port, policy):
            why = "that is a port of this server itself"
        if why is not None:
            # The address is for the operator's log; whoever wrote the plan shall not map our network with it.
            log.warning("webhook.blocked", host=url.host, address=str(address))
            raise ExchangeError("blocked", why)
        if address not in admitted:
            admitted.append(address)
    return tuple(admitted[: policy.max_addresses])


def check_host(url: Url, policy: Policy) -> None:
    """What can be said before DNS is asked. Raises ExchangeError("blocked")."""
    why = refuses(url, policy.reach, policy.own_ports)
    if why is not None:
        raise ExchangeError("blocked", why)


def _is_own(address: Address, port: int, policy: Policy) -> bool:
    for own, own_port in policy.own_ports:
        if own_port == port and (address == unwrapped(own) or (own in _ANY and is_this_machine(address))):
            return True
    return False


def is_this_machine(address: Address) -> bool:
    """Is it an address of this machine? The kernel knows: a socket can be bound to no other."""
    if address.is_loopback:
        return True
    family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError:
            return False
    return True


async def connect(addresses: tuple[Address, ...], port: int) -> tuple[socket.socket, Address]:
    """A TCP connection to the first of these addresses that answers. Raises ExchangeError; leaves no socket open."""
    if len(addresses) == 1:
        return await _connect(addresses[0], port), addresses[0]
    racing: set[asyncio.Task[socket.socket]] = set()
    targets: dict[asyncio.Task[socket.socket], Address] = {}
    failure = ExchangeError("unreachable", "no address to try")
    waiting = list(addresses)
    try:
        while waiting or racing:
            if waiting:
                address = waiting.pop(0)
                attempt = asyncio.create_task(_connect(address, port))
                racing.add(attempt)
                targets[attempt] = address
            delay = ATTEMPT_DELAY if waiting else None
            done, _ = await asyncio.wait(racing, timeout=delay, return_when=asyncio.FIRST_COMPLETED)
            for attempt in done:
                racing.discard(attempt)
                error = attempt.exception()
                if error is None:
                    racing.update(done - {attempt})
                    return attempt.result(), targets[attempt]
                failure = error if isinstance(error, ExchangeError) else ExchangeError("unreachable", str(error))
        raise failure
    finally:
        for attempt in racing:
            attempt.cancel()
            attempt.add_done_callback(_close_late)


def _close_late(attempt: "asyncio.Task[socket.socket]") -> None:
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().close()


async def _connect(address: Address, port: int) -> socket.socket:
    family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise _failed(error) from None
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (str(address), port))
        check_peer(sock, address)
    except OSError as error:
        sock.close()
        raise _failed(error) from None
    except BaseException:
        sock.close()
        raise
    return sock


def check_peer(sock: socket.socket, address: Address) -> None:
    """Is this really where we meant to go? Raises ExchangeError("blocked"), or ExchangeError("refused") when we met
    ourselves."""
    peer = sock.getpeername()
    if unwrapped(ip_address(str(peer[0]).partition("%")[0])) != address:
        log.error("webhook.peer", wanted=str(address), got=str(peer[0]))
        raise ExchangeError("blocked", "the connection ended at another address than the one that was checked")
    # TCP connects to itself when the port chosen for our end is the port asked for (RFC 9293 3.5, simultaneous open).
    if sock.getsockname()[:2] == peer[:2]:
        raise ExchangeError("refused", "nothing listens at that port")


def _failed(error: OSError) -> ExchangeError:
    if isinstance(error, ConnectionRefusedError):
        return ExchangeError("refused", "nothing listens at that port")
    reason: Reason = "busy" if error.errno in _NO_ROOM else "unreachable"
    return ExchangeError(reason, (error.strerror or str(error)).lower())
