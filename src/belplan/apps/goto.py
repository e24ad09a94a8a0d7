"""Go to (Ga naar): the call goes on elsewhere, and does not come back."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from belplan.dialplan.fields import Text, refuse
from belplan.dialplan.route import Kind, Reference
from belplan.engine.app import App, Move
from belplan.engine.call import Call


class Goto(App):
    """Go on in another dial plan, in a menu, or in another context of the menu this stands in."""

    app_name = "goto"
    acts = False
    exits = ("moved",)
    example = {"dial_plan": "Hoofdnummer"}
    final = True

    context: Annotated[Text | None, Field(description="Name of a context of this menu.")] = None
    dial_plan: Annotated[Text | None, Field(description="Name of a dial plan.")] = None
    menu: Annotated[Text | None, Field(description="Name of a menu.")] = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise refuse("missing-field", "give one of context, dial_plan and menu")
        return self

    def refers(self) -> tuple[Reference, ...]:
        kinds: tuple[tuple[Kind, str | None], ...] = (
            ("context", self.context),
            ("dial_plan", self.dial_plan),
            ("menu", self.menu),
        )
        return tuple(Reference(kind, name, kind) for kind, name in kinds if name is not None)

    async def run(self, call: Call) -> Move:
        return Move(dial_plan=self.dial_plan or "", menu=self.menu or "", context=self.context or "")
