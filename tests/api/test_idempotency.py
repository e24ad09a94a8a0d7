"""A request that is repeated with its key is done once."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest


@pytest.fixture
def administrator(member):
    return member("administrator")


def token(client, company, key, name="crm", **headers):
    body = {"name": name, "scopes": ["live"]}
    return client("POST", f"/companies/{company}/tokens", body, **{"Idempotency-Key": key, **headers})


def names(client, company):
    return [one["name"] for one in client("GET", f"/companies/{company}/tokens").json()["items"]]


def test_a_repeated_request_gets_the_answer_of_the_first(server, administrator, company):
    first, second = token(administrator, company, '"one"'), token(administrator, company, "one")
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert (first.headers.get("Idempotency-Replayed"), second.headers["Idempotency-Replayed"]) == (None, "true")
    assert second.headers["Content-Type"] == first.headers["Content-Type"]
    assert second.headers["X-Content-Type-Options"] == "nosniff"
    assert names(administrator, company) == ["crm"]
    kept = server.data / "belplan.sqlite"
    assert first.json()["text"].encode() not in kept.read_bytes() + kept.with_name("belplan.sqlite-wal").read_bytes()
    assert token(administrator, company, "two").json() != first.json()


def test_a_key_is_of_one_request_and_of_whoever_sent_it(server, administrator, member, company):
    assert token(administrator, company, "one").status_code == 201
    other = token(administrator, company, "one", name="other")
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-used")
    assert administrator("POST", f"/companies/{company}/versions", {}, **{"Idempotency-Key": "one"}).status_code == 422
    assert token(member("administrator"), company, "one").status_code == 201
    assert names(administrator, company) == ["crm", "crm"]
    for wrong in ("", "x" * 256, "a b", '"'):
        assert token(administrator, company, wrong).status_code == 400
    nobody = server.somebody()
    assert token(nobody, company, "one").status_code == 401


def test_what_is_refused_is_refused_again_and_what_failed_is_tried_again(server, administrator, company, monkeypatch):
    body = json.dumps({"name": "", "scopes": []})
    answers = [
        administrator("POST", f"/companies/{company}/tokens", body, **{"Idempotency-Key": "bad"}) for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [422, 422]
    assert answers[0].json() == answers[1].json()

    async def broken(*_, **__):
        raise RuntimeError("broken")

    with monkeypatch.context() as patched:
        patched.setattr(type(server.parts.tokens), "add", broken)
        assert token(administrator, company, "again").status_code == 500
    assert token(administrator, company, "again").status_code == 201


def test_two_at_once_are_done_once(administrator, company):
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: token(administrator, company, "one"), range(6)))
    assert {one.status_code for one in answers} <= {201, 409}
    assert {one.json()["type"] for one in answers if one.status_code == 409} <= {"/problems/idempotency-under-way"}
    assert len({one.json()["text"] for one in answers if one.status_code == 201}) == 1
    assert names(administrator, company) == ["crm"]
