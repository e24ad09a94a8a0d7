"""Asterisk's configuration files, as its own documentation describes them: sections of `name = value` and, in
extensions.conf, `exten => name,priority,application(arguments)`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from belplan.migration.draft import ImportFileError


@dataclass(frozen=True, slots=True)
class Step:
    """One priority: an application and its arguments, as text, before any substitution."""

    application: str
    arguments: str
    line: int


@dataclass(slots=True)
class Extension:
    """The steps of one extension, by priority; labels name priorities."""

    name: str
    steps: dict[int, Step] = field(default_factory=dict[int, Step])
    labels: dict[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class Include:
    """Another context whose extensions are found here too; within times only, where it says so."""

    context: str
    timing: str
    line: int


@dataclass(slots=True)
class Context:
    """Extensions by name, and what it includes."""

    name: str
    extensions: dict[str, Extension] = field(default_factory=dict[str, Extension])
    includes: list[Include] = field(default_factory=list[Include])


@dataclass(slots=True)
class DialplanFile:
    """An extensions.conf."""

    contexts: dict[str, Context] = field(default_factory=dict[str, Context])
    variables: dict[str, str] = field(default_factory=dict[str, str])
    """[globals]"""
    unread: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    """Lines that mean nothing here: where, and what they say."""


_SECTION = re.compile(r"\[([^\]]+)\]\s*(\([^)]*\))?")
_PRIORITY = re.compile(r"(\d+|n|s|hint)(?:\+(\d+))?(?:\(([^)]+)\))?")
_CALL = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(?:\((.*)\))?\s*", re.DOTALL)


def lines(text: str) -> Iterator[tuple[int, str, str, str]]:
    """Each setting: its line, section, name and value. Comments and block comments are gone."""
    section, hidden = "", False
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw
        if hidden:
            if "--;" not in line:
                continue
            line, hidden = line.partition("--;")[2], False
        if line.lstrip().startswith(";--") and "--;" not in line:
            hidden = True
            continue
        # A semicolon begins a comment unless a backslash stands before it.
        line = re.split(r"(?<!\\);", line, maxsplit=1)[0].replace("\\;", ";").strip()
        if not line:
            continue
        if found := _SECTION.fullmatch(line):
            section = found[1].strip()
            yield number, section, "", ""
            continue
        if line.startswith("#"):
            yield number, section, "#", line
            continue
        name, equals, value = line.partition("=")
        if not equals:
            yield number, section, "?", line
            continue
        yield number, section, name.strip(), value.removeprefix(">").strip()


def read(text: str) -> DialplanFile:
    """An extensions.conf. Raises ImportFileError where an extension makes no sense."""
    file = DialplanFile()
    latest = ""
    priority = 0
    for number, section, name, value in lines(text):
        if section == "globals":
            if name:
                file.variables[name] = value
            continue
        if section == "general":
            continue
        if name in ("#", "?") or not section:
            file.unread.append((number, value))
            continue
        context = file.contexts.setdefault(section, Context(section))
        if not name:
            latest = ""
        elif name == "exten":
            latest, _, rest = value.partition(",")
            latest = latest.partition("/")[0].strip()  # after / stands the caller that it is for
            if "/" in value.partition(",")[0]:
                file.unread.append((number, f"{value.partition(',')[0]}: an extension for one caller only"))
            priority = _step(context, latest, rest, priority, number)
        elif name == "same":
            if not latest:
                raise ImportFileError(f"line {number}: `same` has no `exten` before it")
            priority = _step(context, latest, value, priority, number)
        elif name == "include":
            target, _, timing = value.partition(",")
            context.includes.append(Include(target.strip(), timing.strip(), number))
        else:
            file.unread.append((number, f"{name} => {value}"))
    return file


def _step(context: Context, name: str, rest: str, before: int, line: int) -> int:
    """Add one priority of an extension; gives its number."""
    head, comma, call = rest.partition(",")
    found = _PRIORITY.fullmatch(head.strip())
    if not found or not comma:
        raise ImportFileError(f"line {line}: after the extension come a priority and an application, as in 1,Answer()")
    if found[1] == "hint":
        return before
    extension = context.extensions.setdefault(name, Extension(name))
    priority = int(found[1]) if found[1].isdigit() else before + (found[1] == "n") + int(found[2] or 0)
    parsed = _CALL.fullmatch(call)
    if not parsed:
        raise ImportFileError(f"line {line}: {call} is no application with arguments")
    extension.steps[priority] = Step(parsed[1], (parsed[2] or "").strip(), line)
    if found[3]:
        extension.labels[found[3].strip()] = priority
    return priority


def arguments(text: str, separator: str = ",", most: int = 0) -> list[str]:
    """Arguments between separators, but not between those inside of (), [], {} or quotes."""
    found: list[str] = [""]
    depth, quoted = 0, False
    for letter in text:
        if letter == '"':
            quoted = not quoted
        elif not quoted and letter in "([{":
            depth += 1
        elif not quoted and letter in ")]}":
            depth -= 1
        if letter == separator and depth <= 0 and not quoted and (not most or len(found) < most):
            found.append("")
        else:
            found[-1] += letter
    return [one.strip() for one in found]


def matches(pattern: str, number: str) -> bool:
    """Whether an extension's name takes a number: the name itself, or a pattern after `_`."""
    if not pattern.startswith("_"):
        return pattern == number
    return re.fullmatch(_expression(pattern[1:]), number) is not None


def specificity(pattern: str) -> tuple[int, ...]:
    """Sorts extensions as Asterisk looks through them: names first, then the pattern that leaves less open."""
    if not pattern.startswith("_"):
        return (0,)
    sizes = [_size(part) for part in re.findall(r"\[[^\]]*\]|.", pattern[1:])]
    return (1, *sizes, 0)


def _size(part: str) -> int:
    usual = {"X": 10, "x": 10, "Z": 9, "z": 9, "N": 8, "n": 8, ".": 1000, "!": 1001}
    return usual.get(part, len(_letters(part[1:-1])) if part.startswith("[") else 1)


def _letters(text: str) -> set[str]:
    found: set[str] = set()
    for low, high, one in re.findall(r"(.)-(.)|(.)", text):
        found |= {one} if one else {chr(code) for code in range(ord(low), ord(high) + 1)}
    return found


def _expression(pattern: str) -> str:
    usual = {"X": "[0-9]", "x": "[0-9]", "Z": "[1-9]", "z": "[1-9]", "N": "[2-9]", "n": "[2-9]", ".": ".+", "!": ".*"}
    parts = re.findall(r"\[[^\]]*\]|.", pattern)
    sets = (
        "[" + "".join(re.escape(one) for one in sorted(_letters(part[1:-1]))) + "]" for part in parts if len(part) > 1
    )
    return "".join(
        next(sets) if len(part) > 1 else usual.get(part, "" if part == "-" else re.escape(part)) for part in parts
    )
