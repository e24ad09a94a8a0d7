"""What a plan did with a call, in the words in which another exchange's log tells it."""

from typing import Any

from belplan.dialplan.company import Company, RingGroup, User
from belplan.engine.cdr import CallRecord
from belplan.engine.position import locate


def decisions(company: Company, record: CallRecord) -> list[tuple[str, object]]:
    """Sounds, phones, boxes and causes, in the order in which the caller met them. What follows a box is left out."""
    found: list[tuple[str, object]] = []
    for step in record.trace:
        match step.app:
            case "announce":
                found.append(("play", _app(company, step.path).file.removesuffix(".wav")))
            case "connect":
                found.append(("ring", frozenset(_accounts(company, step.detail["to"]))))
            case "voicemail":
                return [*found, ("voicemail", _app(company, step.path).box)]
            case "queue":
                return [*found, ("queue", _app(company, step.path).number)]
            case "hangup" if _app(company, step.path).cause != 16:
                found.append(("hangup", _app(company, step.path).cause))
            case _:
                pass
    return found


def _app(company: Company, path: str) -> Any:
    return locate(company, path)[-1].next()[1].app


def _accounts(company: Company, number: str) -> list[str]:
    there = company.destination(number)
    if isinstance(there, RingGroup):
        return [account for member in there.members for account in _accounts(company, member)]
    return [phone.username for phone in there.phones] if isinstance(there, User) else [number]
