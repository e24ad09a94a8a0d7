"""Companies from the database on one real exchange: published over the API, and called."""

import asyncio
import json
import sqlite3
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import aiohttp
from aiohttp import web

from belplan.installation import installation
from belplan.options import Options, policy, read_plan
from belplan.store.records import Wanted
from tests.asterisk.phones import free_port, invite, phone, run_sipp

PASSWORD = "a long password"


def plan(cause: int) -> dict:
    """Anna, and a dial plan that refuses with this cause. Every company has the same names."""
    return {
        "users": [{"name": "Anna", "number": "201", "phones": [{"username": "anna"}]}],
        "dial_plans": [{"name": "Hoofd", "internal_number": "1003", "route": [{"hangup": {"cause": cause}}]}],
    }


@asynccontextmanager
async def server(data, program, **more):
    options = Options(plan=None, data=data, sip_port=free_port(), http_port=free_port(), **more)
    api = f"http://127.0.0.1:{options.http_port}/api/v1/"
    cookies = aiohttp.CookieJar(unsafe=True)  # also of an address
    async with installation(options, None, program) as parts, aiohttp.ClientSession(api, cookie_jar=cookies) as http:
        yield options, parts, http


async def publish(http, company: str, csrf: str, **sections):
    at = f"companies/{company}/"
    headers = {"X-CSRF-Token": csrf}
    async with http.get(at + "draft") as answer:
        found, etag = await answer.json(), answer.headers["ETag"]
    changed = {**found["plan"], **sections}
    async with http.put(at + "draft", json={"plan": changed}, headers={**headers, "If-Match": etag}) as answer:
        assert answer.status == 200
    async with http.post(at + "versions", json={}, headers=headers) as answer:
        assert answer.status == 201, await answer.text()
        assert (await answer.json())["taken"]


async def test_a_published_version_is_what_the_next_call_walks_and_companies_never_mix(program, tmp_path):
    async with server(tmp_path, program) as (options, parts, http):
        first = {
            "token": await parts.people.link("setup"),
            "name": "Anna",
            "email": "anna@example.nl",
            "password": PASSWORD,
            "company": {"name": "Een BV"},
        }
        async with http.post("setup", json=first) as answer:
            said = await answer.json()
        csrf, one = said["csrf"], said["companies"][0]["id"]
        async with http.post("companies", json={"name": "Twee BV"}, headers={"X-CSRF-Token": csrf}) as answer:
            two = (await answer.json())["id"]
        await publish(http, one, csrf, **plan(17))
        await publish(http, two, csrf, **plan(21))
        for company, handle, refusal in ((one, "een-bv", 486), (two, "twee-bv", 403)):
            async with http.post(f"companies/{company}/phones/anna/password", headers={"X-CSRF-Token": csrf}) as answer:
                login = await answer.json()
            assert login["account"] == f"{handle}-anna"
            async with phone(login["account"], login["password"], options.sip_port) as anna:
                await anna.dial("1003")
                closed = await anna.event("CALL_CLOSED")
                assert str(refusal) in json.dumps(closed)
        await publish(http, one, csrf, **plan(18))
        async with http.get(f"companies/{one}/versions") as answer:
            assert [(v["number"], v["live"]) for v in (await answer.json())["items"]] == [(2, True), (1, False)]
    # Everything is there again after a restart, without anybody publishing anything.
    async with server(tmp_path, program) as (options, parts, http):
        async with http.get(f"http://127.0.0.1:{options.http_port}/health/ready") as answer:
            assert answer.status == 200
        unknown = await run_sipp(invite("1003", 401, from_="<sip:een-bv-anna@127.0.0.1>"), options.sip_port)
        assert unknown.final == 401
        async with http.post("session", json={"email": "anna@example.nl", "password": PASSWORD}) as answer:
            csrf = (await answer.json())["csrf"]
        async with http.post(f"companies/{one}/phones/anna/password", headers={"X-CSRF-Token": csrf}) as answer:
            login = await answer.json()
        async with phone(login["account"], login["password"], options.sip_port) as anna:
            await anna.dial("1003")
            assert "408" in json.dumps(await anna.event("CALL_CLOSED"))


