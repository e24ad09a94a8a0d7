"""Every operation of the OpenAPI document, asked by everybody who may not. A new route is in here by being there."""

import itertools
import re
import uuid

import pytest

from belplan.api.identity import RIGHTS
from tests.api.conftest import PLAN

OPEN = {
    "GET /session/ways",
    "GET /session/provider",
    "GET /session/provider/callback",
    "GET /setup",
    "POST /setup",
    "POST /page-errors",
    "POST /session",
    "POST /reset",
    "POST /links",
}
"""What anybody may ask. It is a decision to add something here."""

STRANGE = "0" * 32
VALUES = {
    "number": "1",
    "name": "x",
    "username": "anna",
    "token": STRANGE,
    "call": str(uuid.uuid4()),
    "person": STRANGE,
    "section": "users",
    "key": "201",
    "queue": "401",
    "agent": "201",
    "box": "501",
    "message": STRANGE,
    "file": "x.wav",
    "hook": STRANGE,
    "delivery": "msg_" + STRANGE,
    "scenario": STRANGE,
    "examination": STRANGE,
}
_counter = itertools.count(1)


@pytest.fixture(scope="module")
def document(server):
    admin = server.person("document@example.nl", operator=True)
    return admin("GET", "/openapi.json").json()


@pytest.fixture(scope="module")
def operations(document):
    found = [
        (method.upper(), path.removeprefix("/api/v1"), operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    assert len(found) > 50
    return found


@pytest.fixture(scope="module")
def mine(server):
    return server.company("Mijn bedrijf", **PLAN)


@pytest.fixture(scope="module")
def theirs(server):
    return server.company("Hun bedrijf", **PLAN)


def ask(client, operation, company):
    """Ask with a body that is as good as the document makes it: what is refused is refused for who asks."""
    method, path, described = operation
    where = re.sub(r"{(\w+)}", lambda m: company if m[1] == "company" else VALUES[m[1]], path)
    query = "&".join(
        f"{one['name']}=1" for one in described.get("parameters", ()) if one["in"] == "query" and one.get("required")
    )
    body = {} if "requestBody" in described else None
    return client(method, where + (f"?{query}" if query else ""), body, **{"If-Match": '"1"'})


def described(operation):
    return f"{operation[0]} {operation[1]}"


def test_every_operation_says_what_right_it_needs(operations):
    for operation in operations:
        right = operation[2]["x-right"]
        assert right in {"anybody", "signed-in", "operator", *RIGHTS["operator"]}, described(operation)
        assert (right == "anybody") == (described(operation) in OPEN), described(operation)
        if "{company}" in operation[1]:
            assert right not in ("anybody", "signed-in"), described(operation)


def test_nobody_gets_anything(server, operations, mine):
    nobody = server.somebody()
    for operation in operations:
        if described(operation) not in OPEN:
            assert ask(nobody, operation, mine).status_code == 401, described(operation)


@pytest.mark.parametrize("who", ["revoked token", "deleted person", "made-up token", "signed out"])
def test_who_was_somebody_is_nobody(server, operations, mine, who):
    administrator = server.person(f"gone{next(_counter)}@example.nl", "administrator", mine)
    me = administrator("GET", "/session").json()["user"]["id"]
    made = administrator("POST", f"/companies/{mine}/tokens", {"name": "x", "scopes": ["read", "administer"]}).json()
    client = administrator
    if who in ("revoked token", "made-up token"):
        client = server.somebody(Authorization=f"Bearer {made['text'] if who == 'revoked token' else 'belplan_x'}")
        assert administrator("DELETE", f"/companies/{mine}/tokens/{made['id']}").status_code == 204
    elif who == "deleted person":
        server.run(server.parts.people.remove(me))
    else:
        cookie = administrator.http.cookies["belplan"]
        administrator("DELETE", "/session")
        administrator.http.cookies.set("belplan", cookie)
    for operation in operations:
        if described(operation) not in OPEN:
            assert ask(client, operation, mine).status_code == 401, described(operation)


@pytest.mark.parametrize("by", ["cookie", "token"])
def test_the_administrator_of_another_company_sees_what_is_not_there(server, operations, mine, theirs, by):
    """In the path, an id of another company looks exactly like one that nobody has."""
    client = server.person(f"other{next(_counter)}@example.nl", "administrator", theirs)
    if by == "token":
        scopes = ["live", "read", "records", "operate", "edit", "administer"]
        made = client("POST", f"/companies/{theirs}/tokens", {"name": "x", "scopes": scopes}).json()
        client = server.somebody(Authorization=f"Bearer {made['text']}")
    before = server.run(server.parts.companies.draft(mine))
    for operation in operations:
        if "{company}" not in operation[1]:
            continue
        foreign, unknown = ask(client, operation, mine), ask(client, operation, STRANGE)
        if operation[2]["x-right"] == "operator":
            assert foreign.status_code in (403, 404), described(operation)
            continue
        assert foreign.status_code == 404, described(operation)
        assert foreign.content == unknown.content, described(operation)
    assert server.run(server.parts.companies.draft(mine)) == before


@pytest.mark.parametrize("role", ["editor", "agent", "read-only"])
def test_a_role_does_what_its_rights_say(server, operations, mine, role):
    client = server.person(f"as-{role}{next(_counter)}@example.nl", role, mine)
    for operation in operations:
        right = operation[2]["x-right"]
        if right == "operator" or (right in RIGHTS["operator"] and right not in RIGHTS[role]):
            assert ask(client, operation, mine).status_code == 403, described(operation)


def test_a_token_does_no_more_than_its_scopes(server, operations, mine):
    administrator = server.person(f"scopes{next(_counter)}@example.nl", "administrator", mine)
    made = administrator("POST", f"/companies/{mine}/tokens", {"name": "x", "scopes": ["live"]}).json()
    client = server.somebody(Authorization=f"Bearer {made['text']}")
    for operation in operations:
        if operation[2]["x-right"] not in ("anybody", "signed-in", "member", "live"):
            assert ask(client, operation, mine).status_code == 403, described(operation)


def test_ids_of_another_company_are_unknown_within_ones_own(server, mine, theirs):
    """A token, a person, a call, a version of theirs, asked for in my own company."""
    here = server.person(f"here{next(_counter)}@example.nl", "administrator", mine)
    there = server.person(f"there{next(_counter)}@example.nl", "administrator", theirs)
    them = there("GET", "/session").json()["user"]["id"]
    token = there("POST", f"/companies/{theirs}/tokens", {"name": "x", "scopes": ["read"]}).json()["id"]
    assert there("POST", f"/companies/{theirs}/versions", {}).status_code == 201
    secret = there("GET", f"/companies/{theirs}/secrets").json()["items"][0]["name"]
    for method, path, body in (
        ("DELETE", f"/tokens/{token}", None),
        ("PUT", f"/people/{them}", {"role": "read-only"}),
        ("DELETE", f"/people/{them}", None),
        ("POST", f"/people/{them}/reset", None),
        ("GET", "/versions/1", None),
        ("POST", "/versions/1/restore", None),
        ("DELETE", f"/secrets/{secret}", None),
    ):
        assert here(method, f"/companies/{mine}{path}", body).status_code == 404, path
    assert there("GET", f"/companies/{theirs}/tokens").json()["items"][0]["id"] == token


def test_nothing_can_be_set_that_is_not_asked_for(server, mine):
    administrator = server.person(f"mass{next(_counter)}@example.nl", "administrator", mine)
    for path, body in (
        ("/tokens", {"name": "x", "scopes": ["read"], "id": STRANGE}),
        ("/people", {"email": "a@b.nl", "name": "x", "role": "operator"}),
        ("/people", {"email": "a@b.nl", "name": "x", "role": "agent", "operator": True}),
        ("/versions", {"note": "", "number": 99}),
    ):
        answer = administrator("POST", f"/companies/{mine}{path}", body)
        assert answer.status_code == 422, path
        assert answer.json()["problems"][0]["path"].startswith("body."), answer.text
