"""What a browser's telephone may say over its WebSocket: SIP of its own account, in its plainest form, nothing else.

To Asterisk all browsers come from its own machine, so what proves somebody else by an address would let them pass for
it: a request whose From is not known here would become a trunk's. Only requests with the account in From go on, which
Asterisk then asks for the password of just that account. What is written in more than one way in SIP (RFC 3261 7.3:
folded lines, compact names, a second message behind the first) is refused rather than understood.
"""

import re

METHODS = frozenset({"REGISTER", "INVITE", "ACK", "BYE", "CANCEL", "INFO", "UPDATE", "PRACK", "OPTIONS"})

# What JsSIP sends, and none that says who somebody is (RFC 3325, RFC 5806) but From and the digest.
HEADERS = frozenset(
    """accept allow authorization call-id contact content-disposition content-length content-type cseq expires from
    max-forwards min-se proxy-authorization rack reason record-route require route rseq session-expires supported to
    user-agent via warning""".split()  # noqa: SIM905 - names in lines are easier to read
)
ONCE = ("from", "to", "call-id", "cseq", "content-length")
KEEP_ALIVE = ("\r\n", "\r\n\r\n")  # RFC 5626 3.5.1

_REQUEST = re.compile(r"([A-Z]{1,16}) sip:[\x21-\x7e]{1,200} SIP/2\.0")
_RESPONSE = re.compile(r"SIP/2\.0 [1-6][0-9]{2} [\x20-\x7e]{0,100}")
_HEADER = re.compile(r"([A-Za-z][A-Za-z-]{1,30}): ?([^\x00-\x1f\x7f]{0,2000})")
_FROM = re.compile(
    r'(?:"[^"\\<>]{0,100}" )?<sip:([A-Za-z0-9_.-]{1,64})@[A-Za-z0-9_.:\[\]-]{1,200}(?:;[^<>",\s]*)?>(?:;[^<>",\s]*)?'
)


class NotItsOwnError(Exception):
    """A message that this account may not send. The text says why."""


def check(message: str, account: str) -> None:
    """Raise NotItsOwnError unless a browser signed in as `account` may send this."""
    if message in KEEP_ALIVE:
        return
    head, blank, body = message.partition("\r\n\r\n")
    if not blank:
        raise NotItsOwnError("it has no end")
    first, *lines = head.split("\r\n")
    request = _REQUEST.fullmatch(first)
    if request is None and not _RESPONSE.fullmatch(first):
        raise NotItsOwnError("it is no request and no response")
    if request and request[1] not in METHODS:
        raise NotItsOwnError(f"{request[1]} is nothing that it does")
    found: dict[str, list[str]] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None:
            raise NotItsOwnError("a line is no header")
        found.setdefault(header[1].lower(), []).append(header[2])
    if strange := found.keys() - HEADERS:
        raise NotItsOwnError(f"it has the header {min(strange)}")
    if any(len(found.get(name, ())) != 1 for name in ONCE):
        raise NotItsOwnError("a header is missing, or there twice")
    # Behind its body Asterisk would take up what is left as the next message.
    if found["content-length"][0] != str(len(body.encode())):
        raise NotItsOwnError("its length is not what it says")
    sender = _FROM.fullmatch(found["from"][0])
    if request and (sender is None or sender[1] != account):
        raise NotItsOwnError("it is from somebody else")
