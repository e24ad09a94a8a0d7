"""Records are found, read and exported; the phone book is filled; switches are switched."""

import asyncio
import csv
import io
import json
import uuid
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from fastapi import Request

from belplan.api import now
from belplan.api.metrics import from_here
from belplan.store.records import as_row

BEGAN = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def record(n=0, company="", **changes):
    """A call as the engine writes it down."""
    step = {
        "path": "dial_plans[0].route[0].webhook",
        "item": "",
        "app": "webhook",
        "exit": changes.pop("webhook", "ok"),
        "started_ms": 0.0,
        "duration_ms": 40.0,
        "detail": {},
        "values": {},
    }
    return {
        "call": {
            "uuid": str(uuid.uuid4()),
            "caller_number": changes.pop("caller", "31612345678"),
            "callee_number": "31102380095",
            "dial_plan": "Hoofdnummer",
        },
        "company": company,
        "version": 0,
        "arrived": (BEGAN + timedelta(seconds=n)).isoformat(),
        "state": {},
        "outcome": "connected",
        "cause": 16,
        "connected_to": "301",
        "answered_by": "201",
        "variables": {"klant": "=openstaand"},
        "heard": ["ringing"],
        "trace": [step],
        **changes,
    }


@pytest.fixture
def keep(server, company):
    """Have these calls in the database."""

    def keep(*documents):
        server.run(server.parts.records.add([as_row(company, one) for one in documents]))

    return keep


@pytest.fixture
def reader(member):
    return member("read-only")


@pytest.fixture
def at(company):
    return f"/companies/{company}"


def test_calls_are_found_by_number_outcome_webhook_and_time_page_after_page(reader, at, keep):
    keep(*(record(n) for n in range(5)), record(9, caller="31201111111", outcome="ended", webhook="timeout"))
    first = reader("GET", f"{at}/calls?limit=4").json()
    rest = reader("GET", f"{at}/calls?limit=4&cursor={first['next']}").json()
    everything = first["items"] + rest["items"]
    assert [one["arrived"] for one in everything] == sorted((one["arrived"] for one in everything), reverse=True)
    assert len({one["uuid"] for one in everything}) == 6
    assert rest["next"] is None
    for query, count in (
        ("number=06 1234 5678", 5),
        ("number=%2B31612345678", 5),
        ("number=0201111111", 1),
        ("outcome=ended", 1),
        ("webhook=timeout", 1),
        ("from=2026-11-25T09:00:03Z&to=2026-11-25T10:00:05%2B01:00", 2),
        ("number=%25", 0),
    ):
        assert len(reader("GET", f"{at}/calls?{query}").json()["items"]) == count, query
    assert reader("GET", f"{at}/calls?cursor=x").status_code == 422
    assert reader("GET", f"{at}/calls?limit=1000000000").status_code == 422


def test_one_call_is_read_with_every_step(reader, at, keep):
    document = record()
    keep(document)
    found = reader("GET", f"{at}/calls/{document['call']['uuid']}")
    assert found.status_code == 200, found.text
    assert found.json()["trace"][0]["exit"] == "ok"
    assert reader("GET", f"{at}/calls/{uuid.uuid4()}").status_code == 404


def test_a_record_that_comes_twice_is_there_once(server, reader, at, company):
    row = as_row(company, record())
    assert server.run(server.parts.records.add([row, row])) == 1
    assert server.run(server.parts.records.add([row])) == 0
    assert len(reader("GET", f"{at}/calls").json()["items"]) == 1


def test_the_export_is_all_of_it_and_no_spreadsheet_runs_it(reader, at, keep):
    keep(*(record(n) for n in range(1200)), record(caller="", dial_plan="x", connected_to="=cmd|'/c calc'!A1"))
    lines = list(csv.DictReader(io.StringIO(reader("GET", f"{at}/calls.csv").text)))
    assert len(lines) == 1201
    assert [one["connected_to"] for one in lines if "cmd" in one["connected_to"]] == ["'=cmd|'/c calc'!A1"]


def test_everything_about_a_number_is_removed(server, member, at, keep):
    keep(record(0), record(1, caller="31201111111"))
    administrator = member("administrator")
    assert administrator("DELETE", f"{at}/calls?number=0612345678").json()["records"] == 1
    assert [one["caller_number"] for one in administrator("GET", f"{at}/calls").json()["items"]] == ["31201111111"]
    assert member("editor")("DELETE", f"{at}/calls?number=1").status_code == 403


# The phone book

CARDS = """BEGIN:VCARD\r
VERSION:4.0\r
FN:Pieter\\, Janssen\r
TEL;TYPE=cell:06-1234\r
 5678\r
item1.TEL;VALUE=uri:tel:+31-20-765-43-21\r
END:VCARD\r
"""


