"""What a company remembers between calls: diversions, named times that are overridden, agents, who spoke to whom.

It is in memory, so that no call waits for it. Each change is handed to a keeper, which writes it down
behind the calls' back (belplan.store), and gives it back at the next start.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from sys import intern
from typing import Any

from belplan.dialplan.company import Company, Diversion
from belplan.engine.queueing.line_up import Standing

Keep = Callable[["Change"], None]

MOST_NUMBERS = 50_000
"""Numbers of which a company remembers who spoke to them, some 10 MB; the one that was spoken to longest ago goes."""


@dataclass(frozen=True, slots=True)
class Change:
    """One fact that takes the place of the one before it. `value` is what JSON can hold; None forgets it."""

    company: str
    kind: str
    name: str
    value: Any


class State:
    """The memory of all companies of one exchange."""

    def __init__(self, keep: Keep = lambda change: None) -> None:
        self._keep = keep
        self._facts: dict[tuple[str, str, str], Any] = {}
        # By company and number, whoever was spoken to last at the end: by which user, and when.
        self._spoken: defaultdict[str, dict[str, tuple[str, float]]] = defaultdict(dict)

    def restore(self, changes: Iterable[Change]) -> None:
        """Take up what was kept before."""
        for change in changes:
            if change.kind == "spoke":
                self._remember(change.company, change.name, change.value)
            else:
                self._facts[change.company, change.kind, change.name] = change.value

    def changes(self) -> list[Change]:
        """Everything that is remembered, as the fewest changes that bring it about."""
        facts = [Change(*key, value) for key, value in self._facts.items() if value is not None]
        return facts + [
            Change(company, "spoke", number, {"user": user, "at": _moment(at).isoformat()})
            for company, numbers in self._spoken.items()
            for number, (user, at) in numbers.items()
        ]

    # Diversions

    def is_on(self, company: Company, name: str, now: datetime) -> bool:
        """Whether a diversion is on."""
        return self._holds(company, "diversion", name, now) or False

    def switch(self, company: Company, name: str, on: bool, until: datetime | None = None) -> None:
        """Turn a diversion on, until a moment or until it is turned off; or off. The others of its group go off.

        Raises KeyError where the company has no such diversion.
        """
        diversion = company.switches[name]
        if on:
            for other in company.diversions:
                if _in_one_group(diversion, other):
                    self._set(company, "diversion", other.name, None)
        self._set(company, "diversion", name, _lasting(on, until) if on else None)

    # Agents of queues

    def standing(self, company: Company, queue: str, agent: str) -> Standing:
        """Whether an agent takes calls of a queue. Whoever never logged out does: the plan names them as agents."""
        return self._facts.get((company.id, "agent", f"{queue}/{agent}")) or "in"

    def set_standing(self, company: Company, queue: str, agent: str, standing: Standing) -> None:
        """An agent logs in or out of a queue, or is paused. Only kept here: belplan.engine.queueing acts on it."""
        self._set(company, "agent", f"{queue}/{agent}", None if standing == "in" else standing)

    def until(self, company: Company, kind: str, name: str) -> datetime | None:
        """Until when a `diversion` is on, or what was said of a `time` counts. None where it has no end."""
        value = self._facts.get((company.id, kind, name))
        return datetime.fromisoformat(value["until"]) if value and value["until"] else None

    # Named times

    def override(self, company: Company, name: str, now: datetime) -> bool | None:
        """What somebody said of a named time for now: that it holds, that it does not, or (None) nothing."""
        return self._holds(company, "time", name, now)

    def set_override(self, company: Company, name: str, holds: bool | None, until: datetime | None = None) -> None:
        """Let a named time hold, or not, until a moment; None leaves it to the calendar again."""
        self._set(company, "time", name, None if holds is None else _lasting(holds, until))

    # Who spoke to whom

    def spoke(self, company: Company, number: str, user: str, at: datetime) -> None:
        """Remember that a user spoke to an outside number."""
        value = {"user": user, "at": at.isoformat()}
        self._keep(Change(company.id, "spoke", number, value))
        self._remember(company.id, number, value)

    def forget(self, company: str, number: str) -> None:
        """Forget who spoke to an outside number, for whoever asks for it (GDPR, article 17)."""
        if number in self._spoken[company]:
            self._keep(Change(company, "spoke", number, None))
            self._remember(company, number, None)

    def last_spoke(self, company: Company, number: str) -> tuple[str, datetime] | None:
        """Who spoke to an outside number last (the user's internal number), and when."""
        found = self._spoken[company.id].get(number)
        return (found[0], _moment(found[1])) if found else None

    def _holds(self, company: Company, kind: str, name: str, now: datetime) -> bool | None:
        value = self._facts.get((company.id, kind, name))
        if value is None or (value["until"] and now >= datetime.fromisoformat(value["until"])):
            return None
        return value["on"]

    def _remember(self, company: str, number: str, value: Any) -> None:
        numbers = self._spoken[company]
        numbers.pop(number, None)
        if value is not None:
            numbers[number] = (intern(value["user"]), datetime.fromisoformat(value["at"]).timestamp())
            if len(numbers) > MOST_NUMBERS:
                del numbers[next(iter(numbers))]

    def _set(self, company: Company, kind: str, name: str, value: Any) -> None:
        key = (company.id, kind, name)
        if self._facts.get(key) != value:
            self._facts[key] = value
            self._keep(Change(*key, value))


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _lasting(on: bool, until: datetime | None) -> dict[str, Any]:
    return {"on": on, "until": until.isoformat() if until else None}


def _in_one_group(one: Diversion, other: Diversion) -> bool:
    return one.group is not None and one.group == other.group and one.name != other.name
