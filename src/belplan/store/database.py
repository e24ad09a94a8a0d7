"""The database: SQLite in one file, or PostgreSQL by its URL. Nothing on the path of a call waits for it.

Every change is one transaction. On SQLite a writer takes its lock at the beginning (BEGIN IMMEDIATE), so that two
writers wait for each other instead of failing half-way; on PostgreSQL a transaction is serializable and is done again
where another was first.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import structlog
from sqlalchemy import event
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

T = TypeVar("T")

PATIENCE = 1.5  # seconds that one waits for a lock, a connection or the server: an API answers within two
TRIES = 5  # of a transaction that another came before

_log = structlog.get_logger()


class DatabaseAwayError(Exception):
    """The database cannot be reached or written now. Try again later; nothing was changed."""


class DatabaseUrlError(ValueError):
    """The URL names no database that can be used."""


class Database:
    """The connections to one database, within `async with`."""

    def __init__(self, url: str) -> None:
        """`url` is `sqlite:////absolute/path` or `postgresql://user:password@host/name`. Raises DatabaseUrlError."""
        self._engine = _engine(url)
        self.sqlite = self._engine.dialect.name == "sqlite"
        if self.sqlite:
            self._writing = self._engine.execution_options(belplan_writes=True)
        else:
            self._writing = self._engine.execution_options(isolation_level="SERIALIZABLE")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction that only reads: one state of the database, however long it takes."""
        async with _patient(), self._engine.begin() as connection:
            yield connection

    async def change(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Do `work` in a transaction that writes, again where another transaction came between."""
        for attempt in range(TRIES):
            try:
                async with self._writing.begin() as connection:
                    return await work(connection)
            except (SQLAlchemyError, OSError, sqlite3.Error) as error:
                if not _came_between(error):
                    raise (DatabaseAwayError(_said(error)) if _away(error) else error) from error
                if attempt + 1 == TRIES:
                    raise DatabaseAwayError(_said(error)) from error
            await asyncio.sleep(0.01 * 2**attempt)
        raise AssertionError

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Do `work` with a plain connection, in a transaction that writes: migrations."""
        async with self._writing.begin() as connection:
            return await connection.run_sync(work)

    async def answers(self) -> bool:
        """Whether the database is there now."""
        try:
            async with asyncio.timeout(PATIENCE), self.reading() as connection:
                await connection.exec_driver_sql("SELECT 1")
        except (DatabaseAwayError, TimeoutError):
            return False
        return True


def now() -> int:
    """This moment, as the tables have it: milliseconds since 1970."""
    return time.time_ns() // 1_000_000


@asynccontextmanager
async def _patient() -> AsyncGenerator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError, sqlite3.Error) as error:
        if _came_between(error) or _away(error):
            raise DatabaseAwayError(_said(error)) from error
        raise


def _said(error: BaseException) -> str:
    """What the database said, without the statement and its values."""
    return str(getattr(error, "orig", None) or error).splitlines()[0] if str(error) else type(error).__name__


def _came_between(error: BaseException) -> bool:
    # PostgreSQL: serialization_failure, deadlock_detected.
    return _state(error) in ("40001", "40P01")


def _away(error: BaseException) -> bool:
    """Whether it is the database that cannot, and not what it was asked for."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    # PostgreSQL: connection exceptions, insufficient resources, operator intervention (a start, a stop).
    if _state(error)[:2] in ("08", "53", "57"):
        return True
    return isinstance(error, (OperationalError, InterfaceError, PoolTimeout, OSError, sqlite3.Error))


def _state(error: BaseException) -> str:
    return getattr(getattr(error, "orig", None), "sqlstate", "") or ""


def _engine(url: str) -> AsyncEngine:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise DatabaseUrlError("write sqlite:////path/to/file or postgresql://user:password@host/database") from None
    match parsed.get_backend_name():
        case "sqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise DatabaseUrlError("SQLite needs a file: sqlite:////var/lib/belplan/belplan.sqlite")
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            engine = create_async_engine(
                parsed.set(drivername="sqlite+aiosqlite"),
                pool_size=5,
                max_overflow=5,
                pool_timeout=PATIENCE,
                pool_use_lifo=True,  # each connection has a cache of 16 MiB: fill as few as are needed
                connect_args={"timeout": PATIENCE},
                hide_parameters=True,  # an error is logged; what was kept is nobody's there
            )
            event.listen(engine.sync_engine, "connect", _open_sqlite)
            event.listen(engine.sync_engine, "begin", _begin_sqlite)
            return engine
        case "postgresql":
            return create_async_engine(
                parsed.set(drivername="postgresql+asyncpg"),
                pool_size=5,
                max_overflow=5,
                pool_timeout=PATIENCE,
                pool_pre_ping=True,
                isolation_level="REPEATABLE READ",
                connect_args={"timeout": PATIENCE, "command_timeout": 60},
                hide_parameters=True,
            )
        case other:
            raise DatabaseUrlError(f"{other} is no database that Belplan knows; there are sqlite and postgresql")


def _open_sqlite(connection: Any, _: Any) -> None:
    # Python's own transactions begin late and end before a CREATE TABLE: we begin them ourselves.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-16000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("belplan_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
