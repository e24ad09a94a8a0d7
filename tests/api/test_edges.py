"""Requests that no well-behaved program sends."""

import json
import socket
from urllib.parse import urlsplit

import pytest

from tests.api.conftest import PLAN

STRANGE = [
    "a\u0000b",
    "\u202egnp.exe",
    "=1+1",
    "' OR 1=1 --",
    "%_\\",
    "<script>alert(1)</script>",
    "x" * 100_000,
    "\ud800",
]


@pytest.fixture(scope="module")
def company(server):
    return server.company("Randen BV", **PLAN)


@pytest.fixture(scope="module")
def admin(server, company):
    return server.person("randen@example.nl", "administrator", company)


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b'"\xff"', b"null", b"[]", b"1e999"])
def test_a_body_that_is_no_object_is_refused(admin, company, body):
    answer = admin("PUT", f"/companies/{company}/phone-book/201", body)
    assert answer.status_code in (400, 422)
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_body_that_is_too_large_is_refused_and_one_of_another_kind(admin, company):
    at = f"/companies/{company}/phone-book/201"
    assert admin("PUT", at, b" " * (10 << 20)).status_code == 413
    other = admin("PUT", at, b"<name>Anna</name>", **{"Content-Type": "text/xml"})
    assert other.status_code in (415, 422)


@pytest.mark.parametrize("name", STRANGE)
def test_a_name_is_kept_as_it_is_or_refused(admin, company, name):
    at = f"/companies/{company}/phone-book/31612345678"
    answer = admin("PUT", at, json.dumps({"name": name}))
    assert answer.status_code in (200, 422)
    if answer.ok:
        found = admin("GET", f"/companies/{company}/phone-book?search=3161").json()["items"]
        assert [one["name"] for one in found] == [name]


@pytest.mark.parametrize("query", ["limit=-1", "limit=0", "limit=1000000000", "cursor=nonsense", "cursor=%ff"])
def test_a_page_that_there_is_not_is_refused(admin, company, query):
    assert admin("GET", f"/companies/{company}/calls?{query}").status_code in (400, 422)


def test_what_was_deleted_is_gone_also_the_second_time(admin, company):
    token = admin("POST", f"/companies/{company}/tokens", {"name": "x", "scopes": ["read"]}).json()
    at = f"/companies/{company}/tokens/{token.get('id') or token['token']['id']}"
    assert [admin("DELETE", at).status_code for _ in range(2)] == [204, 404]


@pytest.mark.parametrize("method", ["TRACE", "HEAD", "OPTIONS", "PATCH"])
def test_a_method_that_there_is_not_is_said(admin, method):
    answer = admin(method, "/session")
    assert answer.status_code == 405
    assert {"GET", "POST", "DELETE"} & set(answer.headers["Allow"].split(", "))


def raw(server, text: bytes) -> bytes:
    """What the server answers to these bytes before it closes."""
    at = urlsplit(server.url)
    with socket.create_connection((at.hostname, at.port), timeout=10) as sent:
        sent.sendall(text)
        found = b""
        try:
            while some := sent.recv(4096):
                found += some
        except (TimeoutError, ConnectionError):
            pass
        return found


@pytest.mark.parametrize(
    "head",
    [
        b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
    ],
)
def test_a_request_of_two_minds_is_never_two_requests(server, head):
    answer = raw(server, head + b"GET /api/v1/setup HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert b'{"needed"' not in answer
    assert server.somebody()("GET", "/health/live").status_code == 200


def test_a_body_without_end_is_given_up(server, monkeypatch):
    monkeypatch.setattr("belplan.api.edge.BODY_TIME", 0.2)
    head = b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
    assert b" 408 " in raw(server, head + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n").split(b"\r\n")[0]


def test_the_address_of_a_link_is_ours_whatever_the_host_header_says(server, admin, company):
    asked = {"email": "herhaald@example.nl", "name": "Herhaald", "role": "editor"}
    shown = {**admin.headers, "Cookie": f"belplan={admin.http.cookies['belplan']}", "Host": "evil.example"}
    link = server.somebody()("POST", f"/companies/{company}/people", asked, **shown).json()["link"]
    assert "evil" not in link
