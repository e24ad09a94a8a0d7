"""The shape of the database, brought up to date. Each step is one transaction: a step that is killed was not taken."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from belplan.store.database import Database


class NewerDatabaseError(Exception):
    """The database was made by a newer version of Belplan, and would be damaged by this one."""


async def upgrade(database: Database) -> tuple[str | None, str | None]:
    """Bring the database up to date: its revision before and after. Raises NewerDatabaseError."""
    return await database.run(upgrade_to)


async def revision(database: Database) -> str | None:
    """The revision that the database has. None where it is empty."""
    return await database.run(revision_of)


def newest() -> str:
    """The revision that this version of Belplan needs."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def revision_of(connection: Connection) -> str | None:
    """The revision of the database behind a connection."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade_to(connection: Connection, to: str = "head") -> tuple[str | None, str | None]:
    """Bring the database behind a connection to a revision: the one before and after. Raises NewerDatabaseError."""
    if connection.dialect.name == "postgresql":
        # Two servers that start at once: the second waits, and finds nothing to do.
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(6622367526)")
    config = _config()
    scripts = ScriptDirectory.from_config(config)
    before = revision_of(connection)
    known = {script.revision for script in scripts.walk_revisions()}
    if before is not None and before not in known:
        raise NewerDatabaseError(
            f"the database has revision {before}, of a newer version of Belplan; start that one, or restore a back-up"
        )
    config.attributes["connection"] = connection
    command.upgrade(config, to)
    return before, revision_of(connection)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config
