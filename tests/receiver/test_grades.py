"""`belplan webhook send` finds what is wrong with a receiver, and says what to do about it."""

import asyncio
import gzip
import itertools
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Thread
from xml.etree import ElementTree

import pytest

from belplan.receiver import Call, Receiver
from belplan.rehearsal.checks import CHECKS
from belplan.rehearsal.exchange import NOBODY, Target
from belplan.rehearsal.grades import Graded, as_json, grade, junit, passed

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KNOWN = {"31612345678": "openstaand", "31207654321": "ticket"}


class Served(BaseHTTPRequestHandler):
    """A receiver made with the kit, on Python's own web server. Mistakes are planted by overriding."""

    protocol_version = "HTTP/1.1"
    receiver = Receiver(SECRET)
    encoding = "utf-8"
    extra: tuple[tuple[str, str], ...] = ()

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def do_POST(self) -> None:
        reply = self.receiver.answer_now("POST", self.path, dict(self.headers), self.body())
        self.reply(reply.status, reply.text)

    def reply(self, status: int, text: str) -> None:
        self.send(status, text.encode(self.encoding, "replace"), ("Content-Type", "text/plain; charset=utf-8"))

    def send(self, status: int, body: bytes, *headers: tuple[str, str], length: int = 0) -> None:
        self.send_response(status)
        for name, value in (*headers, *self.extra):
            self.send_header(name, value)
        self.send_header("Content-Length", str(length or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def kit(function: Callable[[Call], object], secret: str = SECRET, tolerance: float = 300) -> Receiver:
    receiver = Receiver(secret, tolerance=tolerance) if secret else Receiver()
    receiver.on_call(function)
    return receiver


def word(call: Call) -> str:
    return KNOWN.get(call.caller_number, "")


class Right(Served):
    receiver = kit(word)


class Slow(Served):
    receiver = kit(lambda call: time.sleep(0.7) or word(call))


class KnowsNobody(Served):
    receiver = kit(lambda call: KNOWN[call.caller_number])


class Redirects(Served):
    def do_POST(self) -> None:
        self.body()
        self.send(301, b"", ("Location", self.path + "/"))


class Compresses(Served):
    def do_POST(self) -> None:
        self.body()
        self.send(200, gzip.compress(b"openstaand"), ("Content-Encoding", "gzip"))


class Page(Served):
    def do_POST(self) -> None:
        self.body()
        self.send(200, b"<html><title>Log in", ("Content-Type", "text/html"))


class Latin1(Served):
    receiver = kit(lambda _: "geïnd")
    encoding = "latin-1"


class Unbelieving(Served):
    """Looks at no signature."""

    receiver = kit(word, "")


class TakesOldOnes(Served):
    receiver = kit(word, tolerance=86_400)


class Counts(Served):
    """Each request is a new call to it, a repeat too."""

    numbers = itertools.count()

    def do_POST(self) -> None:
        self.body()
        self.reply(200, f"call {next(self.numbers)}")


class CrashesOnNonsense(Served):
    def do_POST(self) -> None:
        try:
            self.reply(200, KNOWN.get(json.loads(self.body())["caller_number"], ""))
        except Exception:
            self.reply(500, "Traceback (most recent call last)")


class Withheld(Served):
    receiver = kit(lambda call: KNOWN.get(str(int(call.caller_number)), "") if call.caller_number.isdigit() else 1 / 0)


class TooMuch(Served):
    receiver = kit(lambda _: "invoices: " + "2024-0117, " * 500)


class Strict(Served):
    def do_POST(self) -> None:
        call = json.loads(self.body())
        self.reply(200 if len(call) == 12 else 400, KNOWN.get(call["caller_number"], ""))


class MixesUp(Served):
    """Keeps the caller of a request where all requests can reach it."""

    now = ""

    def do_POST(self) -> None:
        call = json.loads(self.body())
        type(self).now = call["caller_number"]
        time.sleep(0.02)
        self.reply(200, KNOWN.get(self.now, ""))


class ReadsOnce(Served):
    def body(self) -> bytes:
        return self.rfile.read1(65536)

    def do_POST(self) -> None:
        try:
            self.reply(200, KNOWN.get(json.loads(self.body())["caller_number"], ""))
        except ValueError:
            self.reply(400, "")
        self.close_connection = True


class Miscounts(Served):
    def do_POST(self) -> None:
        self.body()
        self.send(200, b"betaald", ("Connection", "close"), length=70)
        self.close_connection = True


class OneByOne(Served):
    receiver = kit(lambda call: time.sleep(0.15) or word(call))


class Quotes(Served):
    receiver = kit(lambda _: '"openstaand"')


# The mistake, the check that finds it, and a word of what is said about it.
MISTAKES: list[tuple[type[Served], str, str]] = [
    (Slow, "time", "Answer at once"),
    (KnowsNobody, "stranger", "200 and an empty body"),
    (Withheld, "withheld", 'caller_number is ""'),
    (Withheld, "account", "SIP account"),
    (Redirects, "answers", "final URL"),
    (Compresses, "answers", "Do not compress"),
    (Miscounts, "answers", "Count bytes"),
    (Page, "content", "page for people"),
    (Quotes, "content", "quotes"),
    (Latin1, "charset", "UTF-8"),
    (TooMuch, "size", "4096 bytes"),
    (Unbelieving, "signature", "Verify webhook-signature"),
    (TakesOldOnes, "replay", "five minutes"),
    (Counts, "idempotency", "webhook-id"),
    (CrashesOnNonsense, "nonsense", "400"),
    (Strict, "additions", "by name"),
    (MixesUp, "together", "in that request"),
    (OneByOne, "together", "must not wait"),
    (ReadsOnce, "pieces", "Content-Length"),
]


@contextmanager
def served(served: type[Served]) -> Iterator[str]:
    server = (TCPServer if served is OneByOne else ThreadingHTTPServer)(("127.0.0.1", 0), served)
    server.request_queue_size = 50
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/belplan"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def graded(url: str, *checks: str, **target: object) -> dict[str, Graded]:
    aimed = Target(url, **({"secrets": (SECRET,), "timeout": 1.0, "callers": tuple(KNOWN)} | target))
    return {one.name: one for one in asyncio.run(grade(aimed, checks))}


def test_a_receiver_of_the_kit_passes_in_all_grades():
    with served(Right) as url:
        grades = graded(url, timeout=10.0)
    assert {
        name: (one.finding.grade, one.finding.seen) for name, one in grades.items() if one.finding.grade != "pass"
    } == {}
    assert list(grades) == list(CHECKS)
    assert passed(list(grades.values()))


@pytest.mark.parametrize(("mistake", "check", "advice"), MISTAKES)
def test_a_mistake_is_found_and_explained(mistake, check, advice):
    with served(mistake) as url:
        # The two that are about time are slow beyond doubt; for the others time must play no part.
        timeout = 1.0 if mistake in (Slow, OneByOne) else 10.0
        found = graded(url, check, timeout=timeout)[check].finding
    assert found.grade in ("fail", "warn")
    assert advice in found.advice


def test_the_mistakes_are_found_by_most_of_the_checks():
    assert len({mistake for mistake, _, _ in MISTAKES}) >= 10
    found = {check for _, check, _ in MISTAKES}
    assert set(CHECKS) - found == {"letters", "repeats", "hang-up", "rotation"}


def test_what_gets_no_answer_is_said_once():
    grades = graded("http://127.0.0.1:9/")
    assert grades["answers"].finding.advice == "Nothing listens at that address and port. Is the receiver running?"
    assert {one.finding.grade for name, one in grades.items() if name != "answers"} == {"skip"}


def test_a_get_is_graded_by_what_it_can_show():
    class Ticket(Served):
        receiver = Receiver(SECRET)

        def do_GET(self) -> None:
            reply = self.receiver.answer_now("GET", self.path, dict(self.headers), b"")
            self.reply(reply.status, reply.text)

    Ticket.receiver.on_get(lambda query: KNOWN.get(query["nummer"], ""))
    with served(Ticket) as url:
        grades = graded(url + "?nummer={caller_number}&naam={phonebook_caller_name}", method="GET", timeout=10.0)
    by_grade = {name: one.finding.grade for name, one in grades.items()}
    assert [name for name, got in by_grade.items() if got == "skip"] == ["additions", "nonsense"]
    assert set(by_grade.values()) == {"pass", "skip"}
    assert "openstaand" in grades["answers"].finding.seen


def test_the_report_for_a_build_server_has_each_check():
    with served(CrashesOnNonsense) as url:
        grades = list(graded(url, "answers", "nonsense", "signature", secrets=()).values())
    suite = ElementTree.fromstring(junit(grades, url))
    assert suite.attrib | {"name": "", "time": ""} == {
        "name": "", "time": "", "tests": "3", "failures": "1", "errors": "0", "skipped": "1",
    }  # fmt: skip
    assert [(case.get("name"), [child.tag for child in case]) for case in suite] == [
        ("answers", []),
        ("nonsense", ["failure"]),
        ("signature", ["skipped"]),
    ]
    assert not as_json(grades)["passed"]
    assert NOBODY not in KNOWN
