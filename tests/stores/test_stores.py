"""What is kept is kept alike, whichever database it is."""

import asyncio
import json
import subprocess
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from belplan.store import schema
from belplan.store.audit import Audit
from belplan.store.companies import Companies, StaleError, TakenError, UnknownError
from belplan.store.database import Database, DatabaseAwayError
from belplan.store.intake import emptied, empty
from belplan.store.people import People
from belplan.store.phone_book import PhoneBooks
from belplan.store.records import Records, Wanted, as_row
from belplan.store.secrets import CompanySecrets
from belplan.store.spool import Spool
from belplan.store.tokens import Tokens
from belplan.store.vault import KeyFileError, Vault
from tests.api.test_calls import record

ONE, TWO = "1" * 32, "2" * 32
PLAN = {"company": {"name": "Eén BV"}, "users": [{"name": "Zoë \u0000 “quote” 🎉", "number": "201"}]}


@asynccontextmanager
async def opened(url):
    async with Database(url) as database:
        await schema.upgrade(database)
        yield database


async def test_a_plan_is_drafted_published_and_rolled_back(url):
    async with opened(url) as database:
        companies = Companies(database)
        row = await companies.add(ONE, "Eén BV", PLAN, "Anna")
        assert (row.handle, row.live) == ("een-bv", None)
        with pytest.raises(TakenError):
            await companies.add(ONE, "Eén BV", PLAN, "Anna")
        assert (await companies.add(TWO, "Eén B.V.!", {}, "Anna")).handle == "een-b-v"
        draft = await companies.draft(ONE)
        assert (draft.revision, draft.plan) == (1, PLAN)
        later = await companies.save(ONE, PLAN | {"x": 1}, "Bram", seen=1)
        with pytest.raises(StaleError) as stale:
            await companies.save(ONE, PLAN | {"x": 2}, "Carla", seen=1)
        assert stale.value.seen.plan == PLAN
        first = await companies.publish(ONE, later.plan, "Bram", "begin", seen=later.revision)
        second = await companies.restore(ONE, first.number, "Carla", "terug")
        assert ((await companies.get(ONE)).live, second.number) == (2, 2)
        assert [one.number for one in await companies.versions(ONE)] == [2, 1]
        assert (await companies.version(ONE, 2)).plan == later.plan
        with pytest.raises(UnknownError):
            await companies.version(TWO, 1)
        assert [(row.id, json.loads(plan)) for row, plan in await companies.live()] == [(ONE, later.plan)]
        await companies.remove(ONE)
        with pytest.raises(UnknownError):
            await companies.draft(ONE)


async def test_fifty_who_save_at_once_cannot_lose_each_others_work(url):
    async with opened(url) as database:
        companies = Companies(database)
        await companies.add(ONE, "Eén BV", {"n": 0}, "Anna")

        async def add_one():
            while True:
                draft = await companies.draft(ONE)
                try:
                    return await companies.save(ONE, {"n": draft.plan["n"] + 1}, "somebody", seen=draft.revision)
                except (StaleError, DatabaseAwayError):
                    await asyncio.sleep(0)

        await asyncio.gather(*(add_one() for _ in range(20)))
        assert (await companies.draft(ONE)).plan == {"n": 20}


async def test_people_sessions_links_and_tokens(url, tmp_path):
    async with opened(url) as database:
        await Companies(database).add(ONE, "Eén BV", {}, "Anna")
        people = People(database, Vault.open(tmp_path / "key"))
        anna = await people.add("Anna@Example.nl", "Anna", password="a long password")
        with pytest.raises(TakenError):
            await people.add("anna@example.NL", "Anna", password=None)
        await people.join(anna.id, ONE, "editor", "201")
        await people.join(anna.id, ONE, "administrator")
        assert [(one.role, one.extension) for one in await people.memberships(anna.id)] == [("administrator", None)]
        session = await people.sign_in(anna.id)
        assert (await people.session(session)).id == anna.id
        assert await people.session("guessed") is None
        link = await people.link("reset", anna.id)
        assert await people.follow("invitation", link) is None
        assert await people.follow("reset", link) == anna.id
        assert await people.follow("reset", link) is None
        tokens = Tokens(database, people._vault)
        token, secret = await tokens.add(ONE, anna.id, "crm", ("read",), None)
        assert (await tokens.find(secret))[0] == token
        _, over = await tokens.add(ONE, anna.id, "old", ("read",), 1)
        assert await tokens.find(over) is None
        await people.remove(anna.id)
        assert await tokens.find(secret) is None
        assert await people.session(session) is None


async def test_secrets_are_sealed_and_of_no_use_without_their_key(url, tmp_path):
    async with opened(url) as database:
        await Companies(database).add(ONE, "Eén BV", {}, "Anna")
        kept = CompanySecrets(database, Vault.open(tmp_path / "key"))
        await kept.set(ONE, {"crm": "hunter2", "sip": "s"})
        await kept.set(ONE, {"crm": "hunter3"})
        async with database.reading() as connection:
            raw = str((await connection.execute(text("SELECT * FROM secrets"))).all())
        assert "hunter" not in raw
        again = CompanySecrets(database, Vault.open(tmp_path / "key"))
        await again.load()
        assert (again.find(ONE, "crm"), again.find(TWO, "crm"), again.names(ONE)) == ("hunter3", None, ["crm", "sip"])
        with pytest.raises(KeyFileError):
            await CompanySecrets(database, Vault.open(tmp_path / "other")).load()


