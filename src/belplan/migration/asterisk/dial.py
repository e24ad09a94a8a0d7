"""Dial(): who rings, and what happens by DIALSTATUS when nobody answers."""

import re
from collections.abc import Sequence

from belplan.migration.asterisk.conf import Step, arguments
from belplan.migration.asterisk.text import template
from belplan.migration.asterisk.walk import State, Walker
from belplan.migration.draft import Item

# DIALSTATUS, and the exit of `connect` that it is.
_STATUSES = {"no_answer": "NOANSWER", "busy": "BUSY", "failed": "CHANUNAVAIL"}
_KEPT = set("tTrRkKwWmiIxXoS")  # options that change nothing which a caller decides
TECHNOLOGIES = ("PJSIP", "SIP", "IAX2", "Local", "DAHDI", "SCCP")


def dial(walker: Walker, step: Step, state: State) -> list[Item]:
    """A `connect`, with a route for each way in which nobody answers, where the dialplan makes a difference."""
    parts = arguments(step.arguments)
    limit = walker.fixed(parts[1], state) if len(parts) > 1 else ""
    options = re.sub(r"\([^)]*\)", "", parts[2]) if len(parts) > 2 else ""
    if odd := sorted(set(options) - _KEPT):
        walker.draft.say("lost", walker.where(step), f"Dial's options {', '.join(odd)}")
    to = _destination(walker, parts[0].split("&"), step, state)
    if to is None:
        return walker.on(state.setting("DIALSTATUS", ("CHANUNAVAIL",)))
    connect: Item = {"to": to}
    if limit and limit.isdigit() and int(limit):
        connect["timeout"] = min(600, int(limit))
    elif not limit:
        connect["timeout"] = 600  # Dial without a time rings until somebody gives up
    before, walker.asked = walker.asked, set()
    after = walker.on(state.setting("DIALSTATUS", (_STATUSES["no_answer"],)))
    differs = "DIALSTATUS" in walker.asked
    walker.asked |= before
    if not differs:
        return [{"connect": connect}, *after]
    routes = {"no_answer": after} | {
        leave: walker.on(state.deeper().setting("DIALSTATUS", (status,)))
        for leave, status in _STATUSES.items()
        if leave != "no_answer"
    }
    # What is walked after the most of them stands below; the others get routes of their own.
    usual = max(routes.values(), key=lambda route: sum(other == route for other in routes.values()))
    connect |= {f"on_{leave}": route for leave, route in routes.items() if route != usual}
    return [{"connect": connect}, *usual]


def _destination(walker: Walker, dialled: Sequence[str], step: Step, state: State) -> str | None:
    """The number to connect to, as a plan names it."""
    numbers: list[str] = []
    for one in dialled:
        technology, slash, rest = one.strip().partition("/")
        if not slash or technology not in TECHNOLOGIES:
            walker.draft.say("lost", walker.where(step), f"{one} cannot be dialled from a plan")
            continue
        text = template(walker.value(rest, state))
        if text is None:
            walker.draft.say("lost", walker.where(step), f"{one}: whom it rings cannot be said in a plan")
            continue
        number = _number(walker, technology, text, step)
        if number and number not in numbers:
            numbers.append(number)
    if len(numbers) < 2:
        return numbers[0] if numbers else None
    users = {user["number"] for user in walker.draft.users.values()}
    if outside := [number for number in numbers if number not in users]:
        walker.draft.say("lost", walker.where(step), f"{', '.join(outside)} cannot ring together with phones here")
    inside = [number for number in numbers if number in users]
    return walker.draft.group(inside) if len(inside) > 1 else inside[0] if inside else numbers[0]


def _number(walker: Walker, technology: str, text: str, step: Step) -> str | None:
    text = text.partition("/n")[0] if technology == "Local" else text
    account, at, trunk = text.partition("@")
    if technology == "Local":
        return (
            account
            if account in walker.draft.taken
            else _lost(walker, step, f"Local/{text} is no extension that is known")
        )
    if at:
        walker.draft.say("todo", "", f"add the trunk {trunk} to the plan: host, user name and password")
        return account
    if "/" in account:  # SIP/trunk/number, PJSIP/trunk/sip:number@host
        trunk, _, account = account.partition("/")
        walker.draft.say("todo", "", f"add the trunk {trunk} to the plan: host, user name and password")
        return account.removeprefix("sip:")
    if "{" in account:
        what = f"{account} is read as a number of the company; in Asterisk it was the name of a phone"
        walker.draft.say("changed", walker.where(step), what)
        return account
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", account):
        return _lost(walker, step, f"{technology}/{account} cannot be a phone of a plan")
    return walker.draft.user(account)


def _lost(walker: Walker, step: Step, what: str) -> None:
    walker.draft.say("lost", walker.where(step), what)
