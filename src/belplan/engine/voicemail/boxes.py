"""Messages in boxes, and the port of whatever keeps them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from belplan.dialplan.company import Company, Language, VoicemailBox
from belplan.engine.leg import Recorded, Recording

SHORTEST = 1.0  # seconds; what is shorter is somebody who hung up at the beep
MOST_TAKES = 20  # of one message; whoever wants more has had enough


class BoxError(Exception):
    """The box cannot take a message now: its disk fails or is full."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that somebody is about to leave: all that is needed to keep and to send it when the call is gone.

    `company`, `box` and `leg` are ids; the numbers are in their one form, with `caller` as people read it.
    Whoever withholds their number has "" in all three.
    """

    id: str
    company: str
    box: str
    box_name: str
    leg: str
    began: datetime
    caller_number: str
    caller: str
    caller_name: str
    language: Language
    timezone: str
    mail_to: tuple[str, ...]
    keep_days: int

    def take_name(self, number: int) -> str:
        """The name of the recording of a take; the first is 1."""
        return f"{self.id}-{number}"


@dataclass(frozen=True, slots=True)
class Message:
    """A message in a box. `sound` is its WAV file."""

    draft: Draft
    seconds: float
    sound: Path
    heard: bool = False

    @property
    def id(self) -> str:
        return self.draft.id

    @property
    def recorded(self) -> Recorded:
        """It, as it can be played."""
        return Recorded("stopped", self.sound, self.seconds)


@dataclass(frozen=True, slots=True)
class Resumed:
    """Where somebody was when the engine died: `takes` were begun, the last may go on; or it was sent already."""

    draft: Draft
    takes: int = 0
    sent: bool = False


class Boxes(Protocol):
    """Keeps messages. Nothing here waits for a disk but what is awaited."""

    async def begin(self, draft: Draft) -> None:
        """Write down who is about to speak; it is safe when this returns. Raises BoxError."""
        ...

    def settle(self, draft: Draft, takes: Sequence[Recording]) -> "asyncio.Future[Message | None]":
        """Keep the last take that is long enough, once all have ended, and forget the draft.

        It comes to pass whether anybody awaits it or not. None where no take is long enough. The future raises
        BoxError where the disk takes it only later.
        """
        ...

    def discard(self, draft: Draft, takes: Sequence[Recording]) -> None:
        """Forget the draft and its takes: the caller wants it so."""
        ...

    def resumed(self, leg: str, box: str) -> Resumed | None:
        """What this leg was leaving in this box when the engine died. It is told once."""
        ...

    def messages(self, company: str, box: str) -> list[Message]:
        """The messages of a box, the oldest first."""
        ...

    def mark_heard(self, message: Message) -> None:
        """Keep that somebody has listened to it."""
        ...

    def delete(self, message: Message) -> None:
        """Delete it and its sound for good."""
        ...


def best_take(takes: Sequence[Recorded]) -> Recorded | None:
    """The one that the caller means: the last that is long enough."""
    return next((take for take in reversed(takes) if take.seconds >= SHORTEST), None)


def boxes_of(company: Company, user: str) -> list[VoicemailBox]:
    """The boxes of a user, by their internal number."""
    return [box for box in company.voicemail_boxes if user in box.users]


def box_of(company: Company, number: str) -> VoicemailBox | None:
    """The box with this number."""
    found = company.internal.get(number)
    return found if isinstance(found, VoicemailBox) else None