ROUTE = [{"announce": {"say": "Een ogenblik."}}, {"connect": {"to": "202", "timeout": 20}}]


async def test_a_call_is_seen_hung_up_begun_by_a_click_and_written_down_once(program, tmp_path, monkeypatch):
    monkeypatch.setattr("belplan.live.LOOK_AT_PHONES", 0.3)
    async with server(tmp_path, program) as (options, parts, http), AsyncExitStack() as watching:
        csrf, company, logins = await two_phones(parts, http)
        at, headers = f"companies/{company}/", {"X-CSRF-Token": csrf}
        anna, bram = logins
        coming_and_going = watching.enter_context(parts.live.reader(company))
        async with phone(*anna, options.sip_port) as annas, phone(*bram, options.sip_port) as brams:
            async with http.get(at + "live") as answer:
                assert all(one["registered"] for one in (await answer.json())["phones"])
            with parts.live.reader(company) as events:
                async with http.post(at + "calls", json={"user": "201", "number": "1003"}, headers=headers) as answer:
                    assert answer.status == 202, await answer.text()
                await annas.event("CALL_INCOMING")
                await annas.accept()
                await brams.event("CALL_INCOMING")
                async with http.get(at + "live") as answer:
                    under_way = (await answer.json())["calls"]
                assert [(one["callee_number"], one["ringing"]) for one in under_way] == [("1003", ["202"])]
                await brams.accept()
                await brams.event("CALL_ESTABLISHED")
                uuid = under_way[0]["uuid"]
                async with http.post(at + f"live/{uuid}/hang-up", headers=headers) as answer:
                    assert answer.status == 204
                await brams.event("CALL_CLOSED")
                seen = []
                while "ended" not in seen:
                    event = await events.next(10)
                    assert event, seen
                    seen.append(event["what"])
                assert [one for one in seen if one in ("arrived", "dialled", "answered", "ended")] == [
                    "arrived",
                    "dialled",
                    "answered",
                    "ended",
                ]
            async with asyncio.timeout(10):
                while not (found := await parts.records.find(company, Wanted(), limit=5)):
                    await asyncio.sleep(0.05)
            assert [(one.uuid, one.outcome, one.answered_by, one.version) for one in found] == [
                (uuid, "connected", "202", 1)
            ]
            async with http.get(at + f"calls/{uuid}") as answer:
                whole = await answer.json()
            assert [step["app"] for step in whole["trace"]] == ["announce", "connect"]
            assert "Bram" in whole["why"]["nl"]
        gone = set()
        while gone != {anna[0], bram[0]}:
            event = await coming_and_going.next(15)
            assert event, gone
            if event["what"] == "registration" and not event["registered"]:
                gone.add(event["account"])


async def test_calls_go_on_while_the_database_is_locked_and_every_record_arrives_once(program, tmp_path):
    async with server(tmp_path, program) as (options, parts, http):
        _, company, logins = await two_phones(parts, http, [{"hangup": {"cause": 17}}])
        began = asyncio.get_running_loop().time()
        locked = sqlite3.connect(tmp_path / "belplan.sqlite", isolation_level=None)
        locked.execute("BEGIN EXCLUSIVE")
        async with phone(*logins[0], options.sip_port) as anna:
            for _ in range(5):
                before = len(anna.events)
                await anna.dial("1003")
                assert "486" in json.dumps(await anna.event("CALL_CLOSED", after=before))
            async with http.get("session") as answer:
                assert answer.status in (200, 503)
            async with http.post("session", json={"email": "anna@example.nl", "password": PASSWORD}) as answer:
                assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
                assert "Traceback" not in await answer.text()
        assert asyncio.get_running_loop().time() - began < 30
        locked.execute("ROLLBACK")
        locked.close()
        async with asyncio.timeout(10):
            while len(found := await parts.records.find(company, Wanted(), limit=50)) < 5:
                await asyncio.sleep(0.05)
        await asyncio.sleep(1.2)  # two looks at the spool more: nothing comes twice
        found = await parts.records.find(company, Wanted(), limit=50)
        assert len({one.uuid for one in found}) == len(found) == 5


