"""What a telephone heard: by pitch, not by loudness."""

import array
import wave
from pathlib import Path

from belplan.demo import tones
from belplan.prompts import music

BASS = 53  # and below, as MIDI numbers
LOUD = 300  # of 32767: silence in A-law is 8


def samples_of(recording: Path) -> "array.array[int]":
    samples = array.array("h")
    with wave.open(str(recording)) as sound:
        assert sound.getframerate() == tones.RATE
        samples.frombytes(sound.readframes(sound.getnframes()))
    return samples


def first_notes(recording: Path, count: int) -> list[int]:
    """The music that comes with Belplan, if it is: the strongest note of each beat from the first sound on.

    Not the bass notes, of which telephones let too little through.
    """
    samples = samples_of(recording)
    begins = next(at for at, sample in enumerate(samples) if abs(sample) > LOUD)
    beat = round(music.BEAT * tones.RATE)
    pitches = sorted({pitch for pitch in music.melody() if pitch > BASS})
    found: list[int] = []
    for number in range(count):
        piece = samples[begins + number * beat :][: beat * 3 // 4]
        loud = {pitch: tones._goertzel(piece, music.frequency(pitch)) for pitch in pitches}
        found.append(max(loud, key=loud.__getitem__))
    return found
