"""Time condition (Tijdsconditie): another route within named times."""

from typing import Annotated

from pydantic import Field

from belplan.dialplan import times
from belplan.dialplan.fields import Text
from belplan.dialplan.route import Reference, Route
from belplan.engine.app import App
from belplan.engine.call import Call
from belplan.engine.state import State


class Time(App):
    """Walk the route below only within the named times, by the clock of the company's time zone."""

    app_name = "time"
    acts = False
    exits = ("true", "false")
    branches = {"true": "then", "false": "else"}
    example = {"when": "kantooruren"}

    when: Annotated[Text, Field(description="Name of a time condition of this company.")]
    invert: Annotated[bool, Field(description="Walk it outside those times instead.")] = False
    then: Annotated[Route, Field(description="Walked within those times.")] = Route()
    otherwise: Annotated[Route, Field(alias="else", description="Walked outside them.")] = Route()

    def refers(self) -> tuple[Reference, ...]:
        return (Reference("time", self.when, "when"),)

    async def run(self, call: Call) -> str:
        condition = call.company.times[self.when]
        now = call.clock.now()
        held = call.use(State).override(call.company, self.when, now)
        if held is None:
            held = times.holds(condition, now, call.company.zone)
        else:
            call.detail["overridden"] = True
        call.detail["held"] = held
        return "true" if held is not self.invert else "false"
