"""A diversion is switched from a phone, by dialling a dial plan's number, a star and its code."""

from typing import Annotated

from pydantic import Field

from belplan.dialplan.fields import Prompt, Text
from belplan.engine.app import App
from belplan.engine.call import Call
from belplan.engine.listening import play_through
from belplan.engine.state import State

SAYS = {
    "nl": {True: "{name} staat nu aan.", False: "{name} staat nu uit."},
    "en": {True: "{name} is now on.", False: "{name} is now off."},
}


class SwitchDiversion(App):
    """Turn a diversion on, or off when it is on, and say so."""

    app_name = "switch_diversion"
    exits = ("on", "off")
    example = {"diversion": "teamoverleg"}

    diversion: Annotated[Text, Field(description="Name of a diversion of this company.")]

    async def run(self, call: Call) -> str:
        state, company = call.use(State), call.company
        if "on" not in call.kept:  # done again, it must not turn it back
            await call.keep(on=not state.is_on(company, self.diversion, call.clock.now()))
        on: bool = call.kept["on"]
        state.switch(company, self.diversion, on)
        language = company.settings.language
        await call.caller.answer()
        said = SAYS[language][on].format(name=self.diversion)
        await play_through(call, Prompt(say=said, language=language))
        await call.hang_up()
        return "on" if on else "off"