async def test_the_log_shows_what_was_altered_or_taken_out(url, tmp_path):
    async with opened(url) as database:
        audit = Audit(database, Vault.open(tmp_path / "key"))
        await asyncio.gather(*(audit.write("Anna", "x", company=ONE, n=n) for n in range(8)))
        assert [one.number for one in await audit.entries(ONE, limit=3)] == [8, 7, 6]
        assert await audit.broken_at() is None

        async def take_out(connection):
            await connection.execute(text("DELETE FROM audit WHERE number = 4"))

        await database.change(take_out)
        assert await audit.broken_at() == 5


async def test_records_arrive_once_whatever_comes_between(url, tmp_path):
    async with opened(url) as database:
        await Companies(database).add(ONE, "Eén BV", {}, "Anna")
        records = Records(database)
        calls = [record(n, ONE) for n in range(300)]
        strange = record(0, ONE, caller="a\x00b" + "9" * 200)
        with Spool(tmp_path / "spool") as spool:
            for call in [*calls, strange, *calls[:50]]:
                spool.put(json.dumps(call))
            spool.put("no JSON")
            spool.put(json.dumps(record(0, TWO)))  # of a company that is gone
            await empty(spool, records)
            await empty(spool, records)
            spool.put(json.dumps(calls[0]))
            await empty(spool, records)
        found = [one async for one in records.each(ONE, Wanted())]
        assert len(found) == len({one.uuid for one in found}) == 301
        whole, document = await records.get(ONE, calls[7]["call"]["uuid"])
        assert (whole.arrived, document) == (as_row(ONE, calls[7])["arrived"], calls[7])
        assert await records.get(TWO, calls[7]["call"]["uuid"]) is None
        assert await records.forget(ONE, until=round(datetime(2026, 11, 25, 9, 1, tzinfo=UTC).timestamp() * 1000)) == 61


async def test_names_of_a_phone_book(url):
    async with opened(url) as database:
        await Companies(database).add(ONE, "Eén BV", {}, "Anna")
        books = PhoneBooks(database)
        await books.put(ONE, {str(31600000000 + n): f"Naam {n}" for n in range(6000)})
        await books.put(ONE, {"31600000007": "Zoë_%"})
        assert books.name(ONE, "31600000007") == "Zoë_%"
        assert await books.page(ONE, search="zoë_%") == [("31600000007", "Zoë_%")] or not database.sqlite
        assert await books.page(ONE, search="_%") == [("31600000007", "Zoë_%")]
        again = PhoneBooks(database)
        await again.load()
        assert (again.name(ONE, "31600005999"), again.name(TWO, "31600005999")) == ("Naam 5999", "")


# The shape of the database


async def test_an_older_database_is_brought_up_to_date_and_keeps_what_it_has(url):
    async with Database(url) as database:
        await database.run(lambda connection: schema.upgrade_to(connection, "0001"))
        await Companies(database).add(ONE, "Eén BV", PLAN, "Anna")
        assert await schema.upgrade(database) == ("0001", schema.newest())
        assert await schema.upgrade(database) == (schema.newest(), schema.newest())
        assert (await Companies(database).draft(ONE)).plan == PLAN


HALF_WAY = """
import asyncio, sys, time
from sqlalchemy import event
from sqlalchemy.engine import Engine
from belplan.store import schema
from belplan.store.database import Database

made = 0

@event.listens_for(Engine, "after_cursor_execute")
def stand_still(connection, cursor, statement, *_):
    global made
    made += statement.lstrip().startswith("CREATE TABLE")
    if made == 3:
        print("half way", flush=True)
        time.sleep(60)

async def upgrade():
    async with Database(sys.argv[1]) as database:
        await schema.upgrade(database)

asyncio.run(upgrade())
"""


async def test_a_migration_that_was_killed_is_done_again(url):
    async with Database(url) as database:
        await database.run(lambda connection: schema.upgrade_to(connection, "0001"))
        await Companies(database).add(ONE, "Eén BV", PLAN, "Anna")
    with subprocess.Popen([sys.executable, "-c", HALF_WAY, url], stdout=subprocess.PIPE, text=True) as migrating:
        assert migrating.stdout.readline() == "half way\n"
        migrating.kill()
    async with Database(url) as database:
        assert await schema.upgrade(database) == ("0001", schema.newest())
        assert (await Companies(database).draft(ONE)).plan == PLAN


async def test_a_newer_database_is_refused_and_left_alone(url):
    async with opened(url) as database:

        async def newer(connection):
            await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

        await database.change(newer)
        with pytest.raises(schema.NewerDatabaseError, match="9999"):
            await schema.upgrade(database)
        assert await schema.revision(database) == "9999"


async def test_records_wait_while_postgresql_is_away(cluster, tmp_path):
    url = cluster.new_database("away")
    async with opened(url) as database:
        await Companies(database).add(ONE, "Eén BV", {}, "Anna")
        records = Records(database)
        with Spool(tmp_path / "spool") as spool:
            async with emptied(spool, records):
                cluster.kill()
                for n in range(300):
                    spool.put(json.dumps(record(n, ONE)))
                began = asyncio.get_running_loop().time()
                with pytest.raises(DatabaseAwayError):
                    await Companies(database).all()
                assert asyncio.get_running_loop().time() - began < 10
                await asyncio.sleep(1)
                cluster.start()
                async with asyncio.timeout(30):
                    while await _count(records) < 300:
                        await asyncio.sleep(0.1)
        found = [one async for one in records.each(ONE, Wanted())]
        assert len({one.uuid for one in found}) == len(found) == 300


async def _count(records):
    try:
        return len([one async for one in records.each(ONE, Wanted())])
    except DatabaseAwayError:
        return 0
