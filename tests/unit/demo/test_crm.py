"""The sample CRM by itself: a server that anybody could have written from the manual."""

import asyncio
import sqlite3
from contextlib import asynccontextmanager

import aiohttp

from belplan.demo.crm import FIELDS, Crm, Received
from belplan.dialplan.fields import CALL_DATA

DEBTOR, CUSTOMER, STRANGER = "31612345678", "31207654321", "31301234567"


def about(caller: str) -> dict[str, str]:
    """A request as the manual has it."""
    return dict.fromkeys(FIELDS, "") | {"caller_number": caller, "dp_ex_number": "31102380095"}


@asynccontextmanager
async def running(folder, log: list[Received]):
    async with Crm(folder / "crm.sqlite", log.append) as crm, aiohttp.ClientSession(crm.url) as http:
        yield http


async def says(http: aiohttp.ClientSession, caller: str) -> str:
    async with http.post("/belplan", json=about(caller)) as answer:
        assert answer.status == 200
        return await answer.text()


def test_its_fields_are_those_of_the_call_data():
    assert FIELDS == CALL_DATA


def test_it_says_in_one_word_what_it_knows_of_the_caller(tmp_path):
    async def ask() -> list[str]:
        async with running(tmp_path, []) as http:
            return [await says(http, caller) for caller in (DEBTOR, CUSTOMER, STRANGER)]

    assert asyncio.run(ask()) == ["openstaand", "ticket", "nieuw"]


def test_it_knows_who_has_the_ticket(tmp_path):
    async def ask() -> list[str]:
        async with running(tmp_path, []) as http:
            return [await (await http.get(f"/ticket?number={caller}")).text() for caller in (CUSTOMER, STRANGER)]

    assert asyncio.run(ask()) == ["203", ""]


def test_after_a_conversation_it_knows_the_caller_and_the_colleague_of_last_time(tmp_path):
    async def ask() -> list[str]:
        async with running(tmp_path, []) as http:
            for colleague in ("203", "204"):
                await http.post("/spoken", json={"number": STRANGER, "colleague": colleague})
            return [await says(http, STRANGER), await (await http.get(f"/last?number={STRANGER}")).text()]

    assert asyncio.run(ask()) == ["bekend", "204"]


def test_what_is_not_a_call_is_refused(tmp_path):
    async def ask() -> list[int]:
        async with running(tmp_path, []) as http:
            return [(await http.post("/belplan", data=body)).status for body in ("", "{}", "[]", '"text"', "{")]

    assert asyncio.run(ask()) == [400] * 5


def test_it_keeps_each_call_and_logs_each_request(tmp_path):
    log: list[Received] = []

    async def ask() -> None:
        async with running(tmp_path, log) as http:
            await says(http, DEBTOR)
            await http.get("/ticket?number=1")

    asyncio.run(ask())
    assert [(one.method, one.path, one.answer) for one in log] == [
        ("POST", "/belplan", "openstaand"),
        ("GET", "/ticket?number=1", ""),
    ]
    assert tuple(log[0].fields) == FIELDS
    assert log[1].body == b""
    with sqlite3.connect(tmp_path / "crm.sqlite") as database:
        assert database.execute("SELECT caller_number, dp_ex_number FROM call").fetchall() == [(DEBTOR, "31102380095")]
    database.close()


def test_it_remembers_when_it_is_started_again(tmp_path):
    async def spoken() -> None:
        async with running(tmp_path, []) as http:
            await http.post("/spoken", json={"number": STRANGER, "colleague": "204"})

    async def again() -> str:
        async with running(tmp_path, []) as http:
            return await says(http, STRANGER)

    asyncio.run(spoken())
    assert asyncio.run(again()) == "bekend"
