"""The line between an engine and its Asterisk, that can be cut at any byte.

`Wire` stands between them. An engine goes through it when it is started by this module instead of `belplan`:

    python -m tests.asterisk.wire PORT serve plan.yaml …
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Wire:
    """A port that leads to Asterisk's ARI. `to` is told once that is known."""

    port: int = 0
    to: int = 0
    cuts: int = 0
    _left: int | None = None  # bytes that still get through
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _served: set[asyncio.Task] = field(default_factory=set)

    def cut(self, after: int = 0) -> None:
        """Break every connection once so many bytes more have gone through, in whichever direction."""
        self._left, self.cuts = after, self.cuts + 1
        if not after:
            self._break()

    def _break(self) -> None:
        self._left = None
        for writer in self._open:
            writer.transport.abort()  # not the end of a stream, which would be announced, but a reset

    async def _carry(self, here: asyncio.StreamReader, there: asyncio.StreamWriter) -> None:
        while some := await here.read(65536):
            if self._left is not None and len(some) >= self._left:
                there.write(some[: self._left])  # the rest is lost
                with contextlib.suppress(ConnectionError):
                    await there.drain()
                self._break()
                return
            if self._left is not None:
                self._left -= len(some)
            there.write(some)
            await there.drain()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asterisk, to_asterisk = await asyncio.open_connection("127.0.0.1", self.to)
        except OSError:
            writer.transport.abort()
            return
        self._served.add(serving := asyncio.current_task())
        serving.add_done_callback(self._served.discard)
        self._open |= {writer, to_asterisk}
        ways = [
            asyncio.ensure_future(self._carry(reader, to_asterisk)),
            asyncio.ensure_future(self._carry(asterisk, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._open -= {writer, to_asterisk}
            writer.close()
            to_asterisk.close()


@asynccontextmanager
async def wire() -> AsyncGenerator[Wire]:
    """A wire on a free port of loopback."""
    one = Wire()
    listening = await asyncio.start_server(one._serve, "127.0.0.1", 0)
    one.port = listening.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        listening.close()
        one._break()
        await asyncio.gather(*one._served)


def _main() -> None:
    from belplan.cli import main
    from belplan.drivers.asterisk import driver
    from belplan.drivers.asterisk.ari import Ari

    port = sys.argv.pop(1)

    def through(url: str, *arguments: str, **settings: float) -> Ari:
        return Ari(f"http://127.0.0.1:{port}/ari", *arguments, **settings)

    driver.Ari = through
    main()


if __name__ == "__main__":
    _main()
