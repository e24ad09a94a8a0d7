"""Prefix: a text on the display of the phones that ring."""

from typing import Annotated

from pydantic import AfterValidator, Field

from belplan.dialplan.fields import PLACEHOLDER, Text, placeholders, refuse
from belplan.dialplan.route import Reading
from belplan.engine.app import App
from belplan.engine.call import Call

MOST = 40  # characters that are shown: what a telephone's display has room for
OWN = 20  # characters of them that a plan may write itself


def _short(text: str) -> str:
    if len(PLACEHOLDER.sub("", text)) > OWN:
        raise refuse("invalid-value", f"a display is small: write at most {OWN} characters besides variables")
    return text


class Prefix(App):
    """Put a text before the caller on the display of the phones that ring below. A later one takes its place."""

    app_name = "prefix"
    acts = False
    exits = ("set",)
    example = {"text": "VKP"}

    text: Annotated[
        Text,
        AfterValidator(_short),
        Field(
            description="What is shown before the caller: 20 characters, and {name} for a variable or a call datum; "
            "of all that the first 40.",
            min_length=1,
            max_length=100,
        ),
    ]

    def reads(self) -> tuple[Reading, ...]:
        return tuple(Reading(name, "text") for name in placeholders(self.text))

    async def run(self, call: Call) -> str:
        # An answer may hold anything: a display has one line, and letters.
        written = "".join(letter if letter.isprintable() else " " for letter in call.fill(self.text))
        call.prefix = " ".join(written.split())[:MOST].strip()
        return "set"
