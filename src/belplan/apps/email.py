"""Email: a note about the call."""

from typing import Annotated

from pydantic import Field

from belplan.dialplan.company import Mail
from belplan.engine.app import App
from belplan.engine.call import Call


class Email(App):
    """Send a note by mail about this call: date, time, caller and dial plan. Then go on below."""

    app_name = "email"
    exits = ("sent",)
    example = {"to": ["info@example.nl"]}
    ready = False

    to: Annotated[tuple[Mail, ...], Field(description="Addresses to send it to.", min_length=1)]

    async def run(self, call: Call) -> str:
        return self.exits[-1]
