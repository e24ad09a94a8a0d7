"""A back-up: every table in one file, the same for both databases, so that one can be restored into the other, and the
files beside it (`backup_files`).

The key is not in it: without the key file its secrets stay sealed. Keep that file elsewhere.
"""

import asyncio
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
from belplan.store import backup_files, schema, tables
from belplan.store.database import Database, now

FORM = 1  # a file without files is one too
AT_ONCE = 1000  # rows in one statement


class BackupError(Exception):
    """The file is no back-up that can be restored here. The message says why."""


async def back_up(database: Database, data: Path, path: Path) -> tuple[int, int]:
    """Write everything to a new file: how many rows, as they are at one moment, and files of the data folder.

    Whoever changes something meanwhile does not wait. The file is there in whole, or not at all. Raises OSError,
    DatabaseAwayError.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.touch(mode=0o600)
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as file:
            async with database.reading() as connection:
                rows = await connection.run_sync(_write, file)
            files = await asyncio.to_thread(backup_files.write, file, data)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return rows, files


async def restore(database: Database, data: Path, path: Path) -> tuple[int, int]:
    """Fill an empty database from a back-up, in one transaction, bring it up to date, and its files to a data folder.

    How many rows and files there were. One that is killed can be repeated. Raises BackupError, OSError,
    DatabaseAwayError.
    """
    if await schema.revision(database) is not None:
        raise BackupError("the database is not empty; restore into a new one, and then serve that")
    try:
        with zipfile.ZipFile(path) as file:
            about = json.loads(file.read("about.json"))
            if about["form"] > FORM:
                raise BackupError("the back-up is of a newer version of Belplan; restore it with that one")
            files = await asyncio.to_thread(
                backup_files.read, file, data
            )  # before the database: it says that all is there
            rows = await database.run(lambda connection: _read(connection, file, about["revision"]))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise BackupError(f"{path} is no back-up of Belplan: {error}") from None
    await schema.upgrade(database)
    return rows, files


def _write(connection: Connection, file: zipfile.ZipFile) -> int:
    count = 0
    about = {"form": FORM, "revision": schema.revision_of(connection), "at": now(), "version": __version__}
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
