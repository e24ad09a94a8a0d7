"""Mail is kept until a server has it, whatever happens meanwhile; and a call never waits for it."""

import errno
import itertools
import os
import ssl
import time
from dataclasses import replace
from datetime import UTC, datetime
from email import policy
from email.parser import BytesParser
from pathlib import Path

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from belplan.engine.mail import Attachment, Letter
from belplan.mail import outbox as outboxes
from belplan.mail.outbox import Outbox, compose
from belplan.mail.smtp import MailServer
from tests.unit.mail.receiver import Receiver, receiving

SENDER = "belplan@example.nl"
WRITTEN = datetime(2026, 1, 12, 8, 30, tzinfo=UTC)


def letter(name: str = "a", *to: str, subject: str = "Oproep", text: str = "Er is gebeld.\n") -> Letter:
    return Letter(name, to or ("info@example.nl",), subject, text, WRITTEN)


def outbox(folder: Path, receiver: Receiver, **more: object) -> Outbox:
    return Outbox(folder, MailServer("127.0.0.1", receiver.port), SENDER, **more)


def files(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


def until(holds) -> None:
    for _ in range(250):
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError("it never came to that")


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch):
    monkeypatch.setattr(outboxes, "AGAIN_AFTER", (0.05,))


def test_a_letter_arrives_and_nothing_is_left(tmp_path):
    with receiving() as receiver, outbox(tmp_path, receiver) as box:
        assert box.post(letter("1", "info@example.nl", "anna@example.nl", subject="Oproep van Zoë", text="Één\n"))
        to, mail = receiver.wait()
        until(lambda: not files(tmp_path))
    assert to == ("info@example.nl", "anna@example.nl")
    assert (mail["From"], mail["Subject"]) == (SENDER, "Oproep van Zoë")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@example.nl>")
    assert mail["Date"].datetime == WRITTEN
    assert mail.get_content().replace("\r\n", "\n") == "Één\n"


def test_posting_waits_for_nothing_where_no_server_answers(tmp_path):
    with receiving() as gone:
        pass
    with outbox(tmp_path, gone) as box:
        began = time.perf_counter()
        for number in range(100):
            box.post(letter(str(number)))
        assert time.perf_counter() - began < 0.1
        until(lambda: len(files(tmp_path)) == 100)


def test_a_letter_outlives_a_restart(tmp_path):
    with receiving() as gone:
        pass
    with outbox(tmp_path, gone) as box:
        box.post(letter())
        until(lambda: len(files(tmp_path)) == 1)
    with receiving() as receiver, outbox(tmp_path, receiver):
        receiver.wait()
        until(lambda: not files(tmp_path))


def test_a_letter_waits_for_a_full_disk(tmp_path, monkeypatch):
    sync, failures = os.fsync, []

    def fsync(number: int) -> None:
        if len(failures) < 3:
            failures.append(number)
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(number)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(outboxes, "DISK_AGAIN_AFTER", 0.01)
    seconds = itertools.count(1_700_000_000)  # each try is in a second of its own, and has a file name of its own
    with receiving() as receiver, outbox(tmp_path, receiver, now=lambda: float(next(seconds))) as box:
        box.post(letter())
        receiver.wait()
        until(lambda: not files(tmp_path))
    assert len(receiver.mails) == 1


def test_the_same_letter_posted_twice_is_one(tmp_path):
    with receiving() as gone:
        pass
    with outbox(tmp_path, gone) as box:
        box.post(letter("same"))
        box.post(letter("same"))
        box.post(letter("other"))
        until(lambda: len(files(tmp_path)) == 2)


def test_a_server_that_says_later_is_asked_again(tmp_path):
    with receiving(DATA=451) as receiver, outbox(tmp_path, receiver) as box:
        box.post(letter())
        until(lambda: len(files(tmp_path)) == 1)
        time.sleep(0.1)
        assert not receiver.mails
        del receiver.codes["DATA"]
        receiver.wait()
        until(lambda: not files(tmp_path))


@pytest.mark.parametrize("verb", ["MAIL", "DATA", "RCPT"])
def test_one_refused_for_good_is_put_aside_and_the_next_is_sent(tmp_path, verb):
    with receiving(**{verb: 550}) as receiver, outbox(tmp_path, receiver) as box:
        box.post(letter("refused"))
        until(lambda: [path.parent.name for path in tmp_path.rglob("*.mail")] == ["refused"])
        receiver.codes.clear()
        box.post(letter("next"))
        receiver.wait()
    assert len(receiver.mails) == 1


