"""W44, W45, W53, W54: kept connections. An answer belongs to the request that it was the answer to, or to nobody."""

import asyncio
import random
import re
from dataclasses import replace

from asking import LOCAL, PATIENT, client, request
from hostile import answer, raw, replies, reset, serving
from hostile import request as read_request

HASTY = replace(PATIENT, rest=0.0)
"""Connections that are used again at once, so that reuse itself can be tested without waiting."""


async def rest(seconds: float = 0.06) -> None:
    """Real time passes, as between two calls."""
    await asyncio.sleep(seconds)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_connections_are_kept_and_used_again():
    async with serving(replies()) as server, client() as webhooks:
        phases = []
        for _ in range(3):
            phases.append((await webhooks.send(request(server.url()))).phases)
            await rest()
    assert server.connections == 1
    assert "connect" in phases[0]
    assert "connect" not in phases[1]


async def test_a_connection_rests_before_it_is_used_again():
    async with serving(replies()) as server, client() as webhooks:
        await webhooks.send(request(server.url()))
        await webhooks.send(request(server.url()))
    assert server.connections == 2


async def test_a_server_that_says_close_is_taken_at_its_word():
    async with serving(raw(answer(b"x", "200 OK", "Connection: close"))) as server, client(HASTY) as webhooks:
        for _ in range(3):
            await webhooks.send(request(server.url()))
    assert server.connections == 3


async def test_w44_a_connection_closed_while_idle_costs_one_silent_retry():
    async def closes_after_one(reader, writer):
        await read_request(reader)
        writer.write(answer())
        await rest(0.02)

    async with serving(closes_after_one) as server, client() as webhooks:
        for _ in range(4):
            result = await webhooks.send(request(server.url()))
            assert (result.outcome, result.attempts) == ("ok", 1)
            await rest()
    assert len(server.requests) == 4


async def test_w44_a_connection_closed_just_as_we_send():
    """It closes on the second request, without a byte: that request goes out once more, with the same id."""

    async def closes_on_second(reader, writer):
        await read_request(reader)
        writer.write(answer())
        await read_request(reader)
        if server.connections == 1:
            reset(writer)
            return
        writer.write(answer())

    async with serving(closes_on_second) as server, client(HASTY) as webhooks:
        await webhooks.send(request(server.url()))
        result = await webhooks.send(request(server.url(), webhook_id="msg_1"))
    assert (result.outcome, result.attempts) == ("ok", 1)
    assert [b"webhook-id: msg_1" in sent for sent in server.requests] == [False, True, True]


async def test_w44_but_not_once_a_byte_has_come():
    async def breaks_on_second(reader, writer):
        await read_request(reader)
        writer.write(answer())
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n")
        await writer.drain()
        await rest(0.01)
        reset(writer)

    async with serving(breaks_on_second) as server, client(HASTY) as webhooks:
        await webhooks.send(request(server.url()))
        result = await webhooks.send(request(server.url()))
    assert result.reason == "reset"
    assert len(server.requests) == 2


def nonce_of(sent: bytes) -> bytes:
    return re.search(rb"/nonce/(\w+)", sent)[1]


async def misbehaving(reader, writer):
    """Echoes the nonce, and more often than not adds something that could be taken for the next answer."""
    while True:
        nonce = nonce_of(await read_request(reader))
        whole, stale = answer(nonce), answer(b"stale-" + nonce)
        match random.choice(
            ["fine", "fine", "tail", "tail later", "two", "two later", "short", "cut", "late", "interim"]
        ):
            case "fine":
                writer.write(whole)
            case "tail":
                writer.write(whole + b"tail")
            case "tail later":
                writer.write(whole)
                await asyncio.sleep(random.random() / 50)
                writer.write(b"tail")
            case "two":
                writer.write(whole + stale)
            case "two later":
                writer.write(whole)
                await asyncio.sleep(random.random() / 50)
                writer.write(stale)
            case "short":
                writer.write(answer(nonce + stale, length=len(nonce)))
            case "cut":
                writer.write(answer(nonce, length=len(nonce) + 9))
                return
            case "late":
                await asyncio.sleep(0.3)
                writer.write(stale)
            case "interim":
                writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" + whole)


