"""What happens is told to those who want to know: signed, at least once, over failures and restarts."""

import itertools
import json
import queue
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from belplan.engine.cdr import CallRecord
from belplan.engine.events import Event
from belplan.event_webhooks import Telling, happened
from belplan.live import Live
from belplan.store import event_webhooks as store
from belplan.store.spool import Spool
from tests.api.conftest import PLAN
from tests.api.serving import serving
from tests.api.test_calls import record

ALL = ["call.started", "call.answered", "call.ended", "call.missed", "voicemail.received"]


_numbers = itertools.count(1)


class Receiver:
    """A server that keeps what it is told, and answers with these statuses in turn, the last one for ever."""

    def __init__(self, *statuses):
        got = self.got = queue.Queue()
        statuses = list(statuses)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                got.put((dict(self.headers), body))
                self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/events"

    def next(self):
        headers, body = self.got.get(timeout=10)
        return {name.lower(): value for name, value in headers.items()}, body


@contextmanager
def receiving(*statuses):
    receiver = Receiver(*statuses)
    Thread(target=receiver.http.serve_forever, daemon=True).start()
    yield receiver
    receiver.http.shutdown()
    receiver.http.server_close()


@pytest.fixture
def at(company):
    return f"/companies/{company}/event-webhooks"


@pytest.fixture
def administrator(member):
    return member("administrator")


def make(server, company, url, events=ALL):
    return server.run(server.parts.event_webhooks.add(company, url, events))


@pytest.fixture(scope="module")
def near(tmp_path_factory):
    """A server that may tell events to this machine."""
    with serving(tmp_path_factory.mktemp("near"), allow_loopback=True) as running:
        yield running


@pytest.fixture
def office(near):
    """A company there, and its administrator."""
    number = next(_numbers)
    company = near.company(f"Dichtbij {number}", **PLAN)
    return company, near.person(f"near{number}@example.nl", "administrator", company)


def test_a_webhook_is_made_changed_and_removed_and_its_secret_shown_once(administrator, member, at):
    made = administrator("POST", at, {"url": "https://crm.example.nl/events", "events": ["call.ended"]})
    assert made.status_code == 201, made.text
    hook = made.json()
    assert hook["secret"].startswith("whsec_")
    assert hook["secret"] not in administrator("GET", at).text
    renewed = administrator("POST", f"{at}/{hook['id']}/secret").json()["secret"]
    assert renewed != hook["secret"]
    changed = {"url": "https://crm.example.nl/b", "events": ["call.missed", "call.missed"], "active": False}
    shown = administrator("PUT", f"{at}/{hook['id']}", changed).json()
    assert (shown["url"], shown["events"], shown["active"]) == ("https://crm.example.nl/b", ["call.missed"], False)
    assert member("editor")("GET", at).status_code == 403
    assert administrator("DELETE", f"{at}/{hook['id']}").status_code == 204
    assert administrator("GET", at).json()["items"] == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/x", "http://10.0.0.1/", "http://[::1]/", "ftp://example.nl/", "x" * 9]
)
def test_nothing_is_sent_inside(administrator, at, url):
    refused = administrator("POST", at, {"url": url, "events": ["call.ended"]})
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/invalid-url")


def test_a_name_that_leads_inside_is_refused_when_it_is_called(server, administrator, at, company):
    with receiving(200) as receiver:
        hook, _ = make(server, company, receiver.url.replace("127.0.0.1", "localhost"))
        administrator("POST", f"{at}/{hook.id}/test")
        delivery = until(lambda: administrator("GET", f"{at}/{hook.id}/deliveries").json()["items"][0], "attempts")
        assert (delivery["state"], delivery["reason"].split(":")[0]) == ("waiting", "blocked")
        assert receiver.got.empty()


