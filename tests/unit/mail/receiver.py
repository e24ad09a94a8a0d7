"""A mail server on loopback that does as it is told."""

import base64
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Receiver:
    """`codes` says what is answered to a command, else 250: `{"RCPT TO:<x@example.nl>": 550}`, `{"DATA": 451}`."""

    trust: ssl.SSLContext | None = None
    codes: dict[str, int] = field(default_factory=dict)
    port: int = 0
    mails: list[tuple[tuple[str, ...], EmailMessage]] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    secured: int = 0
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def wait(self, seconds: float = 5.0) -> tuple[tuple[str, ...], EmailMessage]:
        """The next mail."""
        assert self.arrived.acquire(timeout=seconds), "no mail came"
        return self.mails[-1]


@contextmanager
def receiving(trust: ssl.SSLContext | None = None, **codes: int) -> Iterator[Receiver]:
    receiver = Receiver(trust, codes)

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            talk(self, receiver)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", 0), Session) as server:
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()


def talk(session: socketserver.StreamRequestHandler, receiver: Receiver) -> None:
    say: Callable[[str], None] = lambda text: session.wfile.write(text.encode() + b"\r\n")  # noqa: E731
    say("220 there")
    recipients: list[str] = []
    while line := session.rfile.readline().decode().strip():
        verb = line.split()[0].upper()
        code = receiver.codes.get(verb + line[len(verb) :], receiver.codes.get(verb, 250))
        if verb == "EHLO":
            say("250-there")
            if receiver.trust and not receiver.secured:
                say("250-STARTTLS")
            say("250 AUTH PLAIN")
        elif verb == "STARTTLS":
            say("220 go on")
            session.connection = receiver.trust.wrap_socket(session.connection, server_side=True)
            session.rfile = session.connection.makefile("rb", -1)
            session.wfile = session.connection.makefile("wb", 0)
            receiver.secured += 1
        elif verb == "AUTH":
            receiver.logins.append(base64.b64decode(line.split()[2]).decode())
            say("235 welcome")
        elif verb == "RCPT":
            if code == 250:
                recipients.append(line[len("RCPT TO:<") : -1])
            say(f"{code} said")
        elif verb == "DATA" and code == 250:
            say("354 go on")
            body = b"".join(iter(session.rfile.readline, b".\r\n"))
            say("250 taken")
            receiver.mails.append((tuple(recipients), message_from_bytes(body, policy=policy.default)))
            receiver.arrived.release()
        elif verb == "QUIT":
            say("221 bye")
            return
        else:
            if verb in ("RSET", "MAIL"):
                recipients = []
            say(f"{code} said")
