"""Hang up (Hang op): the end of the call."""

from typing import Annotated

from pydantic import Field

from belplan.engine.app import App
from belplan.engine.call import Call


class Hangup(App):
    """End the call. One that was not answered is refused, with the cause that is given."""

    app_name = "hangup"
    exits = ("ended",)
    example = {"cause": 17}
    final = True

    cause: Annotated[int, Field(description="Q.850 cause: 16 normal, 17 busy, 21 rejected.", ge=1, le=127)] = 16

    def waits(self) -> bool:
        return True

    async def run(self, call: Call) -> str:
        await call.hang_up(self.cause)
        return "ended"
