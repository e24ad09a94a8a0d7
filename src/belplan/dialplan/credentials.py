"""Secrets that stand in a plan, taken out of it: what is kept, shown and exported says `secret:NAME` there."""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

PREFIX = "secret:"

# A header whose value lets somebody in.
_TELLING = re.compile(r"auth|key|token|secret|password|cookie", re.IGNORECASE)


@dataclass(slots=True)
class _Place:
    """Where a secret stands in a plan: in `holder`, at `key`."""

    holder: Any
    key: str | int
    name: str  # what its secret is called, before the random part
    make: bool = False  # where it is missing, one is made

    @property
    def value(self) -> Any:
        try:
            return self.holder[self.key]
        except LookupError:
            return None


def take_out(plan: dict[str, Any]) -> dict[str, str]:
    """Put `secret:NAME` in the place of every secret that the plan itself holds, and give those by their new names.

    A phone without a password gets one. The plan is changed; a place that is not in the form of a plan is left alone.
    """
    found: dict[str, str] = {}
    for place in list(_places(plan)):
        value: Any = place.value
        if value is None and place.make:
            value = password()
        if not isinstance(value, (str, int)) or isinstance(value, bool) or value == "":
            continue
        if isinstance(value, str) and value.startswith(PREFIX):
            continue
        name = f"{re.sub(r'[^A-Za-z0-9_.-]', '_', place.name)}_{secrets.token_hex(4)}"
        found[name] = str(value)
        place.holder[place.key] = PREFIX + name
    return found


def hide(plan: dict[str, Any]) -> bool:
    """Put `secret:in_the_file` in the place of every secret that the plan itself holds. Whether there was one."""
    hidden = [_hide(place) for place in list(_places(plan))]
    return any(hidden)


def _hide(place: _Place) -> bool:
    value = place.value
    if value is None or (isinstance(value, str) and value.startswith(PREFIX)):
        return False
    place.holder[place.key] = f"{PREFIX}in_the_file"
    return True


def password() -> str:
    """A password for a phone: 20 characters, 115 bits, that can be read from a screen and typed."""
    return "".join(secrets.choice("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(20))


def _places(plan: dict[str, Any]) -> Iterator[_Place]:
    for user in _mappings(plan.get("users")):
        for phone in _mappings(user.get("phones")):
            yield _Place(phone, "password", f"sip_{phone.get('username', '')}", make=True)
    for trunk in _mappings(plan.get("trunks")):
        yield _Place(trunk, "password", f"trunk_{trunk.get('name', '')}")
    for section in ("users", "ivr_menus", "dial_plans"):
        yield from _webhooks(plan.get(section))


def _webhooks(value: Any) -> Iterator[_Place]:
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += cast("list[Any]", value)
        elif isinstance(value, dict):
            fields = cast("dict[str, Any]", value)
            waiting += fields.values()
            if isinstance(webhook := fields.get("webhook"), dict):
                yield from _of_webhook(cast("dict[str, Any]", webhook))


def _of_webhook(webhook: dict[str, Any]) -> Iterator[_Place]:
    name = f"webhook_{webhook.get('save_as') or ''}".rstrip("_")
    if isinstance(signing := webhook.get("secret"), list):
        yield from (_Place(signing, index, name) for index in range(len(cast("list[Any]", signing))))
    elif signing is not None:
        yield _Place(webhook, "secret", name)
    auth = _mapping(webhook.get("auth"))
    yield _Place(auth, "bearer", name)
    yield _Place(_mapping(auth.get("basic")), "password", name)
    yield _Place(_mapping(auth.get("header")), "value", name)
    headers = _mapping(webhook.get("headers"))
    yield from (_Place(headers, header, name) for header in headers if _TELLING.search(str(header)))


def _mappings(value: Any) -> Iterator[dict[str, Any]]:
    entries = cast("list[Any]", value) if isinstance(value, list) else []
    return (cast("dict[str, Any]", entry) for entry in entries if isinstance(entry, dict))


def _mapping(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
