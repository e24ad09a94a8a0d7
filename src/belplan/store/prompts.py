"""The sound files of companies: kept in the database, so that a back-up and every server has them, played from files.

Nothing on the path of a call asks the database: each server has the sounds in a folder, and brings that up to date when
something has changed.
"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from belplan.store import tables
from belplan.store.companies import TakenError, UnknownError
from belplan.store.database import Database, DatabaseAwayError, now

MOST = 500  # of one company
LOOK_EVERY = 3.0  # seconds between looks whether another server has changed something

_columns = tables.prompts.c
_SHOWN = (_columns.company, _columns.name, _columns.size, _columns.seconds, _columns.author, _columns.at)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PromptRow:
    """A sound file of a company, without its sound. `size` in bytes, `at` in ms."""

    company: str
    name: str
    size: int
    seconds: float
    author: str
    at: int


class CompanyPrompts:
    """The sound files of all companies. `folder` is where they are played from: `<folder>/<company>/<name>`."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._seen: tuple[Any, ...] = ()
        self._bringing = asyncio.Lock()
        self.on_new: Callable[[str, str], None] = lambda company, name: None  # told of every file that comes

    async def all(self, company: str) -> list[PromptRow]:
        """A company's, by name."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(*_SHOWN).where(_columns.company == company).order_by(_columns.name))
            return [_row(row) for row in found]

    async def missing(self, company: str, names: set[str]) -> set[str]:
        """Those of `names` that there are not, for a company or for all on this server."""
        if not names:
            return set()
        missing = names - {row.name for row in await self.all(company)}
        return {name for name in missing if not (self._folder / name).is_file()}

    async def sound(self, company: str, name: str) -> tuple[PromptRow, bytes]:
        """One, with its WAV file. Raises UnknownError."""
        async with self._database.reading() as connection:
            wanted = select(*_SHOWN, _columns.sound).where(_one(company, name))
            row = (await connection.execute(wanted)).first()
        if row is None:
            raise UnknownError(name)
        return _row(row), bytes(row.sound)

    async def put(
        self, company: str, name: str, sound: bytes, seconds: float, author: str, *, replace: bool
    ) -> PromptRow:
        """Keep a WAV file, in the place of the one of that name where `replace`.

        Raises TakenError, and ValueError where a company has too many.
        """

        async def work(connection: AsyncConnection) -> PromptRow:
            if replace:
                await connection.execute(delete(tables.prompts).where(_one(company, name)))
            counting = select(func.count()).select_from(tables.prompts).where(_columns.company == company)
            if (await connection.execute(counting)).scalar_one() >= MOST:
                raise ValueError(f"a company has {MOST} sounds at most")
            row = PromptRow(company, name, len(sound), seconds, author, await _next(connection))
            values = {key: getattr(row, key) for key in PromptRow.__slots__}
            try:
                await connection.execute(insert(tables.prompts).values(sound=sound, **values))
            except IntegrityError:
                raise TakenError(f"there is a sound {name} already") from None
            return row

        row = await self._database.change(work)
        await self.bring()
        return row

    async def rename(self, company: str, name: str, new: str) -> None:
        """Raises UnknownError, TakenError."""

        async def work(connection: AsyncConnection) -> None:
            values = {"name": new, "at": await _next(connection)}
            try:
                done = await connection.execute(update(tables.prompts).where(_one(company, name)).values(**values))
            except IntegrityError:
                raise TakenError(f"there is a sound {new} already") from None
            if not done.rowcount:
                raise UnknownError(name)

        await self._database.change(work)
        await self.bring()

    async def remove(self, company: str, name: str) -> None:
        """Raises UnknownError."""

        async def work(connection: AsyncConnection) -> None:
            if not (await connection.execute(delete(tables.prompts).where(_one(company, name)))).rowcount:
                raise UnknownError(name)

        await self._database.change(work)
        await self.bring()

    async def bring(self) -> None:
        """Bring the folder up to date. Raises DatabaseAwayError; OSError where the disk fails."""
        async with self._bringing:
            async with self._database.reading() as connection:
                seen = await _state(connection)
                if seen == self._seen:
                    return
                rows = [_row(row) for row in await connection.execute(select(*_SHOWN))]
            for row in await asyncio.to_thread(self._stale, rows):
                try:
                    _, sound = await self.sound(row.company, row.name)
                except UnknownError:  # gone meanwhile: that is seen the next time
                    continue
                await asyncio.to_thread(self._write, row, sound)
                self.on_new(row.company, row.name)
            self._seen = seen

    async def follow(self) -> None:
        """Bring the folder up to date whenever another server has changed something, for ever."""
        failing = False
        while True:
            try:
                await self.bring()
                failing = False
            except (DatabaseAwayError, OSError) as error:
                if not failing:
                    _log.error("prompts.not_read", reason=str(error), next="those that were read are played")
                failing = True
            await asyncio.sleep(LOOK_EVERY)

    def _stale(self, rows: list[PromptRow]) -> list[PromptRow]:
        """Those whose files are not there or not up to date; the files of none are removed. Blocks."""
        wanted = {self._folder / row.company / row.name: row for row in rows}
        for path in self._folder.glob(f"{'[0-9a-f]' * 32}/*"):
            if path not in wanted:
                path.unlink()
        return [row for path, row in wanted.items() if not path.is_file() or path.stat().st_mtime_ns != _written(row)]

    def _write(self, row: PromptRow, sound: bytes) -> None:
        path = self._folder / row.company / row.name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = path.with_name(f".{path.name}")
        new.write_bytes(sound)
        os.utime(new, ns=(_written(row), _written(row)))
        new.replace(path)


def _written(row: PromptRow) -> int:
    return row.at * 1_000_000  # ns


def _one(company: str, name: str) -> Any:
    return (_columns.company == company) & (_columns.name == name)


async def _state(connection: AsyncConnection) -> tuple[int, int | None]:
    """How many there are, and when the newest came: different after every change."""
    wanted = select(func.count(), func.max(_columns.at)).select_from(tables.prompts)
    count, newest = (await connection.execute(wanted)).one()
    return count, newest


async def _next(connection: AsyncConnection) -> int:
    _, newest = await _state(connection)
    return max(now(), (newest or 0) + 1)


def _row(row: Any) -> PromptRow:
    return PromptRow(*(getattr(row, name) for name in PromptRow.__slots__))
