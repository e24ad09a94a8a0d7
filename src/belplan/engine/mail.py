"""Mail that a call gives rise to: a letter, and the port that takes it.

Whoever takes letters never lets a call wait: it keeps them, and sends them in its own time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a letter. `kind` is its media type, such as `audio/mpeg`."""

    name: str
    kind: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail. `id` is chosen by the sender: the same letter handed over twice is one mail."""

    id: str
    to: tuple[str, ...]
    subject: str
    text: str
    written: datetime
    attachments: tuple[Attachment, ...] = ()

    def __str__(self) -> str:
        attached = "".join(f"attached: {attachment.name}\n" for attachment in self.attachments)
        return f"to: {', '.join(self.to)}\nsubject: {self.subject}\n{attached}\n{self.text}"


class Mailer(Protocol):
    """Takes letters."""

    def post(self, letter: Letter, on_kept: Callable[[], None] | None = None) -> bool:
        """Take a letter to be sent soon. False where this exchange sends no mail.

        `on_kept` is called, from another thread it may be, when the letter is safe and before it is sent.
        """
        ...


class NoMail:
    """An exchange that sends no mail."""

    def post(self, letter: Letter, on_kept: Callable[[], None] | None = None) -> bool:
        return False


class Tray:
    """Keeps letters where they can be looked at: in a simulation nothing is sent."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    def post(self, letter: Letter, on_kept: Callable[[], None] | None = None) -> bool:
        self.letters.append(letter)
        if on_kept:
            on_kept()
        return True
