"""HTTP/1.1 answers, read byte by byte without I/O (RFC 9112).

The law of this file: no more than the caps is ever held, no byte is interpreted in two ways, and an answer is either
whole or `ExchangeError`. What RFC 9112 leaves to the reader is read strictly where framing hangs on it, and kindly
elsewhere: a one-line server that ends its lines with LF is understood, but its connection is not used again.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto

from belplan.webhook.exchange import ExchangeError

MAX_INFORMATIONAL = 5
"""100 Continue, 103 Early Hints … before the answer. More is a server that will never come to the point."""
MAX_CHUNKS = 4096
"""A body of 64 KiB in chunks of 16 bytes. Reading so many takes some milliseconds, in which nobody else is served."""
MAX_CHUNK_LINE = 256
"""Bytes of a chunk's size with its extensions. RFC 9112 7.1.1: a recipient ought to limit them."""

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/1\.([0-9]) ([1-9][0-9]{2})(?: [^\x00\r\n]*)?")
# RFC 9110 5.1 and 5.5: a name is a token, directly followed by its colon (RFC 9112 5.1); a value holds no control
# characters.
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\x00\r\n]{0,200})?\r\n")


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer. Of one outside 2xx the body is left unread."""

    status: int
    fields: dict[bytes, bytes]
    """By lower-case name; repeated ones joined with ", " (RFC 9110 5.3)."""
    body: bytes
    reusable: bool
    """Nothing came after the answer, and the server keeps the connection open."""
    excess: bool
    """Something came after the answer: the server cannot count, or answers what was not asked."""


class _State(Enum):
    HEAD = auto()
    LENGTH = auto()
    UNTIL_CLOSE = auto()
    CHUNKS = auto()
    TRAILERS = auto()
    DONE = auto()


class ResponseReader:
    """Reads one answer: `feed` it what arrives until it says so, then take `response`."""

    __slots__ = ("_body", "_buffer", "_chunks", "_fields", "_informational", "_left", "_lines", "_max_body",
    "_max_head",
                 "_persistent", "_searched", "_state", "_status", "_trailers")  # fmt: skip

    def __init__(self, *, max_body: int, max_head: int, max_lines: int) -> None:
        self._max_body = max_body
        self._max_head = max_head
        self._lines = max_lines
        self._state = _State.HEAD
        self._buffer = bytearray()
        self._searched = 0
        self._body = bytearray()
        self._status = 0
        self._fields: dict[bytes, bytes] = {}
        self._persistent = True
        self._left = 0
        self._chunks = 0
        self._trailers = 0
        self._informational = 0

    @property
    def response(self) -> Response:
        """The answer, once `feed` or `eof` has said that it is there."""
        done = self._state is _State.DONE
        excess = done and bool(self._buffer)
        return Response(self._status, self._fields, bytes(self._body), done and self._persistent and not excess, excess)

    def feed(self, data: bytes | memoryview) -> bool:
        """Take in what arrived; True when the answer is there. Raises ExchangeError."""
        self._buffer += data
        try:
            return self._advance()
        except ExchangeError:
            if self._status == 0 or 200 <= self._status < 300:
                raise
            # Whatever is wrong with the body of a refusal, it stays a refusal.
            self._persistent = False
            return True

    def _advance(self) -> bool:
        while True:
            match self._state:
                case _State.HEAD:
                    more = self._head()
                case _State.LENGTH:
                    more = self._data()
                case _State.UNTIL_CLOSE:
                    more = self._until_close()
                case _State.CHUNKS:
                    more = self._whole_chunks()
                case _State.TRAILERS:
                    more = self._trailer()
                case _State.DONE:
                    return True
            if not more:
                # The outcome of anything but 2xx is known at its head: nobody waits for its body.
                return self._status != 0 and not 200 <= self._status < 300

    def eof(self, *, farewell: bool = True) -> None:
        """The server has closed its side. Returns when that ended the answer, else raises ExchangeError.

        `farewell` is False for an end that someone else may have made: over TLS, one without close_notify (RFC 9112
        9.8).
        """
        if self._state is _State.UNTIL_CLOSE and farewell:
            self._persistent = False
            self._state = _State.DONE
        if self._state is not _State.DONE:
            started = self._status != 0 or self._informational or self._buffer
            if not started:
                raise ExchangeError("reset", "the server closed the connection without an answer")
            raise ExchangeError("truncated", "the server closed the connection in the middle of its answer")

    def _head(self) -> bool:
        buffer = self._buffer
        if not buffer.startswith(b"HTTP/1.") and not b"HTTP/1.".startswith(bytes(buffer)):
            if buffer.startswith(b"\x15\x03"):
                raise ExchangeError("protocol", "the server speaks TLS at that port; write https://")
            raise ExchangeError("protocol", "the server does not speak HTTP/1.1 at that port")
        end = _END_OF_HEAD.search(buffer, max(0, self._searched - 3), self._max_head + 4)
        if (end.end() if end else len(buffer)) > self._max_head:
            raise ExchangeError("too_large", f"the headers are longer than {self._max_head} bytes")
        if end is None:
            self._searched = len(buffer)
            return False
        head = bytes(buffer[: end.start()])
        loose = end[0] != b"\r\n\r\n" or head.count(b"\n") != head.count(b"\r\n")
        del buffer[: end.end()]
        self._searched = 0
        if b"\n " in head or b"\n\t" in head:
            # RFC 9112 5.2: a user agent replaces a folded line by a space.
            head = _FOLD.sub(b" ", head)
        first, *lines = re.split(rb"\r?\n", head) if loose else head.split(b"\r\n")
        self._read_head(first, lines, loose)
        return True

    def _read_head(self, first: bytes, lines: list[bytes], loose: bool) -> None:
        status_line = _STATUS_LINE.fullmatch(first)
        if status_line is None:
            raise ExchangeError("protocol", "the first line of the answer is no HTTP/1.1 status line")
        if len(lines) > self._lines:
            raise ExchangeError("too_large", f"there are more than {self._lines} headers")
        status = int(status_line[2])
        if status < 200:
            self._interim(status)
            return
        fields: dict[bytes, bytes] = {}
        for line in lines:
            field = _FIELD.fullmatch(line)
            if field is None:
                raise ExchangeError("protocol", "a header of the answer is malformed")
            name, value = field[1].lower(), field[2].rstrip(b" \t")
            fields[name] = fields[name] + b", " + value if name in fields else value
        self._fields = fields
        # RFC 9112 9.3: HTTP/1.1 persists unless it says close, HTTP/1.0 only when it says keep-alive.
        old = status_line[1] == b"0"
        options = {option.strip().lower() for option in fields.get(b"connection", b"").split(b",")}
        self._persistent = not loose and b"close" not in options and (not old or b"keep-alive" in options)
        self._frame(status, fields, old=old)
        self._status = status

    def _interim(self, status: int) -> None:
        if status == 101:
            raise ExchangeError("protocol", "the server wants to switch protocols")
        self._informational += 1
        if self._informational > MAX_INFORMATIONAL:
            raise ExchangeError("protocol", f"more than {MAX_INFORMATIONAL} interim answers")

    def _frame(self, status: int, fields: dict[bytes, bytes], *, old: bool) -> None:
        """How long the body is (RFC 9112 6.3); decided before a byte of it is kept."""
        length = fields.get(b"content-length")
        coding = fields.get(b"transfer-encoding")
        if coding is not None and (length is not None or old):
            raise ExchangeError("protocol", "the answer gives its length in two ways")
        size: int | None = None
        if length is not None:
            # RFC 9110 8.6: a list of the same length, as some proxies make, means that length.
            only, *others = length.split(b",")
            if any(other.strip(b" \t") != only for other in others) or not _LENGTH.fullmatch(only):
                raise ExchangeError("protocol", "the Content-Length of the answer makes no sense")
            size = int(only)
        good = 200 <= status < 300
        if status in (204, 304):
            self._state = _State.DONE
            return
        content_coding = fields.get(b"content-encoding", b"").lower()
        if good and content_coding not in (b"", b"identity"):
            raise ExchangeError("encoding", "the server compressed its answer, though it was asked not to")
        if coding is not None:
            if coding.lower() != b"chunked":
                raise ExchangeError(
                    "encoding" if good else "protocol", "the answer has a transfer coding that was not asked for"
                )
            self._state = _State.CHUNKS
        elif size is not None:
            if good and size > self._max_body:
                raise _too_large(self._max_body)
            self._left = size
            self._state = _State.LENGTH if size else _State.DONE
        else:
            self._state = _State.UNTIL_CLOSE

    def _data(self) -> bool:
        taken = self._buffer[: self._left]
        if not taken:
            return False
        self._keep(taken)
        del self._buffer[: len(taken)]
        self._left -= len(taken)
        if self._left == 0:
            self._state = _State.DONE
        return True

    def _until_close(self) -> bool:
        self._keep(self._buffer)
        self._buffer.clear()
        return False

    def _keep(self, data: bytearray) -> None:
        if not 200 <= self._status < 300:
            return
        if len(self._body) + len(data) > self._max_body:
            raise _too_large(self._max_body)
        self._body += data

    def _line(self) -> bytes | None:
        """The next line of the chunked framing. CRLF only: lone LFs here are how two readers come to disagree."""
        end = self._buffer.find(b"\r\n", 0, MAX_CHUNK_LINE + 2)
        if end < 0:
            if len(self._buffer) > MAX_CHUNK_LINE:
                raise ExchangeError("protocol", "a line of the chunked answer is too long")
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    def _whole_chunks(self) -> bool:
        """Take every chunk that is all there; a chunk is at most a body, so that the rest of one fits the buffer."""
        buffer, place = self._buffer, 0
        try:
            while (line := _CHUNK.match(buffer, place)) is not None:
                start, size = line.end(), int(line[1], 16)
                if len(self._body) + size > self._max_body:
                    raise _too_large(self._max_body)
                if size == 0:
                    place, self._state = start, _State.TRAILERS
                    return True
                end = start + size
                if len(buffer) < end + 2:
                    return False
                if not buffer.startswith(b"\r\n", end):
                    raise ExchangeError("protocol", "a chunk of the answer is longer than it says")
                self._chunks += 1
                if self._chunks > MAX_CHUNKS:
                    raise ExchangeError("protocol", f"the answer comes in more than {MAX_CHUNKS} chunks")
                self._body += buffer[start:end]
                place = end + 2
            if len(buffer) - place > MAX_CHUNK_LINE or buffer.find(b"\r\n", place) >= 0:
                raise ExchangeError("protocol", "the chunks of the answer are malformed")
            return False
        finally:
            del buffer[:place]

    def _trailer(self) -> bool:
        """Trailers are read past, never used (RFC 9110 6.5.1), and few."""
        line = self._line()
        if line is None:
            return False
        if not line:
            self._state = _State.DONE
            return True
        self._trailers += 1
        if self._trailers > self._lines or not _FIELD.fullmatch(line):
            raise ExchangeError("protocol", "the trailers of the answer are malformed or endless")
        return True


def _too_large(cap: int) -> ExchangeError:
    return ExchangeError("too_large", f"the answer is longer than {cap} bytes")
