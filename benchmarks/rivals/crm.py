"""The customer's server of the comparison, in a process of its own: `python -m benchmarks.rivals.crm DELAY_MS`.

Prints its port. Answers every request after the delay with `even` or `odd`, by the last digit of the caller's
number; it does nothing else, so that it takes as little as can be of the two cores that everybody shares.
"""

import asyncio
import re
import sys

_LENGTH = re.compile(rb"content-length: *([0-9]+)", re.I)
_CALLER = re.compile(rb'"caller_number": ?"[0-9]*([0-9])"')


class Crm(asyncio.Protocol):
    """HTTP/1.1 with kept connections, as far as those who ask here need it."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._got += data
        while (end := self._got.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._got, 0, end)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._got) < whole:
                if b"100-continue" in self._got[:end].lower():
                    self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                return
            caller = _CALLER.search(self._got, end, whole)
            text = b"odd" if caller and int(caller[1]) % 2 else b"even"
            self._got = self._got[whole:]
            answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text)
            if self._delay:
                asyncio.get_running_loop().call_later(self._delay, self._transport.write, answer)
            else:
                self._transport.write(answer)


async def main(delay: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Crm(delay), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # until who started it is gone


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) / 1000))
