"""W46–W52, and what callers, companies and receivers may count on: cancelling, ids, signatures, fairness, retries."""

import asyncio
import base64
import datetime
import hmac
import json
import os
import random
import resource
import subprocess
import sys
import time
from dataclasses import replace
from email.utils import format_datetime

import pytest
from asking import LOCAL, PATIENT, ask, came_to, client, request
from hostile import after, answer, closed_port, drip, raw, replies, resets, serving, silent
from hostile import request as read_request
from standardwebhooks import Webhook, WebhookVerificationError

from belplan.dialplan.urls import read_url
from belplan.webhook import new_id
from belplan.webhook.message import message

OLD, NEW = ("whsec_" + base64.b64encode(os.urandom(32)).decode() for _ in range(2))


def headers_of(sent: bytes) -> dict[str, str]:
    lines = sent.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def body_of(sent: bytes) -> bytes:
    return sent.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    "behaviour", [silent, drip(b"HTTP/1.1 200 OK\r\n\r\n", every=0.01)], ids=["silent", "dripping"]
)
async def test_w46_a_hang_up_cancels_at_once_and_frees_the_slot(behaviour):
    async with serving(behaviour) as server, client(replace(PATIENT, per_company=1)) as webhooks:
        sending = asyncio.create_task(webhooks.send(request(server.url(), timeout=10)))
        while not server.connections:
            await asyncio.sleep(0.001)
        began = time.perf_counter()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert time.perf_counter() - began < 0.1
        assert webhooks.in_flight == 0
        server.behaviour = replies()
        assert (await webhooks.send(request(server.url(), timeout=1))).outcome == "ok"


async def test_w46_a_hang_up_while_waiting_for_a_slot_leaves_the_queue():
    async with serving(silent) as server, client(replace(PATIENT, per_company=1)) as webhooks:
        holding = asyncio.create_task(webhooks.send(request(server.url(), timeout=10)))
        await asyncio.sleep(0)
        waiting = [asyncio.create_task(webhooks.send(request(server.url(), timeout=10))) for _ in range(5)]
        await asyncio.sleep(0)
        for task in (waiting[0], waiting[3], holding):
            task.cancel()
        server.behaviour = replies()
        rest = [waiting[1], waiting[2], waiting[4]]
        assert {result.outcome for result in await asyncio.gather(*rest)} == {"ok"}
        assert webhooks.in_flight == 0


async def test_w47_the_id_is_the_caller_s_to_give_and_to_repeat():
    async with serving(replies()) as server, client() as webhooks:
        for _ in range(2):
            result = await webhooks.send(request(server.url(), webhook_id="msg_stap1"))
            assert result.webhook_id == "msg_stap1"
        other = await webhooks.send(request(server.url()))
    assert [headers_of(sent)["webhook-id"] for sent in server.requests] == ["msg_stap1", "msg_stap1", other.webhook_id]


@pytest.mark.parametrize("webhook_id", ["a b", "x\r\nX-Admin: 1", "é", "x" * 200, "a.b"])
async def test_w47_an_id_that_would_break_the_signature_is_refused(webhook_id):
    async with serving(replies()) as server:
        assert came_to(await ask(server.url(), webhook_id=webhook_id)) == ("error", "blocked")


def random_body() -> bytes:
    """JSON with any letter there is in it, as the reference library reads it once it has verified it."""
    letters = "".join(
        chr(random.choice((random.randrange(0x80), random.randrange(0xD800)))) for _ in range(random.randrange(200))
    )
    return json.dumps({"phonebook_caller_name": letters}, ensure_ascii=random.random() < 0.5).encode()


async def test_10000_bodies_verify_with_the_reference_library():
    """A hundred that went over the wire, and 10,000 signed as those were."""
    async with serving(replies()) as server, client() as webhooks:
        for _ in range(100):
            await webhooks.send(request(server.url(), body=random_body(), secrets=(OLD,)))
    receiver = Webhook(OLD)
    for sent in server.requests:
        verify(receiver, sent)
    url = read_url("https://crm.test/")
    for _ in range(10_000):
        sent = request("", body=random_body(), secrets=(OLD,))
        verify(receiver, message(sent, url, new_id(), int(time.time())))


