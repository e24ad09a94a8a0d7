"""What FreePBX does with a call, straight from its tables: the rules of its modules, and nothing of the importer's.

Written from what FreePBX's own modules generate: a dynamic route compares its answer with each selection and goes to
its default otherwise; a time condition holds while any line of its group does; an IVR asks again as its loops say.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

Row = Mapping[str, str]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass
class FreePbx:
    """One call through the tables. `keys` are pressed in turn; phones do what `phones` says of them, by number."""

    tables: Mapping[str, list[Row]]
    at: datetime
    caller: str
    says: str
    keys: str
    phones: Mapping[str, str]
    night: bool
    decided: list[tuple[str, object]] = field(default_factory=list)

    def call(self, number: str) -> list[tuple[str, object]]:
        rows = [row for row in self.tables["incoming"] if row["extension"] == number]
        rows.sort(key=lambda row: row["cidnum"] == "")
        row = next(row for row in rows if row["cidnum"] in ("", self.caller))
        self._pressed = iter(self.keys)
        destination: str | None = row["destination"]
        while destination:
            destination = self._step(destination)
        return self.decided

    def _step(self, destination: str) -> str | None:
        kind, extension = destination.split(",")[:2]
        module, _, key = kind.rpartition("-")
        if kind == "from-did-direct":
            return self._extension(extension)
        if kind == "ext-local" and extension.startswith("vm"):
            self.decided.append(("voicemail", extension.lstrip("vmubs")))
            return None
        if kind == "ext-group":
            return self._group(extension)
        if kind == "ext-queues":
            self.decided.append(("queue", extension))
            return None
        if kind == "timeconditions":
            row = self._row("timeconditions", timeconditions_id=extension)
            lines = [one["time"] for one in self.tables["timegroups_details"] if one["timegroupid"] == row["time"]]
            return row["truegoto"] if any(self._within(line) for line in lines) else row["falsegoto"]
        if kind == "app-daynight":
            return self._row("daynight", ext=extension, dmode="night" if self.night else "day")["dest"]
        if kind == "app-blackhole":
            if extension == "busy":
                self.decided.append(("hangup", 17))
            return None
        if kind == "app-setcid":
            return self._row("setcid", cid_id=extension)["dest"]
        if kind == "ext-miscdests":
            return self._ring([self._row("miscdests", id=extension)["destdial"]], None)
        if module == "dynroute":
            row = self._row("dynroute", id=key)
            said = self.says if row["sourcetype"] == "url" else ""
            found = [
                o["dest"] for o in self.tables["dynroute_dests"] if (o["dynroute_id"], o["selection"]) == (key, said)
            ]
            return found[0] if said and found else row["default_dest"]
        if module == "app-announcement":
            row = self._row("announcement", announcement_id=key)
            self._play(row["recording_id"])
            return row["post_dest"]
        return self._ivr(key)

    def _ivr(self, key: str) -> str:
        row = self._row("ivr_details", id=key)
        entries = {one["selection"]: one["dest"] for one in self.tables["ivr_entries"] if one["ivr_id"] == key}
        loops = int(row["invalid_loops"]) if row["invalid_loops"].isdigit() else 0
        for turn in range(loops + 1):
            self._play(row["announcement"])
            pressed = next(self._pressed, "")
            if pressed in entries:
                return entries[pressed]
            if turn == loops:
                return row["invalid_destination"] if pressed else row["timeout_destination"]
        raise AssertionError

    def _extension(self, number: str) -> str | None:
        box = f"ext-local,vmu{number},1" if self._row("users", extension=number)["voicemail"] == "default" else None
        return self._ring([number], box)

    def _group(self, number: str) -> str | None:
        row = self._row("ringgroups", grpnum=number)
        self._play(row["annmsg_id"])
        members = [one for one in row["grplist"].split("-") if not one.endswith("#")]
        return self._ring(members, row["postdest"])

    def _ring(self, numbers: list[str], otherwise: str | None) -> str | None:
        self.decided.append(("ring", frozenset(numbers)))
        return None if any(self.phones.get(one, "answer") == "answer" for one in numbers) else otherwise

    def _play(self, recording: str) -> None:
        for row in self.tables["recordings"]:
            if row["id"] == recording:
                self.decided += [("play", name.rpartition("/")[2]) for name in row["filename"].split("&")]

    def _within(self, line: str) -> bool:
        hours, days, dates, months = line.split("|")
        now = self.at.hour * 60 + self.at.minute
        start, end = (sum(int(p) * f for p, f in zip(one.split(":"), (60, 1), strict=True)) for one in _ends(hours))
        return (
            (hours == "*" or start <= now <= end)
            and (days == "*" or DAYS[self.at.weekday()] in _range(days, DAYS))
            and (dates == "*" or str(self.at.day) in _range(dates, tuple(str(day) for day in range(1, 32))))
            and (months == "*" or MONTHS[self.at.month - 1] in _range(months, MONTHS))
        )

    def _row(self, table: str, **wanted: str) -> Row:
        return next(row for row in self.tables[table] if wanted.items() <= row.items())


def _ends(text: str) -> list[str]:
    return text.split("-") if text != "*" else ["0:0", "0:0"]


def _range(text: str, names: tuple[str, ...]) -> Iterator[str]:
    first, _, last = text.partition("-")
    yield from names[names.index(first) : names.index(last or first) + 1]
