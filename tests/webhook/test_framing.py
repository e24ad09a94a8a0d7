"""W10–W20: answers that are no HTTP, too much of it, or not for us. Nothing is guessed and nothing outgrows its cap."""

import gzip

import pytest
from asking import LOCAL, ask, came_to, client, request
from hostile import BOMB, CHUNKED, HEAD, answer, drip, flood, raw, replies, serving

from belplan.webhook.connection import READ_SIZE

KIB = 1024


async def said(data: bytes, **changes):
    """What came of an answer of exactly these bytes."""
    async with serving(raw(data, close=True)) as server:
        return await ask(server.url(), **changes)


@pytest.mark.parametrize(
    "lengths",
    [
        b"Content-Length: 10\r\nTransfer-Encoding: chunked",
        b"Content-Length: 10\r\nContent-Length: 4",
        b"Content-Length: 10, 4",
        b"Content-Length: -1",
        b"Content-Length: +5",
        b"Content-Length: 5 5",
        b"Content-Length: 0x5",
        b"Content-Length: 1e30",
        b"Content-Length: 1" + b"0" * 30,
        b"Content-Length:",
        "Content-Length: ٥".encode(),
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding : chunked",
        b"Content-Length\r\n : 5",
    ],
    ids=repr,
)
async def test_w10_framing_that_can_be_read_in_two_ways(lengths):
    result = await said(HEAD + lengths + b"\r\n\r\nopenstaand")
    assert result.outcome == "error"
    assert result.reason in {"protocol", "encoding"}
    assert result.text == ""


async def test_w10_the_same_length_twice_is_that_length():
    assert (await said(HEAD + b"Content-Length: 4\r\nContent-Length: 4\r\n\r\nopen")).text == "open"


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (raw(CHUNKED + b"xyz\r\nopen\r\n0\r\n\r\n"), "protocol"),
        (raw(CHUNKED + b"-4\r\nopen\r\n0\r\n\r\n"), "protocol"),
        (raw(CHUNKED + b"fffffffff\r\nopen"), "protocol"),
        (raw(CHUNKED + b"4\nopen\n0\n\n" + b" " * 300), "protocol"),
        (raw(CHUNKED + b"3\r\nopen\r\n0\r\n\r\n"), "protocol"),
        (raw(CHUNKED + b"10001\r\n"), "too_large"),
        (flood(CHUNKED, b"1\r\nx\r\n"), "protocol"),
        (flood(CHUNKED + b"1;x=", b"y" * KIB), "protocol"),
        (flood(CHUNKED + b"4;\xff\x00\r\nopen\r\n", b"0"), "protocol"),
        (flood(CHUNKED + b"0\r\n", b"X: y\r\n"), "protocol"),
        (flood(CHUNKED + b"0\r\nX: ", b"y" * KIB), "protocol"),
    ],
    ids="size negative huge LF longer cap 10^6-of-one-byte extension control trailers trailer".split(),  # noqa: SIM905
)
async def test_w11_broken_chunks(behaviour, reason):
    async with serving(behaviour) as server:
        result = await ask(server.url())
    assert came_to(result) == ("error", reason)


async def test_w11_good_chunks_with_extension_and_trailer():
    data = CHUNKED + b'4;name="value"\r\nopen\r\n6\r\nstaand\r\n0\r\nX-Sum: 1\r\n\r\n'
    assert (await said(data)).text == "openstaand"


@pytest.mark.parametrize(
    "behaviour",
    [
        raw(HEAD + b"".join(b"X-%d: y\r\n" % number for number in range(10_000)) + b"\r\n"),
        raw(HEAD + b"X: " + b"y" * 1_000_000 + b"\r\n\r\n"),
        flood(b"HTTP/1.1 200 O", b"K" * KIB),
        raw(HEAD + b"".join(b"X-%d: y\r\n" % number for number in range(64)) + b"\r\n"),
        drip(HEAD + b"X: " + b"y" * 16_380, b"y", every=0.001),
    ],
    ids=["10,000 headers", "1 MB header", "no CRLF ever", "65 lines", "dripped over the cap"],
)
async def test_w12_headers_beyond_the_cap(behaviour):
    async with serving(behaviour) as server:
        result = await ask(server.url())
    assert came_to(result) == ("error", "too_large")


async def test_w12_headers_up_to_the_cap():
    lines = b"".join(b"X-%02d: %s\r\n" % (number, b"y" * 230) for number in range(62))
    assert (await said(HEAD + lines + b"\r\nopen")).text == "open"


@pytest.mark.parametrize("interim", [b"100 Continue", b"103 Early Hints"])
async def test_w13_a_few_interim_answers_and_no_more(interim):
    line = b"HTTP/1.1 " + interim + b"\r\nLink: </x>\r\n\r\n"
    assert (await said(line * 5 + answer())).text == "openstaand"
    assert came_to(await said(line * 6 + answer())) == ("error", "protocol")
    assert came_to(await said(line * 100 + answer())) == ("error", "protocol")


async def test_w14_switching_protocols():
    result = await said(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nopenstaand")
    assert came_to(result) == ("error", "protocol")


@pytest.mark.parametrize("data", [b"HTTP/1.1 204 No Content\r\n\r\n", answer(b""), answer(b" \r\n"), HEAD + b"\r\n"])
async def test_w15_an_empty_answer_is_an_empty_variable(data):
    result = await said(data)
    assert (result.outcome, result.text) == ("ok", "")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("http://10.0.0.1/binnen", "http://10.0.0.1/binnen"),
        ("/hook", "/hook"),
        ("file:///etc/passwd", "file:"),
        ("gopher://x:70/_GET", "gopher://x:70/_GET"),
        ("https://naam:geheim@elders.example/pad?token=geheim", "https://elders.example/pad"),
        ("http://[broken", "no sense"),
        ("", "nowhere"),
    ],
)
async def test_w16_redirects_are_told_and_never_followed(status, location, shown):
    async with serving(replies(b"", f"{status} Elsewhere", f"Location: {location}")) as server:
        result = await ask(server.url())
    assert came_to(result) == ("error", "redirect")
    assert result.status == status
    assert shown in result.detail
    assert "geheim" not in result.detail
    assert server.connections == len(server.requests) == 1


