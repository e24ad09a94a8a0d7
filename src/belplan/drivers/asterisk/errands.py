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
        """Delete what Asterisk has under a URI, however long Asterisk is away. `after` is the making of it.

        Where commands keep their order this one is sent now, before any that comes later.
        """
        self._going.add(subject)
        self.run(self._remove(self._ari.command("DELETE", uri, patience=FOREVER), uri, subject, after))

    def removes(self, subject: str) -> bool:
        """Whether the channel with this id is going to be deleted."""
        return subject in self._going

    async def finish(self, within: float) -> None:
        """Wait for what is under way, so many seconds at most, and give up the rest."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within)
        for task in self._tasks:
            task.cancel()

    async def _remove(
        self, sent: Coroutine[Any, Any, Any], uri: str, subject: str, after: "asyncio.Task[None] | None"
    ) -> None:
        try:
            made_before = after is None or after.done()
            status = await self._removed(sent)
            if after and not made_before:
                # The making may have been overtaken, or repeated over a new connection.
                await asyncio.wait((after,))
                if status == 404 and not after.cancelled() and after.exception() is None:
                    status = None
            while status is None:
                status = await self._removed(self._ari.command("DELETE", uri, patience=FOREVER))
        finally:
            self._going.discard(subject)

    async def _removed(self, sent: Coroutine[Any, Any, Any]) -> int | None:
        """The HTTP status, 0 where it is no longer our affair, None where Asterisk went away meanwhile."""
        try:
            await sent
        except LeaseLostError:
            return 0  # it is another server's now
        except DisconnectedError:
            return None
        except RefusedError as refused:
            if refused.status != 404:
                _log.warning("asterisk.not_removed", status=refused.status, reason=refused.reason)
            return refused.status
        except AriError as error:
            _log.warning("asterisk.not_removed", reason=str(error))
            return 0
        return 204

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, so that Python does not complain of one that nobody awaits
