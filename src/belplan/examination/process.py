"""The process in which an examination reckons: opened with its task, and gone when its block ends."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

NICE = 19  # the lowest priority: calls come first
LONGEST_LINE = 64 << 20  # bytes


@asynccontextmanager
async def worker(
    task: Mapping[str, Any], records: AsyncIterator[str] | None
) -> AsyncGenerator[AsyncIterator[dict[str, Any]]]:
    """What a process says that has this task, and these records after it, a line each. Raises OSError."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "belplan.examination.worker",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LONGEST_LINE,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    feeding: asyncio.Task[None] | None = None
    try:
        if process.stdin is None or process.stdout is None:
            raise OSError("no pipes")
        with contextlib.suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
        feeding = asyncio.create_task(_feed(process.stdin, task, records))
        yield _said(process.stdout)
    finally:
        if feeding:
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _said(pipe: asyncio.StreamReader) -> AsyncIterator[dict[str, Any]]:
    async for line in pipe:
        yield json.loads(line)


async def _feed(pipe: asyncio.StreamWriter, task: Mapping[str, Any], records: AsyncIterator[str] | None) -> None:
    with contextlib.suppress(ConnectionError):
        pipe.write(json.dumps(task).encode() + b"\n")
        await pipe.drain()
        if records:
            async for record in records:
                pipe.write(record.encode() + b"\n")
                await pipe.drain()
    pipe.close()
