"""What an exchange costs: our client beside bare asyncio streams (the least there is) and aiohttp.

    .venv/bin/python benchmarks/webhook/throughput.py [--uvloop]

POSTs of 380 bytes to a server in a process of its own, 100 at once, connections kept. Medians of five rounds, the
clients in turns, so that a machine that is busy with something else is busy for all. CPU is that of the client's
process. "ours, network" is what replaces aiohttp: pool, connection, reader of answers; "ours" adds the deadline, the
bulkhead, the breaker, retries and the record.
"""

import asyncio
import multiprocessing
import re
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from multiprocessing.connection import Connection

import aiohttp

from belplan.dialplan.urls import read_url
from belplan.webhook import Policy, Request, Webhooks
from belplan.webhook.message import message
from belplan.webhook.network import Network, Trace
from belplan.webhook.resolver import CaresResolver

AT_ONCE = 100
ROUNDS = 5
EXCHANGES = 4000
BODY = b'{"caller_number": "31612345678", "filler": "' + b"x" * 334 + b'"}'
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nopenstaand"

One = Callable[[], Awaitable[None]]


class Replier(asyncio.Protocol):
    """The fastest server that still looks where a request ends."""

    def connection_made(self, transport):
        self.transport = transport
        self.buffer = b""

    def data_received(self, data):
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            length = re.search(rb"(?i)content-length: (\d+)", self.buffer[:end])
            whole = end + 4 + int(length[1])
            if len(self.buffer) < whole:
                return
            self.buffer = self.buffer[whole:]
            self.transport.write(REPLY)


def serve(pipe: Connection) -> None:
    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Replier, "127.0.0.1", 0, backlog=1024)
        pipe.send(server.sockets[0].getsockname()[1])
        await asyncio.to_thread(pipe.recv)

    asyncio.run(main())


async def streams(port: int, stack: AsyncExitStack) -> One:
    """No pool to speak of, no deadline, no checks: the limit."""
    head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: %d\r\n\r\n" % (port, len(BODY))
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def one() -> None:
        reader, writer = idle.pop() if idle else await asyncio.open_connection("127.0.0.1", port)
        writer.write(head + BODY)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", answer)
        assert await reader.readexactly(int(length[1])) == b"openstaand"
        idle.append((reader, writer))

    stack.callback(lambda: [writer.close() for _, writer in idle])
    return one


async def ours(port: int, stack: AsyncExitStack) -> One:
    policy = Policy(allow_loopback=True, per_company=AT_ONCE, idle_per_origin=1000)
    webhooks = await stack.enter_async_context(Webhooks(policy))
    request = Request("company", "POST", f"http://127.0.0.1:{port}/", timeout=10, body=BODY)

    async def one() -> None:
        answer = await webhooks.send(request)
        assert answer.text == "openstaand", answer

    return one


async def our_network(port: int, stack: AsyncExitStack) -> One:
    policy = Policy(allow_loopback=True, idle_per_origin=1000)
    network = Network(asyncio.get_running_loop(), policy, CaresResolver(), None)
    stack.callback(network.close_idle)
    url = read_url(f"http://127.0.0.1:{port}/")
    request = Request("company", "POST", "", timeout=10, body=BODY)

    async def one() -> None:
        response = await network.request("company", url, message(request, url, "msg_1", 1), Trace())
        assert response.body == b"openstaand"

    return one


async def ours_signed(port: int, stack: AsyncExitStack) -> One:
    webhooks = await stack.enter_async_context(
        Webhooks(Policy(allow_loopback=True, per_company=AT_ONCE, idle_per_origin=1000))
    )
    request = Request("company", "POST", f"http://127.0.0.1:{port}/", timeout=10, body=BODY, secrets=("x" * 32,))

    async def one() -> None:
        answer = await webhooks.send(request)
        assert answer.text == "openstaand", answer

    return one


async def with_aiohttp(port: int, stack: AsyncExitStack) -> One:
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=10, ceil_threshold=3600)
    session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector, timeout=timeout))
    url, headers = f"http://127.0.0.1:{port}/", {"Content-Type": "application/json"}

    async def one() -> None:
        async with session.post(url, data=BODY, headers=headers, allow_redirects=False) as answer:
            assert await answer.text() == "openstaand"

    return one


CLIENTS = {
    "asyncio streams (limit)": streams,
    "ours, network": our_network,
    "ours": ours,
    "ours, signed": ours_signed,
    "aiohttp": with_aiohttp,
}


async def round_of(one: One) -> tuple[float, float]:
    """Exchanges a second, and microseconds of CPU each."""
    left = iter(range(EXCHANGES))

    async def worker() -> None:
        for _ in left:
            await one()

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return EXCHANGES / (time.perf_counter() - began), (time.process_time() - cpu) / EXCHANGES * 1e6


async def main(port: int) -> None:
    async with AsyncExitStack() as stack:
        clients = {name: await make(port, stack) for name, make in CLIENTS.items()}
        figures: dict[str, list[tuple[float, float]]] = {name: [] for name in clients}
        for number in range(ROUNDS + 1):
            for name, one in clients.items():
                figure = await round_of(one)
                if number:  # the first round is for connections and caches
                    figures[name].append(figure)
    limit = statistics.median(rate for rate, _ in figures["asyncio streams (limit)"])
    print(f"{'':24} {'per second':>10} {'of limit':>9} {'CPU µs':>7}")
    for name, rounds in figures.items():
        rate, cpu = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"{name:24} {rate:10,.0f} {rate / limit:9.2f} {cpu:7.0f}")


if __name__ == "__main__":
    near, far = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(far,), daemon=True)
    server.start()
    try:
        if "--uvloop" in sys.argv:
            import uvloop

            uvloop.run(main(near.recv()))
        else:
            asyncio.run(main(near.recv()))
    finally:
        near.send(None)
        server.join()
