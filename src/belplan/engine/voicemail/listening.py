"""Listening to messages by phone: which box, its PIN, and then one message after the other."""

from datetime import datetime

from belplan.dialplan import spoken
from belplan.dialplan.company import Language, VoicemailBox
from belplan.dialplan.fields import Prompt
from belplan.engine.call import Call
from belplan.engine.listening import digits_after, key_after, play_through, play_until_key
from belplan.engine.secrets import Secrets
from belplan.engine.voicemail.boxes import Boxes, Message, box_of, boxes_of
from belplan.engine.voicemail.pins import Pins, may_listen

TRIES = 3  # PINs in one call
CHOICE = 6.0  # seconds to choose after the choices were named

SAYS: dict[Language, dict[str, str]] = {
    "nl": {
        "which": "{name}: toets {key}.",
        "box": "Toets het nummer van de voicemailbox, gevolgd door een hekje.",
        "pin": "Toets uw pincode, gevolgd door een hekje.",
        "wrong": "Dat is niet juist.",
        "locked": "Er is te vaak een verkeerde code getoetst. Probeert u het over een kwartier nog eens.",
        "new": "U hebt {new}.",
        "new_and_old": "U hebt {new} en {old}.",
        "new_message": "nieuw bericht",
        "new_messages": "nieuwe berichten",
        "old_message": "oud bericht",
        "old_messages": "oude berichten",
        "none": "U hebt geen berichten.",
        "from": "Van {caller}, {moment}.",
        "withheld": "een anonieme beller",
        "choices": "Toets 1 om te herhalen, 2 voor het volgende bericht, 3 om te wissen of 4 voor het vorige bericht.",
        "deleted": "Het bericht is gewist. Toets 3 om het terug te halen, of 2 voor het volgende bericht.",
        "undeleted": "Het bericht is bewaard gebleven.",
        "was_deleted": "Dit bericht is gewist.",
        "last": "Dat waren alle berichten.",
        "unplayable": "Dit bericht kan nu niet worden afgespeeld.",
    },
    "en": {
        "which": "{name}: press {key}.",
        "box": "Enter the number of the voicemail box, followed by hash.",
        "pin": "Enter your PIN, followed by hash.",
        "wrong": "That is not correct.",
        "locked": "A wrong code was entered too often. Please try again in a quarter of an hour.",
        "new": "You have {new}.",
        "new_and_old": "You have {new} and {old}.",
        "new_message": "new message",
        "new_messages": "new messages",
        "old_message": "old message",
        "old_messages": "old messages",
        "none": "You have no messages.",
        "from": "From {caller}, {moment}.",
        "withheld": "a withheld number",
        "choices": "Press 1 to repeat, 2 for the next message, 3 to delete or 4 for the previous message.",
        "deleted": "The message was deleted. Press 3 to undelete it, or 2 for the next message.",
        "undeleted": "The message was kept.",
        "was_deleted": "This message was deleted.",
        "last": "Those were all messages.",
        "unplayable": "This message cannot be played at the moment.",
    },
}


async def listen(call: Call, box: VoicemailBox | None = None) -> str:
    """Let whoever calls listen to a box, theirs or the one they name. The exit: listened, denied or locked.

    It does not hang up.
    """
    await call.caller.answer()
    user = call.company.accounts.get(call.caller_number)
    number = user.number if user else None
    if box is None:
        box = await _choose(call, boxes_of(call.company, number) if number else [])
    if box is None or not may_listen(box, number):
        leave, box = await _with_pin(call, box, user is not None)
        if box is None:
            return leave
    call.detail["box"] = box.number
    await _Round(call, box).run()
    return "listened"


async def _choose(call: Call, boxes: list[VoicemailBox]) -> VoicemailBox | None:
    """One of the boxes of the user who calls. None where they have none, or mean another."""
    if len(boxes) < 2:
        return boxes[0] if boxes else None
    language = call.company.settings.language
    boxes = boxes[:9]
    named = (SAYS[language]["which"].format(name=box.name, key=key) for key, box in enumerate(boxes, 1))
    key = await key_after(call, Prompt(say=" ".join(named), language=language), CHOICE)
    return boxes[int(key) - 1] if key in {str(one) for one in range(1, len(boxes) + 1)} else None


