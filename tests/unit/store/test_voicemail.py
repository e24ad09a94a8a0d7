"""A message is never lost, whatever dies while it is left; and its mail is one mail."""

import asyncio
import errno
import os
import struct
import sys
import wave
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from io import BytesIO
from pathlib import Path

import av
import pytest

from belplan.engine.leg import Recorded
from belplan.engine.mail import NoMail, Tray
from belplan.engine.voicemail.boxes import BoxError, Draft
from belplan.mail.outbox import Outbox
from belplan.mail.smtp import MailServer
from belplan.store.voicemail import DiskBoxes
from belplan.store.wav import repair

BEGAN = datetime(2026, 1, 12, 8, 30, tzinfo=UTC)
COMPANY = "42f30becd4ea93edd284e059427b5ee0"
RATE = 16000  # samples a second
NOBODY_LISTENS = MailServer("127.0.0.1", 9)


def draft(name: str = "a", leg: str = "leg-1", mail_to: tuple[str, ...] = ("info@example.nl",)) -> Draft:
    return Draft(
        id=name * 32,
        company=COMPANY,
        box="501",
        box_name="Algemeen",
        leg=leg,
        began=BEGAN,
        caller_number="31612345678",
        caller="06 12345678",
        caller_name="",
        language="nl",
        timezone="Europe/Amsterdam",
        mail_to=mail_to,
        keep_days=30,
    )


class Take:
    """A recording that is over, as the exchange writes it; `cut` is one whose exchange died."""

    def __init__(self, folder: Path, name: str, seconds: float, *, cut: bool = False) -> None:
        self.name = name
        self.seconds = seconds
        self.path = folder / f"{name}.wav16"
        with wave.open(str(self.path), "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            file.writeframes(b"\x10\x20" * int(RATE * seconds))
        if cut:
            with self.path.open("r+b") as file:
                for at in (4, 40):
                    file.seek(at)
                    file.write(struct.pack("<I", 0))
                file.seek(0, os.SEEK_END)
                file.write(b"\x01")  # half a sample

    async def finished(self) -> Recorded:
        return Recorded("gone", self.path, self.seconds)


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "recording").mkdir()
    return tmp_path


def boxes(folder: Path, mailer=None) -> DiskBoxes:
    made = DiskBoxes(folder / "voicemail", folder / "recording", mailer or NoMail())
    made.read()
    return made


def seconds(path: Path) -> float:
    """As a player that trusts the header has it, and one that reads to the end."""
    with wave.open(str(path), "rb") as file:
        told = file.getnframes() / file.getframerate()
    with av.open(str(path)) as file:
        there = sum(frame.samples for frame in file.decode(audio=0)) / RATE
    assert told == there
    return told


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


async def test_the_last_take_that_is_long_enough_counts(folder):
    tray = Tray()
    async with boxes(folder, tray) as some:
        one = draft()
        await some.begin(one)
        takes = [Take(folder / "recording", one.take_name(n), long) for n, long in ((1, 9), (2, 4), (3, 0.3))]
        message = await some.settle(one, takes)
    assert message
    assert message.seconds == seconds(message.sound) == 4
    assert [letter.subject for letter in tray.letters] == ["Voicemail van 06 12345678 (0:04)"]
    kept = f"voicemail/{COMPANY}/501/{one.id}"
    assert names(folder) == {f"{kept}.wav16", f"{kept}.json"}
    assert boxes(folder).messages(COMPANY, "501") == [message]
    assert all(path.stat().st_mode & 0o077 == 0 for path in (folder / "voicemail", message.sound))


async def test_what_is_too_short_is_dropped(folder):
    tray = Tray()
    async with boxes(folder, tray) as some:
        one = draft()
        await some.begin(one)
        assert await some.settle(one, [Take(folder / "recording", one.take_name(1), 0.9)]) is None
    assert names(folder) == set()
    assert not tray.letters


async def test_the_mail_has_the_sound_as_an_mp3_of_the_same_length(folder):
    tray = Tray()
    async with boxes(folder, tray) as some:
        one = draft()
        await some.begin(one)
        await some.settle(one, [Take(folder / "recording", one.take_name(1), 7)])
    (attached,) = tray.letters[0].attachments
    assert (attached.name, attached.kind) == ("bericht-20260112-0930.mp3", "audio/mpeg")
    with av.open(BytesIO(attached.content)) as file:
        assert file.format.name == "mp3"
        assert sum(frame.samples for frame in file.decode(audio=0)) / 8000 == pytest.approx(7, abs=0.2)


async def test_heard_and_deleted_outlive_a_restart(folder):
    async with boxes(folder) as some:
        for name in "ab":
            one = draft(name, leg=name)
            await some.begin(one)
            await some.settle(one, [Take(folder / "recording", one.take_name(1), 2)])
        first, second = some.messages(COMPANY, "501")
        some.mark_heard(first)
        some.delete(second)
    (left,) = boxes(folder).messages(COMPANY, "501")
    assert left.heard
    assert not second.sound.exists()


async def test_how_many_wait_is_told_at_every_change(folder):
    told = []
    async with boxes(folder) as there:
        there.on_change = lambda company, box: told.append(there.waiting(company, box))
        for name in "ab":
            await there.begin(draft(name))
            await there.settle(draft(name), [Take(folder / "recording", draft(name).take_name(1), 2)])
        first, second = there.messages(COMPANY, "501")
        there.mark_heard(first)
        there.mark_heard(first)
        there.delete(second)
        there.sweep(BEGAN + timedelta(days=31))
    assert told == [(1, 0), (2, 0), (1, 1), (0, 1), (0, 0)]


