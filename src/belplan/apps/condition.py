"""Condition (Voorwaarde): walk another route when a variable says so."""

from typing import Annotated

from pydantic import Field

from belplan.dialplan.comparison import TELEPHONE, Comparison
from belplan.dialplan.fields import refuse
from belplan.dialplan.route import Reading, Route
from belplan.engine.app import App
from belplan.engine.call import Call


class Condition(App, Comparison):
    """Walk the nested route when a variable compares as said; else go on below.

    Variables are the call's own data, such as the caller's number, and what a webhook above has set.
    """

    app_name = "condition"
    acts = False
    exits = ("true", "false")
    branches = {"true": "then", "false": "else"}
    example = {"variable": "klant", "equals": "openstaand"}

    all_of: Annotated[
        tuple[Comparison, ...], Field(alias="all", description="Holds when each of these tests holds.")
    ] = ()
    any_of: Annotated[
        tuple[Comparison, ...], Field(alias="any", description="Holds when at least one of these tests holds.")
    ] = ()
    then: Annotated[Route, Field(description="Walked when it holds.")] = Route()
    otherwise: Annotated[Route, Field(alias="else", description="Walked when it does not hold.")] = Route()

    def check_operators(self) -> None:
        if not self.all_of and not self.any_of:
            super().check_operators()
        elif self.operators() or "variable" in self.model_fields_set or (self.all_of and self.any_of):
            raise refuse("invalid-value", "give one test, or all: with tests, or any: with tests")

    @property
    def tests(self) -> tuple[tuple[str, Comparison], ...]:
        """The comparisons, each with where it stands among the settings."""
        if self.all_of or self.any_of:
            setting = "all" if self.all_of else "any"
            return tuple((f"{setting}[{index}].", test) for index, test in enumerate(self.all_of or self.any_of))
        return (("", self),)

    def reads(self) -> tuple[Reading, ...]:
        return tuple(
            Reading(test.variable, f"{where}variable", test.variable in TELEPHONE) for where, test in self.tests
        )

    async def run(self, call: Call) -> str:
        # The opposite of all is that one does not hold, of any that none does: thus what is not set matches nothing.
        opposite = self.invert and bool(self.all_of or self.any_of)
        tests = (test.holds(call.value(test.variable), call.company, opposite) for _, test in self.tests)
        held = any(tests) if bool(self.any_of) is not opposite else all(tests)
        if len(self.tests) == 1:
            call.detail["variable"] = self.tests[0][1].variable
            call.detail["set"] = call.value(self.tests[0][1].variable) is not None
        return "true" if held else "false"