async def echo(reader, writer):
    while True:
        writer.write(answer(nonce_of(await read_request(reader))))


async def test_w45_1000_nonces_never_reach_the_wrong_call():
    """Each exchange asks for its own nonce; what is swapped would show. One server in two misbehaves, at random."""
    policy = replace(PATIENT, per_company=50)
    async with (
        serving(misbehaving) as bad,
        serving(misbehaving) as worse,
        serving(echo) as good,
        serving(echo) as better,
        client(policy) as webhooks,
    ):
        servers = [bad, worse, good, better]

        async def one(number: int) -> tuple[str, bool]:
            server = servers[number % 4]
            result = await webhooks.send(request(server.url(f"/nonce/n{number}x"), timeout=0.25))
            if result.outcome == "ok":
                assert result.text == f"n{number}x"
            return result.outcome, server in (good, better)

        outcomes = []
        for batch in range(0, 1000, 40):
            outcomes += await asyncio.gather(*(one(number) for number in range(batch, batch + 40)))
    assert {outcome for outcome, fine in outcomes if fine} == {"ok"}
    assert sum(outcome == "ok" for outcome, _ in outcomes) > 800
    assert good.connections < 250  # kept connections were used


async def test_w45_bytes_that_nobody_asked_for_close_the_connection_and_cost_trust():
    async def tail_later(reader, writer):
        await read_request(reader)
        writer.write(answer())
        await asyncio.sleep(0.02)
        writer.write(answer(b"stale"))
        await reader.read()

    async with serving(tail_later) as server, client() as webhooks:
        for _ in range(3):
            assert (await webhooks.send(request(server.url()))).text == "openstaand"
            await rest()
        server.behaviour = replies()
        for _ in range(2):
            await webhooks.send(request(server.url()))
            await rest()
    assert server.connections == 5  # none is kept any more, for a while


async def test_w45_what_comes_late_is_never_the_next_answer():
    """A second answer follows 20 ms after the first, when the next call has long begun."""

    async def late_twin(reader, writer):
        nonce = nonce_of(await read_request(reader))
        writer.write(answer(nonce))
        await asyncio.sleep(0.02)
        writer.write(answer(b"stale"))
        await read_request(reader)

    async with serving(late_twin) as server, client() as webhooks:
        for number in range(5):
            assert (await webhooks.send(request(server.url(f"/nonce/n{number}"), timeout=1))).text == f"n{number}"


async def test_w53_the_second_of_two_answers_is_ignored():
    async with serving(raw(answer(b"first") + answer(b"second"))) as server, client(HASTY) as webhooks:
        for _ in range(3):
            assert (await webhooks.send(request(server.url()))).text == "first"
            await settle()
    assert server.connections == 3


async def test_w54_cookies_are_never_sent():
    async with serving(replies(b"x", "200 OK", "Set-Cookie: session=A; Path=/")) as server, client(HASTY) as webhooks:
        for company in ("a", "b", "a", "b"):
            await webhooks.send(request(server.url(), company=company))
    assert len(server.requests) == 4
    assert not any(b"ookie" in sent for sent in server.requests)


async def test_companies_never_share_a_connection():
    async with serving(replies()) as server, client(replace(LOCAL, rest=0.0)) as webhooks:
        for company in ("a", "b", "a", "b"):
            await webhooks.send(request(server.url(), company=company))
            await settle()
    assert server.connections == 2


async def test_a_refusal_with_a_short_body_keeps_its_connection():
    async with serving(replies(b"no such caller", "404 Not Found")) as server, client(HASTY) as webhooks:
        for _ in range(3):
            await webhooks.send(request(server.url()))
            await settle()
    assert server.connections == 1


async def test_idle_connections_are_closed_after_a_while():
    async with serving(replies()) as server, client(replace(PATIENT, idle=0.1)) as webhooks:
        await webhooks.send(request(server.url()))
        await rest(0.25)
        await webhooks.send(request(server.url()))
    assert server.connections == 2
