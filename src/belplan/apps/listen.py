"""Listening to voicemail: a phone of the company dials 1233."""

from belplan.engine.app import App
from belplan.engine.call import Call
from belplan.engine.voicemail.listening import listen


class Listen(App):
    """Let somebody listen to a voicemail box: their own, or one that they have number and PIN of."""

    app_name = "listen"
    exits = ("listened", "denied", "locked")
    example = {}

    async def run(self, call: Call) -> str:
        leave = await listen(call)
        await call.hang_up()
        return leave
