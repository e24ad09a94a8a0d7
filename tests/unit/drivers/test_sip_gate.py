"""What may a browser's telephone say?"""

import pytest

from belplan.drivers.asterisk.sip_gate import NotItsOwnError, check

ACCOUNT = "browser.0123"
LINES = (
    "Via: SIP/2.0/WS a.invalid;branch=z9hG4bK1",
    "To: <sip:201@belplan.invalid>",
    f"From: <sip:{ACCOUNT}@belplan.invalid>;tag=1",
    "Call-ID: one",
    "CSeq: 1 INVITE",
    "Content-Length: 4",
)


def message(*lines: str, first: str = "INVITE sip:201@belplan.invalid SIP/2.0") -> str:
    return "\r\n".join((first, *(lines or LINES), "", "v=0\n"))


def changed(old: str, new: str) -> str:
    assert old in message()
    return message().replace(old, new)


@pytest.mark.parametrize(
    "said",
    [
        message(),
        changed("<sip:browser", '"Zoë" <sip:browser'),
        message(first="SIP/2.0 200 OK"),
        changed("4\r\n\r\nv=0\n", "2\r\n\r\né"),
        "\r\n\r\n",
    ],
)
def test_its_own_goes_on(said: str):
    check(said, ACCOUNT)


@pytest.mark.parametrize(
    "said",
    [
        changed(f"sip:{ACCOUNT}", "sip:anna"),
        changed("From: <", "From: <sip:anna@x>, <"),
        changed("From:", "f:"),
        changed("Call-ID: one", "Call-ID: one\r\nFrom: <sip:anna@belplan.invalid>;tag=1"),
        changed("Call-ID: one", "Call-ID: one\nf: <sip:anna@belplan.invalid>"),
        changed("Call-ID: one", "Call-ID: one\rf: <sip:anna@belplan.invalid>"),
        changed("Call-ID: one", "Call-ID: one\r\n <sip:anna@belplan.invalid>"),
        changed("Call-ID: one", "Call-ID: one\r\nP-Asserted-Identity: <sip:anna@belplan.invalid>"),
        changed("Call-ID: one", "Call-ID: one\r\nCall-ID: two"),
        changed("Content-Length: 4", "Content-Length: 0"),  # what follows would be the next message
        changed("Content-Length: 4", "Content-Length : 4"),
        changed("Content-Length: 4", "Content-Length: 04"),
        changed("INVITE sip", "REFER sip"),
        changed("INVITE sip", "INVITE tel"),
        message(first="\r\nINVITE sip:201@belplan.invalid SIP/2.0"),
        message(*LINES[:2], *LINES[3:]),
        changed("\r\n\r\n", "\r\n"),
        message() + message(),
        "",
    ],
)
def test_anything_else_does_not(said: str):
    with pytest.raises(NotItsOwnError):
        check(said, ACCOUNT)