def test_only_those_who_have_not_got_it_get_it_again(tmp_path):
    codes = {"RCPT TO:<vol@example.nl>": 452, "RCPT TO:<weg@example.nl>": 550}
    with receiving(**codes) as receiver, outbox(tmp_path, receiver) as box:
        box.post(letter("1", "info@example.nl", "vol@example.nl", "weg@example.nl"))
        assert receiver.wait()[0] == ("info@example.nl",)
        del receiver.codes["RCPT TO:<vol@example.nl>"]
        assert receiver.wait()[0] == ("vol@example.nl",)
        until(lambda: not files(tmp_path))
    assert len(receiver.mails) == 2


def test_after_four_days_it_is_given_up(tmp_path):
    clock = [1_000_000.0]
    with receiving(DATA=451) as receiver, outbox(tmp_path, receiver, now=lambda: clock[0]) as box:
        box.post(letter())
        until(lambda: len(files(tmp_path)) == 1)
        clock[0] += outboxes.GIVE_UP_AFTER + 60
        box.post(letter("wakes it up"))
        until(lambda: len(list((tmp_path / "refused").iterdir())) == 1)


def test_a_file_that_is_no_letter_stops_nobody(tmp_path):
    (tmp_path / "000000000001-broken.mail").write_bytes(b"\xff\xfe")
    (tmp_path / "000000000002-half.new").write_text("[")
    with receiving() as receiver, outbox(tmp_path, receiver) as box:
        box.post(letter())
        receiver.wait()
        until(lambda: [path.name for path in tmp_path.rglob("*.*")] == ["000000000001-broken.mail"])


def test_an_address_that_a_server_cannot_take_stops_nobody(tmp_path):
    with receiving() as receiver, outbox(tmp_path, receiver) as box:
        box.post(letter("1", "zoë@example.nl"))
        box.post(letter("2"))
        receiver.wait()
        until(lambda: len(list((tmp_path / "refused").iterdir())) == 1)


def test_a_password_goes_over_tls_and_to_the_right_server(tmp_path):
    authority = trustme.CA()
    serving, trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(serving)
    authority.configure_trust(trust)
    with receiving(serving) as receiver:
        server = MailServer("127.0.0.1", receiver.port, username="anna", password="geheim")
        with Outbox(tmp_path, server, SENDER, trust=trust) as box:
            box.post(letter())
            receiver.wait()
    assert (receiver.secured, receiver.logins) == (1, ["\0anna\0geheim"])


def test_a_server_that_nobody_vouches_for_gets_nothing(tmp_path):
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(serving)
    with receiving(serving) as receiver, outbox(tmp_path, receiver) as box:
        box.post(letter())
        until(lambda: len(files(tmp_path)) == 1)
        time.sleep(0.1)
    assert not receiver.mails


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.nl", MailServer("mail.example.nl", 25)),
        ("smtp://mail.example.nl:2525/", MailServer("mail.example.nl", 2525)),
        ("smtp://anna:ge%40heim@mail.example.nl", MailServer("mail.example.nl", 587, False, "anna", "ge@heim")),
        ("smtps://anna:x@mail.example.nl", MailServer("mail.example.nl", 465, True, "anna", "x")),
    ],
)
def test_a_url_names_the_server(url, server):
    assert MailServer.from_url(url) == server


@pytest.mark.parametrize(
    "url", ["", "mail.example.nl", "http://geheim@x", "smtp://", "smtp://geheim@x:99999", "smtp://geheim@x/pad"]
)
def test_a_url_that_names_none_is_refused_without_being_repeated(url):
    with pytest.raises(ValueError, match="write smtp://") as refused:
        MailServer.from_url(url)
    assert "geheim" not in str(refused.value)


@given(st.text(), st.text())
def test_no_value_can_add_a_header_or_a_recipient(subject, text):
    sent = compose(letter(subject=subject, text=text), SENDER, "x").as_bytes()
    read = BytesParser(policy=policy.default).parsebytes(sent)
    assert sorted(name.lower() for name in read) == sorted(
        ["from", "to", "subject", "date", "message-id", "auto-submitted", "content-type",
         "content-transfer-encoding", "mime-version"]
    )  # fmt: skip
    assert read["To"] == "info@example.nl"


def test_a_sound_goes_along_and_whoever_posted_it_hears_when_it_is_safe(tmp_path):
    sound = bytes(range(256)) * 100
    attached = Attachment("bericht.mp3", "audio/mpeg", sound)
    kept = []
    with receiving() as receiver, outbox(tmp_path, receiver) as box:
        assert box.post(replace(letter(), attachments=(attached,)), lambda: kept.append(files(tmp_path)))
        _, mail = receiver.wait()
    (part,) = mail.iter_attachments()
    assert (part.get_filename(), part.get_content_type()) == ("bericht.mp3", "audio/mpeg")
    assert part.get_content() == sound
    assert len(kept) == 1
    assert kept[0][0].endswith(".mail")
