"""Same colleague: ring whoever spoke to this caller last."""

from typing import Annotated

from pydantic import Field

from belplan.engine.app import App
from belplan.engine.call import Call


class SameColleague(App):
    """Ring whoever spoke to this caller last. Absent, busy or nobody goes on below."""

    app_name = "same_colleague"
    exits = ("answered", "nobody", "busy", "no_answer")
    example = {"within": "30d"}
    ready = False

    within: Annotated[str, Field(description="How long ago at most: 30d, 12h or 45m.", pattern="^[0-9]{1,4}[dhm]$")] = (
        "30d"
    )
    timeout: Annotated[float, Field(description="Seconds to ring.", gt=0, le=600)] = 25

    def waits(self) -> bool:
        return True

    async def run(self, call: Call) -> str:
        return self.exits[-1]
