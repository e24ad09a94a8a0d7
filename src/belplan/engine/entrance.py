"""Where a called number leads: a dial plan, a person, a group, or something that a phone can do by dialling a code."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from belplan.dialplan import numbers
from belplan.dialplan.company import Company, DialPlan, VoicemailBox
from belplan.engine.position import Frame

LISTEN = "1233"  # what a phone dials to listen to voicemail, unless something of the company has that number

# Logging in and out as an agent, of all queues or of one: `*100`, `*100*401`.
_AGENT = re.compile(r"\*100(?:\*(?P<queue>[0-9]{1,6}))?")
# `*8` takes a call that rings for a group of one's own, `*8202` one that rings at 202.
_PICK_UP = re.compile(r"\*8(?P<number>[0-9]{0,6})")
# An internal number, a star, the code of a diversion: `1003*1`.
_DIVERSION = re.compile(r"(?P<number>[0-9]{1,6})\*(?P<code>[0-9]{1,4})")


@dataclass(frozen=True, slots=True)
class Feature:
    """What is neither a plan nor a person: the code of a diversion (its name), an outside number, *100, *8, a box.

    The name of *100 is a queue's number, or "" for all queues; that of *8 the number for which it rings, or "". Only
    the company's own phones may dial these, but for a box (its number), where anybody may leave a message.
    """

    kind: Literal["diversion", "outside", "agent", "listen", "voicemail", "pick_up"]
    name: str


@dataclass(frozen=True, slots=True)
class Entrance:
    """Where a call enters. `number` is in its one form; without plan and feature it is a person's or a group's."""

    number: str
    plan: DialPlan | None = None
    feature: Feature | None = None


@dataclass(frozen=True, slots=True)
class Features:
    """The routes of features, by whoever knows the apps."""

    route: Callable[[Feature], list[Frame]]


def caller_number(company: Company, given: str, *, outside: bool) -> str:
    """The caller in the form of the request fields. Nobody outside can pass for one of the company's own phones."""
    number = company.canonical(given)
    own = number in company.internal or number in company.accounts
    return "" if own and outside else number


def entrance(company: Company, dialled: str, caller_number: str) -> Entrance | None:
    """Where a call enters that dials `dialled`. None where nothing of the company has that number.

    `caller_number` in its one form: only the company's own phones may dial codes.
    """
    own = caller_number in company.accounts or caller_number in company.internal
    if feature := _feature(company, dialled):
        return Entrance(dialled, feature=feature) if own else None
    number = company.canonical(dialled)
    destination = company.destination(number)
    if isinstance(destination, VoicemailBox):
        return Entrance(number, feature=Feature("voicemail", number))
    if destination is None and own and company.trunks and numbers.is_outside(number, company.settings.country):
        return Entrance(number, feature=Feature("outside", number))
    if destination is None:
        return None
    return Entrance(number, plan=destination if isinstance(destination, DialPlan) else None)


def _feature(company: Company, dialled: str) -> Feature | None:
    if (code := _DIVERSION.fullmatch(dialled)) and isinstance(company.internal.get(code["number"]), DialPlan):
        for diversion in company.diversions:
            if diversion.code == code["code"]:
                return Feature("diversion", diversion.name)
    if code := _AGENT.fullmatch(dialled):
        queue = code["queue"] or ""
        return Feature("agent", queue) if not queue or queue in company.seats else None
    if dialled == LISTEN and LISTEN not in company.internal:
        return Feature("listen", "")
    if pick_up := _PICK_UP.fullmatch(dialled):
        return Feature("pick_up", pick_up["number"])
    return None
