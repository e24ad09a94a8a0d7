"""What systemd is told: that the server is ready, that it still works, that it stops (sd_notify(3)).

Where systemd did not start us, nothing is told.
"""

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress


def tell(state: str, variables: Mapping[str, str] = os.environ) -> None:
    """Tell systemd, such as `READY=1`."""
    address = variables.get("NOTIFY_SOCKET", "")
    if address[:1] not in ("/", "@"):
        return
    # A name that begins with @ is an abstract one (unix(7)): its first byte is nothing.
    where = "\0" + address[1:] if address.startswith("@") else address
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as line:
        line.sendto(state.encode(), where)


@asynccontextmanager
async def watched(variables: Mapping[str, str] = os.environ) -> AsyncGenerator[None]:
    """Ready when the block begins, and alive for as long as the event loop gets round in it."""
    beating = asyncio.create_task(_beat(variables))
    tell("READY=1", variables)
    try:
        yield
    finally:
        beating.cancel()
        tell("STOPPING=1", variables)


async def _beat(variables: Mapping[str, str]) -> None:
    microseconds = variables.get("WATCHDOG_USEC", "")
    if not microseconds.isdecimal() or variables.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return
    while True:
        tell("WATCHDOG=1", variables)
        # sd_watchdog_enabled(3): half of the time that is allowed.
        await asyncio.sleep(int(microseconds) / 2_000_000)
