"""The database and the key of a server: where they are, opened and up to date."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import structlog

from belplan.options import Options
from belplan.store import schema
from belplan.store.database import Database, DatabaseUrlError
from belplan.store.schema import NewerDatabaseError
from belplan.store.vault import KeyFileError, Vault

StorageError = (NewerDatabaseError, KeyFileError, DatabaseUrlError)
"""Why it cannot be opened, beside DatabaseAwayError and OSError."""

_log = structlog.get_logger()


@asynccontextmanager
async def storage(options: Options, *, upgrade: bool = True) -> AsyncGenerator[tuple[Database, Vault]]:
    """The database, up to date unless told otherwise, and the key. Raises StorageError, DatabaseAwayError, OSError."""
    options.data.mkdir(parents=True, exist_ok=True)
    url = options.database_url or f"sqlite:///{options.data / 'belplan.sqlite'}"
    vault = Vault.open(options.key_file or options.data / "belplan.key")
    async with Database(url) as database:
        if upgrade:
            before, after = await schema.upgrade(database)
            if before != after:
                _log.info("database.upgraded", before=before, after=after)
        yield database, vault
