"""Regular expressions, as far as a proof looks into them: texts that match, and patterns that are plain text."""

import re
from collections.abc import Sequence
from itertools import product
from re import _constants as constants  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]
from re import _parser as parser  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]
from typing import Any, cast

_PLAIN = re.compile(r"(\^?)([A-Za-z0-9 _@:;,/'\"=!%&<>~-]*)(\$?)")
_MOST = 24  # texts that one pattern is tried with
_CLASSES = {"CATEGORY_DIGIT": "7", "CATEGORY_WORD": "w", "CATEGORY_SPACE": " ", "CATEGORY_NOT_DIGIT": "x"}


def plain(pattern: str) -> tuple[bool, str, bool] | None:
    """A pattern that is only text, as (anchored at the start, text, anchored at the end); None where it is more."""
    match = _PLAIN.fullmatch(pattern)
    return (bool(match[1]), match[2], bool(match[3])) if match else None


def samples(pattern: str) -> list[str]:
    """A few texts that a pattern is likely to match. Whether they do is for the pattern to say."""
    try:
        parsed: Any = cast("Any", parser).parse(pattern)
    except (re.error, OverflowError, RecursionError):  # RE2 knows forms that Python does not
        return []
    return _sequence(list(parsed))[:_MOST]


def _sequence(steps: Sequence[Any]) -> list[str]:
    parts = [_step(str(operator), argument) for operator, argument in steps]
    texts: list[str] = []
    for pieces in product(*(part[:3] for part in parts)):
        texts.append("".join(pieces))
        if len(texts) >= _MOST:
            break
    return texts


def _step(operator: str, argument: Any) -> list[str]:
    match operator:
        case "LITERAL":
            return [chr(argument)]
        case "NOT_LITERAL":
            return ["x" if argument != ord("x") else "y"]
        case "ANY":
            return ["x"]
        case "IN":
            return _one_of(argument) or ["x"]
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, most, inner = argument
            counts = {int(least), min(int(least) + 1, int(most))}
            return [text * count for text in _sequence(list(inner))[:2] for count in sorted(counts)]
        case "SUBPATTERN":
            return _sequence(list(argument[-1]))
        case "BRANCH":
            return [text for inner in argument[1] for text in _sequence(list(inner))[:3]]
        case _:
            return [""]


def _one_of(choices: Any) -> list[str]:
    found: list[str] = []
    for operator, argument in choices:
        if str(operator) == "LITERAL":
            found.append(chr(argument))
        elif str(operator) == "RANGE":
            found.append(chr(argument[0]))
        elif str(operator) == "CATEGORY":
            found.append(_CLASSES.get(str(argument), "x"))
        elif operator is cast("Any", constants).NEGATE:
            return ["~"]
    return found
