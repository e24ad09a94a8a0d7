"""Where calls are, and what is known of them: a spot, and a set of values for everything that the plan asks about."""

from typing import NamedTuple

from belplan.proof.classes import UNSET

CALLER, TIME = "caller", "time"
DIVERSIONS = "diversions of "  # and the name of their group

Cube = tuple[tuple[str, int], ...]
"""For each slot the classes that are possible, sorted by slot. What is not there has its usual mask: a variable was not
set (UNSET), and of the caller, the time and the diversions everything is possible."""

EVERYTHING: Cube = ()


class Frame(NamedTuple):
    """A route under way: its path, the item that comes next, and whether its end reads a key."""

    path: str
    item: int
    keys: bool = False
    tries: int = 1
    """Of the start of a menu, this one included."""


class Spot(NamedTuple):
    """Where a call is. Calls at the same spot differ only in values.

    `phase` is "walk", "end" (nothing is left in the plan), or how it is over: connected, voicemail, ended,
    or abandoned where nobody hung up but the caller.
    """

    stack: tuple[Frame, ...]
    plan: str | None
    called: str
    personal: frozenset[str] = frozenset()
    depth: int = 0
    """How many menus the call is in: each has variables of its own."""
    answered: bool = False
    spoken: bool = False
    """The caller has heard a word."""
    rung: bool = False
    """A phone has rung for the caller, or a box has taken a message."""
    late: bool = False
    """Time has gone by since the call arrived."""
    phase: str = "walk"

    @property
    def over(self) -> bool:
        return self.phase not in ("walk", "end")


def slot(depth: int, name: str) -> str:
    """The slot of a variable: `0:klant`."""
    return f"{depth}:{name}"


def is_variable(name: str) -> bool:
    return name[0].isdigit()


def mask(cube: Cube, name: str, usual: int) -> int:
    """What is possible in a slot."""
    for at, found in cube:
        if at == name:
            return found
    return usual


def put(cube: Cube, name: str, value: int, usual: int) -> Cube:
    """The cube with another mask in a slot."""
    rest = [pair for pair in cube if pair[0] != name]
    if value == usual:
        return tuple(rest)
    return tuple(sorted([*rest, (name, value)]))


def without(cube: Cube, depth: int) -> Cube:
    """The cube without the variables of the menus that are deeper than so many."""
    return tuple(pair for pair in cube if not is_variable(pair[0]) or int(pair[0].partition(":")[0]) <= depth)


def contains(outer: Cube, inner: Cube, full: dict[str, int]) -> bool:
    """Whether everything that is possible in one cube is possible in the other."""
    inside = dict(inner)
    for name, value in outer:
        usual = UNSET if is_variable(name) else full[name]
        if inside.pop(name, usual) & ~value:
            return False
    return all(not (value & ~UNSET) for name, value in inside.items() if is_variable(name))


def merged(cubes: list[Cube], full: dict[str, int]) -> list[Cube]:
    """The same values in fewer cubes: two that differ in one slot are one."""
    found = list(dict.fromkeys(cubes))
    if len(found) < 2:
        return found
    slots = sorted({name for cube in found for name, _ in cube})
    shrinking = True
    while shrinking and len(found) > 1:
        before = len(found)
        for name in slots:
            usual = UNSET if is_variable(name) else full[name]
            groups: dict[Cube, int] = {}
            for cube in found:
                rest = tuple(pair for pair in cube if pair[0] != name)
                groups[rest] = groups.get(rest, 0) | mask(cube, name, usual)
            found = [put(rest, name, value, usual) for rest, value in groups.items()]
        shrinking = len(found) < before
    if len(found) > 200:  # looking for each in every other takes too long
        return found
    return [
        cube
        for at, cube in enumerate(found)
        if not any(contains(other, cube, full) and (other != cube) for place, other in enumerate(found) if place != at)
    ]
