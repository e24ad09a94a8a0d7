"""Voicemail: the caller leaves a message."""

from typing import Annotated

from pydantic import Field

from belplan.dialplan.company import Language, VoicemailBox
from belplan.dialplan.fields import InternalNumber, Prompt
from belplan.dialplan.route import Reference
from belplan.engine.app import App
from belplan.engine.call import Call
from belplan.engine.listening import forget_keys, key_after, play_through, play_until_key
from belplan.engine.voicemail.boxes import BoxError, box_of
from belplan.engine.voicemail.leaving import Leaving, leaving
from belplan.engine.voicemail.listening import listen

CHOICE = 6.0  # seconds to choose after the choices were named; then it is sent
QUIET = 2  # times that nothing is heard until the call is ended

SAYS: dict[Language, dict[str, str]] = {
    "nl": {
        "greeting": "Dit is de voicemail van {name}. Spreek na de toon uw bericht in.",
        "choices": "Toets 1 om uw bericht te versturen, 2 om het terug te luisteren of 3 om het opnieuw in te spreken.",
        "longest": "Uw bericht is zo lang als het mag zijn.",
        "quiet": "We hebben niets gehoord. Spreek na de toon uw bericht in.",
        "nothing": "Er is geen bericht ingesproken. Tot ziens.",
        "sent": "Dank u wel, uw bericht is ontvangen.",
        "failed": "Er kan nu geen bericht worden ingesproken.",
    },
    "en": {
        "greeting": "This is the voicemail of {name}. Please leave a message after the tone.",
        "choices": "Press 1 to send your message, 2 to listen to it or 3 to record it again.",
        "longest": "Your message is as long as it may be.",
        "quiet": "We did not hear anything. Please leave a message after the tone.",
        "nothing": "No message was recorded. Goodbye.",
        "sent": "Thank you, your message was received.",
        "failed": "No message can be left at the moment.",
    },
}


class Voicemail(App):
    """Let the caller leave a message in a voicemail box. That ends the call.

    The key # ends the message; the caller may then send it, listen to it, or speak it again. Hanging up sends it too.
    During the greeting, # goes on to the tone, and * asks for the box's PIN, to listen to its messages.
    """

    app_name = "voicemail"
    exits = ("recorded", "nothing", "listened", "failed")
    example = {"box": "501"}
    closing = frozenset({"recorded", "nothing", "listened"})

    box: Annotated[InternalNumber, Field(description="Number of a voicemail box.")]

    def refers(self) -> tuple[Reference, ...]:
        return (Reference("voicemail", self.box, "box"),)

    def waits(self) -> bool:
        return True

    async def run(self, call: Call) -> str:
        box = box_of(call.company, self.box)
        if box is None:
            return "failed"
        call.detail["box"] = box.number
        await call.caller.answer()
        try:
            async with leaving(call, box) as left:
                leave = await _leave(call, box, left)
                if leave != "recorded":
                    left.cancel()
        except BoxError:
            leave = "failed"
            call.detail["reason"] = "disk"
        if leave == "listen":
            await listen(call, box)
            leave = "listened"
        if leave == "failed":
            await play_through(call, _say(call, box, "failed"))
        else:
            await call.hang_up()
        return leave


async def _leave(call: Call, box: VoicemailBox, left: Leaving) -> str:
    """From the greeting to the message: recorded, nothing, failed, or listen where they come for their messages."""
    if not left.speaking and not left.sent:
        await forget_keys(call)
        greeting = call.spoken(box.greeting) if box.greeting else _say(call, box, "greeting", name=box.name)
        await play_until_key(call, greeting)
        if await _key(call) == "*" and box.pin:
            return "listen"
    quiet = 0
    while not left.sent:
        if not left.speaking:
            await play_through(call, "beep")
        taken = await left.take()
        if taken.ended_by == "failed" and not left.best:
            return "failed"
        if not left.best:
            quiet += 1
            if quiet == QUIET:
                await play_through(call, _say(call, box, "nothing"))
                return "nothing"
            await play_until_key(call, _say(call, box, "quiet"))
            await forget_keys(call)
            continue
        if taken.ended_by == "longest":
            await play_until_key(call, _say(call, box, "longest"))
        if taken.ended_by == "silence" or left.enough or await _sends(call, box, left):
            await left.send()
    await play_through(call, _say(call, box, "sent"))
    return "recorded"


async def _sends(call: Call, box: VoicemailBox, left: Leaving) -> bool:
    """Whether the caller sends the message, having listened to it as often as they like; False is once more."""
    silent = 0
    while silent < 2:
        key = await key_after(call, _say(call, box, "choices"), CHOICE)
        if key in ("1", "3"):
            return key == "1"
        if key == "2" and left.best:
            await play_until_key(call, left.best)
            await forget_keys(call)
        silent = 0 if key else silent + 1
    return True


async def _key(call: Call) -> str:
    """The key that cut the greeting short, if one did."""
    return await call.caller.read_digit() if call.caller.digit_waiting else ""


def _say(call: Call, box: VoicemailBox, key: str, **values: str) -> Prompt:
    language = box.language or call.company.settings.language
    return Prompt(say=SAYS[language][key].format(**values), language=language)
