"""Queue (Wachtrij): callers wait in order for an agent."""

from typing import Annotated

from pydantic import Field

from belplan.dialplan.company import Queue as CompanyQueue
from belplan.dialplan.fields import InternalNumber
from belplan.dialplan.route import Reference
from belplan.engine.app import App
from belplan.engine.call import Call
from belplan.engine.queueing.waiting import wait


class Queue(App):
    """Answer, and let the caller wait in order of arrival for an agent of a queue, with music.

    A full queue, too long a wait, and nobody logged in go on below. The queue itself stands under `queues` of the
    plan: its agents, strategy and levels, what is said, and how long everything takes.
    """

    app_name = "queue"
    exits = ("answered", "full", "timeout", "nobody")
    example = {"number": "401"}

    number: Annotated[InternalNumber, Field(description="Number of a queue.")]

    def refers(self) -> tuple[Reference, ...]:
        return (Reference("queue", self.number, "number"),)

    def waits(self) -> bool:
        return True

    async def run(self, call: Call) -> str:
        queue = call.company.internal.get(self.number)
        return await wait(call, queue) if isinstance(queue, CompanyQueue) else "nobody"