async def test_fifty_calls_under_way_stay_with_their_version_when_another_is_published(program, tmp_path, monkeypatch):
    monkeypatch.setattr("belplan.server.policy", lambda *given: replace(policy(*given), per_company=60))
    asked, go_on = [], asyncio.Event()

    async def answer_later(request):
        asked.append(request)
        await go_on.wait()
        return web.Response(text="openstaand")

    crm = web.Application()
    crm.router.add_post("/", answer_later)
    async with server(tmp_path, program, allow_loopback=True) as (options, parts, http):
        runner = web.AppRunner(crm)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", free_port())
        await site.start()
        webhook = {"webhook": {"method": "POST", "url": site.name + "/", "save_as": "klant", "timeout": 10}}
        csrf, company, logins = await two_phones(parts, http, [webhook, {"hangup": {"cause": 17}}])
        calls = asyncio.create_task(
            run_sipp(invite("1003", 486, login=logins[0], timeout_ms=25_000), options.sip_port, calls=50, rate=50)
        )
        async with asyncio.timeout(20):
            while len(asked) < 50:
                await asyncio.sleep(0.02)
        new = [{"name": "Hoofd", "internal_number": "1003", "route": [{"hangup": {"cause": 21}}]}]
        await publish(http, company, csrf, dial_plans=new)
        assert (await run_sipp(invite("1003", 403, login=logins[0]), options.sip_port)).ok
        go_on.set()
        assert (await calls).ok
        async with asyncio.timeout(10):
            while len(found := await parts.records.find(company, Wanted(), limit=60)) < 51:
                await asyncio.sleep(0.05)
        assert sorted((one.version, one.cause) for one in found) == [(1, 17)] * 50 + [(2, 21)]
        await runner.cleanup()


async def two_phones(parts, http, route=ROUTE):
    """A company of Anna and Bram, published, with a dial plan at 1003: its CSRF token, id and SIP accounts."""
    first = {
        "token": await parts.people.link("setup"),
        "name": "Anna",
        "email": "anna@example.nl",
        "password": PASSWORD,
        "company": {"name": "Een BV"},
    }
    async with http.post("setup", json=first) as answer:
        said = await answer.json()
    csrf, company = said["csrf"], said["companies"][0]["id"]
    people = [("Anna", "201", "anna"), ("Bram", "202", "bram")]
    users = [{"name": name, "number": number, "phones": [{"username": word}]} for name, number, word in people]
    await publish(
        http, company, csrf, users=users, dial_plans=[{"name": "Hoofd", "internal_number": "1003", "route": route}]
    )
    logins = []
    for _, _, word in people:
        async with http.post(f"companies/{company}/phones/{word}/password", headers={"X-CSRF-Token": csrf}) as answer:
            login = await answer.json()
        logins.append((login["account"], login["password"]))
    return csrf, company, logins


async def test_a_company_from_a_file_has_its_secrets_and_its_calls_are_explained(program, tmp_path, monkeypatch):
    path = tmp_path / "plan.yaml"
    path.write_text(
        "company: {name: Voorbeeld}\n"
        "users: [{name: Anna, number: '201', phones: [{username: anna, password: 'secret:anna'}]}]\n"
        "dial_plans: [{name: Hoofd, internal_number: '1003', route: [{hangup: {cause: 17}}]}]\n"
    )
    monkeypatch.setenv("BELPLAN_SECRET_anna", "een-geheim")
    options = Options(plan=path, data=tmp_path / "data", sip_port=free_port(), http_port=free_port())
    company, _ = read_plan(path)
    async with installation(options, company, program) as parts:
        async with phone("anna", "een-geheim", options.sip_port) as anna:
            await anna.dial("1003")
            assert "486" in json.dumps(await anna.event("CALL_CLOSED"))
        async with asyncio.timeout(10):
            while not (found := await parts.records.find(company.id, Wanted(), limit=5)):
                await asyncio.sleep(0.05)
        assert [(one.outcome, one.version) for one in found] == [("ended", 1)]
        assert (await parts.companies.version(company.id, 1)).plan
