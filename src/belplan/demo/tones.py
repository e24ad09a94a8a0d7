"""Tones: what each party of the demo says, and how the other end is shown to have heard it."""

import array
import math
import wave
from collections.abc import Mapping
from pathlib import Path

RATE = 8000  # samples a second, as on a telephone line
SECONDS = 0.7  # how long the two talk
LEVEL = 8000  # of 32767: loud and clear, without distortion


def write(file: Path, hertz: float, seconds: float = SECONDS) -> None:
    """Write a tone as `<file>.wav`."""
    samples = (LEVEL * math.sin(2 * math.pi * hertz * n / RATE) for n in range(round(RATE * seconds)))
    with wave.open(f"{file}.wav", "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(array.array("h", map(round, samples)).tobytes())


def heard(recording: Path, tones: Mapping[str, float]) -> str | None:
    """Whose tone is in a recording. None where there is none, or more than one."""
    found = sorted(((strength, name) for name, strength in strengths(recording, tones).items()), reverse=True)
    (loudest, name), (second, _) = found[:2]
    # A tone that came through has about its own level; an edge where it begins has a little of every other.
    return name if loudest > LEVEL / 20 and loudest > 5 * second else None


def strengths(recording: Path, tones: Mapping[str, float]) -> dict[str, float]:
    """How loud each tone is in a recording: its mean amplitude. A recording that is not there has none."""
    samples = array.array("h")
    if recording.is_file():
        with wave.open(str(recording)) as sound:
            samples.frombytes(sound.readframes(sound.getnframes()))
    return {name: _goertzel(samples, hertz) for name, hertz in tones.items()}


def _goertzel(samples: "array.array[int]", hertz: float) -> float:
    """The amplitude of one frequency (Goertzel's algorithm)."""
    turn = 2 * math.cos(2 * math.pi * hertz / RATE)
    last = before = 0.0
    for sample in samples:
        last, before = sample + turn * last - before, last
    power = last * last + before * before - turn * last * before
    return 2 * math.sqrt(max(power, 0.0)) / max(len(samples), 1)
