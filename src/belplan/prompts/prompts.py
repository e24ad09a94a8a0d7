"""A sound file for every prompt of a plan."""

import asyncio
import os
import time
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import cast, get_args

import structlog

from belplan.dialplan.company import Language
from belplan.dialplan.fields import Prompt
from belplan.dialplan.read_aloud import read_aloud
from belplan.prompts import files, music
from belplan.prompts.audio import SoundError
from belplan.prompts.cache import Cache
from belplan.prompts.piper import Piper
from belplan.prompts.speech import Speech
from belplan.prompts.texts import TEXTS

FRESH = 10.0  # seconds for which a sound that was just found is not looked for again, unless its source changed
RECENT = 1000  # of them are remembered

log = structlog.get_logger()


class Prompts:
    """Sound files of companies' prompts.

    `cache` is a folder that companies share; `sounds` is the folder of sound files for all of them, in which those of
    one company alone have a folder by its id; `speech` is the command line of espeak-ng, None where nothing can be
    spoken. `piper` speaks before it, where it has the voice.
    """

    def __init__(
        self, cache: Path, *, speech: Sequence[str] | None, sounds: Path | None = None, piper: Piper | None = None
    ) -> None:
        self._sounds = sounds
        self._piper = piper
        self._speech = Speech(speech) if speech else None
        self._cache = Cache(cache / "prompts")
        # Ours are few, and are named in the exchange's configuration: they stay.
        self._system = Cache(cache / "system", largest=None)
        self._recent: dict[tuple[object, ...], tuple[float, Path]] = {}

    async def path(self, prompt: Prompt, language: str, company: str = "") -> Path | None:
        """The prompt's file, absolute and without extension, as `sound:` of the exchange wants it.

        `language` is the company's, for a prompt that names none; `company` is its id. None where it
        cannot be had; the log says why.
        """
        began = time.monotonic()
        folder = files.folder_of(self._sounds, company, prompt.file)
        wanted = (prompt.say, prompt.language or language, prompt.voice, *self._signature(folder, prompt.file))
        recent = self._recent.get(wanted)
        if recent and began < recent[0] + FRESH:
            return recent[1]
        try:
            if prompt.file is not None:
                source = files.find(folder, prompt.file)
                found = await self._file(source)
            else:
                found = await self._spoken(self._cache, prompt.say or "", prompt.language or language, prompt.voice)
        except (SoundError, OSError) as error:
            # Never the text: a plan may put a caller's data in it.
            log.warning("prompt.failed", file=prompt.file, reason=str(error))
            return None
        if len(self._recent) >= RECENT:
            self._recent.clear()
        self._recent[wanted] = (began, found)
        log.debug("prompt.ready", file=prompt.file, seconds=round(time.monotonic() - began, 3))
        return found

    async def music(self, file: str = "", company: str = "") -> tuple[Path, float] | None:
        """Music, and its length in seconds: a file of the company's, or what comes with Belplan.

        One that cannot be had is replaced by that: whoever waits is never left in silence.
        """
        if file and (found := await self.path(Prompt.model_construct(file=file), "", company)):
            return found, await asyncio.to_thread(_seconds, found)
        try:
            found = await self._system.get("music", _compose)
        except (SoundError, OSError) as error:
            log.warning("prompt.failed", system="music", reason=str(error))
            return None
        return found, music.SECONDS

    def _signature(self, folder: Path | None, name: str | None) -> tuple[object, ...]:
        """What changes when a file of the company's does, or the file that its link leads to."""
        if name is None or folder is None:
            return ()
        try:
            stat = os.stat(f"{folder}/{name}")
        except (OSError, ValueError):
            return (folder, name)
        return name, stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns

    async def system(self, key: str, language: str) -> Path | None:
        """The same for one of our own texts (`texts.TEXTS`). It stays for ever."""
        try:
            return await self._spoken(self._system, TEXTS[language][key], language, None)
        except (SoundError, OSError) as error:
            log.warning("prompt.failed", system=key, language=language, reason=str(error))
            return None

    async def _file(self, source: Path) -> Path:
        async def read() -> Path:
            return source

        try:
            return await self._cache.get(f"file\n{files.state(source)}", read)
        except SoundError as error:
            raise SoundError(f'"{source.name}" {error}') from error

    async def _spoken(self, cache: Cache, text: str, language: str, voice: str | None) -> Path:
        if language in get_args(Language):
            text = read_aloud(text, cast("Language", language))
        piper = self._piper
        if piper and (name := piper.voice(language, voice)):
            try:
                return await cache.get(f"piper\n{name}\n{text}", lambda: piper.speak(text, name))
            except SoundError as error:
                log.warning("speech.voice", voice=name, reason=str(error))
        speech = self._speech
        if speech is None:
            raise SoundError("cannot be spoken: espeak-ng is not there (belplan pbx install brings it)")
        return await cache.get(f"say\n{language}\n{voice or ''}\n{text}", lambda: speech.speak(text, language, voice))


async def _compose() -> bytes:
    return await asyncio.to_thread(music.render)


def _seconds(sound: Path) -> float:
    with wave.open(str(sound.with_name(sound.name + ".wav")), "rb") as file:
        return file.getnframes() / file.getframerate()
