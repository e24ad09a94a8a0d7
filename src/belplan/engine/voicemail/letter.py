"""The mail about a new message in a voicemail box."""

from zoneinfo import ZoneInfo

from belplan.dialplan.company import Language
from belplan.engine.mail import Attachment, Letter
from belplan.engine.voicemail.boxes import Message

LARGEST = 10_000_000  # bytes of sound that go along; many a mail server refuses more than 20 MB in all

WORDS: dict[Language, dict[str, str]] = {
    "nl": {
        "subject": "Voicemail van {caller} ({length})",
        "greeting": "Er is een bericht ingesproken in voicemailbox {box}.",
        "caller": "Beller",
        "date": "Datum",
        "time": "Tijd",
        "length": "Duur",
        "withheld": "anoniem",
        "attached": "Het bericht is bijgevoegd.",
        "too_large": "Het bericht is te lang om bij te voegen; beluister het met een toestel.",
        "file": "bericht",
        "days": "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
        "months": "januari februari maart april mei juni juli augustus september oktober november december",
    },
    "en": {
        "subject": "Voicemail from {caller} ({length})",
        "greeting": "A message was left in voicemail box {box}.",
        "caller": "Caller",
        "date": "Date",
        "time": "Time",
        "length": "Length",
        "withheld": "withheld",
        "attached": "The message is attached.",
        "too_large": "The message is too long to attach; listen to it on a phone.",
        "file": "message",
        "days": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
        "months": "January February March April May June July August September October November December",
    },
}
"""What it says, in each language."""


def letter(message: Message, sound: bytes, kind: str = "audio/mpeg") -> Letter:
    """The mail about a message, with its sound (an MP3, unless `kind` says otherwise)."""
    draft = message.draft
    words = WORDS[draft.language]
    began = draft.began.astimezone(ZoneInfo(draft.timezone))
    caller = f"{draft.caller_name} ({draft.caller})" if draft.caller_name else draft.caller or words["withheld"]
    length = f"{round(message.seconds) // 60}:{round(message.seconds) % 60:02}"
    day, month = words["days"].split()[began.weekday()], words["months"].split()[began.month - 1]
    lines = {
        "caller": caller,
        "date": f"{day} {began.day} {month} {began.year}",
        "time": f"{began:%H:%M}",
        "length": length,
    }
    width = max(len(words[name]) for name in lines) + 2
    body = "".join(f"{words[name] + ':':<{width}}{_one_line(value)}\n" for name, value in lines.items())
    goes_along = len(sound) <= LARGEST
    text = "\n".join(
        (
            words["greeting"].format(box=f"{_one_line(draft.box_name)} ({draft.box})") + "\n",
            body,
            words["attached" if goes_along else "too_large"] + "\n",
        )
    )
    name = f"{words['file']}-{began:%Y%m%d-%H%M}.{'mp3' if kind == 'audio/mpeg' else 'wav'}"
    return Letter(
        f"voicemail.{message.id}",
        draft.mail_to,
        words["subject"].format(caller=_one_line(caller), length=length),
        text,
        draft.began,
        (Attachment(name, kind, sound),) if goes_along else (),
    )


def _one_line(text: str) -> str:
    """Without line ends and control characters: a caller's name comes from outside, and a subject is a header."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
