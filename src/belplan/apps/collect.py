"""Collect (Cijfers vragen): several keys into a variable, such as a customer number."""

import asyncio
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from belplan.dialplan.fields import Prompt, Variable, placeholders, refuse
from belplan.dialplan.route import Reading, Route
from belplan.engine.app import App
from belplan.engine.call import Call
from belplan.engine.listening import play_until_key

SAYS = {
    "nl": "Dat is niet het juiste aantal cijfers. Probeert u het nog eens.",
    "en": "That is not the right number of digits. Please try again.",
}


class Collect(App):
    """Answer, ask the caller for digits, and keep them in a variable for conditions and webhooks below.

    A key cuts the question short. The digits are complete with the end key, with as many as there may be, or when no
    more follow in time. `*` begins anew, or `#` where `*` is the end key. Too few, or none, is asked again.
    """

    app_name = "collect"
    exits = ("collected", "no_input", "invalid")
    branches = {"no_input": "on_no_input", "invalid": "on_invalid"}
    overwrites = True
    example = {"save_as": "klantnummer", "prompt": {"say": "Toets uw klantnummer."}, "minimum": 4, "maximum": 8}

    save_as: Annotated[Variable, Field(description="Name of the variable that keeps the digits.")]
    prompt: Annotated[Prompt, Field(description="The question: spoken text or a sound file.")]
    minimum: Annotated[int, Field(description="Fewest digits.", ge=1, le=32)] = 1
    maximum: Annotated[int, Field(description="Most digits.", ge=1, le=32)] = 16
    end_key: Annotated[
        Literal["#", "*", ""], Field(description='Key that ends the digits; "" where only their number or time does.')
    ] = "#"
    timeout: Annotated[float, Field(description="Seconds to wait for each key.", gt=0, le=60)] = 5
    tries: Annotated[int, Field(description="How often to ask.", ge=1, le=10)] = 3
    retry: Annotated[
        Prompt | None, Field(description="Said before asking again, after too few digits; ours when absent.")
    ] = None
    on_no_input: Annotated[Route, Field(description="Walked when no key was pressed at the last try.")] = Route()
    on_invalid: Annotated[Route, Field(description="Walked when there were too few digits at the last try.")] = Route()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.minimum > self.maximum:
            raise refuse("invalid-value", f"minimum {self.minimum} is more than maximum {self.maximum}")
        return self

    def sets(self) -> tuple[tuple[str, str], ...]:
        return ((self.save_as, "save_as"),)

    def reads(self) -> tuple[Reading, ...]:
        said = (("prompt", self.prompt), ("retry", self.retry))
        return tuple(
            Reading(name, f"{setting}.say")
            for setting, prompt in said
            if prompt
            for name in placeholders(prompt.say or "")
        )

    def waits(self) -> bool:
        return True

    async def run(self, call: Call) -> str:
        call.variables.clear(self.save_as)
        await call.caller.answer()
        language = call.company.settings.language
        retry = self.retry or Prompt(say=SAYS[self.prompt.language or language], language=self.prompt.language)
        leave = ""
        for number in range(self.tries):
            if leave == "invalid":
                await play_until_key(call, call.spoken(retry))
            await play_until_key(call, call.spoken(self.prompt))
            digits = await self._digits(call)
            call.detail["tries"] = number + 1
            if len(digits) >= self.minimum:
                call.variables.set(self.save_as, digits)
                call.detail["digits"] = len(digits)
                return "collected"
            leave = "invalid" if digits else "no_input"
        return leave

    async def _digits(self, call: Call) -> str:
        digits = ""
        while len(digits) < self.maximum:
            try:
                async with asyncio.timeout(self.timeout):
                    key = await call.caller.read_digit()
            except TimeoutError:
                break
            if key == self.end_key:
                break
            digits = digits + key if key.isdigit() else ""
        return digits
