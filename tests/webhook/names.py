"""A name server of the tests' own, with a hostile streak. A name's answers are given per question, in turn."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from belplan.webhook.resolver import CaresResolver

Says = Callable[[dns.message.Message, dns.message.Message, str, int], dns.message.Message | None]
"""(question, empty answer, type, how often this was asked before) -> answer, or None for silence."""


@dataclass
class NameServer:
    """What it says to whom, and how often it was asked."""

    zone: dict[str, Says] = field(default_factory=dict)
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    port: int = 0

    def say(self, name: str, says: Says) -> str:
        self.zone[name] = says
        return name

    def resolver(self) -> CaresResolver:
        return CaresResolver(["127.0.0.1"], port=self.port)

    def reply(self, wire: bytes, *, tcp: bool) -> bytes | None:
        question = dns.message.from_wire(wire)
        name = question.question[0].name.to_text().rstrip(".").lower()
        kind = dns.rdatatype.to_text(question.question[0].rdtype)
        before = self.asked[name, kind]
        self.asked[name, kind] += 1
        answer = dns.message.make_response(question, recursion_available=True)
        says = self.zone.get(name)
        if says is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
            return answer.to_wire()
        said = says(question, answer, kind, before)
        if said is None:
            return None
        wire = said.to_wire(max_size=65535)
        if len(wire) > 1232 and not tcp:
            answer.answer.clear()
            answer.flags |= dns.flags.TC
            return answer.to_wire()
        return wire


def addresses(*texts: str, ttl: int = 0) -> Says:
    """These addresses, to each question those of its family."""

    def says(question, answer, kind, before):
        name = question.question[0].name
        wanted = [text for text in texts if (":" in text) == (kind == "AAAA")] if kind in ("A", "AAAA") else []
        if wanted:
            answer.answer.append(dns.rrset.from_text(name, ttl, "IN", kind, *wanted))
        return answer

    return says


def in_turn(*turns: Says) -> Says:
    """The first to the first who asks, and the last to all the rest."""

    def says(question, answer, kind, before):
        return turns[min(before, len(turns) - 1)](question, answer, kind, before)

    return says


def alias(*chain: str, then: Says | None = None) -> Says:
    """A chain of CNAMEs, and what the last of them says."""

    def says(question, answer, kind, before):
        name = question.question[0].name.to_text()
        for target in chain:
            answer.answer.append(dns.rrset.from_text(name, 0, "IN", "CNAME", f"{target}."))
            name = f"{target}."
        if then is not None:
            last = dns.message.make_query(name, kind)
            answer.answer.extend(then(last, dns.message.make_response(last), kind, before).answer)
        return answer

    return says


def rcode(code: int) -> Says:
    def says(question, answer, kind, before):
        answer.set_rcode(code)
        return answer

    return says


def nothing(question, answer, kind, before):
    return None


def only(kind_wanted: str, says: Says, otherwise: Says = nothing) -> Says:
    def chosen(question, answer, kind, before):
        return (says if kind == kind_wanted else otherwise)(question, answer, kind, before)

    return chosen


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self.server = server

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        reply = self.server.reply(data, tcp=False)
        if reply is not None:
            self.transport.sendto(reply, addr)


@asynccontextmanager
async def name_server() -> AsyncIterator[NameServer]:
    server = NameServer()

    async def over_tcp(reader, writer):
        try:
            while True:
                length = int.from_bytes(await reader.readexactly(2), "big")
                reply = server.reply(await reader.readexactly(length), tcp=True)
                if reply is not None:
                    writer.write(len(reply).to_bytes(2, "big") + reply)
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    tcp = await asyncio.start_server(over_tcp, "127.0.0.1", 0)
    server.port = tcp.sockets[0].getsockname()[1]
    loop = asyncio.get_running_loop()
    udp, _ = await loop.create_datagram_endpoint(lambda: _Udp(server), ("127.0.0.1", server.port))
    try:
        yield server
    finally:
        udp.close()
        tcp.close()