def test_a_phone_book_comes_from_csv_and_vcard_and_calls_see_it_at_once(server, member, at, company):
    editor = member("editor")
    lines = "naam;nummer\nBakkerij Sanne;020 765 43 21\nZonder nummer;\n=HYPERLINK();010-1234567\n"
    taken = editor("POST", f"{at}/phone-book/import", lines.encode(), **{"Content-Type": "text/csv"})
    assert taken.json() == {"entries": 2, "taken": 2, "skipped": [3]}, taken.text
    editor("POST", f"{at}/phone-book/import", CARDS.encode(), **{"Content-Type": "text/vcard"})
    found = editor("GET", f"{at}/phone-book").json()["items"]
    assert [(one["number"], one["name"]) for one in found] == [
        ("31101234567", "=HYPERLINK()"),
        ("31207654321", "Pieter, Janssen"),
        ("31612345678", "Pieter, Janssen"),
    ]
    assert server.parts.books.name(company, "31612345678") == "Pieter, Janssen"
    assert len(editor("GET", f"{at}/phone-book?search=JANSS").json()["items"]) == 2
    assert editor("GET", f"{at}/phone-book?search=%25").json()["items"] == []
    assert editor("PUT", f"{at}/phone-book/0612345678", {"name": "Piet"}).json()["number"] == "31612345678"
    assert server.parts.books.name(company, "31612345678") == "Piet"
    assert editor("PUT", f"{at}/phone-book/10+)81 30", {"name": "Piet"}).status_code == 422
    assert editor("DELETE", f"{at}/phone-book/0612345678").status_code == 204
    assert editor("DELETE", f"{at}/phone-book/0612345678").status_code == 404
    assert server.parts.books.name(company, "31612345678") == ""


def test_a_phone_book_holds_so_many_and_no_more(server, member, at, company, monkeypatch):
    monkeypatch.setattr("belplan.store.phone_book.MOST", 6000)
    editor = member("editor")
    lines = "".join(f"{31600000000 + n},Naam {n}\n" for n in range(6001))
    full = editor("POST", f"{at}/phone-book/import", lines, **{"Content-Type": "text/csv"})
    assert full.status_code == 422, full.text
    assert editor("GET", f"{at}/phone-book").json()["items"] == [], "and nothing has changed"
    some = "".join(lines.splitlines(keepends=True)[:-1])
    assert editor("POST", f"{at}/phone-book/import", some, **{"Content-Type": "text/csv"}).status_code == 200
    assert server.parts.books.name(company, "31600005999") == "Naam 5999"


# Switches


@pytest.fixture
def published(member, at):
    editor = member("editor")
    found = editor("GET", f"{at}/draft")
    plan = found.json()["plan"] | {
        "diversions": [{"name": n, "code": c, "group": "dag"} for n, c in (("overleg", "1"), ("lunch", "2"))],
        "time_conditions": [
            {"name": "altijd", "weekdays": [{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}]}
        ],
    }
    editor("PUT", f"{at}/draft", {"plan": plan}, **{"If-Match": found.headers["ETag"]})
    assert editor("POST", f"{at}/versions", {}).status_code == 201


def test_an_agent_switches_a_diversion_and_the_others_of_its_group_go_off(member, at, published):
    agent = member("agent")
    assert agent("PUT", f"{at}/state/diversions/overleg", {"on": True}).json()["on"] is True
    assert agent("PUT", f"{at}/state/diversions/lunch", {"on": True}).json()["on"] is True
    assert agent("GET", f"{at}/state/diversions/overleg").json()["on"] is False
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert agent("PUT", f"{at}/state/diversions/lunch", {"on": True, "until": until}).json()["until"] is not None
    assert agent("PUT", f"{at}/state/diversions/niets", {"on": True}).status_code == 404
    assert (
        agent("PUT", f"{at}/state/diversions/overleg", {"on": True, "until": "2020-01-01T00:00:00Z"}).status_code == 422
    )
    assert member("read-only")("PUT", f"{at}/state/diversions/overleg", {"on": False}).status_code == 403


def test_a_named_time_is_overridden_for_now(member, at, published):
    agent = member("agent")
    assert agent("GET", f"{at}/state/times/altijd").json() == {
        "name": "altijd",
        "holds": True,
        "calendar": True,
        "said": None,
        "until": None,
    }
    assert agent("PUT", f"{at}/state/times/altijd", {"holds": False}).json()["holds"] is False
    assert agent("PUT", f"{at}/state/times/altijd", {"holds": None}).json()["holds"] is True


# Who answers calls, and may not read the plan


