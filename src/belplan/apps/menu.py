"""IVR menu (Keuzemenu): the caller steers with keys."""

from typing import Annotated

from pydantic import Field

from belplan.dialplan.fields import Text
from belplan.dialplan.route import Reference
from belplan.engine.app import App, Move
from belplan.engine.call import Call


class Menu(App):
    """Answer, and let the caller choose in a menu of the company.

    When the route of the choice comes to its end, the call goes on below.
    """

    app_name = "menu"
    exits = ("entered",)
    example = {"name": "keuze"}

    name: Annotated[Text, Field(description="Name of a menu.")]

    def refers(self) -> tuple[Reference, ...]:
        return (Reference("menu", self.name, "name"),)

    async def run(self, call: Call) -> Move:
        await call.caller.answer()
        return Move(menu=self.name, returns=True, exit="entered")
