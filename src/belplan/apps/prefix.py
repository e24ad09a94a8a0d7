"""Prefix: a text on the display of the phones that ring."""

from typing import Annotated

from pydantic import Field

from belplan.dialplan.fields import Text
from belplan.engine.app import App
from belplan.engine.call import Call


class Prefix(App):
    """Put a text before the caller on the display of the phones that ring below. A later one takes its place."""

    app_name = "prefix"
    acts = False
    exits = ("set",)
    example = {"text": "VKP"}

    text: Annotated[Text, Field(description="What is shown before the caller.", min_length=1, max_length=20)]

    async def run(self, call: Call) -> str:
        call.prefix = self.text
        return "set"
