"""Servers that do every wrong thing there is, on loopback. Run as a program it serves all KINDS and prints their ports.

Each behaviour gets one connection. The sleeps in here are what these servers do; the tests themselves never sleep.
"""

import asyncio
import contextlib
import gzip
import json
import re
import socket
import ssl
import struct
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    """A server on loopback, and what it has seen."""

    port: int
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    host: str = "127.0.0.1"
    scheme: str = "http"
    behaviour: Behaviour | None = None

    def url(self, target: str = "/hook") -> str:
        return f"{self.scheme}://{self.host}:{self.port}{target}"


@asynccontextmanager
async def serving(
    behaviour: Behaviour, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[Server]:
    """Serve one behaviour on loopback for as long as the block runs."""
    server = Server(
        0, host=f"[{host}]" if ":" in host else host, scheme="https" if tls else "http", behaviour=behaviour
    )
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        reader.server = server  # pyright: ignore
        task = asyncio.current_task()
        tasks.add(task)
        try:
            await server.behaviour(reader, writer)
        except (OSError, EOFError, ssl.SSLError, asyncio.CancelledError, asyncio.IncompleteReadError):
            pass
        finally:
            tasks.discard(task)
            writer.close()

    listening = await asyncio.start_server(connected, host, port, ssl=tls, backlog=1024, limit=2**20)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def request(reader: asyncio.StreamReader) -> bytes:
    """Read one whole request; EOFError when there is none any more."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        raise EOFError from None
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    whole = head + (await reader.readexactly(int(length[1])) if length else b"")
    server = getattr(reader, "server", None)
    if server is not None:
        server.requests.append(whole)
    return whole


def answer(
    body: bytes = b"openstaand", status: str = "200 OK", *headers: str, length: int | str | None = None
) -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def raw(data: bytes, *, close: bool = False) -> Behaviour:
    """Answer every request with these bytes."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request(reader)
            writer.write(data)
            await writer.drain()
            if close:
                return

    return behave


def replies(body: bytes = b"openstaand", status: str = "200 OK", *headers: str) -> Behaviour:
    """A well-behaved server."""
    return raw(answer(body, status, *headers))


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def after(seconds: float, data: bytes) -> Behaviour:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request(reader)
            await asyncio.sleep(seconds)
            writer.write(data)

    return behave


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accepts, and never reads or writes."""
    writer.transport.pause_reading()
    await asyncio.sleep(3600)


def drip(data: bytes, then: bytes = b"x", every: float = 0.05) -> Behaviour:
    """Says `data` at once, and then one byte every so often, for ever."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(data)
        for _ in range(100_000):
            writer.write(then)
            await writer.drain()
            await asyncio.sleep(every)

    return behave


def flood(start: bytes, again: bytes) -> Behaviour:
    """Says `start`, and then `again` as fast as it is taken, for ever."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(start)
        block = again * max(1, 65536 // len(again))
        while True:
            writer.write(block)
            await writer.drain()

    return behave


def resets(data: bytes) -> Behaviour:
    """Says `data`, then breaks the connection off."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(data)
        await writer.drain()
        if data:
            await asyncio.sleep(0.01)  # so that the RST does not overtake what was said
        reset(writer)

    return behave


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@contextlib.contextmanager
def syn_black_hole():
    """A port whose SYNs are never answered: a listener with a full backlog that nobody accepts from."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    filling = []
    for _ in range(4):
        sock = socket.socket()
        sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            sock.connect(listener.getsockname())
        filling.append(sock)
    try:
        yield listener.getsockname()[1]
    finally:
        for sock in [*filling, listener]:
            sock.close()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
BOMB = gzip.compress(gzip.compress(b"\0" * 10_000_000, mtime=0), mtime=0)
DEEP = b"[" * 30_000 + b"]" * 30_000

# name: behaviour, outcome, reason. Made for the deadline that the clients of a run share.
KINDS: dict[str, tuple[Callable[[float], Behaviour], str, str | None]] = {
    "plain": (lambda _: replies(), "ok", None),
    "chunked": (lambda _: raw(CHUNKED + b"a\r\nopenstaand\r\n0\r\n\r\n"), "ok", None),
    "until close": (lambda _: raw(HEAD + b"\r\nopenstaand", close=True), "ok", None),
    "empty": (lambda _: raw(b"HTTP/1.1 204 No Content\r\n\r\n"), "ok", None),
    "half way": (lambda t: after(t / 2, answer()), "ok", None),
    "too late": (lambda t: after(t * 1.5, answer()), "timeout", None),
    "deep JSON": (lambda _: replies(DEEP), "ok", None),
    "answer and junk": (lambda _: raw(answer() + b"junk"), "ok", None),
    "silent": (lambda _: silent, "timeout", None),
    "head drip": (lambda _: drip(HEAD + b"X-Slow: "), "timeout", None),
    "body drip": (lambda _: drip(HEAD + b"\r\n"), "timeout", None),
    "chunk drip": (lambda _: drip(CHUNKED, b"1\r\nx\r\n"), "timeout", None),
    "hangs up": (lambda _: raw(b"", close=True), "error", "reset"),
    "RST": (lambda _: resets(b""), "error", "reset"),
    "RST in head": (lambda _: resets(HEAD), "error", "reset"),
    "RST in body": (lambda _: resets(answer(b"open", length=100)), "error", "reset"),
    "truncated": (lambda _: raw(answer(b"open", length=100), close=True), "error", "truncated"),
    "two lengths": (lambda _: raw(HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"), "error", "protocol"),
    "length and chunks": (
        lambda _: raw(HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        "error",
        "protocol",
    ),
    "bad chunk": (lambda _: raw(CHUNKED + b"xyz\r\nopen\r\n"), "error", "protocol"),
    "endless small chunks": (lambda _: flood(CHUNKED, b"1\r\nx\r\n"), "error", "protocol"),
    "endless chunks": (lambda _: flood(CHUNKED, b"400\r\n" + b"x" * 1024 + b"\r\n"), "error", "too_large"),
    "endless trailers": (lambda _: flood(CHUNKED + b"0\r\n", b"X: y\r\n"), "error", "protocol"),
    "endless headers": (lambda _: flood(HEAD, b"X-Header: value\r\n"), "error", "too_large"),
    "endless line": (lambda _: flood(b"HTTP/1.1 200 ", b"O" * 1024), "error", "too_large"),
    "endless body": (lambda _: flood(HEAD + b"\r\n", b"x" * 1024), "error", "too_large"),
    "endless continue": (lambda _: flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "error", "protocol"),
    "switches": (lambda _: raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), "error", "protocol"),
    "SSH": (lambda _: raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "error", "protocol"),
    "gzip bomb": (lambda _: replies(BOMB, "200 OK", "Content-Encoding: gzip"), "error", "encoding"),
    "redirect": (lambda _: replies(b"", "302 Found", "Location: http://10.0.0.1/"), "error", "redirect"),
    "500": (lambda _: replies(b"oops", "500 Internal Server Error"), "error", "status"),
}
NO_SERVER = {"closed port": ("error", "refused"), "SYN black hole": ("timeout", None)}


@asynccontextmanager
async def all_kinds(timeout: float) -> AsyncIterator[dict[str, int]]:
    """Every kind of hostile server at once; their ports by name."""
    async with contextlib.AsyncExitStack() as stack:
        ports = {
            name: (await stack.enter_async_context(serving(make(timeout)))).port for name, (make, _, _) in KINDS.items()
        }
        yield ports | {"closed port": closed_port(), "SYN black hole": stack.enter_context(syn_black_hole())}


def expected(kind: str) -> tuple[str, str | None]:
    return NO_SERVER[kind] if kind in NO_SERVER else KINDS[kind][1:]


async def _serve(timeout: float) -> None:
    async with all_kinds(timeout) as ports:
        print(json.dumps(ports), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1])))
