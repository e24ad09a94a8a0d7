"""W21–W29: what a well-formed answer may hold. Text is text; JSON, where it is asked for, is read strictly."""

import json

import pytest
from asking import ask, client, request
from hostile import DEEP, replies, serving
from hypothesis import given
from hypothesis import strategies as st

from belplan.webhook import ContentError, extract
from belplan.webhook.answer import decode


def of(text: str, pointer: str = "/a") -> str | None:
    return extract(text, "application/json", {"x": pointer}).get("x")


async def test_w21_depth_is_an_error_only_where_json_is_asked_for():
    async with serving(replies(DEEP)) as server:
        result = await ask(server.url())
    assert (result.outcome, len(result.text)) == ("ok", len(DEEP))
    with pytest.raises(ContentError, match="32 levels"):
        extract(result.text, "application/json", {"x": ""})


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_w21_depth_32_is_read_and_33_is_not(opening):
    closing = "]" if opening == "[" else "}"
    assert of(opening * 31 + "[1]" + closing * 31, "") is not None
    with pytest.raises(ContentError):
        of(opening * 32 + "[1]" + closing * 32, "")
    with pytest.raises(ContentError):
        of(opening * 100_000, "")


def test_w21_brackets_within_strings_are_no_depth():
    assert of(json.dumps({"a": '["\\' * 100})) == '["\\' * 100


@pytest.mark.parametrize(
    "number",
    ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "9" * 5000, "0." + "1" * 5000, "01", "1.", ".5", "+1", "0x1"],
)
def test_w22_numbers_that_are_none(number):
    with pytest.raises(ContentError):
        of(f'{{"a": {number}}}')


@pytest.mark.parametrize(
    "number", ["0", "-0", "1.10", "1e3", "1E+2", "12345678901234567890", "-0.0", "1e-400", "9" * 300]
)
def test_w22_numbers_come_as_they_are_written(number):
    assert of(f'{{"a": {number}}}') == number
    assert of(f'{{"a": [{number}]}}') == f"[{number}]"


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        '{"b": {"a": 1, "\\u0061": 2}}',
        '\ufeff{"a": 1}',
        '{"a": 1} x',
        '{"a": 1}{"a": 2}',
        '{"a": 1}\n{"a": 2}',
        "",
        "openstaand",
        "{'a': 1}",
        '{"a": 1,}',
        '{"a": 1 /* c */}',
        '{"a": "\x01"}',
        '{"a": "\\x41"}',
        "<html>",
        "\0",
    ],
    ids=repr,
)
def test_w23_what_is_not_one_json_document(text):
    with pytest.raises(ContentError):
        of(text)


async def test_w23_a_byte_order_mark_survives_to_be_reported_before_json_only():
    assert decode(b"\xef\xbb\xbfopen", "text/plain") == "open"
    async with serving(replies(b'\xef\xbb\xbf{"a": 1}')) as server:
        result = await ask(server.url())
    with pytest.raises(ContentError, match="byte order mark"):
        extract(result.text, result.content_type, {"x": "/a"})


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        (b"caf\xc3\xa9", "text/plain", "café"),
        (b"caf\xc3\xa9", "text/plain; charset=utf-8", "café"),
        (b"caf\xe9", "text/plain; charset=ISO-8859-1", "café"),
        (b"caf\xe9", 'text/plain; format=flowed; charset="windows-1252"', "café"),
        (b"caf\xe9", "text/plain", "caf\ufffd"),
        (b"\xc0\xaf", "text/plain", "\ufffd\ufffd"),
        (b"\xed\xa0\x80", "text/plain", "\ufffd\ufffd\ufffd"),
        ("café".encode("utf-16"), "text/plain; charset=utf-16", "café"),
        ("café".encode("utf-16-le"), "text/plain; charset=utf-16le", "café"),
        (b"\x00\xd8", "text/plain; charset=utf-16le", "\ufffd"),
        (b"open", "text/plain; charset=klingon", "open"),
        (b"open", "text/plain; charset=zip", "open"),
        (b"open", "text/plain; charset=unicode_escape", "open"),
        (b"open", "text/plain; charset=", "open"),
        (b"\x81", "text/plain; charset=windows-1252", "\ufffd"),
        (b"+AGE-", "text/plain; charset=utf-7", "+AGE-"),
    ],
)
async def test_w24_charsets(body, content_type, text):
    async with serving(replies(body, "200 OK", f"Content-Type: {content_type}")) as server:
        assert (await ask(server.url())).text == text


