"""Signs of life: an engine's to whoever keeps it running, and theirs to systemd (sd_notify(3)).

Where nobody listens, nothing is told.
"""

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress

BEAT = "BELPLAN_BEAT"  # the descriptor to which an engine writes a byte each second
EVERY = 1.0  # seconds


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
    """Show signs of life for as long as the event loop gets round in the block."""
    descriptor = variables.get(BEAT, "")
    beating = asyncio.create_task(_beat(int(descriptor))) if descriptor.isdecimal() else None
    try:
        yield
    finally:
        if beating:
            beating.cancel()


async def _beat(descriptor: int) -> None:
    os.set_blocking(descriptor, False)
    while True:
        with suppress(OSError):  # nobody reads it, while their program is loaded anew
            os.write(descriptor, b".")
        await asyncio.sleep(EVERY)