async def test_kept_for_its_days_and_then_gone(folder):
    async with boxes(folder) as some:
        one = draft()
        await some.begin(one)
        message = await some.settle(one, [Take(folder / "recording", one.take_name(1), 2)])
        assert some.sweep(BEGAN + timedelta(days=30)) == 0
        assert some.sweep(BEGAN + timedelta(days=30, seconds=1), lambda message: 31) == 0
        assert some.sweep(BEGAN + timedelta(days=30, seconds=1)) == 1
        assert some.messages(COMPANY, "501") == []
    assert not message.sound.exists()


async def test_a_caller_who_is_still_there_goes_on_where_they_were(folder):
    async with boxes(folder) as some:
        one = draft()
        await some.begin(one)
    Take(folder / "recording", one.take_name(1), 3)
    Take(folder / "recording", one.take_name(2), 2)
    async with boxes(folder) as some:
        looked = []

        async def there(leg: str) -> bool:
            looked.append(leg)
            return True

        recovering = asyncio.create_task(some.recover(there))
        while not looked:
            await asyncio.sleep(0)
        assert some.resumed("another", "501") is None
        assert some.resumed("leg-1", "502") is None
        resumed = some.resumed("leg-1", "501")
        assert (resumed.draft, resumed.takes, resumed.sent) == (one, 2, False)
        assert some.resumed("leg-1", "501") is None
        recovering.cancel()
    assert boxes(folder).messages(COMPANY, "501") == []  # it is the call's again


async def test_a_caller_whose_message_was_sent_is_told_so(folder):
    async with boxes(folder) as some:
        one = draft()
        await some.begin(one)
        await some.settle(one, [Take(folder / "recording", one.take_name(1), 2)])
    assert boxes(folder).resumed("leg-1", "501").sent


async def test_a_full_disk_takes_no_message_and_later_takes_it(folder, monkeypatch):
    monkeypatch.setattr("belplan.store.voicemail.AGAIN_AFTER", 0.01)
    full = True
    real = os.fsync

    def fsync(handle: int) -> None:
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    async with boxes(folder) as some:
        one = draft()
        await some.begin(one)
        monkeypatch.setattr(os, "fsync", fsync)
        with pytest.raises(BoxError):
            await some.begin(draft("b"))
        with pytest.raises(BoxError):
            await some.settle(one, [Take(folder / "recording", one.take_name(1), 2)])
        full = False
        async with asyncio.timeout(5):
            while not some.messages(COMPANY, "501"):
                await asyncio.sleep(0.01)
    assert [message.seconds for message in boxes(folder).messages(COMPANY, "501")] == [2]


@pytest.mark.parametrize("long", [0.0, 0.00001, 1.5, 2.048])
def test_a_recording_that_was_cut_off_is_mended(tmp_path, long):
    take = Take(tmp_path, "x", long, cut=True)
    assert repair(take.path) == pytest.approx(long, abs=1 / RATE)
    assert seconds(take.path) == pytest.approx(long, abs=1 / RATE)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no sound at all" * 10])
def test_what_is_no_recording_is_left_alone(tmp_path, content):
    path = tmp_path / "x.wav"
    path.write_bytes(content)
    assert repair(path) == 0
    assert path.read_bytes() == content
    assert repair(tmp_path / "absent.wav") == 0


def test_killed_at_any_step_there_is_one_message_and_one_mail(folder):
    """A process is ended before each change to a file in turn, the next one goes on."""
    for step in range(1, 200):
        here = folder / str(step)
        (here / "recording").mkdir(parents=True)
        if not _dies(here, step):
            break
        _dies(here, 0)  # the next start
        (message,) = boxes(here).messages(COMPANY, "501")
        assert seconds(message.sound) == 2
        mails = list((here / "mail").glob("*.mail"))
        assert len(mails) == 1, step
        mail = message_from_bytes(mails[0].read_bytes().partition(b"\n")[2], policy=policy.SMTP)
        assert [part.get_content_type() for part in mail.iter_attachments()] == ["audio/mpeg"]
        kept = f"voicemail/{COMPANY}/501/{message.id}"
        assert names(here) == {f"{kept}.wav16", f"{kept}.json", f"mail/{mails[0].name}"}, step
    assert step > 12


def _dies(folder: Path, step: int) -> bool:
    """Whether a process that does all of it from the beginning, or from where it is, ends at this step."""
    child = os.fork()
    if not child:
        os._exit(_whole(folder, step))
    return os.waitpid(child, 0)[1] != 0


def _whole(folder: Path, step: int) -> int:
    at = 0

    def audit(event: str, arguments: tuple) -> None:
        nonlocal at
        changes = event in ("os.rename", "os.remove", "os.truncate", "os.chmod", "os.mkdir", "os.utime") or (
            event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        )
        if changes and str(folder) in str(arguments[0]):
            at += 1
            if at == step:
                os._exit(9)

    async def leave() -> None:
        outbox = Outbox(folder / "mail", NOBODY_LISTENS, "belplan@example.nl")
        some = boxes(folder, outbox)
        one = draft()
        with outbox:
            async with some:
                if step:
                    await some.begin(one)  # only then is anything spoken
                    Take(folder / "recording", one.take_name(1), 2, cut=True)
                    sys.addaudithook(audit)
                    await some.settle(one, [])
                else:
                    await some.recover(_gone)
                    await asyncio.gather(*some._settling)

    asyncio.run(leave())
    return 0


async def _gone(leg: str) -> bool:
    return False
