"""Boxes in memory, for a simulation: nothing is really heard, nothing outlives it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from belplan.engine.leg import Recording
from belplan.engine.mail import Mailer
from belplan.engine.voicemail.boxes import Draft, Message, Resumed, best_take
from belplan.engine.voicemail.letter import letter


class ImaginedBoxes:
    """See belplan.engine.voicemail.boxes.Boxes."""

    def __init__(self, mailer: Mailer) -> None:
        self._messages: list[Message] = []
        self._settling: set[asyncio.Future[Message | None]] = set()
        self._mailer = mailer

    async def begin(self, draft: Draft) -> None:
        return

    def settle(self, draft: Draft, takes: Sequence[Recording]) -> "asyncio.Future[Message | None]":
        settling = asyncio.ensure_future(self._settle(draft, takes))
        self._settling.add(settling)
        return settling

    def discard(self, draft: Draft, takes: Sequence[Recording]) -> None:
        return

    def resumed(self, leg: str, box: str) -> Resumed | None:
        return None

    def messages(self, company: str, box: str) -> list[Message]:
        found = [one for one in self._messages if (one.draft.company, one.draft.box) == (company, box)]
        return sorted(found, key=lambda message: message.draft.began)

    def mark_heard(self, message: Message) -> None:
        self._messages = [replace(one, heard=True) if one.id == message.id else one for one in self._messages]

    def delete(self, message: Message) -> None:
        self._messages = [one for one in self._messages if one.id != message.id]

    def put(self, message: Message) -> None:
        """Have a message in its box."""
        self._messages.append(message)

    @property
    def everything(self) -> tuple[Message, ...]:
        """All messages of all boxes, as they came."""
        return tuple(self._messages)

    async def settled(self) -> None:
        """Wait until everything that was spoken is in its box."""
        await asyncio.gather(*self._settling)

    async def _settle(self, draft: Draft, takes: Sequence[Recording]) -> Message | None:
        best = best_take([await take.finished() for take in takes])
        if best is None:
            return None
        message = Message(draft, best.seconds, best.file)
        self.put(message)
        if draft.mail_to:
            self._mailer.post(letter(message, b""))
        return message
