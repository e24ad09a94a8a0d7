"""Texts of a dialplan with its variables in them, as far as they are known before any call.

`${…}` becomes its value where that is known, and a Ref where only the call can tell.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from belplan.migration.asterisk.conf import arguments

CALL = {
    "CALLERID(num)": "caller_number",
    "CALLERID(number)": "caller_number",
    "CALLERID(all)": "caller_number",
    "CALLERID(ani)": "caller_number",
    "CALLERIDNUM": "caller_number",
    "CALLERID(name)": "phonebook_caller_name",
    "CALLERIDNAME": "phonebook_caller_name",
    "CALLERID(dnid)": "callee_number",
    "UNIQUEID": "uuid",
}


@dataclass(frozen=True, slots=True)
class Ref:
    """What only the call can tell: a variable of the plan or a call datum.

    `first` and `length` are a part of it (`${x:0:2}`); `question` is what a function asks about it.
    """

    name: str
    first: int = 0
    length: int | None = None
    question: str = ""
    pattern: str = ""

    @property
    def whole(self) -> bool:
        return not self.first and self.length is None and not self.question


@dataclass(frozen=True, slots=True)
class Unknown:
    """What cannot be said in a plan: the original text."""

    text: str


Part = str | Ref | Unknown
Value = tuple[Part, ...]


def constant(value: Value) -> str | None:
    """The text, where it is known."""
    return "".join(part for part in value if isinstance(part, str)) if all(isinstance(p, str) for p in value) else None


def template(value: Value) -> str | None:
    """The text with `{name}` for what the call tells. None where that cannot be said."""
    out = ""
    for part in value:
        if isinstance(part, str):
            out += part
        elif isinstance(part, Ref) and part.whole:
            out += f"{{{part.name}}}"
        else:
            return None
    return out


def joined(parts: Sequence[Part]) -> Value:
    """Parts, with neighbouring texts made one and empty ones left out."""
    out: list[Part] = []
    for part in parts:
        if part == "":
            continue
        if isinstance(part, str) and out and isinstance(out[-1], str):
            out[-1] += part
        else:
            out.append(part)
    return tuple(out)


class Texts:
    """Fills texts in. `known` has what the dialplan set so far; `asked` is told each name that is read."""

    def __init__(self, known: Mapping[str, Value], asked: Callable[[str], None]) -> None:
        self._known = known
        self._asked = asked

    def fill(self, text: str) -> Value:
        """A text, its `${…}` filled in."""
        parts: list[Part] = []
        at = 0
        while (start := text.find("${", at)) >= 0:
            end = _closing(text, start + 2)
            parts.append(text[at:start])
            parts += self._variable(text[start + 2 : end])
            at = end + 1
        parts.append(text[at:])
        return joined(parts)

    def _variable(self, inside: str) -> Value:
        """What stands in `${…}`."""
        if "${" in inside and "(" not in inside.partition("${")[0]:
            filled = constant(self.fill(inside))  # ${x${n}}
            if filled is None:
                return (Unknown(f"${{{inside}}}"),)
            inside = filled
        name, first, length = _cut(inside)
        self._asked(name)
        if "(" in name and name not in CALL:
            found = self._function(name)
        elif name in self._known:
            found = self._known[name]
        elif name in CALL:
            found = (Ref(CALL[name]),)
        elif re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            found = ()
        else:
            found = (Unknown(f"${{{inside}}}"),)
        return _part(found, first, length, inside)

    def _function(self, call: str) -> Value:
        name, _, rest = call.partition("(")
        given = rest.rstrip()[:-1]
        match name.upper():
            case "URIENCODE" | "TOLOWER" | "TOUPPER" | "QUOTE" | "FILTER" | "TRIM":
                # In a plan, what goes into a URL is percent-encoded by itself.
                word = arguments(given)[-1] if name.upper() == "FILTER" else given
                filled = self.fill(word)
                if name.upper() in ("TOLOWER", "TOUPPER") and (text := constant(filled)) is not None:
                    return joined([text.lower() if name.upper() == "TOLOWER" else text.upper()])
                return filled
            case "LEN" | "EXISTS" | "ISNULL":
                filled = self.fill(given)
                text = constant(filled)
                if text is not None:
                    known = {"LEN": str(len(text)), "EXISTS": str(int(bool(text))), "ISNULL": str(int(not text))}
                    return (known[name.upper()],)
                if len(filled) == 1 and isinstance(filled[0], Ref) and filled[0].whole:
                    return (Ref(filled[0].name, question=name.upper()),)
            case "REGEX":
                found = re.fullmatch(r'\s*"(.*)"\s+(.*)', given)
                filled = self.fill(found[2]) if found else ()
                if found and len(filled) == 1 and isinstance(filled[0], Ref) and filled[0].whole:
                    return (Ref(filled[0].name, question="REGEX", pattern=found[1]),)
            case "CALLERID":
                return (Ref("caller_number"),) if given.lower() in ("num", "number", "ani") else ()
            case "GLOBAL":
                return self._known.get(given.strip(), ())
            case _:
                pass
        return (Unknown(f"${{{call}}}"),)


def _closing(text: str, at: int) -> int:
    depth = 1
    while at < len(text):
        if text.startswith("${", at) or text.startswith("$[", at):
            depth += 1
            at += 1
        elif text[at] in "{[":
            depth += 1
        elif text[at] in "}]":
            depth -= 1
            if not depth:
                return at
        at += 1
    return len(text)


def _cut(inside: str) -> tuple[str, int, int | None]:
    """`name:first:length` taken apart."""
    found = re.fullmatch(r"(.*?)(?::(-?\d+)(?::(-?\d+))?)?", inside, re.DOTALL)
    if found is None:
        return inside, 0, None
    return found[1].strip(), int(found[2] or 0), int(found[3]) if found[3] else None


def _part(found: Value, first: int, length: int | None, inside: str) -> Value:
    if not first and length is None:
        return found
    text = constant(found)
    if text is not None:
        start = first if first >= 0 else max(0, len(text) + first)
        cut = text[start:] if length is None else text[start:][:length] if length >= 0 else text[start:length]
        return joined([cut])
    if len(found) == 1 and isinstance(found[0], Ref) and found[0].whole:
        return (Ref(found[0].name, first, length),)
    return (Unknown(f"${{{inside}}}"),)
