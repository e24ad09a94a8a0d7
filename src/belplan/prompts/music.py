"""The music that comes with Belplan: made here, note by note, so that nobody has rights to it.

A slow round of eight chords, plucked as on a harp, within what a telephone lets through. The end leads into
the beginning. Blocks for a second or two: run it in a thread.
"""

import math
import wave
from array import array
from io import BytesIO

RATE = 16000
BEAT = 0.5  # seconds between two notes of a chord
NOTES = 8  # of each chord
RINGS = 2.6  # seconds that a plucked note sounds

# Major sevenths and ninths over a bass that walks down, as MIDI numbers: bass, then the four notes above it.
CHORDS = (
    (48, 64, 67, 71, 74),  # C
    (45, 60, 64, 67, 71),  # a
    (53, 65, 69, 72, 76),  # F
    (43, 62, 65, 69, 71),  # G
    (52, 64, 67, 71, 74),  # e
    (45, 60, 64, 69, 72),  # a
    (50, 62, 65, 69, 72),  # d
    (43, 62, 67, 71, 74),  # G
)
PATTERN = (0, 2, 3, 4, 1, 3, 2, 4)  # which note of the chord, one after the other
# Loudness of the partials; the bass is heard by its upper ones, as telephones cut below 300 Hz.
PARTIALS = (1.0, 0.45, 0.2, 0.08)
SECONDS = len(CHORDS) * NOTES * BEAT


def render() -> bytes:
    """The whole round as a WAV file."""
    length = round(SECONDS * RATE)
    mixed = array("d", bytes(8 * length))
    notes: dict[int, array[float]] = {}
    for place, pitch in enumerate(melody()):
        if pitch not in notes:
            notes[pitch] = _pluck(pitch)
        begins = round(place * BEAT * RATE)
        for at, sample in enumerate(notes[pitch], begins):
            mixed[at % length] += sample
    loudest = max(map(abs, mixed))
    samples = array("h", (round(sample / loudest * 20000) for sample in mixed))
    with BytesIO() as file:
        with wave.open(file, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(RATE)
            sound.writeframes(samples.tobytes())
        return file.getvalue()


def melody() -> list[int]:
    """Its notes one after the other, as MIDI numbers."""
    return [chord[place] for chord in CHORDS for place in PATTERN]


def frequency(pitch: int) -> float:
    """Of a MIDI number, in Hz."""
    return 440.0 * 2 ** ((pitch - 69) / 12)


def _pluck(pitch: int) -> "array[float]":
    """A string that is plucked: its partials die away, the higher the sooner, and are silent at the end."""
    samples = array("d", bytes(8 * round(RINGS * RATE)))
    for number, loudness in enumerate(PARTIALS, 1):
        # A damped sine from the one before it: x(n) = 2 r cos(w) x(n-1) - r2 x(n-2).
        damped = math.exp(-(1.2 + 0.8 * number) / RATE)
        turn = 2 * math.pi * frequency(pitch) * number / RATE
        once, twice = 2 * damped * math.cos(turn), damped * damped
        last, now = 0.0, loudness * math.sin(turn)
        for at in range(len(samples)):
            samples[at] += now
            last, now = now, once * now - twice * last
    fade = round(0.2 * RATE)
    for at in range(fade):
        samples[-1 - at] *= at / fade
    attack = round(0.004 * RATE)
    for at in range(attack):
        samples[at] *= at / attack
    return samples
