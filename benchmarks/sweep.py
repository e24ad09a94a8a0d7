"""A sound that tells its own time: a tone that rises steadily. Any twentieth of a second shows when it was sent."""

import array
import itertools
import math
import statistics
import wave
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import av

RATE = 8000  # samples a second
LOW = 500.0  # Hz, at the beginning
RISE = 60.0  # Hz a second
LONGEST = 45.0  # seconds; then it is at 3,200 Hz, and telephones hear no more
WINDOW = 400  # samples that are looked at together: 50 ms
LOUD = 1000.0  # least amplitude of the tone, of 32,767


def samples(seconds: float) -> "array.array[int]":
    """So much of it from its beginning."""
    times = (n / RATE for n in range(round(seconds * RATE)))
    return array.array("h", (round(9000 * math.sin(2 * math.pi * (LOW * t + RISE / 2 * t * t))) for t in times))


def write(path: Path, seconds: float = LONGEST) -> Path:
    """As a WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(samples(seconds).tobytes())
    return path


def write_alaw(path: Path, seconds: float = LONGEST) -> Path:
    """As bare G.711 A-law, as SIPp sends it."""
    encoder = av.CodecContext.create("pcm_alaw", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE, "mono", "s16"
    whole = samples(seconds)
    with path.open("wb") as file:
        for at in range(0, len(whole), RATE):
            piece = whole[at : at + RATE]
            frame = av.AudioFrame(format="s16", layout="mono", samples=len(piece))
            frame.sample_rate = RATE
            frame.planes[0].update(piece.tobytes())
            for packet in encoder.encode(frame):
                file.write(bytes(packet))
    return path


@dataclass(frozen=True)
class Heard:
    """What a recording has of it. All in seconds."""

    lasts: float
    """The whole recording."""
    first: float = 0.0
    """When its first moment was sent."""
    last: float = 0.0
    """When its last moment was sent."""
    missing: float = 0.0
    """How much of it between those is not there."""
    before: float = 0.0
    """What comes before it in the recording."""


def heard(sound: Path | bytes) -> Heard:
    """Look for it in a sound file of any kind."""
    found: array.array[int] = array.array("h")
    with av.open(BytesIO(sound) if isinstance(sound, bytes) else str(sound)) as file:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        for frame in (*file.decode(audio=0), None):
            for part in resampler.resample(frame):
                found.frombytes(bytes(part.planes[0])[: part.samples * 2])
    lasts = len(found) / RATE
    seen = [
        (at / RATE, sent)
        for at in range(0, len(found) - WINDOW + 1, WINDOW)
        if (sent := _sent(found[at : at + WINDOW])) is not None
    ]
    # A window with an edge in it, or with another sound, is not on the line that the rest is on.
    seen = [one for one, *near in zip(seen, seen[1:], seen[2:], strict=False) if _in_line(one, *near)]
    if not seen:
        return Heard(lasts)
    half = WINDOW / RATE / 2
    (began, first), (ended, last) = seen[0], seen[-1]
    # The last two windows have none after them to be compared with.
    last, ended = last + 2 * WINDOW / RATE, ended + 2 * WINDOW / RATE
    missing = (last - first) - (ended - began)
    return Heard(lasts, first - half, last + half, missing, began)


def _in_line(one: tuple[float, float], *near: tuple[float, float]) -> bool:
    offsets = [at - sent for at, sent in (one, *near)]
    return max(offsets) - min(offsets) < 0.08


def _sent(window: "array.array[int]") -> float | None:
    """When the middle of a window was sent, by when it crosses zero upwards. None where the tone is not in it."""
    if max(window) < LOUD or min(window) > -LOUD:
        return None
    crossings = [n - now / (now - last) for n, (last, now) in enumerate(itertools.pairwise(window)) if last < 0 <= now]
    if len(crossings) < 4:
        return None
    periods = [b - a for a, b in itertools.pairwise(crossings)]
    mean = statistics.fmean(periods)
    if max(abs(period - mean) for period in periods) > 0.6:
        return None
    sent = (RATE / mean - LOW) / RISE
    return sent if -0.2 < sent < LONGEST + 0.5 else None