def until(look, field):
    """What `look` gives as soon as this field of it is something."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if (found := look())[field]:
            return found
    raise AssertionError(found)


def test_an_event_is_signed_told_again_until_it_is_taken_and_always_under_one_id(near, office):
    company, administrator = office
    with receiving(500, 200) as receiver:
        hook, secret = make(near, company, receiver.url)
        at = f"/companies/{company}/event-webhooks/{hook.id}/deliveries"
        event = happened("call.started", company, "call-1", {"call": "call-1"}, ("31612345678",))
        for _ in range(2):  # told twice, as after a crash: one delivery
            near.run(near.parts.event_webhooks.put([event]))
        headers, body = receiver.next()
        assert Webhook(secret).verify(body, headers)["data"] == {"call": "call-1"}
        delivery = until(lambda: administrator("GET", at).json()["items"][0], "attempts")
        assert (delivery["state"], delivery["attempts"], delivery["status"]) == ("waiting", 1, 500)
        pause = datetime.fromisoformat(delivery["next_try"]) - datetime.fromisoformat(delivery["tried"])
        assert pause.total_seconds() == store.PAUSES[0]
        assert receiver.got.empty()
        renewed = administrator("POST", f"/companies/{company}/event-webhooks/{hook.id}/secret").json()
        assert datetime.fromisoformat(renewed["old_until"]) > datetime.fromisoformat(delivery["tried"])
        assert administrator("POST", f"{at}/{delivery['id']}/again").status_code == 202
        second, same = receiver.next()
        for either in (secret, renewed["secret"]):
            assert Webhook(either).verify(same, second)
        assert (second["webhook-id"], same) == (headers["webhook-id"], body)
        until(lambda: {"over": administrator("GET", at).json()["items"][0]["state"] == "delivered"}, "over")
        assert len(administrator("GET", at).json()["items"]) == 1
        at_once = f"/companies/{company}/event-webhooks/{hook.id}/secret?keep_hours=0"
        assert administrator("POST", at_once).json()["old_until"] is None
        administrator("POST", f"{at}/{delivery['id']}/again")
        third, same = receiver.next()
        with pytest.raises(WebhookVerificationError):
            Webhook(renewed["secret"]).verify(same, third)
        assert administrator("DELETE", f"/companies/{company}/calls?number=0612345678").json()["events"] == 1
        assert administrator("GET", at).json()["items"] == []


def test_what_was_put_on_the_disk_is_told_by_the_next_server(tmp_path):
    with receiving(200) as receiver:
        with serving(tmp_path, allow_loopback=True) as server:
            company = server.company("Herstart")
            make(server, company, receiver.url)
        with Spool(tmp_path / "events") as spool:
            spool.put(store.as_line(happened("call.ended", company, "c", {})))
        with serving(tmp_path, allow_loopback=True):
            assert json.loads(receiver.next()[1])["type"] == "call.ended"


def test_who_is_gone_is_told_nothing_more_and_what_fails_for_three_days_is_given_up(near, office, monkeypatch):
    company, administrator = office
    at, hooks = f"/companies/{company}/event-webhooks", near.parts.event_webhooks
    with receiving(410) as receiver:
        hook, _ = make(near, company, receiver.url)
        near.run(hooks.put([happened("call.ended", company, "c", {})]))
        until(lambda: {"off": not administrator("GET", at).json()["items"][0]["active"]}, "off")
        (first,) = administrator("GET", f"{at}/{hook.id}/deliveries").json()["items"]
        assert (first["status"], first["state"]) == (410, "waiting")
        assert near.run(hooks.put([happened("call.ended", company, "d", {})])) == []
    monkeypatch.setattr(store, "GIVEN_UP_AFTER", 1000)
    (made,) = near.run(hooks.put([happened("call.ended", company, "e", {})], only=hook.id))

    async def fail():
        found = next(one for one in await hooks.deliveries(company, hook.id, limit=9) if one.id == made)
        await hooks.tried(found, None, "refused")

    near.run(fail())
    states = {one["id"]: one["state"] for one in administrator("GET", f"{at}/{hook.id}/deliveries").json()["items"]}
    assert states[made] == "failed"


def test_each_event_says_what_happened(server, company):
    """Of an engine that tells what calls do; nothing is kept of what nobody wants."""
    lines = []
    make(server, company, "https://crm.example.nl/", ["call.started", "call.answered", "call.missed"])
    live = Live()
    spool = type("Lines", (), {"put": lambda self, line: lines.append(json.loads(line))})()
    telling = Telling(server.parts.event_webhooks, spool, live, lambda company, number: "Pieter" if number else "")
    facts = {"caller_number": "31612345678", "callee_number": "31102380095", "dial_plan": "Hoofdnummer"}
    for event in (
        Event("arrived", "u", 0.0, "", facts),
        Event("answered", "u", 1.0, "p", {"number": "201", "to": "301"}),
    ):
        live.watcher(company)(event)
        telling.watcher(company)(event)
    telling.recorded(CallRecord.from_json(record(company=company)))
    assert [line["event"] for line in lines] == ["call.started", "call.answered"]
    data = json.loads(lines[1]["body"])["data"]
    assert (data["caller_name"], data["answered_by"], data["connected_to"]) == ("Pieter", "201", "301")
    assert lines[1]["numbers"] == ["31612345678", "31102380095", "201"]
    missed = {"answered_by": None, "connected_to": None}
    for outcome, told in (("abandoned", 1), ("ended", 0), ("voicemail", 0)):
        lines.clear()
        telling.recorded(CallRecord.from_json(record(company=company, outcome=outcome, **missed)))
        assert len(lines) == told, outcome
    assert datetime.fromisoformat(json.loads(happened("x", company, "", {}).body)["timestamp"]) <= datetime.now(UTC)
