"""What somebody sends who means no good, and what a stuck program does without meaning it."""

import asyncio
import json
import re
import socket
import time
from urllib.parse import urlsplit

import pytest
import structlog

from belplan.api import calls as exporting
from belplan.api.edge import Pace
from belplan.cli.output import log_to_stderr
from belplan.store.records import Records, Wanted, as_row
from tests.api.serving import serving
from tests.api.test_calls import record
from tests.api.test_prompts import encoded, tone, upload

# Sounds


@pytest.mark.parametrize(
    "sound",
    [
        b"",
        b"PK\x03\x04" + bytes(100_000),  # a ZIP file
        b"<html><script>alert(1)</script></html>",
        b"ffconcat version 1.0\nfile theirs.wav\n",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\ntheirs.wav\n#EXT-X-ENDLIST\n",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    ],
    ids=["empty", "zip", "html", "concat", "playlist", "sdp"],
)
def test_what_is_no_sound_is_refused_and_leads_to_no_other_file(member, company, tmp_path, monkeypatch, sound):
    (tmp_path / "theirs.wav").write_bytes(tone())
    monkeypatch.chdir(tmp_path)
    answer = upload(member("editor"), f"/companies/{company}/prompts", "x", sound)
    assert answer.status_code == 422
    assert "theirs" not in answer.text


def test_a_sound_is_what_it_holds_whatever_it_is_called_and_says_of_itself(member, company):
    editor, at = member("editor"), f"/companies/{company}/prompts"
    longer = bytearray(tone())
    longer[40:44] = b"\xff\xff\xff\x7f"  # two gigabytes of sound
    for name, sound in (("../../etc/passwd", bytes(longer)), ("mp3.wav", encoded("mp3", "mp3", tone()))):
        made = upload(editor, at, name, sound)
        assert made.status_code == 201, made.text
        assert made.json()["seconds"] == pytest.approx(1.0, abs=0.2)
        assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.]+\.wav", made.json()["name"])
        heard = editor("GET", f"{at}/{made.json()['name']}")
        assert (heard.headers["X-Content-Type-Options"], heard.headers["Content-Type"]) == ("nosniff", "audio/wav")


# Webhooks as a way to look around


def test_a_webhook_that_is_tried_does_not_say_which_ports_are_open_inside(server, monkeypatch):
    # As a name that led elsewhere when the plan was saved.
    monkeypatch.setattr("belplan.compiled.refused_webhooks", lambda company, policy: [])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        free = socket.create_server(("127.0.0.1", 0))
        ports = (listening.getsockname()[1], free.getsockname()[1])
        free.close()
        route = [
            {"webhook": {"method": "POST", "url": f"http://localhost:{port}/", "save_as": f"x{port}"}} for port in ports
        ]
        plan = {"users": [], "dial_plans": [{"name": "Hoofd", "internal_number": "1003", "route": route}]}
        company = server.company("Poorten", **plan)
        editor = server.person("poorten@example.nl", "editor", company)
        answers = [
            editor("POST", f"/companies/{company}/webhook-tests", {"path": f"dial_plans[0].route[{n}].webhook"}).json()
            for n in range(2)
        ]
        for one in answers:
            del one["path"], one["phases"], one["variables"], one["way"]
        assert answers[0] == answers[1]
        assert answers[0]["exit"] == "error"
        listening.settimeout(0)
        with pytest.raises(BlockingIOError):
            listening.accept()


def test_test_calls_are_no_way_to_send_without_end(server, member, company, monkeypatch):
    paces = {}
    real = Pace.wait
    monkeypatch.setattr(
        Pace, "wait", lambda self, shown, client: paces.setdefault(client, iter((0, 0, 3.2))).__next__()
    )
    editor, asked = member("editor"), {"to": "1003", "replies": {"klant": "x"}}
    answers = [editor("POST", f"/companies/{company}/test-calls", asked) for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert (answers[-1].headers["Retry-After"], list(paces)) == ("4", [company])
    assert real(Pace(2), "", company) == 0


# Whoever watches


def test_nobody_watches_by_a_socket_without_the_right(server, member, company):
    at = urlsplit(server.url)
    other = server.person("elders@example.nl", "administrator", server.company("Elders"))
    for cookie in ("", f"belplan={other.http.cookies['belplan']}"):
        with socket.create_connection((at.hostname, at.port), timeout=10) as sent:
            sent.sendall(
                f"GET /api/v1/companies/{company}/events/socket HTTP/1.1\r\nHost: {at.netloc}\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Key: {'A' * 22}==\r\nSec-WebSocket-Version: 13\r\n"
                f"Cookie: {cookie}\r\n\r\n".encode()
            )
            assert b" 403 " in sent.recv(4096).split(b"\r\n")[0]


def test_whoever_stops_reading_loses_their_place(tmp_path, monkeypatch):
    monkeypatch.setattr("belplan.installation.STALLED", 1)
    with serving(tmp_path) as server:
        company = server.company("Een BV")
        anna = server.person("anna@example.nl", "editor", company)
        at, live = urlsplit(server.url), server.parts.live
        with socket.create_connection((at.hostname, at.port)) as stuck:
            stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            cookie = f"belplan={anna.http.cookies['belplan']}"
            events = f"/api/v1/companies/{company}/events"
            stuck.sendall(f"GET {events} HTTP/1.1\r\nHost: {at.netloc}\r\nCookie: {cookie}\r\n\r\n".encode())
            said = b""
            while b"retry: " not in said:
                said += stuck.recv(1000)

            async def tell():
                (reader,) = live._readers[company]
                while not reader.lost:
                    live.tell(company, "step", text="x" * 5000)
                    await asyncio.sleep(0)

            until = time.monotonic() + 30
            assert live.readers(company) == 1
            server.run(tell())
            while live.readers(company) and time.monotonic() < until:
                time.sleep(0.05)
            assert not live.readers(company)


# Many records, and the log


def test_an_export_is_never_whole_in_memory(server, company):
    """The million is in `python -m benchmarks.export`."""
    parts, asked = server.parts, []

    async def export():
        await parts.records.add([as_row(company, record(n, company)) for n in range(3000)])
        real = Records.find

        async def find(self, *args, **more):
            asked.append(more["limit"])
            return await real(self, *args, **more)

        Records.find = find
        try:
            pieces = exporting._lines(parts, company, Wanted())
            first = await anext(pieces)
            assert len(asked) == 1
            rest = [piece async for piece in pieces]
        finally:
            Records.find = real
        return [first, *rest]

    pieces = server.run(export())
    assert sum(piece.count("\r\n") for piece in pieces) == 3001
    assert max(map(len, pieces)) < 70_000
    assert max(asked) <= 1000


@pytest.mark.parametrize("seen_by_a_person", [True, False])
def test_a_name_begins_no_line_of_the_log(capsys, monkeypatch, seen_by_a_person):
    monkeypatch.setattr("sys.stderr.isatty", lambda: seen_by_a_person, raising=False)
    before = structlog.get_config()
    try:
        log_to_stderr()
        structlog.get_logger().error("exchange.left_out", what="Anna\n2026-11-25 [error] all is lost\x1b[2J\u2028x")
    finally:
        structlog.configure(**before)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "all is lost" in said
    assert "\x1b[2J" not in said
    assert "\u2028" not in said
    if not seen_by_a_person:
        json.loads(said)
