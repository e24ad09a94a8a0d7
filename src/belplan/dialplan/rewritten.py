"""A plan file whose plan was changed elsewhere: what did not change keeps its text, comments and all.

The text is cut where sections and their entries begin, with the comments above them. A piece whose value is still the
same is copied, another is written anew below its comments. What comes out is read back: where it is not the plan, there
is no such text.
"""

from collections.abc import Sequence
from typing import Any, cast

import yaml

from belplan.dialplan import source, written
from belplan.dialplan.problem import PlanError

LARGEST = 1 << 18  # characters; of a larger one the comments are not kept

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def rewritten(text: str, plan: dict[str, Any]) -> str:
    """The file `text` as `plan` has it now: the same text where it says so already."""
    try:
        old = written.plain(source.read(text)[0])
        if _same(old, plan):
            return text
        if len(text) <= LARGEST and isinstance(old, dict):
            new = "".join(_mapping(yaml.compose(text, _LOADER), cast("dict[str, Any]", old), plan, _lines(text)))
            if _same(written.plain(source.read(new)[0]), plan):
                return new
    except (PlanError, yaml.YAMLError, _FlowError):
        pass
    return written.write(plan)


class _FlowError(Exception):
    """It is not written as a block, so it has no lines of its own."""


def _same(read: Any, plan: dict[str, Any]) -> bool:
    """A file need not say whose it is."""
    if isinstance(read, dict):
        found = cast("dict[str, Any]", read)
        said, own = found.get("company"), plan.get("company")
        if isinstance(said, dict) and isinstance(own, dict) and "id" in own:
            named: dict[str, Any] = {"id": own["id"], **cast("dict[str, Any]", said)}
            found = {**found, "company": named}
        return found == plan
    return False


def _lines(text: str) -> list[str]:
    # As YAML counts them; str.splitlines() would also end one at a form feed.
    lines = [line + "\n" for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return lines[:-1] if lines[-1] == "\n" else lines


def _mapping(
    node: yaml.Node | None, old: dict[str, Any], new: dict[str, Any], lines: list[str], end: int = -1
) -> list[str]:
    """The lines of a mapping, from its first key on (for the whole file: from its first line on) up to line `end`."""
    if not isinstance(node, yaml.MappingNode) or node.flow_style:
        raise _FlowError
    whole = end < 0
    keys = [key.start_mark for key, _ in node.value]
    cuts = _cuts([mark.line for mark in keys], lines, len(lines) if whole else end)
    found = lines[: cuts[0]] if whole else []
    indent = " " * keys[0].column
    for (key, value), begin, over in zip(node.value, cuts, cuts[1:], strict=False):
        name = str(key.value)
        if name not in new:
            continue
        if old.get(name) == new[name]:
            found += lines[begin:over]
            continue
        head = lines[begin : key.start_mark.line]
        found += head
        before, after = old.get(name), new[name]
        nested = value.start_mark.line > key.start_mark.line and not getattr(value, "flow_style", True)
        if nested and isinstance(before, dict) and isinstance(after, dict) and after:
            found += lines[key.start_mark.line : value.start_mark.line]
            found += _mapping(value, cast("dict[str, Any]", before), cast("dict[str, Any]", after), lines, over)
        elif nested and isinstance(before, list) and isinstance(after, list) and after:
            found += lines[key.start_mark.line : value.start_mark.line]
            found += _sequence(value, cast("list[Any]", before), cast("list[Any]", after), lines, over)
        else:
            found += _indented(_setting(name, after), indent, indent)
    for name in [name for name in new if name not in old]:
        found += _indented(_setting(name, new[name]), indent, indent)
    return found


def _sequence(node: yaml.Node, old: list[Any], new: list[Any], lines: list[str], end: int) -> list[str]:
    """The lines of a list, from its first entry on up to line `end`."""
    if not isinstance(node, yaml.SequenceNode):
        raise _FlowError
    entries = cast("list[yaml.Node]", node.value)
    begins = [cast("yaml.Mark", entry.start_mark).line for entry in entries]
    cuts = _cuts(begins, lines, end)
    cuts[0] = begins[0]
    indent = " " * (len(lines[begins[0]]) - len(lines[begins[0]].lstrip()))
    left = set(range(len(old)))
    kept: list[int | None] = []
    for at, value in enumerate(new):
        likely = [at, *sorted(left)] if at in left else sorted(left)
        place = next((one for one in likely if old[one] == value), None)
        left.discard(place if place is not None else -1)
        kept.append(place)
    found: list[str] = []
    for at, (value, place) in enumerate(zip(new, kept, strict=True)):
        if place is not None:
            found += lines[cuts[place] : cuts[place + 1]]
            continue
        if at in left:  # it was changed in its place
            found += lines[cuts[at] : begins[at]]
        found += _indented(written.write(value), indent + "- ", indent + "  ")
    return found


def _cuts(begins: Sequence[int], lines: list[str], end: int) -> list[int]:
    """Where each piece begins, with the comments above it, and where the last one ends."""
    cuts: list[int] = []
    for begin in begins:
        cut = begin
        while cut > (cuts[-1] + 1 if cuts else 0) and lines[cut - 1].lstrip()[:1] in ("", "#"):
            cut -= 1
        cuts.append(cut)
    return [*cuts, end]


def _setting(name: str, value: Any) -> str:
    """A key and its value, as a line of their own."""
    text = written.write({name: value})
    return text.rstrip("\n")[1:-1] if text.startswith("{") else text


def _indented(text: str, first: str, others: str) -> list[str]:
    begin, *rest = text.rstrip("\n").split("\n")
    return [f"{first}{begin}\n", *(f"{others}{line}\n" if line else "\n" for line in rest)]
