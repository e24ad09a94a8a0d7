"""Diversion (Omleiding): another route while a switch is on."""

from typing import Annotated

from pydantic import Field

from belplan.dialplan.fields import Text
from belplan.dialplan.route import Reference, Route
from belplan.engine.app import App
from belplan.engine.call import Call
from belplan.engine.state import State


class Diversion(App):
    """Walk the route below only while a switch is on: turned on and off from a phone, by dialling its code."""

    app_name = "diversion"
    acts = False
    exits = ("true", "false")
    branches = {"true": "then", "false": "else"}
    example = {"name": "teamoverleg"}

    name: Annotated[Text, Field(description="Name of a diversion of this company.")]
    invert: Annotated[bool, Field(description="Walk it while the switch is off instead.")] = False
    then: Annotated[Route, Field(description="Walked while it is on.")] = Route()
    otherwise: Annotated[Route, Field(alias="else", description="Walked while it is off.")] = Route()

    def refers(self) -> tuple[Reference, ...]:
        return (Reference("diversion", self.name, "name"),)

    async def run(self, call: Call) -> str:
        on = call.use(State).is_on(call.company, self.name, call.clock.now())
        call.detail["on"] = on
        return "true" if on is not self.invert else "false"
