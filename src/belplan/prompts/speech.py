"""Spoken text. eSpeak NG runs as a process of its own: it is another program, under another licence."""

import asyncio
import contextlib
import re
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence

import structlog

from belplan.prompts.audio import SoundError

TIME_LIMIT = 10.0  # seconds; a long text takes a tenth of one
AT_ONCE = 2
WORDS_A_MINUTE = 150  # espeak-ng's own 175 is too fast for a telephone

# espeak-ng says `en-gb` to be another voice than it is; its plain `en` is British.
VOICES = {"nl": "nl", "en": "en"}

log = structlog.get_logger()


def one_line(text: str) -> str:
    """The text without control characters."""
    return "".join(c if c.isprintable() else " " for c in text).strip()


def plain(text: str) -> str:
    """The text without what espeak-ng takes for a command: control characters, and phonemes in `[[ ]]`."""
    return re.sub(r"\[\[|\]\]", " ", one_line(text)).strip()


async def run(command: Sequence[str], text: str, program: str, limit: float) -> bytes:
    """What a program that speaks makes of a text: a WAV file. Raises SoundError."""
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    except OSError as error:
        raise SoundError(f"cannot be spoken: {program} does not run ({error.strerror})") from error
    try:
        async with asyncio.timeout(limit):
            sound, _ = await process.communicate(text.encode())
    except TimeoutError:
        raise SoundError(f"cannot be spoken: {program} took longer than {limit:.0f} s") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode or len(sound) <= 44:  # the header of a WAV file
        raise SoundError(f"cannot be spoken: {program} has no such voice, or nothing to say")
    return sound


class Speech:
    """espeak-ng, by its command line."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def speak(self, text: str, language: str, voice: str | None = None) -> bytes:
        """The text as a WAV file, in the language's own voice where this one is not there. Raises SoundError."""
        async with self._slots:
            if voice:
                try:
                    return await self._run(text, voice)
                except SoundError as error:
                    log.warning("speech.voice", voice=voice, reason=str(error))
            return await self._run(text, VOICES.get(language, language))

    async def _run(self, text: str, voice: str) -> bytes:
        arguments = ("-b1", f"-s{WORDS_A_MINUTE}", f"-v{voice}", "--stdin", "--stdout")
        return await run((*self._command, *arguments), plain(text), "espeak-ng", TIME_LIMIT)
