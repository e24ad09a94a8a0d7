"""Time groups and queues of FreePBX, as parts of a plan."""

import re
from collections.abc import Container, Sequence

from belplan.migration.asterisk import timing
from belplan.migration.draft import Draft, Item
from belplan.migration.freepbx.dump import Row

_QUEUE_STRATEGIES = {"ringall": "all", "leastrecent": "longest_idle", "rrmemory": "round_robin", "linear": "in_order"}


def items_of(draft: Draft, rows: Sequence[str], name: str, then: list[Item], where: str) -> list[Item]:
    """Any of these times. What is one condition in a plan becomes one; a date on a weekday takes two, nested."""
    merged: dict[str, list[Item]] = {}
    items: list[Item] = []
    for words in rows:
        try:
            parts = timing.parts_of(words)
        except ValueError as error:
            draft.say("lost", where, f"the times {words}: {error}")
            continue
        if len(parts) == 1:
            for kind, entries in parts[0].items():
                merged.setdefault(kind, []).extend(entries)
            continue
        inner = then
        for number, part in enumerate(reversed(parts), 1):
            inner = [{"time": {"when": draft.time(f"{name} {words} ({number})", **part), "then": inner}}]
        items += inner
    if merged:
        items.insert(0, {"time": {"when": draft.time(name, **merged), "then": then}})
    return items


def queue_of(row: Row, details: Sequence[Row], accounts: Container[str]) -> Item:
    """A queue, with those of its members (`Local/201@from-queue/n,0`, `SIP/201,0`) who have a phone here."""
    number = row["extension"]
    settings = {one["keyword"]: one["data"] for one in details}
    members = (re.match(r"\w+/(\d+)", one["data"]) for one in details if one["keyword"] == "member")
    queue: Item = {
        "name": row.get("descr") or number,
        "number": number,
        "agents": [{"user": member[1]} for member in members if member and member[1] in accounts],
        "strategy": _QUEUE_STRATEGIES.get(settings.get("strategy", ""), "all"),
    }
    for ours, theirs in (("max_waiting", settings.get("maxlen")), ("max_wait", row.get("maxwait"))):
        if theirs and theirs.isdigit() and int(theirs):
            queue[ours] = int(theirs)
    return queue
