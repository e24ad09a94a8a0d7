"""From the spool to the database: the records of calls that have ended, each once."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from belplan.store.database import DatabaseAwayError
from belplan.store.records import Records, as_row
from belplan.store.spool import Spool, read_lines

EVERY = 0.5  # seconds between looks at the spool
BATCH = 2000  # records in one transaction

_log = structlog.get_logger()


@asynccontextmanager
async def emptied(spool: Spool, records: Records) -> AsyncGenerator[None]:
    """Bring records from the spool to the database for as long as the block runs, and once more after it."""
    task = asyncio.create_task(_for_ever(spool, records))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        with contextlib.suppress(DatabaseAwayError, OSError):
            await empty(spool, records)


async def _for_ever(spool: Spool, records: Records) -> None:
    seen, failing = -1, False
    while True:
        if (count := spool.put_count) != seen:
            try:
                await empty(spool, records)
                seen, failing = count, False
            except (DatabaseAwayError, OSError) as error:
                if not failing:
                    _log.error("records.waiting", reason=str(error), next="they are on disk, and are written later")
                failing = True
        await asyncio.sleep(EVERY)


async def empty(spool: Spool, records: Records) -> None:
    """Bring over what there is now. Raises DatabaseAwayError, OSError; what was not brought over stays."""
    for segment in await asyncio.wrap_future(spool.seal()):
        rows = await asyncio.to_thread(_rows, segment)
        for at in range(0, len(rows), BATCH):
            await _add(records, rows[at : at + BATCH], segment)
        await asyncio.to_thread(segment.unlink, missing_ok=True)


async def _add(records: Records, rows: list[dict[str, Any]], segment: Path) -> None:
    try:
        await records.add(rows)
    except SQLAlchemyError as error:
        # One that the database refuses must not keep the others out.
        if len(rows) > 1:
            for row in rows:
                await _add(records, [row], segment)
            return
        _log.error("record.refused", call=rows[0]["uuid"], reason=type(error).__name__, kept="spool/refused.jsonl")
        await asyncio.to_thread(_put_aside, segment, rows[0]["record"])


def _put_aside(segment: Path, line: str) -> None:
    with (segment.parent / "refused.jsonl").open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def _rows(segment: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for line in read_lines(segment):
        try:
            document = json.loads(line)
            rows.append(as_row(document["company"], document))
        except (ValueError, KeyError, TypeError) as error:
            _log.error("record.unreadable", segment=segment.name, reason=repr(error)[:100])
            _put_aside(segment, line)
    return rows
