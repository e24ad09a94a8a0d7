"""A caller's place in a queue: the agents that ring for them, until one has them or they leave."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import structlog
from structlog.contextvars import bind_contextvars

from belplan.dialplan.company import Queue
from belplan.engine import ringing
from belplan.engine.call import Call
from belplan.engine.leg import ANSWERED_ELSEWHERE, BUSY, NORMAL, REJECTED, Leg
from belplan.engine.queueing.line_up import Exit

if TYPE_CHECKING:
    from belplan.engine.queueing.lines import Line

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Served:
    """Who has the caller now."""

    phone: ringing.Phone
    leg: Leg


class Place:
    """One caller in the line, for as long as the `async with` block runs. `outcome` is who has them, or the exit."""

    def __init__(self, line: "Line", call: Call, queue: Queue) -> None:
        self.call = call
        self.queue = queue
        self.outcome: asyncio.Future[Served | Exit] = asyncio.get_running_loop().create_future()
        self._line = line
        self._rings: dict[str, asyncio.Task[None]] = {}
        self._stopped: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        for agent in list(self._rings):
            self.stop(agent)
        outcome = self.outcome.result() if self.outcome.done() else "abandoned"
        self._line.leave(self, outcome if isinstance(outcome, str) else "answered")
        await asyncio.gather(*self._stopped, return_exceptions=True)

    @property
    def served(self) -> Served | None:
        """Who has the caller, where somebody has."""
        outcome = self.outcome.result() if self.outcome.done() else None
        return outcome if isinstance(outcome, Served) else None

    @property
    def rings(self) -> bool:
        """Whether somebody is being rung."""
        return bool(self._rings)

    @property
    def position(self) -> int:
        """Which one in the queue they are; 1 is the next."""
        return self._line.up.position(self.call.id)

    @property
    def expected_wait(self) -> float | None:
        """Seconds that it may take still, where there is anything to reckon with."""
        return self._line.up.expected_wait(self.call.id)

    def ready(self) -> None:
        """Agents may be rung from now on."""
        self._line.ready(self)

    def departs(self, leave: Exit) -> None:
        """It is over without anybody."""
        for agent in list(self._rings):
            self.stop(agent)
        if not self.outcome.done():
            self.outcome.set_result(leave)

    def ring(self, agent: str) -> None:
        """Ring an agent."""
        self._line.tell(self, "offered", agent=agent)
        self._rings[agent] = asyncio.create_task(self._ring(agent))

    def stop(self, agent: str) -> None:
        """Ring an agent no longer."""
        if task := self._rings.pop(agent, None):
            self._stopped.add(task)
            task.add_done_callback(self._stopped.discard)
            task.cancel()

    async def _ring(self, agent: str) -> None:
        bind_contextvars(call=self.call.id)  # whoever made this task may be another call
        answer: tuple[ringing.Phone, Leg] | None = None
        causes: list[int] = []
        try:
            answer = await ringing.ring(self.call, agent, self.queue.ring_time, causes)
            if answer and self._line.answered(self, agent, answer[0].number, answer[1]):
                self.outcome.set_result(Served(*answer))
                answer = None
                del self._rings[agent]
                for other in list(self._rings):
                    self.stop(other)
                return
        except Exception:
            _log.exception("queue.ring_crashed", call=self.call.id)
        finally:
            if answer:
                await answer[1].hang_up(ANSWERED_ELSEWHERE if self.outcome.done() else NORMAL)
        self._rings.pop(agent, None)
        if not self.outcome.done():
            # Whoever declines is there.
            self._line.missed(self, agent, counts=not any(cause in (BUSY, REJECTED) for cause in causes))
