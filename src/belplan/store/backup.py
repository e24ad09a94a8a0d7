"""A back-up: every table in one file, the same for both databases, so that one can be restored into the other.

The key is not in it: without the key file its secrets stay sealed. Keep that file elsewhere.
"""

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from sqlalchemy import insert, select
from sqlalchemy.engine import Connection

from belplan import __version__
from belplan.store import schema, tables
from belplan.store.database import Database, now

FORM = 1
AT_ONCE = 1000  # rows in one statement


class BackupError(Exception):
    """The file is no back-up that can be restored here. The message says why."""


async def back_up(database: Database, path: Path) -> int:
    """Write everything to a new file, as it is at one moment. How many rows there are. Raises OSError.

    The file is there in whole, or not at all.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.touch(mode=0o600)
    count = await database.run(lambda connection: _write(connection, unfinished))
    unfinished.replace(path)
    return count


async def restore(database: Database, path: Path) -> int:
    """Fill an empty database from a back-up, in one transaction, and bring it up to date. How many rows there were.

    Raises BackupError, OSError.
    """
    if await schema.revision(database) is not None:
        raise BackupError("the database is not empty; restore into a new one, and then serve that")
    try:
        with zipfile.ZipFile(path) as file:
            about = json.loads(file.read("about.json"))
            if about["form"] > FORM:
                raise BackupError("the back-up is of a newer version of Belplan; restore it with that one")
            count = await database.run(lambda connection: _read(connection, file, about["revision"]))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise BackupError(f"{path} is no back-up of Belplan: {error}") from None
    await schema.upgrade(database)
    return count


def _write(connection: Connection, path: Path) -> int:
    count = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        revision = schema.revision_of(connection)
        about = {"form": FORM, "revision": revision, "at": now(), "version": __version__}
        file.writestr("about.json", json.dumps(about))
        for table in tables.metadata.sorted_tables:
            with file.open(f"{table.name}.jsonl", "w", force_zip64=True) as lines:
                for row in connection.execution_options(yield_per=AT_ONCE).execute(select(table)).mappings():
                    lines.write(json.dumps({key: _plain(value) for key, value in row.items()}).encode() + b"\n")
                    count += 1
    return count


def _read(connection: Connection, file: zipfile.ZipFile, revision: str) -> int:
    schema.upgrade_to(connection, revision)
    count = 0
    there = set(file.namelist())
    for table in tables.metadata.sorted_tables:
        if f"{table.name}.jsonl" not in there:
            continue
        rows: list[dict[str, Any]] = []
        for row in _lines(file, f"{table.name}.jsonl"):
            rows.append(row)
            if len(rows) == AT_ONCE:
                connection.execute(insert(table), rows)
                rows = []
            count += 1
        if rows:
            connection.execute(insert(table), rows)
    return count


def _lines(file: zipfile.ZipFile, name: str) -> Iterator[dict[str, Any]]:
    with file.open(name) as lines:
        for line in io.TextIOWrapper(lines, encoding="utf-8"):
            row: dict[str, Any] = json.loads(line)
            yield {key: _back(value) for key, value in row.items()}


def _plain(value: Any) -> Any:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _back(value: Any) -> Any:
    return base64.b64decode(cast("dict[str, str]", value)["base64"]) if isinstance(value, dict) else value
