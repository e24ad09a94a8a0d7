"""Companies from the database on one real exchange: published over the API, and called."""

import json
from contextlib import asynccontextmanager

import aiohttp

from belplan.installation import installation
from belplan.server import Options
from tests.asterisk.phones import free_port, invite, phone, run_sipp

PASSWORD = "a long password"


def plan(cause: int) -> dict:
    """Anna, and a dial plan that refuses with this cause. Every company has the same names."""
    return {
        "users": [{"name": "Anna", "number": "201", "phones": [{"username": "anna"}]}],
        "dial_plans": [{"name": "Hoofd", "internal_number": "1003", "route": [{"hangup": {"cause": cause}}]}],
    }


@asynccontextmanager
async def server(data, program):
    options = Options(plan=None, data=data, sip_port=free_port(), http_port=free_port())
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
