"""Errands: what must be done though whoever wanted it is gone.

A caller who hangs up cancels the task of their call, at any `await`. The phone that was being rung
for them, the sound, the bridge must go all the same: also one whose making is still under way.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from belplan.drivers.asterisk.ari import Ari, AriError, DisconnectedError, LeaseLostError, RefusedError

FOREVER = float("inf")

_log = structlog.get_logger()


class Errands:
    """Runs errands to their end, and knows which are under way."""

    def __init__(self, ari: Ari) -> None:
        self._ari = ari
        self._tasks: set[asyncio.Task[Any]] = set()
        self._going: set[str] = set()

    def run(self, errand: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Begin it now. The task's failure is for whoever awaits it, if anybody does."""
        task = asyncio.ensure_future(errand)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def remove(self, uri: str, subject: str, after: "asyncio.Task[None] | None" = None) -> None:
        """Delete what Asterisk has under a URI, however long Asterisk is away. `after` is the making of it."""
        self._going.add(subject)
        self.run(self._remove(uri, subject, after))

    def removes(self, subject: str) -> bool:
        """Whether the channel with this id is going to be deleted."""
        return subject in self._going

    async def finish(self, within: float) -> None:
        """Wait for what is under way, so many seconds at most, and give up the rest."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within)
        for task in self._tasks:
            task.cancel()

    async def _remove(self, uri: str, subject: str, after: "asyncio.Task[None] | None") -> None:
        try:
            if after and not after.done():
                await asyncio.wait((after,))
            while not await self._removed(uri):
                pass
        finally:
            self._going.discard(subject)

    async def _removed(self, uri: str) -> bool:
        """Try once. False where Asterisk went away meanwhile."""
        try:
            await self._ari.command("DELETE", uri, patience=FOREVER)
        except LeaseLostError:
            pass  # it is another server's now
        except DisconnectedError:
            return False
        except RefusedError as refused:
            if refused.status != 404:
                _log.warning("asterisk.not_removed", status=refused.status, reason=refused.reason)
        except AriError as error:
            _log.warning("asterisk.not_removed", reason=str(error))
        return True

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, so that Python does not complain of one that nobody awaits
