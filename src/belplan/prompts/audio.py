"""Any sound to the files that an exchange plays: mono, 8 kHz (`.wav`) and 16 kHz (`.wav16`), at one level.

Blocks: run it in a thread.
"""

import math
import os
import wave
from array import array
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

import av
import av.filter
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.error import FFmpegError

NARROW = 8000
WIDE = 16000
LONGEST = 900  # seconds

# ITU-T P.56 measures speech while it is active, and networks are planned for -26 dBov of it; recordings on
# exchanges are customarily somewhat louder.
LEVEL = -22.0
MOST_GAIN = 30.0  # dB; beyond it there is nothing but noise
FRAME = WIDE // 50  # 20 ms
SILENCE = 30.0  # dB below the loudest frames is a pause

# Other formats of FFmpeg are lists of what to open next: files of the server, addresses inside, ports to listen at.
ONLY = {
    "format_whitelist": "wav,w64,aiff,au,caf,mp3,aac,ogg,flac,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,amr",
    "protocol_whitelist": "file",
}

Samples: TypeAlias = "array[int]"


class SoundError(Exception):
    """A sound cannot be had. The message is for its owner."""


def convert(source: Path | bytes, target: Path) -> int:
    """Write `target` + `.wav16` and + `.wav`, each in one step. The bytes written. Raises SoundError."""
    samples = decode(source)
    if not samples:
        raise SoundError("holds no sound")
    wide, narrow = _levelled(samples)
    target.parent.mkdir(parents=True, exist_ok=True)
    # The narrow file last: where it is, both are.
    _write(target.with_name(target.name + ".wav16"), wide, WIDE)
    _write(target.with_name(target.name + ".wav"), narrow, NARROW)
    return len(wide) + len(narrow)


def decode(source: Path | bytes) -> Samples:
    """The samples at 16 kHz, mono, 16 bits, of any file with sound in it. Raises SoundError."""
    samples = array("h")
    try:
        with av.open(BytesIO(source) if isinstance(source, bytes) else str(source), "r", options=ONLY) as container:
            if not container.streams.audio:
                raise SoundError("holds no sound")
            resampler = AudioResampler(format="s16", layout="mono", rate=WIDE)
            for frame in container.decode(container.streams.audio[0]):
                frame.pts = None
                for part in resampler.resample(frame):
                    samples.frombytes(_bytes(part))
                if len(samples) > LONGEST * WIDE:
                    raise SoundError(f"is longer than {LONGEST // 60} minutes")
            for part in resampler.resample(None):
                samples.frombytes(_bytes(part))
    except (FFmpegError, ValueError, OSError) as error:
        raise SoundError(f"cannot be read as sound ({error.__class__.__name__}); use WAV, MP3 or Ogg") from error
    return samples


def level(samples: Samples) -> float:
    """How loud the speech is while somebody speaks: dB below the loudest square wave; -inf for silence."""
    # Every fourth sample says as much, four times as fast.
    frames = (samples[at : at + FRAME : 4] for at in range(0, len(samples), FRAME))
    powers = sorted(sum(sample * sample for sample in frame) / len(frame) for frame in frames)
    loud = powers[int(len(powers) * 0.95)] if powers else 0.0
    active = [power for power in powers if power > loud * 10 ** (-SILENCE / 10)]
    if not active:
        return -math.inf
    return 10 * math.log10(sum(active) / len(active) / 32768**2)


def _levelled(samples: Samples) -> tuple[bytes, bytes]:
    now = level(samples)
    gain = 0.0 if now == -math.inf else max(-MOST_GAIN, min(MOST_GAIN, LEVEL - now))
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=WIDE, format="s16", layout="mono")
    volume = graph.add("volume", f"{gain:.2f}dB")
    limiter = graph.add("alimiter", "limit=0.8:attack=2:release=50:level=disabled")
    shape = graph.add("aformat", f"sample_fmts=s16:channel_layouts=mono:sample_rates={WIDE}")
    sink = graph.add("abuffersink")
    graph.link_nodes(source, volume, limiter, shape, sink).configure()
    narrower = AudioResampler(format="s16", layout="mono", rate=NARROW)
    wide, narrow = bytearray(), bytearray()
    for frame in _through(graph, samples):
        wide += _bytes(frame)
        for part in narrower.resample(frame):
            narrow += _bytes(part)
    for part in narrower.resample(None):
        narrow += _bytes(part)
    return bytes(wide), bytes(narrow)


def _through(graph: av.filter.Graph, samples: Samples) -> Iterator[AudioFrame]:
    for at in range(0, len(samples), WIDE):
        piece = samples[at : at + WIDE].tobytes()
        frame = AudioFrame(format="s16", layout="mono", samples=len(piece) // 2)
        frame.sample_rate = WIDE
        frame.pts = at
        frame.planes[0].update(piece)
        graph.push(frame)
        yield from _pull(graph)
    graph.push(None)
    yield from _pull(graph)


def _pull(graph: av.filter.Graph) -> Iterator[AudioFrame]:
    while True:
        try:
            frame = graph.pull()
        except (BlockingIOError, EOFError):
            return
        if isinstance(frame, AudioFrame):
            yield frame


def _bytes(frame: AudioFrame) -> bytes:
    # A plane may be longer than its samples.
    return bytes(frame.planes[0])[: frame.samples * 2]


def _write(path: Path, samples: bytes, rate: int) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with wave.open(str(temporary), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples)
    temporary.replace(path)
