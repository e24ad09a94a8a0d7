"""Examinations under way on a server: started, followed, stopped, and kept for a while."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import uuid4

import structlog

from belplan.examination.process import worker

AT_ONCE = 2  # processes; others wait their turn
KEPT = 600.0  # seconds for which a result can be fetched
MOST_KEPT = 20  # of one company; the oldest that has ended goes first
LONGEST = 600.0  # seconds

State = Literal["running", "finished", "failed"]

_log = structlog.get_logger()


class TooManyError(Exception):
    """A company has as many examinations under way as it may."""


@dataclass(slots=True)
class Job:
    """One examination. `done` of `of` calls or scenarios; `of` is None where nobody can say."""

    company: str
    what: str
    id: str = field(default_factory=lambda: uuid4().hex)
    state: State = "running"
    done: int = 0
    of: int | None = None
    result: dict[str, Any] | None = None
    error: str | None = None
    ended: float = 0.0
    task: "asyncio.Task[None] | None" = None

    async def finished(self, patience: float) -> None:
        """Wait for the end, at most so many seconds."""
        if self.task:
            await asyncio.wait({self.task}, timeout=patience)


class Jobs:
    """The examinations of a server. Lives on one event loop."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._places = asyncio.Semaphore(AT_ONCE)

    def start(
        self, company: str, task: Mapping[str, Any], records: AsyncIterator[str] | None = None, of: int | None = None
    ) -> Job:
        """Begin one. `records` are sent after the task, a line each. Raises TooManyError."""
        self._sweep(company)
        job = Job(company, task["what"], of=of)
        self._jobs[job.id] = job
        job.task = asyncio.create_task(self._run(job, task, records))
        return job

    def get(self, company: str, job: str) -> Job | None:
        """The examination of a company with this id."""
        found = self._jobs.get(job)
        return found if found and found.company == company else None

    def stop(self, job: Job) -> None:
        """End it, whatever it has found by now."""
        if job.task:
            job.task.cancel()
        self._jobs.pop(job.id, None)

    async def close(self) -> None:
        """End all of them."""
        tasks = [job.task for job in self._jobs.values() if job.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _sweep(self, company: str) -> None:
        now = time.monotonic()
        old = [job.id for job in self._jobs.values() if job.ended and now - job.ended > KEPT]
        own = [job for job in self._jobs.values() if job.company == company and job.id not in old]
        ended = [job.id for job in own if job.ended]
        if len(own) >= MOST_KEPT:
            if not ended:
                raise TooManyError
            old.append(ended[0])
        for one in old:
            del self._jobs[one]

    async def _run(self, job: Job, task: Mapping[str, Any], records: AsyncIterator[str] | None) -> None:
        try:
            async with self._places, asyncio.timeout(LONGEST):
                await _reckon(job, task, records)
        except TimeoutError:
            job.state, job.error = "failed", f"it took longer than {LONGEST:.0f} s; ask for fewer calls"
        except Exception as error:
            _log.exception("examination.failed", what=job.what)
            job.state, job.error = "failed", type(error).__name__
        finally:
            job.ended = time.monotonic()


async def _reckon(job: Job, task: Mapping[str, Any], records: AsyncIterator[str] | None) -> None:
    async with worker(task, records) as said:
        async for word in said:
            if "done" in word:
                job.done = word["done"]
            elif "result" in word:
                job.result, job.state = word["result"], "finished"
                job.done = job.of or job.done
            else:
                job.error, job.state = word["error"], "failed"
    if job.state == "running":
        job.state, job.error = "failed", "its process ended without a word; the server's log says more"
