"""Queue (Wachtrij): callers wait in order for an agent."""

from typing import Annotated

from pydantic import Field

from belplan.dialplan.fields import InternalNumber
from belplan.dialplan.route import Reference
from belplan.engine.app import App
from belplan.engine.call import Call


class Queue(App):
    """Let the caller wait in a queue of the company. A full queue or too long a wait goes on below."""

    app_name = "queue"
    exits = ("answered", "full", "timeout", "nobody")
    example = {"number": "401"}
    ready = False

    number: Annotated[InternalNumber, Field(description="Number of a queue.")]

    def refers(self) -> tuple[Reference, ...]:
        return (Reference("queue", self.number, "number"),)

    def waits(self) -> bool:
        return True

    async def run(self, call: Call) -> str:
        return self.exits[-1]
