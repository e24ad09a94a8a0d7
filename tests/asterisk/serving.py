"""The whole exchange of a plan, and a customer's server that was written from the manual alone."""

import asyncio
import contextlib
import json
import tempfile
import textwrap
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from belplan import server
from belplan.engine.events import Watcher
from belplan.options import Options, policy, read_plan
from tests.asterisk.phones import free_port

CALLER = "<sip:0612345678@127.0.0.2>"  # what the provider says of its caller

PLAN = """
company: {name: Voorbeeld BV, id: 42f30becd4ea93edd284e059427b5ee0}
trunks: [{name: provider, host: 127.0.0.2, port: 9, inbound_from: [127.0.0.0/8], numbers: ["31102380095"]}]
users:
  - {name: Anna de Boer, number: "201", phones: [{username: anna, password: geheim-anna}]}
  - {name: Bram Visser, number: "202", phones: [{username: bram, password: geheim-bram}]}
  - {name: Carla Smit, number: "203", phones: [{username: carla, password: geheim-carla}]}
ring_groups: [{name: Finance, number: "301", members: ["201", "202"], timeout: 20}]
phone_book: [{number: "+31612345678", name: Pieter Janssen}]
dial_plans:
  - name: Hoofdnummer
    id: 42f30becd4ea93edd284e059427cf1f7
    internal_number: "1003"
    external_numbers: ["31102380095"]
    route:
"""


def plan(route: str) -> str:
    """The sample company with this route behind 31102380095."""
    return PLAN + textwrap.indent(textwrap.dedent(route), "      ")


@dataclass
class Asked:
    """One request, byte for byte as it came."""

    head: str
    body: bytes
    at: float = field(default_factory=time.monotonic)
    gone: float | None = None  # when the other side closed before it was answered

    @property
    def fields(self) -> list[tuple[str, object]]:
        """The JSON object of the body, its keys in order."""
        return json.loads(self.body, object_pairs_hook=lambda pairs: pairs)


@dataclass
class Crm:
    """A server on bare sockets. It answers `text` after `delay` seconds; a delay of None is never."""

    text: str = "ok"
    delay: float | None = 0.0
    asked: list[Asked] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/belplan"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                length = next(
                    (
                        int(line.split(":")[1])
                        for line in head.lower().splitlines()
                        if line.startswith("content-length:")
                    ),
                    0,
                )
                one = Asked(head, await reader.readexactly(length))
                self.asked.append(one)
                closed = asyncio.ensure_future(reader.read(1))
                waiting = None if self.delay is None else self.delay
                await asyncio.wait((closed,), timeout=waiting)
                if closed.done():
                    one.gone = time.monotonic()
                    return
                closed.cancel()
                await asyncio.wait((closed,))
                answer = self.text.encode()
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s"
                    % (len(answer), answer)
                )
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # also the end of the test
        finally:
            writer.close()


@asynccontextmanager
async def crm(text: str = "ok", delay: float | None = 0.0) -> AsyncGenerator[Crm]:
    """A customer's server on a free port of loopback."""
    one = Crm(text, delay)
    listening = await asyncio.start_server(one._serve, "127.0.0.1", 0)
    one.port = listening.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        listening.close()


@asynccontextmanager
async def serving(
    text: str, program, *watchers: Watcher, folder: Path | None = None, **changes: object
) -> AsyncGenerator[server.Exchange]:
    """The exchange of this plan, taking calls when the block begins. `folder` is that of one before it."""
    with contextlib.ExitStack() as opening:
        if folder is None:
            folder = Path(opening.enter_context(tempfile.TemporaryDirectory(prefix="belplan-serving-")))
        path = folder / "plan.yaml"
        path.write_text(text)
        options = Options(
            plan=path, data=folder, sip_port=free_port(), http_port=free_port(), allow_loopback=True, **changes
        )
        company, _ = read_plan(path, policy(options))
        async with server.Exchange(options, company, program, *watchers) as exchange:
            yield exchange
