"""Programs in any language that answer webhooks: each on a free port of loopback, for as long as a block runs."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def running(
    command: Sequence[str], *, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[int]:
    """A program that listens on the port which is its last word. Yields the port once it is taken."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    process = subprocess.Popen([*command, str(port)], cwd=folder, env={**os.environ, **(environment or {})})
    try:
        until = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                assert process.poll() is None, "the program ended"
                assert time.monotonic() < until, "the program does not listen"
                time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait()