def test_an_agent_sees_who_is_where_and_their_own_calls_but_no_plan(server, member, at, company, published, keep):
    agent = member("agent")
    assert agent("GET", f"{at}/own-calls").json() == {"items": [], "next": None}, "they have no extension"
    who = agent("GET", "/session").json()["user"]["id"]
    server.run(server.parts.people.join(who, company, "agent", "202"))
    own = agent("GET", "/session").json()["companies"]
    assert [(one["rights"], one["extension"]) for one in own] == [(["live", "member", "operate"], "202")]

    found = agent("GET", f"{at}/directory").json()
    assert found["version"] == 1
    bram = next(one for one in found["users"] if one["number"] == "202")
    assert bram["name"] == "Bram"
    assert [one["name"] for one in found["diversions"]] == ["overleg", "lunch"]
    assert [one["external_numbers"] for one in found["dial_plans"]] == [["31102380095"]]
    assert "crm.example.nl" not in json.dumps(found)
    assert agent("GET", f"{at}/draft").status_code == agent("GET", f"{at}/calls").status_code == 403

    keep(
        record(0),
        record(1, answered_by="202"),
        record(2, caller=bram["accounts"][0], connected_to="201"),
        record(3, connected_to="202", answered_by=None, outcome="ended"),
    )
    first = agent("GET", f"{at}/own-calls?limit=2").json()
    rest = agent("GET", f"{at}/own-calls?limit=2&cursor={first['next']}").json()
    seen = [(one["connected_to"], one["answered_by"]) for one in first["items"] + rest["items"]]
    assert seen == [("202", None), ("201", "201"), ("301", "202")]


# What happens now


def test_events_come_as_they_happen_to_their_own_company_only(server, member, at, company):
    reader = member("agent")
    other = server.company("Ander")
    url = f"{server.url}/api/v1{at}/events"
    with reader.http.get(url, headers=reader.headers, stream=True, timeout=10) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        lines = stream.iter_lines(decode_unicode=True)
        assert next(lines) == "retry: 1000"
        server.loop.call_soon_threadsafe(server.parts.live.tell, other, "arrived")
        server.loop.call_soon_threadsafe(lambda: server.parts.live.tell(company, "ended", call="x", outcome="ended"))
        seen = [line for line, _ in zip(lines, range(4), strict=False)]
    assert "event: ended" in seen
    data = next(line for line in seen if line.startswith("data: "))
    assert json.loads(data.removeprefix("data: "))["call"] == "x"


def test_whoever_is_signed_out_sees_no_more_of_what_happens(server, member, at, monkeypatch):
    monkeypatch.setattr(now, "LOOK_AGAIN", 0.1)
    reader = member("agent")
    cookies = reader.http.cookies.get_dict()

    async def until_closed() -> int | None:
        url = f"{server.url}/api/v1{at}/events"
        async with aiohttp.ClientSession(cookies=cookies) as http, http.ws_connect(f"{url}/socket") as socket:
            async with http.get(url) as stream:
                assert await stream.content.readline() == b"retry: 1000\n"
                assert reader("DELETE", "/session").ok
                await stream.content.read()
            await socket.receive()
            return socket.close_code

    assert asyncio.run(asyncio.wait_for(until_closed(), 20)) == 4403


def test_old_records_go_when_their_company_says_so(server, keep, company):
    keep(record(0), record(100_000))
    until = round((BEGAN + timedelta(seconds=50_000)).timestamp() * 1000)
    assert server.run(server.parts.records.forget(company, until=until)) == 1


def test_figures_are_for_this_machine_and_name_nobody(server, company):
    server.loop.call_soon_threadsafe(lambda: server.parts.live.tell(company, "ended", outcome="connected"))
    asked = {"app": "webhook", "exit": "ok", "duration_ms": 40.0}
    server.loop.call_soon_threadsafe(lambda: server.parts.live.tell(company, "left", **asked))
    found = server.somebody()
    text = found.http.get(f"{server.url}/metrics", timeout=10).text
    assert "belplan_ready 0.0" in text
    assert 'belplan_webhook_seconds_bucket{le="0.05",result="ok"} 1.0' in text
    assert "belplan_loop_late_seconds_count " in text
    assert "belplan_tasks " in text
    assert "belplan_callers_queued 0.0" in text
    assert "belplan_asterisk_seconds_count 0.0" in text
    assert 'belplan_spool_bytes{of="records"} ' in text
    assert "process_open_fds " in text
    assert company not in text


@pytest.mark.parametrize(
    ("client", "here"),
    [("127.0.0.1", True), ("::1", True), ("192.0.2.10", True), ("192.0.2.11", False), ("2001:db8::1", False)],
)
def test_figures_are_asked_for_from_the_machine_that_listens(client, here):
    scope = {"type": "http", "client": (client, 40000), "server": ("192.0.2.10", 8080), "headers": []}
    assert from_here(Request(scope)) is here
