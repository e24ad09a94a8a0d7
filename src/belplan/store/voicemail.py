"""Voicemail boxes on disk, whatever dies in between.

    drafts/ID.json              who is speaking; there before the first word
    (the exchange's folder)     ID-1.wav16, ID-2.wav16 …: the takes, written by Asterisk as they are spoken
    COMPANY/BOX/ID.mail         its mail is still to be handed over
    COMPANY/BOX/ID.wav16        the take that counts, moved here once it has ended
    COMPANY/BOX/ID.json         it is a message from now on, and the draft goes

Each step is on the disk before the next one, and doing it again changes nothing. So a start that finds a draft
goes on where the last one left off.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

import structlog

from belplan.engine.leg import Recording
from belplan.engine.mail import Mailer, NoMail
from belplan.engine.voicemail.boxes import SHORTEST, BoxError, Draft, Message, Resumed
from belplan.engine.voicemail.letter import letter
from belplan.prompts.audio import SoundError
from belplan.prompts.mp3 import mp3
from belplan.store import voicemail_files as files
from belplan.store.wav import repair

AGAIN_AFTER = 60.0  # seconds until a disk that failed is tried again
LOOK_AGAIN = 1.0  # seconds between looks whether a caller from before the start is still there

_log = structlog.get_logger()


class DiskBoxes:
    """The boxes of all companies of one exchange, in `folder`. See belplan.engine.voicemail.boxes.Boxes.

    `recordings` is where the exchange writes takes. `read` comes first, before the mailer sends anything; leaving
    the block keeps what was being spoken, so the exchange has to have stopped by then.
    """

    def __init__(self, folder: Path, recordings: Path, mailer: Mailer) -> None:
        self._folder = folder
        self._recordings = recordings
        self._mailer = mailer
        self._messages: dict[str, Message] = {}
        self._left_over: dict[str, Draft] = {}  # from before the start
        self._sent: dict[tuple[str, str], Draft] = {}  # the same, and it became a message: by leg and box
        self._settling: dict[asyncio.Future[Message | None], Draft] = {}
        self._background: set[asyncio.Future[None]] = set()
        self.on_message: Callable[[Message], None] = lambda message: None  # told of every new one, in any thread
        self.on_change: Callable[[str, str], None] = lambda company, box: None
        """Told of a box, by its company's id and its number, whose messages are others than before."""
        self._clerk = ThreadPoolExecutor(1, "voicemail")  # what concerns one message comes in order

    def read(self) -> None:
        """Take up what is on the disk, and hand over the mails that were not. Blocks. Raises OSError."""
        files.prepare(self._folder)
        drafts, messages = files.read(self._folder)
        self._messages = {message.id: message for message in messages}
        for draft in drafts:
            if draft.id in self._messages:
                files.forget_draft(self._folder, self._recordings, draft)
            else:
                self._left_over[draft.id] = draft
                if files.sound(self._folder, draft).exists():  # it was on its way into its box
                    with contextlib.suppress(BoxError):
                        self._keep(draft)
                        del self._left_over[draft.id]
        for message in self._messages.values():
            self._sent[message.draft.leg, message.draft.box] = message.draft
            if files.mail_mark(self._folder, message.draft).exists():
                _trying(lambda message=message: self._mail(message))

    def look(self) -> None:
        """Take up the messages that are there and nothing else: for a server that takes no calls. Blocks."""
        self._messages = {message.id: message for message in files.read(self._folder)[1]}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        for settling, draft in list(self._settling.items()):
            settling.cancel()
            # The exchange has stopped: nothing is being spoken any more.
            with contextlib.suppress(BoxError):
                self._kept(await asyncio.to_thread(self._keep, draft))
        for task in self._background:
            task.cancel()
        await asyncio.to_thread(self._clerk.shutdown)

    # A message is left

    async def begin(self, draft: Draft) -> None:
        try:
            await asyncio.to_thread(files.write_draft, self._folder, draft)
        except OSError as error:
            _log.error("voicemail.disk_failed", reason=error.strerror)
            raise BoxError from error

    def settle(self, draft: Draft, takes: Sequence[Recording]) -> "asyncio.Future[Message | None]":
        settling = asyncio.ensure_future(self._settle(draft, takes))
        self._settling[settling] = draft
        settling.add_done_callback(self._settled)
        return settling

    def discard(self, draft: Draft, takes: Sequence[Recording]) -> None:
        self._later(self._discard(draft, takes))

    def resumed(self, leg: str, box: str) -> Resumed | None:
        if sent := self._sent.pop((leg, box), None):
            return Resumed(sent, sent=True)
        for draft in self._left_over.values():
            if (draft.leg, draft.box) == (leg, box):
                del self._left_over[draft.id]
                return Resumed(draft, len(files.takes(self._recordings, draft)))
        return None

    async def recover(self, is_there: Callable[[str], Awaitable[bool]]) -> None:
        """Make messages of what was being spoken when the engine died, as soon as its caller is gone.

        `is_there` says whether a leg still is. Returns when nothing is left over.
        """
        while True:
            for draft in list(self._left_over.values()):
                if not await is_there(draft.leg) and self._left_over.pop(draft.id, None):
                    _log.warning("voicemail.recovered", box=draft.box)
                    self.settle(draft, ())
            if not self._left_over:
                return
            await asyncio.sleep(LOOK_AGAIN)

    # Messages that are there

    def waiting(self, company: str, box: str) -> tuple[int, int]:
        """How many messages are in a box that nobody has heard, and how many that somebody has."""
        messages = self.messages(company, box)
        heard = sum(message.heard for message in messages)
        return len(messages) - heard, heard

    def messages(self, company: str, box: str) -> list[Message]:
        found = [one for one in self._messages.values() if (one.draft.company, one.draft.box) == (company, box)]
        return sorted(found, key=lambda message: message.draft.began)

    def of(self, company: str) -> dict[str, list[Message]]:
        """The messages of all boxes of a company, by the box's number, the newest first."""
        found: dict[str, list[Message]] = {}
        for message in sorted(self._messages.values(), key=lambda message: message.draft.began, reverse=True):
            if message.draft.company == company:
                found.setdefault(message.draft.box, []).append(message)
        return found

    def mark_heard(self, message: Message) -> None:
        if (found := self._messages.get(message.id)) and not found.heard:
            heard = self._messages[message.id] = replace(found, heard=True)
            self._clerk.submit(_trying, lambda: files.write_message(self._folder, heard))
            self.on_change(heard.draft.company, heard.draft.box)

    def delete(self, message: Message) -> None:
        if self._messages.pop(message.id, None):
            self._clerk.submit(_trying, lambda: files.delete(self._folder, message))
            self.on_change(message.draft.company, message.draft.box)

    def sweep(
        self, now: datetime, keep_days: Callable[[Message], int] = lambda message: message.draft.keep_days
    ) -> int:
        """Delete what has been kept for its days. How many that were."""
        old = [one for one in self._messages.values() if one.draft.began < now - timedelta(days=keep_days(one))]
        for message in old:
            self.delete(message)
        return len(old)

    # Behind the scenes

    async def _settle(self, draft: Draft, takes: Sequence[Recording]) -> Message | None:
        for take in takes:
            await take.finished()
        try:
            message = await asyncio.to_thread(self._keep, draft)
        except BoxError:
            self._later(self._keep_again(draft))
            raise
        self._kept(message)
        return message

    async def _keep_again(self, draft: Draft) -> None:
        while True:
            await asyncio.sleep(AGAIN_AFTER)
            with contextlib.suppress(BoxError):
                self._kept(await asyncio.to_thread(self._keep, draft))
                return

    def _kept(self, message: Message | None) -> None:
        """It is in its box: whoever owns it is told."""
        if message and message.draft.mail_to:
            self._clerk.submit(_trying, lambda: self._mail(message))
        if message:
            self.on_change(message.draft.company, message.draft.box)

    async def _discard(self, draft: Draft, takes: Sequence[Recording]) -> None:
        for take in takes:
            await take.finished()
        with contextlib.suppress(OSError):
            await asyncio.to_thread(files.forget_draft, self._folder, self._recordings, draft)

    def _keep(self, draft: Draft) -> Message | None:
        """Everything from a draft to a message. Blocks."""
        try:
            best: tuple[Path, float] | None = None
            for take in (*files.takes(self._recordings, draft), files.sound(self._folder, draft)):
                if (seconds := repair(take)) >= SHORTEST:
                    best = take, seconds
            message = None
            if best:
                message = Message(draft, best[1], files.take_in(self._folder, draft, best[0]))
                files.write_message(self._folder, message)
                self._messages[draft.id] = message
                self.on_message(message)
            files.forget_draft(self._folder, self._recordings, draft)
        except OSError as error:
            _log.error("voicemail.disk_failed", reason=error.strerror, next="the message stays where it was spoken")
            raise BoxError from error
        return message

    def _mail(self, message: Message) -> None:
        """Hand over the mail about a message. Blocks."""
        mark = files.mail_mark(self._folder, message.draft)
        try:
            sound, kind = mp3(message.sound), "audio/mpeg"
        except SoundError as error:
            _log.warning("voicemail.no_mp3", reason=str(error))
            sound, kind = message.sound.read_bytes(), "audio/wav"
        posted = self._mailer.post(letter(message, sound, kind), lambda: _trying(lambda: mark.unlink(missing_ok=True)))
        if not posted and isinstance(self._mailer, NoMail):
            mark.unlink(missing_ok=True)  # it is not to be sent years later

    def _later(self, work: "Awaitable[None]") -> None:
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _settled(self, settling: "asyncio.Future[Message | None]") -> None:
        self._settling.pop(settling, None)
        if not settling.cancelled() and (error := settling.exception()) and not isinstance(error, BoxError):
            _log.error("voicemail.not_kept", error=repr(error), next="the message is kept at the next start")


def _trying(work: Callable[[], object]) -> None:
    """Do it, and say in the log where it cannot be done."""
    try:
        work()
    except OSError as error:
        _log.error("voicemail.disk_failed", reason=error.strerror)
