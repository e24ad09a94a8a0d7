"""A plan file as text: YAML 1.2 (and so JSON) with the place of every value kept.

PyYAML finds the tokens; what they mean is decided here, since YAML 1.1 would read `on:` as true,
`NO` as false and `08:30` as 510. A number keeps the way it was written, so that `007` stays `007`
where text is meant.
"""

import math
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, cast

import yaml

from belplan.dialplan.problem import Key, PlanError, Problem, join

MAX_DEPTH = 100  # nested lists and mappings; a plan that people can read has some twenty
MAX_VALUES = 1_000_000  # after aliases are followed, so that a few lines cannot grow into gigabytes
MAX_CHARACTERS = 16 * 1024 * 1024

_SURROGATE = re.compile("[\ud800-\udfff]")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}

Place = tuple[int, int]  # line and column, from 1


class Map(dict[str, Any]):
    """A mapping that knows where it and its keys stand."""

    __slots__ = ("place", "places")

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.places: dict[str, Place] = {}


class List(list[Any]):
    """A list that knows where it and its items stand."""

    __slots__ = ("place", "places")

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.places: list[Place] = []


class Integer(int):
    """A whole number that keeps how it was written."""

    source: str


class Float(float):
    """A fraction that keeps how it was written."""

    source: str


def read(text: str) -> tuple[Any, list[Problem]]:
    """Read a plan file. Duplicate keys are problems; the last one counts.

    Raises PlanError where the text is no YAML at all.
    """
    if len(text) > MAX_CHARACTERS:
        raise PlanError([Problem("", "invalid-value", f"the file is larger than {MAX_CHARACTERS >> 20} MiB")])
    if half := _SURROGATE.search(text):
        before = text[: half.start()]
        line, column = before.count("\n") + 1, half.start() - before.rfind("\n")
        raise PlanError([Problem("", "syntax", "half a character (a lone surrogate)", "error", line, column)])
    reader = _Reader()
    try:
        value = reader.read(yaml.parse(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        said = ", ".join(part for part in (error.context, error.problem) if part)
        hint = "; put a text with { } [ ] : or # in it between quotes" if "flow" in said or "mapping" in said else ""
        raise PlanError([Problem("", "syntax", f"not YAML: {said}{hint}", "error", *place)]) from None
    except yaml.YAMLError as error:
        raise PlanError([Problem("", "syntax", f"not YAML: {error}")]) from None
    return value, reader.problems


def place(value: Any, keys: tuple[Key, ...]) -> Place:
    """Where the value at `keys` stands: its key where it has one. The nearest place above, where it is absent."""
    found: Place = getattr(value, "place", (0, 0))
    for key in keys:
        try:
            found = value.places[key]
            value = value[key]
        except (AttributeError, LookupError, TypeError):
            break
    return found


def has_half_character(text: str) -> bool:
    """Whether there is a lone surrogate in it, as JSON allows: no file can hold such text."""
    return _SURROGATE.search(text) is not None


class _Reader:
    """Builds values from YAML events with a stack of its own: no file is too deep for Python's."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._values = 0

    def read(self, events: Iterator[yaml.Event]) -> Any:
        root = List((1, 1))
        open_: list[Map | List] = [root]
        keys: list[str | None] = [None]  # beside `open_`: the key that waits for its value
        anchors: list[tuple[str, int] | None] = [None]
        documents = 0
        for event in events:
            if isinstance(event, yaml.ScalarEvent):
                if isinstance(open_[-1], Map) and keys[-1] is None:
                    keys[-1] = self._key(open_, event.value, event)
                    continue
                quoted = event.tag == "tag:yaml.org,2002:str" or not event.implicit[0]
                value = event.value if quoted else scalar(event.value)
                if event.anchor:
                    self._anchors[event.anchor] = (value, 1)
                self._put(open_, keys, value, event)
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._stop("a second document (---) in one file; a plan is one", event)
            elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                value = Map(_place(event)) if isinstance(event, yaml.MappingStartEvent) else List(_place(event))
                if isinstance(open_[-1], Map) and keys[-1] is None:
                    raise self._stop("a list or mapping cannot be a key", event)
                self._put(open_, keys, value, event)
                open_.append(value)
                keys.append(None)
                anchors.append((event.anchor, self._values) if event.anchor else None)
                if len(open_) > MAX_DEPTH:
                    raise self._stop(f"more than {MAX_DEPTH} lists and mappings in each other", event)
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                value = open_.pop()
                keys.pop()
                if anchor := anchors.pop():
                    # Known only once it is complete: an alias to itself would never end.
                    self._anchors[anchor[0]] = (value, self._values - anchor[1])
            elif isinstance(event, yaml.AliasEvent):
                if event.anchor not in self._anchors:
                    raise self._stop(f"*{event.anchor} stands for nothing above it", event)
                value, size = self._anchors[event.anchor]
                self._values += size
                self._put(open_, keys, value, event)
        return root[0] if root else None

    def _key(self, open_: list[Map | List], key: str, event: yaml.Event) -> str:
        mapping = cast("Map", open_[-1])
        if key == "<<":
            raise self._stop("merging with << is not read; write the fields out, or use an alias as a value", event)
        if key in mapping:
            line, column = _place(event)
            first = mapping.places[key][0]
            path = join(*_path(open_), key)
            self.problems.append(
                Problem(
                    path,
                    "duplicate-key",
                    f'"{key}" stands here twice, first in line {first}; keep one',
                    "error",
                    line,
                    column,
                )
            )
        mapping.places[key] = _place(event)
        mapping[key] = None
        return key

    def _put(self, open_: list[Map | List], keys: list[str | None], value: Any, event: yaml.Event) -> None:
        self._values += 1
        if self._values > MAX_VALUES:
            raise self._stop(f"more than {MAX_VALUES} values, aliases followed", event)
        parent = open_[-1]
        if isinstance(parent, Map):
            key, keys[-1] = cast("str", keys[-1]), None
            parent[key] = value
        else:
            parent.append(value)
            parent.places.append(_place(event))

    def _stop(self, message: str, event: yaml.Event) -> PlanError:
        return PlanError([Problem("", "syntax", message, "error", *_place(event))])


def _place(event: yaml.Event) -> Place:
    mark = cast("yaml.Mark", event.start_mark)
    return mark.line + 1, mark.column + 1


def _path(open_: list[Map | List]) -> list[Key]:
    """The keys of the innermost open value. Only for messages: it looks through every list."""
    path: list[Key] = []
    for parent, child in pairwise(open_[1:]):
        if isinstance(parent, Map):
            path.append(next(key for key, value in parent.items() if value is child))
        else:
            path.append(next(index for index, value in enumerate(parent) if value is child))
    return path


def scalar(text: str) -> Any:
    """What a word without quotes stands for."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text) and len(text) < 4000:
        integer = Integer(text)
        integer.source = text
        return integer
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        number = Float(text)
        number.source = text
        return number
    return text
