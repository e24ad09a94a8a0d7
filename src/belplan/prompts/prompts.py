"""A sound file for every prompt of a plan."""

from collections.abc import Sequence
from pathlib import Path

from belplan.dialplan.fields import Prompt


class Prompts:
    """Sound files of one company's prompts. `cache` may be shared by companies; `sounds` is the folder of its own files."""

    def __init__(self, cache: Path, *, speech: Sequence[str] | None, sounds: Path | None = None) -> None:
        self.cache = cache
        self.sounds = sounds
        self.speech = speech  # the command line of espeak-ng; None: nothing can be spoken

    async def path(self, prompt: Prompt, language: str) -> Path | None:
        """The prompt's file, absolute and without extension, as `sound:` wants it. None where it cannot be had."""
        raise NotImplementedError

    async def system(self, key: str, language: str) -> Path | None:
        """The same for one of our own texts (`texts.TEXTS`). It stays for ever."""
        raise NotImplementedError
