"""W1–W9: the way there and back breaks. The webhook leaves by the right exit within its deadline."""

import pytest
from asking import ask, came_to, client, request
from hostile import (
    HEAD,
    after,
    answer,
    closed_port,
    drip,
    raw,
    replies,
    resets,
    serving,
    silent,
    syn_black_hole,
)

T = 0.3


def on_time(result, timeout: float = T) -> bool:
    """At the deadline, not before; the slack is for a busy machine."""
    return timeout * 1000 - 15 <= result.phases["total"] <= timeout * 1000 + 150


async def test_an_answer_becomes_text():
    async with serving(replies(b"  openstaand\n", "200 OK", "Content-Type: text/plain")) as server:
        result = await ask(server.url())
    assert (result.outcome, result.text, result.status) == ("ok", "openstaand", 200)
    assert result.content_type == "text/plain"
    assert set(result.phases) == {"slot", "dns", "connect", "send", "first_byte", "body", "total"}
    assert result.bytes_received > len("openstaand")


async def test_a_post_is_what_the_manual_says():
    async with serving(replies()) as server:
        await ask(server.url("/hook?a=b"), body=b'{"com_id": "1"}')
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /hook?a=b HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" % server.port)
    assert b"\r\nContent-Type: application/json\r\n" in head
    assert b"\r\nContent-Length: 15\r\n" in head
    assert b"\r\nAccept-Encoding: identity\r\n" in head
    assert b"\r\nUser-Agent: Belplan/" in head
    assert body == b'{"com_id": "1"}'


async def test_a_get_has_no_body():
    async with serving(replies()) as server:
        await ask(server.url("/hook?a=b"), method="GET")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"GET /hook?a=b HTTP/1.1\r\n")
    assert b"ontent-" not in head
    assert body == b""


async def test_w01_closed_port_is_refused_at_once():
    result = await ask(f"http://127.0.0.1:{closed_port()}/", timeout=5)
    assert came_to(result) == ("error", "refused")
    assert result.phases["total"] < 50


async def test_w02_syn_black_hole_times_out():
    with syn_black_hole() as port:
        result = await ask(f"http://127.0.0.1:{port}/", timeout=T)
    assert came_to(result) == ("timeout", None)
    assert on_time(result)
    assert "connection to be accepted" in result.detail


async def test_w03_silent_server_times_out():
    async with serving(silent) as server:
        result = await ask(server.url(), timeout=T)
    assert came_to(result) == ("timeout", None)
    assert on_time(result)
    assert result.detail == "after 0.3 s still waiting for the answer"


async def test_w04_head_drip_times_out_absolutely():
    async with serving(drip(HEAD + b"X-Slow: ", every=0.02)) as server:
        result = await ask(server.url(), timeout=T)
    assert came_to(result) == ("timeout", None)
    assert on_time(result)


async def test_w05_body_drip_times_out_absolutely():
    async with serving(drip(HEAD + b"\r\n", every=0.02)) as server:
        result = await ask(server.url(), timeout=T)
    assert came_to(result) == ("timeout", None)
    assert on_time(result)
    assert result.text == ""


@pytest.mark.parametrize(("early", "outcome"), [(0.05, "ok"), (-0.05, "timeout")])
async def test_w06_just_in_time_and_just_too_late(early, outcome):
    async with serving(after(T - early, answer())) as server:
        result = await ask(server.url(), timeout=T)
    assert result.outcome == outcome
    assert result.text == ("openstaand" if outcome == "ok" else "")


async def test_w06_a_late_answer_is_never_the_next_ones():
    async def slow_once(reader, writer):
        late, said = (T + 0.03, b"first") if server.connections == 1 else (0, b"next")
        await after(late, answer(said))(reader, writer)

    async with serving(slow_once) as server, client() as webhooks:
        late = await webhooks.send(request(server.url(), timeout=T))
        following = await webhooks.send(request(server.url(), timeout=2))
    assert late.outcome == "timeout"
    assert following.text == "next"


@pytest.mark.parametrize("said", [b"", HEAD, answer(b"open", length=100)], ids=["before", "in head", "in body"])
async def test_w07_rst(said):
    async with serving(resets(said)) as server:
        result = await ask(server.url())
    assert came_to(result) == ("error", "reset")
    assert result.text == ""


async def test_w08_shorter_than_promised_leaves_no_partial_value():
    async with serving(raw(answer(b"open", length=10), close=True)) as server:
        result = await ask(server.url())
    assert came_to(result) == ("error", "truncated")
    assert result.text == ""


async def test_w08_chunks_without_end_are_truncated():
    async with serving(raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nopen\r\n", close=True)) as server:
        result = await ask(server.url())
    assert came_to(result) == ("error", "truncated")


async def test_w09_longer_than_promised_is_cut_and_the_connection_dropped():
    async with serving(raw(answer(b"openstaand", length=4))) as server, client() as webhooks:
        first = await webhooks.send(request(server.url()))
        second = await webhooks.send(request(server.url()))
    assert (first.text, second.text) == ("open", "open")
    assert server.connections == 2


async def test_a_failure_is_one_log_line_of_facts(logs):
    async with serving(replies(b"geheim", "500 Oops")) as server:
        await ask(server.url("/pad?nummer=31612345678"), headers=(("Authorization", "Bearer geheim"),))
    assert [entry["event"] for entry in logs] == ["webhook.failed"]
    assert logs[0]["reason"] == "status"
    written = repr(logs)
    assert "geheim" not in written
    assert "31612345678" not in written
    assert "/pad" not in written
