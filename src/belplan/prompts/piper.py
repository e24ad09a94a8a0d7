"""Spoken text by Piper, where the operator has installed it: voices that sound like people, a second for each text.

Piper runs as a process of its own, as espeak-ng does, which speaks wherever Piper cannot. Its voices are files
(`nl_NL-mls-medium.onnx`, with `.onnx.json` beside it) in the folder `voices` of the data folder.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from belplan.prompts.speech import one_line, run

TIME_LIMIT = 30.0  # seconds; it takes one to start, and a tenth of the length of what it says


class Piper:
    """Piper, by its command line, with the voices of a folder."""

    def __init__(self, command: Sequence[str], voices: Path) -> None:
        self._command = tuple(command)
        self._voices = {path.stem: path for path in sorted(voices.glob("*.onnx"))}

    @classmethod
    def find(cls, voices: Path) -> Self | None:
        """Piper with the voices of this folder. None where it, or any voice, is not there."""
        program = shutil.which("piper")
        found = cls((program,), voices) if program else None
        return found if found and found.voices else None

    @property
    def voices(self) -> tuple[str, ...]:
        """The names of its voices."""
        return tuple(self._voices)

    def voice(self, language: str, name: str | None) -> str | None:
        """The voice of this name; without one, the first of this language. None where it has no such voice."""
        if name:
            return name if name in self._voices else None
        return next((voice for voice in self._voices if voice.startswith((f"{language}_", f"{language}-"))), None)

    async def speak(self, text: str, voice: str) -> bytes:
        """The text as a WAV file. Raises SoundError."""
        # Without an output file it wants a terminal; `-` is standard output.
        command = (*self._command, "--model", str(self._voices[voice]), "--output-file", "-")
        return await run(command, one_line(text), "piper", TIME_LIMIT)
