"""A plan file in the making, and what its author should know about it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

Item = dict[str, Any]
Kind = Literal["lost", "changed", "todo"]


class ImportFileError(ValueError):
    """A file that cannot be taken over: where, and why."""


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """Something that the plan does not have as the original had it.

    `lost` was not carried over, `changed` works otherwise, `todo` is for the author to fill in. `where` is a place in
    the original.
    """

    kind: Kind
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}: {self.what}" if self.where else f"{self.kind}: {self.what}"


@dataclass(slots=True)
class Draft:
    """What a plan file will hold. What had no number gets one: users 201 and on, groups 301, queues 401, boxes 501."""

    name: str
    country: str = "NL"
    timezone: str = "Europe/Amsterdam"
    language: str = "nl"
    users: dict[str, Item] = field(default_factory=dict[str, Item])
    """By SIP account."""
    ring_groups: list[Item] = field(default_factory=list[Item])
    queues: dict[str, Item] = field(default_factory=dict[str, Item])
    voicemail_boxes: dict[str, Item] = field(default_factory=dict[str, Item])
    time_conditions: dict[str, Item] = field(default_factory=dict[str, Item])
    """By what they say, as text."""
    diversions: dict[str, Item] = field(default_factory=dict[str, Item])
    ivr_menus: dict[Any, Item] = field(default_factory=dict[Any, Item])
    dial_plans: list[Item] = field(default_factory=list[Item])
    notes: list[Note] = field(default_factory=list[Note])
    taken: set[str] = field(default_factory=set[str])
    """Internal numbers that are in use."""

    def say(self, kind: Kind, where: str, what: str) -> None:
        """Tell the author something, once."""
        note = Note(kind, where, what)
        if note not in self.notes:
            self.notes.append(note)

    def free_number(self, series: int) -> str:
        """An internal number that nothing has yet, from the series 1 to 9: 201 and on for 2."""
        number = next(str(one) for one in range(series * 100 + 1, 10**6) if str(one) not in self.taken)
        self.taken.add(number)
        return number

    def free_name(self, wanted: str, among: Iterable[Item]) -> str:
        """A name that nothing among these has yet."""
        names = {one["name"] for one in among}
        wanted = " ".join(wanted.split())[:60] or "x"
        return (
            wanted if wanted not in names else next(n for i in range(2, 10**6) if (n := f"{wanted} {i}") not in names)
        )

    def user(self, account: str, number: str = "", name: str = "") -> str:
        """The internal number of whoever has this SIP account; made when there is nobody yet."""
        if account not in self.users:
            number = number if number and number not in self.taken else self.free_number(2)
            self.taken.add(number)
            phone = {"username": account, "password": f"secret:{re.sub('[^A-Za-z0-9_]', '_', account)}_sip"}
            self.users[account] = {
                "name": self.free_name(name or account, self.users.values()), "number": number, "phones": [phone],
            }  # fmt: skip
        return self.users[account]["number"]

    def group(self, members: Iterable[str], name: str = "", number: str = "", **more: Any) -> str:
        """The number of the ring group of these users; made when there is none yet."""
        people = list(members)
        for group in self.ring_groups:
            if group["members"] == people and number in ("", group["number"]):
                return group["number"]
        number = number if number and number not in self.taken else self.free_number(3)
        self.taken.add(number)
        made = {"name": self.free_name(name or f"Groep {number}", self.ring_groups), "number": number}
        self.ring_groups.append(made | {"members": people} | more)
        return number

    def time(self, wanted: str, **parts: Any) -> str:
        """The name of the time condition that says this; made when there is none yet."""
        key = repr(sorted(parts.items()))
        if key not in self.time_conditions:
            self.time_conditions[key] = {"name": self.free_name(wanted, self.time_conditions.values())} | parts
        return self.time_conditions[key]["name"]

    def document(self) -> dict[str, Any]:
        """The plan, as it stands in a file."""
        company = {"name": self.name, "country": self.country, "timezone": self.timezone, "language": self.language}
        sections: dict[str, list[Item]] = {
            "users": list(self.users.values()),
            "ring_groups": self.ring_groups,
            "queues": list(self.queues.values()),
            "voicemail_boxes": list(self.voicemail_boxes.values()),
            "time_conditions": list(self.time_conditions.values()),
            "diversions": list(self.diversions.values()),
            "ivr_menus": list(self.ivr_menus.values()),
            "dial_plans": self.dial_plans,
        }
        return {"company": company} | {name: entries for name, entries in sections.items() if entries}

    def text(self, origin: str) -> str:
        """The plan file, with its notes at the top."""
        lines = [f"# Taken over from {origin}."]
        lines += [f"# {note}" for note in self.notes]
        return "\n".join(lines) + "\n" + yaml.dump(
            self.document(), Dumper=_Plain, allow_unicode=True, sort_keys=False, width=100
        )  # fmt: skip


class _Plain(yaml.SafeDumper):
    """YAML without anchors: whoever edits one place must not change another."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