async def _with_pin(call: Call, box: VoicemailBox | None, own_phone: bool) -> tuple[str, VoicemailBox | None]:
    """The box that the caller has the PIN of, by its number where it is not known yet; else the exit."""
    pins, company = call.use(Pins), call.company
    for attempt in range(TRIES):
        number = box.number if box else await digits_after(call, _say(call, box, "box"), most=6)
        if not number and attempt:
            break
        if pins.locked(company, number, own_phone, call.clock.monotonic()):
            await play_through(call, _say(call, box, "locked"))
            return "locked", None
        given = await digits_after(call, _say(call, box, "pin"), most=10)
        asked = box or box_of(company, number)
        # What is no box, and what has no PIN, is not told from a wrong PIN.
        if pins.opens(company, number, own_phone, given, _pin(call, asked), call.clock.monotonic()):
            return "", asked
        await play_through(call, _say(call, box, "wrong"))
    return "denied", None


def _pin(call: Call, box: VoicemailBox | None) -> str | None:
    if box is None or box.pin is None or not box.pin.startswith("secret:"):
        return box.pin if box else None
    return call.use(Secrets).find(call.company.id, box.pin.removeprefix("secret:"))


def _say(call: Call, box: VoicemailBox | None, key: str, **values: str) -> Prompt:
    language = _language(call, box)
    return Prompt(say=SAYS[language][key].format(**values), language=language)


def _language(call: Call, box: VoicemailBox | None) -> Language:
    return (box.language if box else None) or call.company.settings.language


class _Round:
    """Once through the messages of a box: first those that nobody has heard. What is deleted goes at the end."""

    def __init__(self, call: Call, box: VoicemailBox) -> None:
        self._call = call
        self._box = box
        self._language: Language = _language(call, box)
        self._boxes = call.use(Boxes)
        messages = self._boxes.messages(call.company.id, box.number)
        self._messages = sorted(messages, key=lambda message: message.heard)
        self._deleted: set[str] = set()

    async def run(self) -> None:
        if not self._messages:
            await play_through(self._call, self._say("none"))
            return
        await play_until_key(self._call, self._say_count())
        at = 0
        try:
            while at < len(self._messages):
                at = max(0, at + await self._one(self._messages[at]))
            await play_through(self._call, self._say("last"))
        finally:
            for message in self._messages:
                if message.id in self._deleted:
                    self._boxes.delete(message)
            self._call.detail["deleted"] = len(self._deleted)

    async def _one(self, message: Message) -> int:
        """Let one message be heard and dealt with. How many messages to go on."""
        key, repeat = "", True
        while True:
            if repeat:
                key = await self._play(message)
                self._boxes.mark_heard(message)
            if not key:
                key = await key_after(self._call, self._say("choices"), CHOICE)
            repeat = key == "1"
            if key in ("", "2"):
                return 1
            if key == "4":
                return -1
            if key == "3":
                key = await key_after(self._call, self._say(self._delete(message)), CHOICE)
                if not key:
                    return 1
                repeat = key == "1"
            elif not repeat:
                key = ""

    def _delete(self, message: Message) -> str:
        """Delete it, or keep it again; what to say."""
        if message.id in self._deleted:
            self._deleted.discard(message.id)
            return "undeleted"
        self._deleted.add(message.id)
        return "deleted"

    async def _play(self, message: Message) -> str:
        """The key that was pressed meanwhile."""
        call = self._call
        await play_until_key(call, self._say_about(message))
        if message.id in self._deleted:
            await play_until_key(call, self._say("was_deleted"))
        if not call.caller.digit_waiting and not await play_until_key(call, message.recorded):
            await play_until_key(call, self._say("unplayable"))
        return await call.caller.read_digit() if call.caller.digit_waiting else ""

    def _say_count(self) -> Prompt:
        texts = SAYS[self._language]
        heard = sum(message.heard for message in self._messages)
        new = spoken.count(len(self._messages) - heard, texts["new_message"], texts["new_messages"], self._language)
        old = spoken.count(heard, texts["old_message"], texts["old_messages"], self._language)
        return self._say("new_and_old" if heard else "new", new=new, old=old)

    def _say_about(self, message: Message) -> Prompt:
        draft, zone = message.draft, self._call.company.zone
        moment = spoken.moment(draft.began.astimezone(zone), self._now().astimezone(zone), self._language)
        caller = draft.caller_name or spoken.telephone(draft.caller, self._language)
        return self._say("from", caller=caller or SAYS[self._language]["withheld"], moment=moment)

    def _say(self, key: str, **values: str) -> Prompt:
        return _say(self._call, self._box, key, **values)

    def _now(self) -> datetime:
        return self._call.clock.now()