@pytest.mark.parametrize(
    "text", ['{"a": "\\ud800"}', '{"a": "x\\udc00y"}', '{"a": ["\\udfff"]}', '{"a": {"\\ud800": 1}}']
)
def test_w24_lone_surrogates_never_reach_a_later_app(text):
    value = of(text)
    assert value is not None
    assert "\ufffd" in value
    value.encode()


@given(st.binary(max_size=300), st.text(max_size=60))
def test_w24_whatever_comes_becomes_text_that_can_be_written(body, content_type):
    decode(body, content_type).encode()
    decode(body, f"text/plain; charset={content_type}").encode()


@pytest.mark.parametrize(
    "charset", ["utf-16", "iso-8859-9", "windows-1258", "gbk", "big5", "shift_jis", "euc-jp", "euc-kr"]
)
@given(body=st.binary(max_size=100))
def test_w24_every_charset_takes_every_byte(charset, body):
    decode(body, f"text/plain; charset={charset}").encode()


async def test_w25_a_captive_portal_is_not_the_json_that_was_asked_for():
    async with serving(replies(b"<html>Log in</html>", "200 OK", "Content-Type: text/html")) as server:
        result = await ask(server.url())
    with pytest.raises(ContentError, match="text/html") as error:
        extract(result.text, result.content_type, {"x": "/a"})
    assert "Log in" not in str(error.value)


def test_w25_json_under_the_wrong_name_is_still_json():
    assert extract('{"a": 1}', "text/html; charset=UTF-8", {"x": "/a"}) == {"x": "1"}


@pytest.mark.parametrize(
    "value", ["a\r\nX-Admin: 1", "a\0b", ";tag=1", "@evil", "&PJSIP/1", "${SHELL(id)}", "../../etc/passwd"]
)
async def test_w26_to_w28_a_value_is_data_and_comes_as_it_is(value):
    """Where it is used it is checked: numbers, headers and prompts have rules of their own."""
    async with serving(replies(b"x" + value.encode() + b"x")) as server:
        assert (await ask(server.url())).text == f"x{value}x"


def test_w29_a_variable_has_at_most_4_kib():
    assert of(json.dumps({"a": "x" * 4096})) == "x" * 4096
    with pytest.raises(ContentError, match="4096"):
        of(json.dumps({"a": "x" * 4097}))
    with pytest.raises(ContentError):
        of(json.dumps({"a": "é" * 2049}))


# RFC 6901 5, the examples.
RFC_6901 = {"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, 'k"l': 6, " ": 7, "m~n": 8}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/foo", '["bar","baz"]'),
        ("/foo/0", "bar"),
        ("/", "0"),
        ("/a~1b", "1"),
        ("/c%d", "2"),
        ("/e^f", "3"),
        ("/g|h", "4"),
        ("/i\\j", "5"),
        ('/k"l', "6"),
        ("/ ", "7"),
        ("/m~0n", "8"),
        ("/foo/-", None),
        ("/foo/2", None),
        ("/foo/00", None),
        ("/foo/-1", None),
        ("/foo/bar", None),
        ("/nope", None),
        ("/a~1b/x", None),
    ],
)
def test_pointers(pointer, value):
    assert of(json.dumps(RFC_6901), pointer) == value


@pytest.mark.parametrize("pointer", ["foo", "/a~", "/a~2"])
def test_bad_pointers(pointer):
    with pytest.raises(ContentError):
        of("{}", pointer)


def test_values_as_text():
    text = '{"s": " x ", "t": true, "f": false, "n": null, "o": {"b": [1.0, null, "é\\n"], "a": {}}, "e": ""}'
    pointers = {name: f"/{name}" for name in "stfnoe"} | {"absent": "/x"}
    assert extract(text, "application/json", pointers) == {
        "s": " x ",
        "t": "true",
        "f": "false",
        "o": '{"b":[1.0,null,"é\\n"],"a":{}}',
        "e": "",
    }


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_what_is_extracted_means_the_same(value):
    got = of(json.dumps([value]), "/0")
    if value is None:
        assert got is None
    elif isinstance(value, str):
        assert got == value
    else:
        assert json.loads(got or "") == value


async def test_cookies_and_answers_of_one_company_stay_there():
    async with serving(replies(b"x", "200 OK", "Set-Cookie: session=A")) as server, client() as webhooks:
        for company in ("a", "b", "a"):
            await webhooks.send(request(server.url(), company=company))
    assert not any(b"ookie" in sent for sent in server.requests)
