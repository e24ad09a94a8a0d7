"""A back-up has everything, of either database into either."""

import asyncio
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from belplan.store import schema
from belplan.store.backup import BackupError, back_up, restore
from belplan.store.companies import Companies
from belplan.store.database import Database
from belplan.store.records import Records, Wanted, as_row
from belplan.store.secrets import CompanySecrets
from belplan.store.vault import Vault
from tests.api.test_calls import record

ONE = "1" * 32
PLAN = {"company": {"name": "Eén BV"}}
CALL = f"recordings/{ONE}/00000000-0000-4000-8000-000000000007-1.wav"
MESSAGE = f"voicemail/{ONE}/501/{'a' * 32}"
THEN = 1_700_000_000  # seconds since 1970


@asynccontextmanager
async def filled(url, data):
    async with Database(url) as database:
        await schema.upgrade(database)
        companies = Companies(database)
        await companies.add(ONE, "Eén BV", PLAN, "Anna")
        await companies.publish(ONE, PLAN, "Anna", "begin", seen=1)
        await CompanySecrets(database, Vault.open(data / "key")).set(ONE, {"crm": "hunter2"})
        await Records(database).add([as_row(ONE, record(n, ONE)) for n in range(1500)])
        yield database


def put(data: Path, name: str, content: bytes = b"x") -> None:
    (data / name).parent.mkdir(parents=True, exist_ok=True)
    (data / name).write_bytes(content)
    os.utime(data / name, (THEN, THEN))


def files(data: Path) -> dict[str, bytes]:
    return {path.relative_to(data).as_posix(): path.read_bytes() for path in data.rglob("*") if path.is_file()}


async def test_a_back_up_of_either_is_restored_into_either(url, cluster, tmp_path):
    file, data = tmp_path / "belplan.zip", tmp_path / "data"
    kept = {CALL: os.urandom(3_000_000), f"{MESSAGE}.wav16": b"RIFF", f"{MESSAGE}.json": b"{}", "state.jsonl": b"[1]"}
    for name, content in kept.items():
        put(data, name, content)
    for passing in (f"voicemail/drafts/{'b' * 32}.json", f"{MESSAGE}.mail", "plans/x.plan", f"recordings/{ONE}/x.wav"):
        put(data, passing)
    async with filled(url, data) as database:
        rows, count = await back_up(database, data, file)
        assert count == len(kept)
        before = [await Companies(database).live(), [one async for one in Records(database).each(ONE, Wanted())]]
        with pytest.raises(BackupError, match="not empty"):
            await restore(database, data, file)
    assert b"hunter2" not in file.read_bytes()
    for n, other in enumerate((f"sqlite:///{tmp_path / 'other.sqlite'}", cluster.new_database(f"other{id(file)}"))):
        new = tmp_path / f"new{n}"
        async with Database(other) as database:
            assert await restore(database, new, file) == (rows, count)
            found = [one async for one in Records(database).each(ONE, Wanted())]
            assert [await Companies(database).live(), found] == before
            secrets = CompanySecrets(database, Vault.open(data / "key"))
            await secrets.load()
            assert secrets.find(ONE, "crm") == "hunter2"
        assert files(new) == kept
        assert (new / CALL).stat().st_mtime == THEN  # by which it is deleted after its days
        assert (new / CALL).stat().st_mode & 0o777 == 0o600


async def test_nobody_waits_for_a_back_up_and_it_is_of_one_moment(url, tmp_path, monkeypatch):
    real = schema.revision_of

    async def rename():
        async with Database(url) as other:
            await Companies(other).rename(ONE, "Twee BV")

    def somebody_comes_between(connection):
        found = real(connection)
        with ThreadPoolExecutor(1) as other:
            other.submit(asyncio.run, rename()).result()
        return found

    async with filled(url, tmp_path) as database:
        monkeypatch.setattr("belplan.store.backup.schema.revision_of", somebody_comes_between)
        await back_up(database, tmp_path, tmp_path / "belplan.zip")
        assert (await Companies(database).get(ONE)).name == "Twee BV"
    with zipfile.ZipFile(tmp_path / "belplan.zip") as file:
        assert b"Twee BV" not in file.read("companies.jsonl")


async def test_what_is_no_back_up_is_refused_and_changes_nothing(url, tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("notes")
    async with Database(url) as database:
        with pytest.raises(BackupError):
            await restore(database, tmp_path, file)
        assert await schema.revision(database) is None
