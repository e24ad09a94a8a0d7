"""Same colleague: ring whoever spoke to this caller last."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from belplan.dialplan.route import Route
from belplan.engine import ringing
from belplan.engine.app import App
from belplan.engine.call import Call
from belplan.engine.state import State

_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


class SameColleague(App):
    """Ring whoever of the company spoke to this caller last, if that is not too long ago.

    Absent, busy, no answer or nobody goes on below. A caller who withholds the number was never here before.
    A company remembers the 50,000 numbers that it spoke to last.
    """

    app_name = "same_colleague"
    exits = ("answered", "nobody", "busy", "no_answer", "failed")
    branches = {"nobody": "on_nobody"}
    example = {"within": "30d"}

    within: Annotated[str, Field(description="How long ago at most: 30d, 12h or 45m.", pattern="^[0-9]{1,4}[dhm]$")] = (
        "30d"
    )
    timeout: Annotated[float, Field(description="Seconds to ring.", gt=0, le=600)] = 25
    on_nobody: Annotated[Route, Field(description="Walked when nobody spoke to the caller in that time.")] = Route()

    def waits(self) -> bool:
        return True

    async def run(self, call: Call) -> str:
        last = call.use(State).last_spoke(call.company, call.caller_number) if call.caller_number else None
        if last is None or call.clock.now() - last[1] > self._window:
            return "nobody"
        user = call.company.user(last[0])
        if user is None:
            return "nobody"  # they have left the company
        call.detail["to"] = user.number
        return await ringing.connect(call, user.number, timeout=self.timeout)

    @property
    def _window(self) -> timedelta:
        return timedelta(**{_UNITS[self.within[-1]]: int(self.within[:-1])})
