"""Pick-up: a phone takes a call that rings elsewhere in the company, by dialling *8, or *8 and a number."""

from typing import Annotated

from pydantic import Field

from belplan.dialplan.fields import Prompt, Text
from belplan.engine.app import App
from belplan.engine.call import Call
from belplan.engine.leg import NORMAL
from belplan.engine.lines import Taker, lines_of
from belplan.engine.listening import play_through

SAYS = {"nl": "Er is geen gesprek om over te nemen.", "en": "There is no call to pick up."}


class PickUp(App):
    """Take a call that rings at a colleague of a group of one's own, or at a number; without one, say so."""

    app_name = "pick_up"
    exits = ("taken", "nothing")
    example = {"number": "202"}

    number: Annotated[Text, Field(description="A user's or group's number; any of one's own groups, when empty.")] = ""

    async def run(self, call: Call) -> str:
        company, account = call.company, call.caller_number
        user = company.accounts.get(account) or company.user(account)
        rings = lines_of(call).to_pick_up(company, user.number, self.number) if user else None
        if user and rings:
            await call.caller.answer()
            if rings.take(Taker(user.number, account, call.caller)):
                call.outcome, call.connected_to, call.answered_by = "connected", rings.number, user.number
                # The conversation is the other call's.
                await call.caller.ended()
                return "taken"
        language = company.settings.language
        await play_through(call, Prompt(say=SAYS[language], language=language))
        await call.hang_up(NORMAL)
        return "nothing"
