"""Switch (Keuze op waarde): one variable, many values, a route for each."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from belplan.dialplan.comparison import TELEPHONE, VariableRead
from belplan.dialplan.fields import Text, refuse
from belplan.dialplan.route import Reading, Route
from belplan.engine.app import App
from belplan.engine.call import Call

OTHERWISE = "otherwise"


def _case(value: str) -> str:
    if not value.strip() or value != value.strip() or not value.isprintable() or "[" in value:
        raise refuse("invalid-value", "a case is text without spaces around it and without [")
    if value == OTHERWISE:
        raise refuse("invalid-value", "otherwise stands beside cases, not among them")
    return value


class Switch(App):
    """Walk the route of the case that a variable's value has, or the one for all other values; then go on below.

    Values are compared whole, without spaces around them. A variable that is not set has no case.
    """

    app_name = "switch"
    acts = False
    exits = ("case", OTHERWISE)
    branches = {OTHERWISE: OTHERWISE}
    example = {"variable": "klant", "cases": {"openstaand": [], "vip": []}}

    variable: VariableRead
    cases: Annotated[
        dict[Annotated[Text, Field(max_length=200), AfterValidator(_case)], Route],
        Field(description="For each value the route that is walked then.", min_length=1),
    ]
    ignore_case: Annotated[bool, Field(description="Take capitals and small letters as the same.")] = False
    otherwise: Annotated[Route, Field(description="Walked when no case has the value.")] = Route()

    @model_validator(mode="after")
    def _one_case_each(self) -> Self:
        seen: dict[str, str] = {}
        for value in self.cases:
            if self.ignore_case and (other := seen.setdefault(value.casefold(), value)) != value:
                raise refuse("invalid-value", f'"{other}" and "{value}" are one case when capitals do not count')
        return self

    def ways_out(self) -> tuple[str, ...]:
        return (*self.cases, OTHERWISE)

    def hanging(self) -> Mapping[str, str]:
        return {value: f"cases.{value}" for value in self.cases} | self.branches

    def reads(self) -> tuple[Reading, ...]:
        return (Reading(self.variable, "variable", self.variable in TELEPHONE),)

    async def run(self, call: Call) -> str:
        value = call.value(self.variable)
        call.detail["variable"] = self.variable
        call.detail["set"] = value is not None
        if value is None:
            return OTHERWISE
        wanted = self._one_form(value.strip(), call)
        return next((case for case in self.cases if self._one_form(case, call) == wanted), OTHERWISE)

    def _one_form(self, value: str, call: Call) -> str:
        if self.variable in TELEPHONE:
            value = call.company.telephone(value)
        return value.casefold() if self.ignore_case else value
