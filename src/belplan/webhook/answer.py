"""What a customer's server said, as text and as variables. Data from outside: nothing here gives it any power.

Decide-only functions, no I/O. Text never holds a lone surrogate, so that no later app trips over it.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn, cast

MAX_DEPTH = 32
MAX_VARIABLE = 4096
"""Bytes of one variable in UTF-8."""

# The WHATWG Encoding standard's labels that servers still send. Not `codecs.lookup`: Python's "charsets" include zip
# and idna.
_CHARSETS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    # Browsers read both as windows-1252, and so do the servers that say them.
    "us-ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-15": "iso-8859-15",
    **{f"iso-8859-{part}": f"iso-8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 16)},
    "iso-8859-9": "cp1254",
    **{f"windows-{page}": f"cp{page}" for page in range(1250, 1259)},
    "koi8-r": "koi8-r",
    "koi8-u": "koi8-u",
    "macintosh": "mac-roman",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc-jp": "euc-jp",
    "euc-kr": "cp949",
}
_CHARSET = re.compile(r""";\s*charset\s*=\s*["']?([A-Za-z0-9_.:-]+)""", re.IGNORECASE)
_SURROGATES = re.compile("[\ud800-\udfff]")
_STRING_OR_BRACKET = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_BOM = "\ufeff"


class ContentError(ValueError):
    """The answer is not what `extract` asks for: the contract's reason `content`. The message is for people."""


def decode(body: bytes, content_type: str) -> str:
    """The text of a body, white space at its ends trimmed. Never fails.

    It is read as its charset says, else as UTF-8; so is one whose charset is not known. What cannot be read becomes
    U+FFFD. A byte order mark is dropped, but not before JSON, where it does not belong (RFC 8259 8.1) and is reported.
    """
    named = _CHARSET.search(content_type)
    charset = _CHARSETS.get(named[1].lower(), "utf-8") if named else "utf-8"
    text = body.decode(charset, "replace")
    if not text.isascii():
        text = _SURROGATES.sub("\ufffd", text)
        if text.startswith(_BOM) and not text[1:].lstrip().startswith(("{", "[")):
            text = text[1:]
    return text.strip()


def check_pointer(pointer: str) -> str | None:
    """What is wrong with a JSON pointer (RFC 6901 3) in a plan, or None."""
    if pointer and not pointer.startswith("/"):
        return 'a JSON pointer starts with "/", such as /customer/status; "" is the whole answer'
    if re.search(r"~(?![01])", pointer):
        return 'in a JSON pointer "~" is written ~0, and a "/" within a name ~1'
    return None


def extract(text: str, content_type: str, pointers: Mapping[str, str]) -> dict[str, str]:
    """Variables out of a JSON answer: `{"status": "/customer/status"}`, by JSON pointer (RFC 6901).

    Strings are taken as they are, numbers as they are written, booleans as true and false, objects and arrays as
    compact JSON. What is null or not there is not set. Raises ContentError, and then nothing is set: for text that is
    not exactly one JSON document (RFC 8259), whatever its content type says; for names given twice, more than 32
    levels, numbers beyond a double; and for a variable over 4 KiB.
    """
    document = _parse(text, content_type)
    variables: dict[str, str] = {}
    for name, pointer in pointers.items():
        value = _as_text(_follow(document, pointer))
        if value is None:
            continue
        if len(value.encode()) > MAX_VARIABLE:
            raise ContentError(f"the value for {name} is longer than {MAX_VARIABLE} bytes")
        variables[name] = value
    return variables


class _Number(str):
    """A number as it is written, so that 1.10 stays 1.10."""

    __slots__ = ()


def _parse(text: str, content_type: str) -> Any:
    if text.startswith(_BOM):
        raise ContentError("there is a byte order mark before the JSON")
    _check_depth(text)
    try:
        return json.loads(
            text, parse_int=_number, parse_float=_number, parse_constant=_constant, object_pairs_hook=_object
        )  # fmt: skip
    except json.JSONDecodeError as error:
        kind = content_type.partition(";")[0].strip()[:80] or "no content type"
        where = f"line {error.lineno}, column {error.colno}"
        raise ContentError(f"the answer ({kind}) is not JSON: {error.msg.lower()} at {where}") from None


def _check_depth(text: str) -> None:
    """Before the parser, which calls itself once for each level."""
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(text):
        bracket = token[0]
        if bracket in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise ContentError(f"the JSON is more than {MAX_DEPTH} levels deep")
        elif bracket in "]}":
            depth -= 1


def _number(written: str) -> _Number:
    # RFC 8259 6: what a double cannot hold, another reader would read differently.
    if len(written) > 1024 or not math.isfinite(float(written)):
        raise ContentError("there is a number in the JSON that is too large")
    return _Number(written)


def _constant(name: str) -> NoReturn:
    raise ContentError(f"{name} is no JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ContentError("there is a name twice in one object of the JSON")
    return found


def _follow(document: Any, pointer: str) -> Any:
    if check_pointer(pointer) is not None:
        raise ContentError(f'"{pointer[:80]}" is no JSON pointer')
    value = document
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = cast("dict[str, Any]", value).get(name)
        elif isinstance(value, list) and _INDEX.fullmatch(name) and int(name) < len(cast("list[Any]", value)):
            value = cast("list[Any]", value)[int(name)]
        else:
            return None
    return value


def _as_text(value: Any) -> str | None:
    if value is None:
        return None
    written = str(value) if isinstance(value, str) else _compact(value)
    return _SURROGATES.sub("\ufffd", written)


def _compact(value: Any) -> str:
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).items()
        return "{" + ",".join(f"{_quoted(name)}:{_compact(member)}" for name, member in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_compact(item) for item in cast("list[Any]", value)) + "]"
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
