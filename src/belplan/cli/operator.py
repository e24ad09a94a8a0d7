"""Commands for the operator of a server: user, company, token, backup, restore, db."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from cyclopts import App, Parameter

from belplan import settings
from belplan.cli.exchange import Data
from belplan.cli.output import FINE, fail, out

if TYPE_CHECKING:
    from belplan.store.database import Database
    from belplan.store.people import People, Person
    from belplan.store.vault import Vault

T = TypeVar("T")

user = App(name="user", help="The people who sign in to a server.", help_format="plaintext")
company = App(name="company", help="The companies of a server.", help_format="plaintext")
token = App(name="token", help="Access for programs.", help_format="plaintext")
db = App(name="db", help="The database of a server.", help_format="plaintext")

Role = Literal["administrator", "editor", "agent", "read-only"]
Scopes = Annotated[
    tuple[str, ...], Parameter(help="live, read, records, operate, edit, administer.", consume_multiple=True)
]


@user.command(name="list")
def list_users(*, data: Data = None) -> int:
    """List everybody, with their companies."""

    async def work(database: "Database", vault: "Vault") -> int:
        people = _people(database, vault)
        for person in await people.all():
            there = [f"{one.company_name}: {one.role}" for one in await people.memberships(person.id)]
            out.print(f"{person.email}  {person.name}  {'operator' if person.operator else ''}  {', '.join(there)}")
        return FINE

    return _run(data, work)


@user.command(name="add")
def add_user(
    email: str,
    *,
    name: str = "",
    operator: Annotated[bool, Parameter(negative="", help="May do everything in every company.")] = False,
    company: Annotated[str, Parameter(help="Id of a company to be a member of.")] = "",
    role: Role = "administrator",
    data: Data = None,
) -> int:
    """Make somebody, and print the link with which they choose their password."""

    async def work(database: "Database", vault: "Vault") -> int:
        people = _people(database, vault)
        person = await people.add(email, name or email.partition("@")[0], password=None, operator=operator)
        if company:
            await people.join(person.id, company, role)
        await _print_link(people, "invitation", person)
        return FINE

    return _run(data, work)


@user.command(name="reset")
def reset_user(
    email: str,
    *,
    second_factor: Annotated[bool, Parameter(negative="", help="Take the second factor away too.")] = False,
    data: Data = None,
) -> int:
    """Print a link with which somebody chooses a new password."""

    async def work(database: "Database", vault: "Vault") -> int:
        from belplan.store.second_factor import SecondFactors

        people = _people(database, vault)
        person = await people.by_email(email)
        if second_factor:
            await SecondFactors(database, vault).remove(person)
        await _print_link(people, "reset", person)
        return FINE

    return _run(data, work)


@user.command(name="remove")
def remove_user(email: str, *, data: Data = None) -> int:
    """Remove somebody, with their sessions and tokens."""

    async def work(database: "Database", vault: "Vault") -> int:
        people = _people(database, vault)
        await people.remove((await people.by_email(email)).id)
        return FINE

    return _run(data, work)


@company.command(name="list")
def list_companies(*, data: Data = None) -> int:
    """List the companies: id, handle, live version, name."""

    async def work(database: "Database", vault: "Vault") -> int:
        from belplan.store.companies import Companies

        for row in await Companies(database).all():
            out.print(f"{row.id}  {row.handle}  {row.live or '-'}  {row.name}", markup=False)
        return FINE

    return _run(data, work)


@token.command(name="add")
def add_token(company: str, email: str, name: str, scopes: Scopes, *, data: Data = None) -> int:
    """Make a token in a company (its id), in somebody's name, and print it: it is shown only now."""

    async def work(database: "Database", vault: "Vault") -> int:
        from belplan.store.tokens import Tokens

        people = _people(database, vault)
        known = {"live", "read", "records", "operate", "edit", "administer"}
        if not scopes or not set(scopes) <= known:
            return fail(f"the scopes are {', '.join(sorted(known))}")
        person = await people.by_email(email)
        _, text = await Tokens(database, vault).add(company, person.id, name, scopes, None)
        out.print(text, markup=False)
        return FINE

    return _run(data, work)


@token.command(name="revoke")
def revoke_token(company: str, name: str, *, data: Data = None) -> int:
    """End the tokens of this name in a company (its id)."""

    async def work(database: "Database", vault: "Vault") -> int:
        from belplan.store.tokens import Tokens

        tokens = Tokens(database, vault)
        found = [one for one in await tokens.all(company) if one.name == name]
        for one in found:
            await tokens.revoke(company, one.id)
        return FINE if found else fail(f"there is no token {name} in that company")

    return _run(data, work)


def backup(file: Path, *, data: Data = None) -> int:
    """Write the database, recorded conversations and voicemail to a file, whether the server runs or not.

    The key file is not in it.
    """

    async def work(database: "Database", vault: "Vault") -> int:
        from belplan.store.backup import back_up

        rows, files = await back_up(database, _data(data), file)
        out.print(f"[green]✓[/] {rows} rows and {files} files in {file}")
        return FINE

    return _run(data, work)


def restore(file: Path, *, data: Data = None) -> int:
    """Fill an empty database, of this kind or of the other, and the data folder from a back-up."""

    async def work(database: "Database", vault: "Vault") -> int:
        from belplan.store.backup import BackupError
        from belplan.store.backup import restore as fill

        try:
            rows, files = await fill(database, _data(data), file)
            out.print(f"[green]✓[/] {rows} rows and {files} files from {file}")
        except BackupError as error:
            return fail(str(error))
        return FINE

    return _run(data, work, upgrade=False)


@db.command
def upgrade(*, data: Data = None) -> int:
    """Bring the database up to date. `belplan serve` does so itself."""

    async def work(database: "Database", vault: "Vault") -> int:
        from belplan.store import schema

        before, after = await schema.upgrade(database)
        out.print(f"[green]✓[/] revision {after}" + (f", was {before or 'empty'}" if before != after else ""))
        return FINE

    return _run(data, work, upgrade=False)


def _run(data: Path | None, work: "Callable[[Database, Vault], Awaitable[int]]", *, upgrade: bool = True) -> int:
    from belplan.options import Options
    from belplan.storage import StorageError, storage
    from belplan.store.companies import TakenError, UnknownError
    from belplan.store.database import DatabaseAwayError

    async def run() -> int:
        environment = settings.environment()
        options = Options(
            plan=None,
            data=_data(data),
            database_url=environment.database_url,
            key_file=environment.key_file,
        )
        async with storage(options, upgrade=upgrade) as (database, vault):
            return await work(database, vault)

    try:
        return asyncio.run(run())
    except UnknownError as error:
        return fail(f"there is no {error}")
    except (*StorageError, DatabaseAwayError, TakenError, settings.SettingError, OSError) as error:
        return fail(str(error))


def _data(given: Path | None) -> Path:
    """The data folder. Raises SettingError."""
    return (given or settings.environment().data).resolve()


def _people(database: "Database", vault: "Vault") -> "People":
    from belplan.store.people import People

    return People(database, vault)


async def _print_link(people: "People", purpose: Literal["invitation", "reset"], person: "Person") -> None:
    url = settings.environment().url or "http://127.0.0.1:8080"
    out.print(f"{url}/{purpose}#{await people.link(purpose, person.id)}", markup=False)
