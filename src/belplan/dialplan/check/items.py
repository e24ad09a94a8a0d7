"""What can be said of an item by itself: whether it may stand there, and whether it does anything yet."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from belplan.dialplan import times
from belplan.dialplan.check.findings import Findings
from belplan.dialplan.places import Keys, Top

_SECRET = re.compile(r"secret:([A-Za-z0-9_.-]+)")


def check_items(findings: Findings, everything: Sequence[Top]) -> None:
    """Apps that may not stand in a personal route, and apps that are not there yet."""
    for top in everything:
        for spot in top.everything:
            name = spot.app.app_name
            if top.kind == "user" and not spot.app.personal:
                # Said even of one with other mistakes: mending those would be in vain.
                message = (
                    f"a {name} cannot stand in a personal route; put it in a dial plan of the company or in a menu"
                )
                findings.say(spot.keys, f"{name}-not-allowed", message, always=True)
            if not spot.app.ready:
                message = f"{name} is read and checked, but does nothing yet: a call goes on below it"
                findings.say(spot.keys, "not-yet", message, "warning")


def check_holidays(findings: Findings) -> None:
    """Warn of countries whose public holidays nobody here knows: such a time would never hold."""
    for index, condition in enumerate(findings.company.time_conditions):
        if condition.holidays and not times.knows_holidays(condition.holidays):
            keys = (*findings.entry("time_conditions", index), "holidays")
            message = f"the public holidays of {condition.holidays} are not known here; write them as dates"
            findings.say(keys, "invalid-value", message, "warning")


def check_secrets(findings: Findings, there: Callable[[str], bool]) -> None:
    """Warn of secrets that are not there, each at the first place that needs it."""
    asked: set[str] = set()
    waiting: list[tuple[Keys, Any]] = [((), findings.loaded.raw)]
    seen: set[int] = set()  # an alias stands for one value in many places
    while waiting:
        keys, value = waiting.pop()
        if isinstance(value, str):
            if (secret := _SECRET.fullmatch(value)) and secret[1] not in asked:
                asked.add(secret[1])
                if not there(secret[1]):
                    message = f"there is no value for {value}; set BELPLAN_SECRET_{secret[1]} in the environment"
                    findings.say(keys, "missing-secret", message, "warning")
        elif id(value) not in seen:
            seen.add(id(value))
            inside = cast("Iterable[tuple[Any, Any]]", value.items() if isinstance(value, dict) else enumerate(value))
            waiting += [((*keys, key), inner) for key, inner in inside if _may_hold_secret(inner)][::-1]


def _may_hold_secret(value: Any) -> bool:
    return isinstance(value, (dict, list)) or (isinstance(value, str) and value.startswith("secret:"))
