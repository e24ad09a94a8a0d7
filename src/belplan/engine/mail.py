"""Mail that a call gives rise to: a letter, and the port that takes it.

Whoever takes letters never lets a call wait: it keeps them, and sends them in its own time.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail. `id` is chosen by the sender: the same letter handed over twice is one mail."""

    id: str
    to: tuple[str, ...]
    subject: str
    text: str
    written: datetime

    def __str__(self) -> str:
        return f"to: {', '.join(self.to)}\nsubject: {self.subject}\n\n{self.text}"


class Mailer(Protocol):
    """Takes letters."""

    def post(self, letter: Letter) -> bool:
        """Take a letter to be sent soon. False where this exchange sends no mail."""
        ...


class NoMail:
    """An exchange that sends no mail."""

    def post(self, letter: Letter) -> bool:
        return False


class Tray:
    """Keeps letters where they can be looked at: in a simulation nothing is sent."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    def post(self, letter: Letter) -> bool:
        self.letters.append(letter)
        return True
