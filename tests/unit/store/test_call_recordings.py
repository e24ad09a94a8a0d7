"""Recorded conversations find their place, whatever ended in the middle, and are deleted after their days."""

import asyncio
import os
import wave

import pytest

from belplan.store.call_recordings import DAY, STILL, CallRecordings

COMPANY = "42f30becd4ea93edd284e059427b5ee0"
CALL = "0b7f3f0e-4b0c-4c3e-9d5a-1f2f3f4f5f6f"
NAME = f"call-{COMPANY}-{CALL}-1"


@pytest.fixture
def folders(tmp_path):
    (tmp_path / "spool").mkdir()
    return tmp_path / "kept", tmp_path / "spool"


def spoken(path, seconds=2.0, at=None, cut=False):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(range(250)) * round(seconds * 64))
    if cut:  # as Asterisk leaves it when it is killed
        with path.open("r+b") as file:
            file.seek(40)
            file.write(bytes(4))
    if at:
        os.utime(path, (at, at))


def days(company):
    return 90


async def kept(recordings, name):
    recordings.keep(name)
    await recordings.finish()


def test_one_that_ended_is_kept_with_its_call(folders):
    spoken(folders[1] / f"{NAME}.wav")
    recordings = CallRecordings(*folders)
    asyncio.run(kept(recordings, NAME))
    (path,) = recordings.of(COMPANY, CALL)
    assert path == folders[0] / COMPANY / f"{CALL}-1.wav"
    assert path.stat().st_mode & 0o777 == 0o600
    assert not list(folders[1].iterdir())


def test_one_that_was_cut_off_is_mended_and_kept_once_nobody_writes_it(folders):
    at = 1_000_000.0
    spoken(folders[1] / f"{NAME}.wav", at=at, cut=True)
    recordings = CallRecordings(*folders)
    recordings.sweep(at + STILL - 1, days)
    assert recordings.of(COMPANY, CALL) == []
    recordings.sweep(at + STILL + 1, days)
    with wave.open(str(recordings.of(COMPANY, CALL)[0])) as file:
        assert file.getnframes() == 16000


def test_one_in_which_nobody_spoke_is_not_kept(folders):
    spoken(folders[1] / f"{NAME}.wav", seconds=0, at=1.0)
    recordings = CallRecordings(*folders)
    recordings.sweep(10_000, days)
    assert recordings.of(COMPANY, CALL) == []
    assert not list(folders[1].iterdir())


def test_what_is_not_a_conversation_is_left_alone(folders):
    spoken(folders[1] / "call-me.wav", at=1.0)
    spoken(folders[1] / "message.wav", at=1.0)
    CallRecordings(*folders).sweep(10_000, days)
    assert len(list(folders[1].iterdir())) == 2


def test_they_are_deleted_after_their_companys_days(folders):
    recordings = CallRecordings(*folders)
    spoken(folders[1] / f"{NAME}.wav", at=1_000_000.0)
    recordings.sweep(1_000_000 + STILL + 1, days)
    assert recordings.sweep(1_000_000 + 89 * DAY, days) == 0
    assert recordings.sweep(1_000_000 + 91 * DAY, days) == 1
    assert recordings.of(COMPANY, CALL) == []


def test_several_conversations_of_a_call_are_in_their_order(folders):
    recordings = CallRecordings(*folders)
    for n in (10, 2, 1):
        spoken(folders[1] / f"call-{COMPANY}-{CALL}-{n}.wav", at=1.0)
    recordings.sweep(10_000, days)
    assert [path.stem[-3:] for path in recordings.of(COMPANY, CALL)] == ["f-1", "f-2", "-10"]