def verify(receiver: Webhook, sent: bytes) -> None:
    """The reference library's verdict on a request as it went over the wire."""
    receiver.verify(body_of(sent), headers_of(sent))


async def test_w48_across_a_rotation_neither_old_nor_new_receiver_rejects_one():
    async with serving(replies()) as server, client() as webhooks:
        for secrets in [(OLD,), (NEW, OLD), (OLD, NEW), (NEW,)]:
            await webhooks.send(request(server.url(), secrets=secrets, body=b'{"a": 1}'))
    only_old, *both, only_new = server.requests
    verify(Webhook(OLD), only_old)
    verify(Webhook(NEW), only_new)
    for sent in both:
        verify(Webhook(OLD), sent)
        verify(Webhook(NEW), sent)
    with pytest.raises(WebhookVerificationError):
        verify(Webhook(NEW), only_old)


async def test_a_changed_body_does_notverify():
    async with serving(replies()) as server:
        await ask(server.url(), secrets=(OLD,), body=b'{"a": 1}')
    with pytest.raises(WebhookVerificationError):
        verify(Webhook(OLD), server.requests[0].replace(b'{"a": 1}', b'{"a": 2}'))


async def test_of_a_get_the_method_and_the_target_are_signed():
    async with serving(replies()) as server:
        await ask(server.url("/ticket?nummer=31612345678"), method="GET", secrets=(OLD,))
    headers = headers_of(server.requests[0])
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.GET /ticket?nummer=31612345678"
    expected = base64.b64encode(hmac.digest(base64.b64decode(OLD[6:]), signed.encode(), "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


async def test_raw_text_is_a_secret_too():
    secret = "een zin van ten minste vierentwintig tekens"
    async with serving(replies()) as server:
        await ask(server.url(), secrets=(secret,), body=b"{}")
    verify(Webhook(base64.b64encode(secret.encode()).decode()), server.requests[0])


async def test_a_secret_that_cannot_be_read_stops_the_webhook():
    async with serving(replies()) as server:
        result = await ask(server.url(), secrets=("whsec_!!!",))
    assert came_to(result) == ("error", "blocked")
    assert "!!!" not in result.detail
    assert server.connections == 0


async def test_w49_a_wrong_clock_is_told_apart_by_the_server_s_date(logs):
    now = datetime.datetime.now(datetime.UTC)
    date = f"Date: {format_datetime(now, usegmt=True)}"
    async with serving(replies(b"x", "200 OK", date)) as server, client(now=lambda: time.time() - 600) as webhooks:
        await webhooks.send(request(server.url(), secrets=(OLD,)))
        assert 595 < (webhooks.health()[0].clock_skew or 0) < 605
    assert "webhook.clock" in {entry["event"] for entry in logs}
    sent = int(headers_of(server.requests[0])["webhook-timestamp"])
    assert abs(now.timestamp() - 600 - sent) < 5


FULL = """
import asyncio, resource, socket, sys
from belplan.webhook import Policy, Request, Webhooks
async def main():
    async with Webhooks(Policy(allow_loopback=True)) as webhooks:
        async def ask():
            answer = await webhooks.send(Request("c", "POST", sys.argv[1], 2, b"{}"))
            print("ANSWER", answer.outcome, answer.reason)
        await ask()
        await asyncio.sleep(0.05)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
        held = []
        try:
            while True:
                held.append(socket.socket())
        except OSError:
            pass
        await asyncio.gather(ask(), ask())
        held.pop().close()
        held.pop().close()
        await ask()
asyncio.run(main())
"""


async def test_w50_without_file_descriptors_it_leaves_by_error_and_recovers():
    async with serving(raw(answer(b"x", "200 OK", "Connection: close"))) as server:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", FULL, server.url(), stdout=subprocess.PIPE
        )  # fmt: skip
        out = (await process.communicate())[0].decode()
    answers = [line for line in out.splitlines() if line.startswith("ANSWER")]
    assert answers == ["ANSWER ok None", "ANSWER error busy", "ANSWER error busy", "ANSWER ok None"]


async def test_no_file_descriptor_is_left_behind():
    def count() -> int:
        return len(os.listdir("/proc/self/fd"))

    async with serving(silent) as black_hole, serving(replies()) as fine, serving(resets(b"")) as broken:
        async with client() as webhooks:
            await webhooks.send(request(fine.url()))
        before = count()
        async with client(replace(PATIENT, per_company=100)) as webhooks:
            sending = [
                webhooks.send(request(server.url(), timeout=0.2, company=str(number)))
                for number in range(20)
                for server in (black_hole, fine, broken)
            ]
            await asyncio.gather(*sending)
        for _ in range(10):
            await asyncio.sleep(0.01)
        # The servers' own ends of the connections of a black hole stay until the server is stopped.
        assert count() - before <= black_hole.connections


async def test_resource_limits_are_as_the_test_above_assumes():
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 256


# Retries and fallback


async def test_retries_carry_the_same_id_and_a_fresh_signature():
    async def third_time_lucky(reader, writer):
        while True:
            await read_request(reader)
            writer.write(answer(b"", "503 Later") if len(server.requests) < 3 else answer())

    async with serving(third_time_lucky) as server:
        result = await ask(server.url(), retries=3, secrets=(OLD,), body=b"{}")
    assert (result.outcome, result.attempts) == ("ok", 3)
    assert len({headers_of(sent)["webhook-id"] for sent in server.requests}) == 1
    for sent in server.requests:
        verify(Webhook(OLD), sent)


@pytest.mark.parametrize(
    ("behaviour", "method", "tries"),
    [
        (replies(b"", "503 Later"), "POST", 3),
        (replies(b"", "429 Slow down"), "POST", 3),
        (replies(b"", "502 Bad gateway"), "GET", 3),
        (replies(b"", "500 Oops"), "POST", 1),
        (replies(b"", "404 No"), "GET", 1),
        (replies(b"", "302 There", "Location: /x"), "GET", 1),
        (resets(b""), "POST", 1),
        (resets(b""), "GET", 3),
        (raw(answer(b"x", length=9), close=True), "POST", 1),
        (raw(answer(b"x", length=9), close=True), "GET", 3),
        (raw(b"garbage"), "GET", 1),
    ],
)
async def test_only_safe_causes_are_tried_again(behaviour, method, tries):
    async with serving(behaviour) as server:
        result = await ask(server.url(), retries=2, method=method)
    assert result.outcome == "error"
    assert result.attempts == len(server.requests) == tries


async def test_a_closed_port_is_tried_again_and_retries_end_with_the_deadline():
    result = await ask(f"http://127.0.0.1:{closed_port()}/", retries=100, timeout=0.5)
    assert came_to(result) == ("error", "refused")
    assert 2 <= result.attempts < 10
    assert result.phases["total"] < 600


@pytest.mark.parametrize(("after_seconds", "attempts"), [("0", 2), ("100", 1), ("soon", 2)])
async def test_retry_after_is_obeyed_where_the_deadline_allows(after_seconds, attempts):
    async with serving(replies(b"", "503 Later", f"Retry-After: {after_seconds}")) as server:
        result = await ask(server.url(), retries=1, timeout=2)
    assert result.attempts == attempts
    assert result.phases["total"] < 1000


@pytest.mark.parametrize("first", [silent, replies(b"", "500 Oops"), resets(b""), replies(b"", "404 No")])
async def test_the_fallback_answers_within_the_same_deadline(first):
    async with serving(first) as main, serving(replies(b"fallback")) as spare:
        result = await ask(main.url(), fallback_url=spare.url(), timeout=1)
    assert (result.outcome, result.text, result.fallback, result.attempts) == ("ok", "fallback", True, 2)
    assert result.phases["total"] < 800


async def test_a_fallback_that_fails_as_well_says_so():
    async with serving(silent) as main, serving(silent) as spare:
        result = await ask(main.url(), fallback_url=spare.url(), timeout=0.4)
    assert came_to(result) == ("timeout", None)
    assert result.fallback
    assert 380 < result.phases["total"] < 550


# Fairness


async def test_overflow_is_busy_at_once():
    policy = replace(PATIENT, per_company=2, waiting_per_company=3)
    async with serving(silent) as server, client(policy) as webhooks:
        sending = [asyncio.create_task(webhooks.send(request(server.url(), timeout=0.3))) for _ in range(6)]
        results = await asyncio.gather(*sending)
    assert [came_to(result) for result in results] == [("timeout", None)] * 5 + [("error", "busy")]
    assert results[5].phases["total"] < 50
    assert "slot" in results[4].detail


async def test_waiting_counts_against_the_deadline_and_a_free_slot_is_used():
    policy = replace(PATIENT, per_company=2)
    async with serving(after(0.05, answer())) as server, client(policy) as webhooks:
        results = await asyncio.gather(*(webhooks.send(request(server.url(), timeout=1)) for _ in range(10)))
    assert {result.outcome for result in results} == {"ok"}
    assert max(result.phases["slot"] for result in results) > 150


async def test_when_all_slots_are_taken_companies_take_turns():
    policy = replace(PATIENT, per_company=4, total=4)
    async with serving(after(0.02, answer())) as server, client(policy) as webhooks:
        greedy = [asyncio.create_task(webhooks.send(request(server.url(), company="a"))) for _ in range(60)]
        await asyncio.sleep(0)
        modest = await webhooks.send(request(server.url(), company="b"))
        assert sum(task.done() for task in greedy) < 12
        await asyncio.gather(*greedy)
    assert modest.outcome == "ok"


async def test_an_open_breaker_answers_at_once_and_a_probe_closes_it():
    policy = replace(LOCAL, probe_every=0.1)
    async with serving(resets(b"")) as server, client(policy) as webhooks:
        for _ in range(5):
            assert (await webhooks.send(request(server.url()))).reason == "reset"
        closed_off = await webhooks.send(request(server.url()))
        assert came_to(closed_off) == ("error", "open")
        assert closed_off.phases["total"] < 5
        assert (await webhooks.send(request(server.url(), company="other"))).reason == "reset"
        server.behaviour = replies()
        await asyncio.sleep(0.11)
        results = await asyncio.gather(*(webhooks.send(request(server.url())) for _ in range(3)))
        assert sorted(result.outcome for result in results) == ["error", "error", "ok"]
        assert (await webhooks.send(request(server.url()))).outcome == "ok"


async def test_a_black_hole_opens_the_breaker_and_a_probe_that_is_hung_up_on_frees_the_next():
    policy = replace(LOCAL, probe_every=0.05)
    async with serving(silent) as server, client(policy) as webhooks:
        for _ in range(5):
            await webhooks.send(request(server.url(), timeout=0.05))
        assert webhooks.health()[0].breaker == "open"
        await asyncio.sleep(0.06)
        probe = asyncio.create_task(webhooks.send(request(server.url())))
        await asyncio.sleep(0.06)
        probe.cancel()
        await asyncio.gather(probe, return_exceptions=True)
        server.behaviour = replies()
        assert (await webhooks.send(request(server.url()))).outcome == "ok"


async def test_health_tells_how_an_origin_fares():
    async with serving(replies()) as server, client() as webhooks:
        for _ in range(10):
            await webhooks.send(request(server.url()))
        server.behaviour = replies(b"", "500 Oops")
        await webhooks.send(request(server.url("/other?x=1")))
        (health,) = webhooks.health()
    assert (health.company, health.origin) == ("company", f"http://127.0.0.1:{server.port}")
    assert health.counts == {"ok": 10, "status": 1}
    assert health.p50 is not None
    assert 0 < health.p50 <= health.p95 <= health.p99 < 1000


async def test_a_bug_of_ours_costs_no_call(logs):
    class Broken:
        async def resolve(self, host: str):
            raise ZeroDivisionError

        async def close(self) -> None:
            pass

    async with client(resolver=Broken()) as webhooks:
        result = await webhooks.send(request("http://crm.test/"))
        assert came_to(result) == ("error", "protocol")
        assert webhooks.in_flight == 0
    assert [entry["event"] for entry in logs] == ["webhook.bug", "webhook.failed"]
