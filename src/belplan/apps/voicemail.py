"""Voicemail: the caller leaves a message."""

from typing import Annotated

from pydantic import Field

from belplan.dialplan.fields import InternalNumber
from belplan.dialplan.route import Reference
from belplan.engine.app import App
from belplan.engine.call import Call


class Voicemail(App):
    """Let the caller leave a message in a voicemail box. That ends the call."""

    app_name = "voicemail"
    exits = ("recorded", "failed")
    example = {"box": "501"}
    ready = False

    box: Annotated[InternalNumber, Field(description="Number of a voicemail box.")]

    def refers(self) -> tuple[Reference, ...]:
        return (Reference("voicemail", self.box, "box"),)

    def waits(self) -> bool:
        return True

    async def run(self, call: Call) -> str:
        return self.exits[-1]
