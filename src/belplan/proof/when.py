"""When something happens, in words: what the calls that come there have in common."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from belplan.proof.classes import UNSET, Dimension, bits
from belplan.proof.state import CALLER, TIME, Cube, is_variable, mask, merged
from belplan.proof.world import World

_MOST = 6  # circumstances that are told apart
_NAMED = 4  # values that are listed


def circumstances(world: World, cubes: Sequence[Cube]) -> list[str]:
    """Each circumstance in which it happens; `always` alone where there is no condition to it."""
    found: dict[str, None] = {}
    for cube in merged([_free(cube) for cube in cubes], world.full):
        found[" and ".join(_parts(world, cube)) or "always"] = None
    if "always" in found:
        return ["always"]
    listed = list(found)
    more = len(listed) - _MOST
    return [*listed[:_MOST], f"{more} more"] if more > 0 else listed


def _free(cube: Cube) -> Cube:
    """Without what is known of variables only because they were not set yet."""
    return tuple(pair for pair in cube if not is_variable(pair[0]) or pair[1] != UNSET)


def _parts(world: World, cube: Cube) -> Iterator[str]:
    for name, possible in cube:
        if name == CALLER:
            yield from _caller(world.caller, possible)
        elif name == TIME:
            yield from _times(world, possible)
        elif name in world.groups:
            yield from _diversions(world.groups[name], possible)
        elif is_variable(name):
            yield from _values(name.partition(":")[2], world.variables[name.partition(":")[2]], possible)


def _values(name: str, dimension: Dimension, possible: int) -> Iterator[str]:
    if possible == dimension.full:
        return
    unset = bool(possible & UNSET)
    values = [dimension.classes[index].witness for index in bits(possible & ~UNSET)]
    missing = [dimension.classes[index].witness for index in bits(dimension.any_set & ~possible)]
    if possible & ~UNSET == 0:
        yield f"{name} is not set"
    elif not missing:
        yield f"{name} is set"
    elif len(values) <= len(missing) and len(values) <= _NAMED:
        such_as = "" if all(value in dimension.named or value == "" for value in values) else "such as "
        yield f"{name} is {such_as}{' or '.join(_quoted(value) for value in values)}{' or not set' if unset else ''}"
    elif len(missing) <= _NAMED:
        but = " and ".join(_quoted(value) for value in missing)
        yield f"{name} is {'not set or ' if unset else ''}anything but {but}"
    else:
        yield f"{name} is one of {len(values)} kinds of value, such as {_quoted(values[0])}"


def _quoted(value: str | None) -> str:
    return "“…”" if value is None else f"“{value}”" if value else "empty"


def _caller(dimension: Dimension, possible: int) -> Iterator[str]:
    everyone = dimension.full & ~UNSET
    if possible == everyone:
        return
    told = False
    for at, question in enumerate(dimension.questions):
        answers = {dimension.classes[index].answers[at] for index in bits(possible)}
        others = {dimension.classes[index].answers[at] for index in bits(everyone)}
        if len(answers) == 1 and len(others) > 1:
            answer: Any = next(iter(answers))
            held: Any = cast("tuple[Any, ...]", answer)[0] if isinstance(answer, tuple) else answer
            key: Any = question.key
            words = f"{key[2]} {_listed(key[3])}" if key[0] == "test" else str(key[0])
            told = True
            yield f"the caller's number: {words}: {'yes' if held else 'no'}"
    if not told:
        witness = dimension.classes[next(bits(possible), 0)].witness
        yield f"callers such as {witness or 'one who withholds the number'}"


def _listed(value: Any) -> str:
    return ", ".join(map(str, cast("tuple[Any, ...]", value))) if isinstance(value, tuple) else str(value)


def _times(world: World, possible: int) -> Iterator[str]:
    moments = world.moments
    usual = mask(world.start(), TIME, moments.everything)
    if possible & usual == usual:
        return
    for name in moments.names:
        split = moments.split(possible & usual or possible, name)
        if len(split) == 1:
            yield f"{'within' if True in split else 'outside'} {name}"


def _diversions(names: Sequence[str], possible: int) -> Iterator[str]:
    full = (2 << len(names)) - 1
    if possible == full:
        return
    on = [names[index - 1] for index in bits(possible) if index]
    if possible & 1:
        off = [name for name in names if name not in on]
        yield " and ".join(f"{name} is off" for name in off)
    else:
        yield " or ".join(f"{name} is on" for name in on)
