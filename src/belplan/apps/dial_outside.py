"""A phone of the company calls an outside number, within the company's rules."""

from typing import Annotated

from pydantic import Field

from belplan.dialplan import numbers
from belplan.dialplan.fields import Prompt, Text
from belplan.engine import ringing
from belplan.engine.app import App
from belplan.engine.call import Call
from belplan.engine.leg import NO_CIRCUIT, REJECTED
from belplan.engine.listening import play_through
from belplan.engine.outside import OutsideLines, TooManyError

SAYS = {
    "nl": {
        "denied": "Dit nummer mag vanaf dit toestel niet worden gebeld.",
        "too_many": "Er wordt nu te veel naar buiten gebeld. Probeert u het later nog eens.",
        "failed": "Dit nummer is nu niet te bereiken.",
    },
    "en": {
        "denied": "This number may not be called from this phone.",
        "too_many": "Too many calls are being made to the outside. Please try again later.",
        "failed": "This number cannot be reached at the moment.",
    },
}


class DialOutside(App):
    """Ring an outside number over the trunk; a number that the rules do not allow is refused with a spoken reason."""

    app_name = "dial_outside"
    exits = ("answered", "busy", "no_answer", "failed", "denied", "too_many")
    example = {"number": "31201234567"}

    number: Annotated[Text, Field(description="The number in its one form: E.164 digits, or a short number.")]

    async def run(self, call: Call) -> str:
        company = call.company
        call.detail["to"] = self.number
        if not company.may_call(self.number):
            return await self._refuse(call, "denied", REJECTED)
        if numbers.is_emergency(self.number, company.settings.country):
            # Whatever the rules say, and however many call.
            return await self._ring(call)
        try:
            with call.use(OutsideLines).line(company, call.clock.monotonic()):
                return await self._ring(call)
        except TooManyError:
            return await self._refuse(call, "too_many", NO_CIRCUIT)

    async def _ring(self, call: Call) -> str:
        leave = await ringing.connect(call, self.number, timeout=60, how=ringing.How("company"))
        if leave == "failed":
            return await self._refuse(call, "failed", NO_CIRCUIT)
        if leave != "answered" and not call.transferred_by:
            await call.hang_up({"busy": 17, "no_answer": 19}[leave])
        return leave

    async def _refuse(self, call: Call, why: str, cause: int) -> str:
        if call.transferred_by:
            return why  # it goes back to who sent it here
        language = call.company.settings.language
        await play_through(call, Prompt(say=SAYS[language][why], language=language))
        await call.hang_up(cause)
        return why