@pytest.mark.parametrize("status", [300, 304, 400, 401, 404, 410, 429, 451, 500, 502, 503, 599, 600, 999])
async def test_w17_other_statuses_are_errors_with_their_status(status):
    result = await said(answer(b"openstaand", f"{status} Whatever"))
    assert came_to(result) == ("error", "status")
    assert (result.status, result.text) == (status, "")


async def test_w17_the_outcome_of_a_refusal_does_not_wait_for_its_body():
    async with serving(drip(b"HTTP/1.1 503 Busy\r\nContent-Length: 1000\r\n\r\n")) as server:
        result = await ask(server.url())
    assert (result.reason, result.status) == ("status", 503)
    assert result.phases["total"] < 1000


@pytest.mark.parametrize(
    ("status", "state"), [(500, "open"), (503, "open"), (429, "open"), (404, "closed"), (301, "closed")]
)
async def test_w17_the_breaker_counts_5xx_and_429(status, state):
    async with serving(replies(b"", f"{status} x")) as server, client(LOCAL) as webhooks:
        for _ in range(5):
            await webhooks.send(request(server.url()))
        assert webhooks.health()[0].breaker == state


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 99 Low\r\n\r\n",
        b"HTTP/1.1 1000 High\r\n\r\n",
        b"HTTP/1.1 000 Zero\r\n\r\n",
        b"HTTP/1.1 2OO OK\r\n\r\n",
        b"HTTP/1.1 -200 OK\r\n\r\n",
        b"HTTP/1.1  200 OK\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"http/1.1 200 OK\r\n\r\n",
        b"openstaand\n",
        b"<html>openstaand</html>",
        b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n",
        b"220 mail ESMTP\r\n",
        b"\x15\x03\x01\x00\x02\x02\x50",
        b"\r\n" + answer(),
        b"\x00" * 100,
        b"HTTP/1.1 200 OK\x00\r\n\r\n",
        HEAD + b"Na me: x\r\n\r\n",
        HEAD + b": x\r\n\r\n",
        HEAD + b"no colon\r\n\r\n",
        HEAD + b"X: a\x00b\r\n\r\n",
        HEAD + b"X: a\rb\r\n\r\n",
    ],
    ids=repr,
)
async def test_w18_what_is_not_http_1(data):
    assert came_to(await said(data)) == ("error", "protocol")


async def test_w18_an_answer_of_http_1_0_or_with_lone_line_feeds_is_understood():
    assert (await said(b"HTTP/1.0 200 OK\r\n\r\nopen")).text == "open"
    assert (await said(b"HTTP/1.1 200 OK\nContent-Type: text/plain\n\nopen")).text == "open"
    assert (await said(b"HTTP/1.1 200\r\n\r\nopen")).text == "open"
    assert (await said(b"HTTP/1.1 200 OK\r\nX: a\r\n folded\r\nContent-Length: 4\r\n\r\nopen")).text == "open"


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", BOMB),
        ("gzip, gzip", BOMB),
        ("GZIP", gzip.compress(b"openstaand", mtime=0)),
        ("deflate", b"x\x9c"),
        ("br", b"\x0b\x02"),
        ("zstd", b"\x28\xb5\x2f\xfd"),
        ("identity, gzip", b"x"),
        ("x-unknown", b"x"),
    ],
)
async def test_w19_compressed_though_not_asked_for(coding, body):
    result = await said(answer(body, "200 OK", f"Content-Encoding: {coding}"))
    assert came_to(result) == ("error", "encoding")


async def test_w19_a_compressed_transfer_is_one_too():
    result = await said(HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")
    assert came_to(result) == ("error", "encoding")


async def test_w19_identity_is_no_encoding():
    assert (await said(answer(b"open", "200 OK", "Content-Encoding: identity"))).text == "open"


def chunks(body: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:40_000], body[40_000:])) + b"0\r\n\r\n"


@pytest.mark.parametrize(
    "framed",
    [lambda body: answer(body), lambda body: CHUNKED + chunks(body), lambda body: HEAD + b"\r\n" + body],
    ids=["length", "chunks", "until close"],
)
async def test_w20_64_kib_and_not_a_byte_more(framed):
    exactly = await said(framed(b"x" * 64 * KIB))
    assert (exactly.outcome, len(exactly.text)) == ("ok", 64 * KIB)
    assert came_to(await said(framed(b"x" * (64 * KIB + 1)))) == ("error", "too_large")


async def test_w20_reading_stops_at_the_cap():
    async with serving(flood(HEAD + b"\r\n", b"x" * KIB)) as server:
        result = await ask(server.url())
    assert came_to(result) == ("error", "too_large")
    assert result.bytes_received <= 64 * KIB + 2 * READ_SIZE


@pytest.mark.parametrize(
    "promised", [HEAD + b"Content-Length: 1000000000\r\n\r\n", CHUNKED + b"3b9aca00\r\n"], ids=["length", "chunk"]
)
async def test_w20_what_is_only_promised_is_enough(promised):
    async with serving(raw(promised)) as server:
        result = await ask(server.url(), timeout=2)
    assert came_to(result) == ("error", "too_large")
    assert result.phases["total"] < 1000
