"""What differs between two plans, said in the paths of their items.

Entries of a list are the same when they are equal, else when they have the same id, account, number or name, else when
they hold the same app: so an item that was moved is not one that was taken out and another that was put in.
"""

import json
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from belplan.dialplan.problem import Key, join

Keys = tuple[Key, ...]
Kind = Literal["added", "removed", "changed", "moved"]

IDENTITIES = ("id", "username", "internal_number", "number", "name", "user", "on")
"""What tells entries of a list apart, the first that an entry has."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `path` is of the newer plan, unless something was removed.

    `before` and `after` are the values; of something that was moved, the paths.
    """

    path: str
    kind: Kind
    before: Any = None
    after: Any = None


def difference(before: Any, after: Any) -> list[Change]:
    """What was done to `before` to come to `after`. Both are as JSON has them."""
    return list(_compare((), (), before, after))


def _compare(old: Keys, new: Keys, before: Any, after: Any) -> Iterator[Change]:
    if before == after and _whole(before) == _whole(after):  # true equals 1, at any depth
        return
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _mappings(old, new, cast("dict[str, Any]", before), cast("dict[str, Any]", after))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _lists(old, new, cast("list[Any]", before), cast("list[Any]", after))
    else:
        yield Change(join(*new), "changed", before, after)


def _mappings(old: Keys, new: Keys, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
    for key in before.keys() | after.keys() if len(before) > 50 else dict.fromkeys((*before, *after)):
        if key not in after:
            yield Change(join(*old, key), "removed", before[key], None)
        elif key not in before:
            yield Change(join(*new, key), "added", None, after[key])
        else:
            yield from _compare((*old, key), (*new, key), before[key], after[key])


def _lists(old: Keys, new: Keys, before: list[Any], after: list[Any]) -> Iterator[Change]:
    pairs = _pairs(before, after)
    stays = _longest_rising([pairs[index] for index in sorted(pairs)])
    gone = [index for index in range(len(before)) if index not in pairs]
    for index in gone:
        yield Change(join(*old, index), "removed", before[index], None)
    came = {there: index for index, there in pairs.items()}
    for there, value in enumerate(after):
        if there not in came:
            yield Change(join(*new, there), "added", None, value)
            continue
        index = came[there]
        if there not in stays:
            yield Change(join(*new, there), "moved", join(*old, index), join(*new, there))
        yield from _compare((*old, index), (*new, there), before[index], value)


def _pairs(before: Sequence[Any], after: Sequence[Any]) -> dict[int, int]:
    """Which entry became which, by their indexes."""
    pairs: dict[int, int] = {}
    left: list[int] = list(range(len(before)))
    right: list[int] = list(range(len(after)))
    for word in (_whole, _identity, _app):
        waiting: defaultdict[str, deque[int]] = defaultdict(deque)
        for index in left:
            if (found := word(before[index])) is not None:
                waiting[found].append(index)
        for there in right:
            found = word(after[there])
            if found is not None and waiting[found]:
                pairs[waiting[found].popleft()] = there
        taken = set(pairs.values())
        left = [index for index in left if index not in pairs]
        right = [there for there in right if there not in taken]
    return pairs


def _whole(entry: Any) -> str | None:
    return json.dumps(entry, sort_keys=True)


def _identity(entry: Any) -> str | None:
    if not isinstance(entry, dict):
        return None
    fields = cast("dict[str, Any]", entry)
    return next((f"{name}={fields[name]}" for name in IDENTITIES if fields.get(name) is not None), None)


def _app(entry: Any) -> str | None:
    """The app of an item of a route."""
    if not isinstance(entry, dict):
        return None
    names = [name for name in cast("dict[str, Any]", entry) if name != "note"]
    return names[0] if len(names) == 1 else None


def _longest_rising(numbers: Sequence[int]) -> set[int]:
    """The most numbers that can stay where they are while the others move."""
    tails: list[int] = []
    ends: list[int] = []  # where each tail stands in `numbers`
    before: list[int] = []
    for index, number in enumerate(numbers):
        at = bisect_left(tails, number)
        before.append(ends[at - 1] if at else -1)
        tails[at : at + 1] = [number]
        ends[at : at + 1] = [index]
    found: set[int] = set()
    index = ends[-1] if ends else -1
    while index >= 0:
        found.add(numbers[index])
        index = before[index]
    return found
