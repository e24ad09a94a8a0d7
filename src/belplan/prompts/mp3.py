"""A recording as MP3, for mail. Blocks: run it in a thread."""

from io import BytesIO
from itertools import chain
from pathlib import Path

import av
from av.audio.resampler import AudioResampler
from av.error import FFmpegError

from belplan.prompts.audio import SoundError

BIT_RATE = 24_000  # bits a second: telephone speech, 180 KB a minute
RATE = 8000


def mp3(source: Path) -> bytes:
    """The whole file, mono, 8 kHz. Raises SoundError."""
    target = BytesIO()
    try:
        with av.open(str(source), mode="r") as recording, av.open(target, mode="w", format="mp3") as encoded:
            stream = encoded.add_stream("libmp3lame", rate=RATE)
            stream.bit_rate = BIT_RATE
            stream.codec_context.layout = "mono"
            resampler = AudioResampler(format="s16p", layout="mono", rate=RATE)
            for frame in chain(recording.decode(recording.streams.audio[0]), (None,)):
                for part in resampler.resample(frame):
                    encoded.mux(stream.encode(part))
            encoded.mux(stream.encode(None))
    except (FFmpegError, ValueError, OSError, IndexError) as error:
        raise SoundError(f"cannot be made an MP3 ({error.__class__.__name__})") from error
    return target.getvalue()
