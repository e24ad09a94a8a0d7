"""Mail on its way: each letter a file in a folder until a mail server has taken it, whatever restarts meanwhile.

A thread writes and sends; whoever posts a letter never waits. A letter that a server refuses for good, or that none
takes for days, is moved aside, and stays there for people to look at.
"""

import contextlib
import email
import email.policy
import json
import os
import queue
import smtplib
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import structlog

from belplan.engine.mail import Letter
from belplan.mail.smtp import MailServer, Verdict, hand_over

# Seconds between tries. RFC 5321 4.5.4.1: the first again after a while, later ones at least 30 minutes apart.
AGAIN_AFTER = (60.0, 300.0, 900.0, 1800.0)
GIVE_UP_AFTER = 4 * 86400.0  # seconds; "at least 4-5 days", says the same place
DISK_AGAIN_AFTER = 1.0  # seconds until a disk that took nothing is tried again
MAX_WAITING = 10_000  # letters not yet on disk; more than that are a loop in somebody's plan

OnKept = Callable[[], None]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Posted:
    letter: Letter
    on_kept: OnKept | None


class Outbox:
    """A mailer that keeps letters in `folder` and sends them for as long as the block runs.

    `sender` is the address that mail comes from. `now` gives seconds since 1970.
    """

    def __init__(
        self,
        folder: Path,
        server: MailServer,
        sender: str,
        *,
        trust: ssl.SSLContext | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._aside = folder / "refused"
        self._server = server
        self._sender = sender
        self._trust = trust
        self._now = now
        self._posted: queue.Queue[_Posted | None] = queue.Queue(MAX_WAITING)
        self._held: deque[_Posted] = deque()  # taken, and not yet on disk
        self._ending = False
        self._next_try: dict[Path, float] = {}
        self._tries: dict[Path, int] = {}
        self._thread = threading.Thread(target=self._work, name="outbox", daemon=True)

    def post(self, letter: Letter, on_kept: OnKept | None = None) -> bool:
        try:
            self._posted.put_nowait(_Posted(letter, on_kept))
        except queue.Full:
            _log.error("mail.too_many", waiting=MAX_WAITING)
            return False
        return True

    def __enter__(self) -> Self:
        self._aside.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        for half in self._folder.glob("*.new"):  # never posted whole
            half.unlink(missing_ok=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(queue.Full):
            self._posted.put_nowait(None)
        # What is on disk is sent after the next start; a slow mail server does not hold up the end of this one.
        self._thread.join(timeout=5.0)

    def _work(self) -> None:
        while not self._ending:
            try:
                self._keep_posted(self._pause())
                if not self._ending:
                    self._send_due()
            except OSError as error:
                _log.error("mail.disk_failed", reason=error.strerror, held=len(self._held))
                time.sleep(DISK_AGAIN_AFTER)

    def _pause(self) -> float | None:
        """Seconds until something is to be done again; None where nothing is."""
        if self._held:
            return 0.0
        waiting = self._waiting()
        if not waiting:
            return None
        return max(0.0, min(self._next_try.get(path, 0.0) for path in waiting) - self._now())

    def _waiting(self) -> list[Path]:
        return sorted(self._folder.glob("*.mail"))

    def _keep_posted(self, pause: float | None) -> None:
        """Write down what is posted, first waiting for that at most so long. What the disk does not take is held."""
        with contextlib.suppress(queue.Empty):
            posted = self._posted.get(timeout=pause)
            while posted is not None:
                self._held.append(posted)
                posted = self._posted.get_nowait()
            self._ending = True
        while self._held:
            self._write(self._held[0].letter)
            if on_kept := self._held.popleft().on_kept:
                on_kept()

    def _write(self, letter: Letter) -> None:
        name = blake2b(letter.id.encode(), digest_size=12).hexdigest()
        path = self._folder / f"{int(self._now()):012}-{name}.mail"
        if any(self._folder.glob(f"*-{name}.mail")):
            return
        try:
            message = compose(letter, self._sender, name)
        except (ValueError, HeaderParseError):
            _log.exception("mail.not_composed")
            return
        _put(path, letter.to, message)

    def _send_due(self) -> None:
        due = [path for path in self._waiting() if self._next_try.get(path, 0.0) <= self._now()]
        if not due:
            return
        left = list(due)
        try:
            with self._server.connected(self._trust) as line:
                for path in due:
                    self._send(line, path)
                    left.remove(path)
                with contextlib.suppress(OSError):
                    line.quit()
        except OSError as error:
            # The text of an error may hold addresses.
            _log.warning("mail.server_failed", reason=type(error).__name__, waiting=len(left))
            for path in left:
                self._later(path)

    def _send(self, line: smtplib.SMTP, path: Path) -> None:
        try:
            to, message = _take(path)
            verdict, rest = hand_over(line, self._sender, to, message)
        except (ValueError, HeaderParseError):  # a file that is none of ours, or damaged
            self._done(path, "never")
            return
        if verdict == "later":
            if len(rest) < len(to):  # the others have it
                _put(path, tuple(rest), message)
            self._later(path)
        else:
            self._done(path, verdict)

    def _later(self, path: Path) -> None:
        posted = float(path.name.partition("-")[0])
        if self._now() - posted > GIVE_UP_AFTER:
            self._done(path, "never")
            return
        tries = self._tries[path] = self._tries.get(path, 0) + 1
        self._next_try[path] = self._now() + AGAIN_AFTER[min(tries, len(AGAIN_AFTER)) - 1]

    def _done(self, path: Path, verdict: Verdict) -> None:
        if verdict == "taken":
            path.unlink(missing_ok=True)
            _log.info("mail.sent")
        else:
            path.replace(self._aside / path.name)
            _log.error("mail.refused", kept=path.name)
        self._tries.pop(path, None)
        self._next_try.pop(path, None)


def compose(letter: Letter, sender: str, name: str) -> EmailMessage:
    """The message as it goes over the wire. No value of a letter can add a header: line ends become spaces."""
    message = EmailMessage(email.policy.SMTP)
    message["From"] = sender
    message["To"] = ", ".join(letter.to)
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = format_datetime(letter.written)
    message["Message-ID"] = f"<{name}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834 5: nobody's holiday answers it
    message.set_content(letter.text)
    for attached in letter.attachments:
        kind, _, form = attached.kind.partition("/")
        message.add_attachment(attached.content, maintype=kind, subtype=form, filename=attached.name)
    return message


def _put(path: Path, to: tuple[str, ...], message: EmailMessage) -> None:
    """A file with the recipients in its first line and the message below: there whole, or not at all."""
    new = path.with_suffix(".new")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(json.dumps(to).encode() + b"\n" + message.as_bytes())
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        # The next try has another name, a second later; a full disk needs the room.
        new.unlink(missing_ok=True)
        raise


def _take(path: Path) -> tuple[list[str], EmailMessage]:
    """Raises ValueError where the file is not one of ours."""
    first, _, rest = path.read_bytes().partition(b"\n")
    to = cast("list[str]", json.loads(first))
    return to, email.message_from_bytes(rest, policy=email.policy.SMTP)
