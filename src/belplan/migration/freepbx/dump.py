"""The rows of a MySQL dump, by table. Nothing of it is executed."""

import re
from collections.abc import Iterator

Row = dict[str, str]

_TABLE = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?`?(\w+)`?\s*\((.*?)\)[^;()]*;", re.DOTALL)
_COLUMN = re.compile(r"(?:^|,)\s*`(\w+)`\s")
_INSERT = re.compile(r"(?:INSERT|REPLACE)\s+(?:IGNORE\s+)?INTO\s+`?(\w+)`?\s*(\([^)]*\))?\s*VALUES\s*", re.IGNORECASE)
_VALUE = re.compile(r"\s*(?:(NULL)|'((?:[^'\\]|\\.|'')*)'|([^,()'\s]+))\s*", re.DOTALL | re.IGNORECASE)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "Z": "\x1a"}


def read(text: str) -> dict[str, list[Row]]:
    """Each table's rows, all values as texts; NULL is ""."""
    columns = {name: _COLUMN.findall(body) for name, body in _TABLE.findall(text)}
    tables: dict[str, list[Row]] = {name: [] for name in columns}
    for found in _INSERT.finditer(text):
        table = found[1]
        names = re.findall(r"\w+", found[2]) if found[2] else columns.get(table, [])
        rows = tables.setdefault(table, [])
        rows += [dict(zip(names, values, strict=False)) for values in _rows(text, found.end())]
    return tables


def _rows(text: str, at: int) -> Iterator[list[str]]:
    """The rows of one INSERT, from just after VALUES."""
    while at < len(text) and text[at] == "(":
        values: list[str] = []
        at += 1
        while found := _VALUE.match(text, at):
            null, quoted, bare = found.groups()
            values.append("" if null else _unescaped(quoted) if quoted is not None else bare)
            at = found.end()
            if at < len(text) and text[at] == ",":
                at += 1
                continue
            break
        yield values
        at += 1  # the closing parenthesis
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1


def _unescaped(text: str) -> str:
    return re.sub(
        r"\\(.)|''", lambda found: _ESCAPES.get(found[1], found[1]) if found[1] else "'", text, flags=re.DOTALL
    )
