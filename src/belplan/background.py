"""Tasks beside the calls."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from typing import Any, Self

import structlog

_log = structlog.get_logger()


class Background:
    """Tasks that run for as long as the block does. One that fails takes the process down: it is never just missing."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    def start(self, *work: Coroutine[Any, Any, None]) -> None:
        for coroutine in work:
            task = asyncio.create_task(coroutine)
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()):
            _log.critical("server.failed", error=repr(error))
            os.kill(os.getpid(), signal.SIGTERM)

    async def __aexit__(self, *error: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
