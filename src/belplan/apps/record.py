"""Record (Opnemen): what is said in the conversations below is kept."""

from typing import Annotated

from pydantic import Field

from belplan.dialplan.fields import Prompt, placeholders
from belplan.dialplan.route import Reading
from belplan.engine.app import App
from belplan.engine.call import Call
from belplan.engine.listening import play_through

SAYS = {"nl": "Dit gesprek wordt opgenomen.", "en": "This call is recorded."}


class Record(App):
    """Tell the caller that the call is recorded, and record every conversation of it from then on, both voices.

    The law wants the caller to be told: where that cannot be played, nothing is recorded. The recording is kept with
    the call's record, for as many days as the company keeps them.
    """

    app_name = "record"
    exits = ("on", "off", "failed")
    example = {"announcement": {"say": "Dit gesprek kan worden opgenomen."}}

    on: Annotated[bool, Field(description="False: conversations are recorded no longer, as before a payment.")] = True
    announce: Annotated[
        bool, Field(description="Tell the caller; false only where an announcement above has done so.")
    ] = True
    announcement: Annotated[Prompt | None, Field(description="What the caller is told; ours when absent.")] = None

    def reads(self) -> tuple[Reading, ...]:
        said = self.announcement.say if self.announcement else None
        return tuple(Reading(name, "announcement.say") for name in placeholders(said or ""))

    def waits(self) -> bool:
        return self.on and self.announce

    async def run(self, call: Call) -> str:
        call.recorded = False
        if not self.on:
            return "off"
        if self.announce:
            language = call.company.settings.language
            await call.caller.answer()
            if not await play_through(call, call.spoken(self.announcement or Prompt(say=SAYS[language]))):
                return "failed"
        call.recorded = True
        return "on"
