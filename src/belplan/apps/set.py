"""Set variable: give a variable a value of one's own."""

from typing import Annotated

from pydantic import Field

from belplan.dialplan.fields import Text, Variable, placeholders
from belplan.dialplan.route import Reading
from belplan.engine.app import App
from belplan.engine.call import Call

MOST = 4096  # characters, as of a webhook's answer


class Set(App):
    """Give a variable a value, made of text and of other variables."""

    app_name = "set"
    acts = False
    exits = ("set",)
    overwrites = True
    example = {"name": "afdeling", "value": "Finance"}

    name: Annotated[Variable, Field(description="Name of the variable.")]
    value: Annotated[
        Text, Field(description="Its value; {name} stands for a variable or a call datum.", max_length=4000)
    ]

    def sets(self) -> tuple[tuple[str, str], ...]:
        return ((self.name, "name"),)

    def reads(self) -> tuple[Reading, ...]:
        return tuple(Reading(name, "value") for name in placeholders(self.value))

    async def run(self, call: Call) -> str:
        call.variables.set(self.name, call.fill(self.value)[:MOST])
        return "set"
