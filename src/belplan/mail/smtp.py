"""Handing mail to a mail server over SMTP (RFC 5321), as the operator's URL says."""

import smtplib
import socket
import ssl
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from ipaddress import ip_address
from typing import Literal, Self
from urllib.parse import unquote, urlsplit

TIMEOUT = 30.0  # seconds for each step; a mail server that greylists or scans takes its time
PORTS = {"smtp": 25, "submission": 587, "smtps": 465}  # RFC 5321 4.5.4.2, RFC 6409 3.1, RFC 8314 3.3

Verdict = Literal["taken", "later", "never"]


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail goes: `smtp://user:password@mail.example.nl:587`, or `smtps://…` for TLS from the start.

    With `smtp` the connection changes to TLS where the server offers that (RFC 3207). A password is never
    sent without TLS, except to this machine itself.
    """

    host: str
    port: int
    secure: bool = False
    username: str = ""
    password: str = ""

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Read a URL. Raises ValueError, in words that do not repeat it: it holds a password."""
        example = "write smtp://mail.example.nl, smtp://user:password@mail.example.nl:587 or smtps://…"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ValueError(f"not a URL of a mail server; {example}") from None
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path not in ("", "/") or parts.query:
            raise ValueError(f"not a URL of a mail server; {example}")
        username, password = unquote(parts.username or ""), unquote(parts.password or "")
        usual = PORTS["smtps"] if parts.scheme == "smtps" else PORTS["submission" if username else "smtp"]
        return cls(parts.hostname, port or usual, parts.scheme == "smtps", username, password)

    @contextmanager
    def connected(self, trust: ssl.SSLContext | None = None) -> Generator[smtplib.SMTP]:
        """A connection that mail can be handed over on. Raises OSError, which smtplib's errors are."""
        trust = trust or ssl.create_default_context()
        name = socket.gethostname()
        if self.secure:
            line = smtplib.SMTP_SSL(self.host, self.port, name, timeout=TIMEOUT, context=trust)
        else:
            line = smtplib.SMTP(self.host, self.port, name, timeout=TIMEOUT)
        try:
            line.ehlo_or_helo_if_needed()
            safe = self.secure
            if not safe and line.has_extn("starttls"):
                line.starttls(context=trust)
                line.ehlo()
                safe = True
            if self.username:
                if not safe and not self._here:
                    raise smtplib.SMTPNotSupportedError("the server has no TLS, and a password goes nowhere without it")
                line.login(self.username, self.password)
            yield line
        finally:
            line.close()

    @property
    def _here(self) -> bool:
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def hand_over(line: smtplib.SMTP, sender: str, to: Sequence[str], message: EmailMessage) -> tuple[Verdict, list[str]]:
    """Hand over one mail: what came of it, and the recipients who are left where only some were taken.

    Raises OSError where the connection breaks.
    """
    try:
        refused = line.send_message(message, sender, list(to))
    except smtplib.SMTPRecipientsRefused as error:
        refused = error.recipients
    except smtplib.SMTPNotSupportedError:  # an address with letters that this server cannot take
        return "never", list(to)
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        line.rset()
        return ("never" if _for_good(error.smtp_code) else "later"), list(to)
    left = [recipient for recipient, (code, _) in refused.items() if not _for_good(code)]
    if left:
        return "later", left
    return ("never" if len(refused) == len(to) else "taken"), []


def _for_good(code: int) -> bool:
    return 500 <= code <= 599  # RFC 5321 4.2.1
