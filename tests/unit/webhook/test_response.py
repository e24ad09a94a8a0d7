"""The reader of answers, fed by hand: whatever way the bytes are cut, the answer is the same."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from belplan.webhook.exchange import REASONS, ExchangeError
from belplan.webhook.response import Response, ResponseReader

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
WHOLE = {
    "length": HEAD + b"Content-Length: 4\r\n\r\nopen",
    "chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\no\r\n3;x=y\r\npen\r\n0\r\nX: y\r\n\r\n",
    "interim": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + HEAD + b"Content-Length: 4\r\n\r\nopen",
    "line feeds": b"HTTP/1.1 200 OK\nContent-Length: 4\n\nopen",
    "folded": HEAD + b"X: a\r\n\tb\r\nContent-Length: 4\r\n\r\nopen",
    "until close": HEAD + b"\r\nopen",
}


def reader() -> ResponseReader:
    return ResponseReader(max_body=65536, max_head=16384, max_lines=64)


def read(parts: list[bytes]) -> Response:
    answer = reader()
    if not any(answer.feed(part) for part in parts if part):
        answer.eof()
    return answer.response


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@pytest.mark.parametrize("name", WHOLE)
@given(cuts=st.lists(st.integers(0, 10_000), max_size=8))
def test_however_it_is_cut_it_says_the_same(name, cuts):
    assert read(pieces(WHOLE[name], cuts)).body == b"open"


@pytest.mark.parametrize("name", WHOLE)
def test_byte_by_byte(name):
    assert read([bytes([byte]) for byte in WHOLE[name]]).body == b"open"


@pytest.mark.parametrize("name", WHOLE)
def test_every_cut_off_answer_is_an_error_and_never_half_a_value(name):
    if name == "until close":
        return  # without a length, an early end cannot be told
    for end in range(len(WHOLE[name])):
        answer = reader()
        assert not (end and answer.feed(WHOLE[name][:end]))
        with pytest.raises(ExchangeError) as error:
            answer.eof()
        assert error.value.reason == ("truncated" if end else "reset")


def test_without_a_farewell_an_answer_without_length_is_cut_off():
    answer = reader()
    assert not answer.feed(WHOLE["until close"])
    with pytest.raises(ExchangeError, match="truncated"):
        answer.eof(farewell=False)


@pytest.mark.parametrize(
    ("data", "reusable", "excess"),
    [
        (WHOLE["length"], True, False),
        (WHOLE["chunks"], True, False),
        (WHOLE["length"] + b"x", False, True),
        (WHOLE["line feeds"], False, False),
        (HEAD + b"Connection: close\r\nContent-Length: 0\r\n\r\n", False, False),
        (HEAD + b"Connection: X, Close\r\nContent-Length: 0\r\n\r\n", False, False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False, False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", True, False),
        (b"HTTP/1.1 404 No\r\nContent-Length: 3\r\n\r\nabc", True, False),
        (b"HTTP/1.1 404 No\r\nContent-Length: 3\r\n\r\na", False, False),
        (b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", False, False),
        (b"HTTP/1.1 500 No\r\nContent-Length: 1000000000\r\n\r\n", False, False),
        (b"HTTP/1.1 204 No\r\n\r\n", True, False),
    ],
)
def test_which_connections_may_be_used_again(data, reusable, excess):
    answer = reader()
    assert answer.feed(data)
    assert (answer.response.reusable, answer.response.excess) == (reusable, excess)


def test_repeated_headers_are_joined():
    answer = reader()
    answer.feed(b"HTTP/1.1 204 x\r\nVary: a\r\nvary: b\r\n\r\n")
    assert answer.response.fields[b"vary"] == b"a, b"


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_garbage_is_an_answer_or_one_of_the_reasons(parts):
    answer = reader()
    try:
        for part in parts:
            if part and answer.feed(part):
                return
        answer.eof()
    except ExchangeError as error:
        assert error.reason in REASONS  # noqa: PT017  it need not be raised


@given(st.sampled_from(sorted(WHOLE)), st.integers(0, 200), st.integers(0, 255))
def test_one_wrong_byte_is_an_answer_or_one_of_the_reasons(name, place, byte):
    data = bytearray(WHOLE[name])
    data[place % len(data)] = byte
    try:
        read([bytes(data)])
    except ExchangeError as error:
        assert error.reason in REASONS  # noqa: PT017  it need not be raised
