"""Email: a note about the call."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from belplan.dialplan import numbers
from belplan.dialplan.company import Company, Language, Mail
from belplan.engine.app import App
from belplan.engine.call import Call
from belplan.engine.mail import Letter, Mailer

WORDS: dict[Language, dict[str, str]] = {
    "nl": {
        "subject": "Oproep van {caller} voor {plan}",
        "greeting": "Er is gebeld.",
        "date": "Datum",
        "time": "Tijd",
        "caller": "Beller",
        "callee": "Gebeld nummer",
        "plan": "Belplan",
        "withheld": "anoniem",
        "days": "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
        "months": "januari februari maart april mei juni juli augustus september oktober november december",
    },
    "en": {
        "subject": "Call from {caller} for {plan}",
        "greeting": "There was a call.",
        "date": "Date",
        "time": "Time",
        "caller": "Caller",
        "callee": "Number called",
        "plan": "Dial plan",
        "withheld": "withheld",
        "days": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
        "months": "January February March April May June July August September October November December",
    },
}
"""What a note says, in each language."""


class Email(App):
    """Send a note by mail about this call: date, time, caller, number called and dial plan. Then go on below.

    It is sent in the background: the call never waits for a mail server.
    """

    app_name = "email"
    exits = ("sent", "failed")
    example = {"to": ["info@example.nl"]}

    to: Annotated[tuple[Mail, ...], Field(description="Addresses to send it to.", min_length=1)]

    async def run(self, call: Call) -> str:
        taken = call.use(Mailer).post(note(call, self.to))
        call.detail["to"] = list(self.to)
        if not taken:
            call.detail["reason"] = "no_mail_server"
        return "sent" if taken else "failed"


def note(call: Call, to: tuple[str, ...]) -> Letter:
    """The note about a call as it is now, in the company's language and time zone."""
    company = call.company
    words = WORDS[company.settings.language]
    now = call.clock.now()
    local = now.astimezone(company.zone)
    caller = _caller(call) or words["withheld"]
    plan = call.plan.name if call.plan else company.settings.name
    lines = {
        "date": _date(local, words),
        "time": f"{local:%H:%M}",
        "caller": caller,
        "callee": _spoken(call.callee_number, company),
        "plan": plan,
    }
    width = max(len(words[name]) for name in lines) + 2
    body = "".join(f"{words[name] + ':':<{width}}{_one_line(value)}\n" for name, value in lines.items())
    subject = words["subject"].format(caller=_one_line(caller), plan=_one_line(plan))
    return Letter(f"{call.id}.{call.path}", to, subject, f"{words['greeting']}\n\n{body}", now)


def _caller(call: Call) -> str:
    number = _spoken(call.company.telephone(call.caller_number), call.company)
    colleague = call.company.user(call.company.telephone(call.caller_number))
    name = colleague.name if colleague else call.phonebook_name or call.caller_name
    # Who withholds the number withholds the name.
    return f"{name} ({number})" if name and number else number


def _spoken(number: str, company: Company) -> str:
    return numbers.spoken_form(number, company.settings.country)


def _date(moment: datetime, words: dict[str, str]) -> str:
    day, month = words["days"].split()[moment.weekday()], words["months"].split()[moment.month - 1]
    return f"{day} {moment.day} {month} {moment.year}"


def _one_line(text: str) -> str:
    """Without line ends and control characters: a caller's name comes from outside, and a subject is a header."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
