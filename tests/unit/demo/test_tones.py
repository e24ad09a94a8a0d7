"""Telling by sound who is heard."""

import array
import random
import wave

import pytest

from belplan.demo import tones

TONES = {"caller": 560.0, "anna": 730.0, "bram": 900.0}


def sound(file, *parts: "array.array[int]"):
    """A recording of these parts, at once."""
    length = max(map(len, parts), default=0)
    mixed = [sum(part[n] if n < len(part) else 0 for part in parts) for n in range(length)]
    with wave.open(str(file), "wb") as out:
        out.setparams((1, 2, tones.RATE, 0, "NONE", ""))
        out.writeframes(array.array("h", mixed).tobytes())
    return file


def tone(folder, name: str) -> "array.array[int]":
    tones.write(folder / name, TONES[name])
    with wave.open(str(folder / f"{name}.wav")) as written:
        return array.array("h", written.readframes(written.getnframes()))


@pytest.mark.parametrize("name", TONES)
def test_each_tone_is_told_from_the_others(tmp_path, name):
    assert tones.heard(sound(tmp_path / "heard.wav", tone(tmp_path, name)), TONES) == name


def test_a_tone_is_heard_after_some_silence_and_through_noise(tmp_path):
    chance = random.Random(7)
    late = array.array("h", [0] * 2000) + tone(tmp_path, "anna")
    noise = array.array("h", [chance.randint(-800, 800) for _ in range(6000)])
    assert tones.heard(sound(tmp_path / "heard.wav", late, noise), TONES) == "anna"


def test_nobody_is_heard_in_silence_noise_another_tone_or_nothing(tmp_path):
    chance = random.Random(7)
    noise = array.array("h", [chance.randint(-3000, 3000) for _ in range(8000)])
    tones.write(tmp_path / "dial", 425)
    recordings = [
        sound(tmp_path / "silence.wav", array.array("h", [0] * 8000)),
        sound(tmp_path / "noise.wav", noise),
        tmp_path / "dial.wav",
        sound(tmp_path / "empty.wav"),
        tmp_path / "absent.wav",
    ]
    assert [tones.heard(recording, TONES) for recording in recordings] == [None] * 5


def test_two_at_once_are_nobody_in_particular(tmp_path):
    assert tones.heard(sound(tmp_path / "heard.wav", tone(tmp_path, "anna"), tone(tmp_path, "bram")), TONES) is None
