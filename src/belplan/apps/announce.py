"""Announcement (Meldtekst): the caller hears something."""

from typing import Annotated

from pydantic import Field

from belplan.dialplan.fields import Prompt, placeholders
from belplan.dialplan.route import Reading
from belplan.engine.app import App
from belplan.engine.call import Call
from belplan.engine.listening import play_through


class Announce(App, Prompt):
    """Play a sound file or spoken text, then go on below. In the start of a menu a key cuts it short."""

    app_name = "announce"
    exits = ("played", "failed")
    example = {"say": "Welkom bij Voorbeeld."}

    answer: Annotated[
        bool, Field(description="Answer the call first. Without, the caller hears it before the call is charged.")
    ] = True

    def reads(self) -> tuple[Reading, ...]:
        return tuple(Reading(name, "say") for name in placeholders(self.say or ""))

    def waits(self) -> bool:
        return True

    async def run(self, call: Call) -> str:
        if self.answer:
            await call.caller.answer()
        return "played" if await play_through(call, call.spoken(self)) else "failed"
