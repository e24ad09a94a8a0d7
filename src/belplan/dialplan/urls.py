"""URLs of webhooks: one strict reading, the same when a plan is saved and when it is sent. No I/O.

Two readers that disagree about one URL are how guards are passed (`http://good@evil/`, `http://good\\@evil`,
`http://0x7f.1`), so there is one reader here and it refuses whatever could be read in two ways.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Literal
from urllib.parse import quote

from belplan.dialplan.addresses import Address, Reach

MAX_URL = 4096
"""Characters. Servers commonly take request lines up to 8,000 bytes (RFC 9112 3)."""

Port = tuple[Address, int]

# RFC 3986 3.3 and 3.4: what may stand in a path and a query, besides percent-encoded bytes.
_PATH = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*")
_QUERY = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?\[\]|]|%[0-9A-Fa-f]{2})*")
_SHAPE = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?P<query>\?[^#]*)?", re.DOTALL
)
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<![-_])")
_PLACEHOLDER = re.compile(r"\{[A-Za-z_][A-Za-z0-9_.]*\}")
# A path that climbs, plainly or encoded, reaches what its author did not write; a value of "..", filled in, does so
# too.
_CLIMBS = re.compile(r"/(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)


class UrlError(ValueError):
    """The URL cannot be used; the message tells its author what to do about it."""


@dataclass(frozen=True, slots=True)
class Url:
    """A URL, read. `str(url.host)` and `url.target` are what goes over the wire."""

    scheme: Literal["http", "https"]
    host: str
    """Lower case, ASCII; of an IPv6 literal without its brackets."""
    port: int
    target: str
    """Path and query of the request line, percent-encoded, starting with `/`."""
    address: Address | None
    """When the host is written as an address."""
    netloc: str
    """For the Host header: the port only where it is not the scheme's own (RFC 9110 7.2)."""
    origin: str
    """Scheme, host and port: what breaker and kept connections go by."""


_PORTS = {"http": 80, "https": 443}


def read_url(text: str) -> Url:
    """Read a URL with its placeholders filled in. Raises UrlError.

    Letters outside ASCII in path and query are percent-encoded as UTF-8; in the host they are refused.
    """
    if len(text) > MAX_URL:
        raise UrlError(f"the URL is longer than {MAX_URL} characters")
    if any(ord(letter) <= 0x20 or ord(letter) == 0x7F for letter in text):
        raise UrlError("there is white space or a control character in the URL; write a space as %20")
    if "\\" in text:
        raise UrlError("there is a backslash in the URL; write /")
    if "#" in text:
        raise UrlError("the part after # is never sent to a server; leave it out, or write %23")
    shape = _SHAPE.fullmatch(text)
    scheme = shape["scheme"].lower() if shape else ""
    if shape is None or (scheme != "http" and scheme != "https"):
        raise UrlError("write the whole URL, starting with https:// or http://")
    host, port, address = _authority(shape["authority"], _PORTS[scheme])
    path = _encoded(shape["path"])
    query = _encoded(shape["query"] or "")
    if not _PATH.fullmatch(path) or not _QUERY.fullmatch(query):
        raise UrlError("there is a character in the URL that must be percent-encoded, or a % without two hex digits")
    if _CLIMBS.search(path):
        raise UrlError('a part "." or ".." of the path would lead elsewhere; write the path that is meant')
    netloc = f"[{host}]" if isinstance(address, IPv6Address) else host
    if port != _PORTS[scheme]:
        netloc = f"{netloc}:{port}"
    return Url(scheme, host, port, (path or "/") + query, address, netloc, f"{scheme}://{netloc}")


def _encoded(text: str) -> str:
    if text.isascii():
        return text
    try:
        return "".join(letter if letter.isascii() else quote(letter, safe="") for letter in text)
    except UnicodeEncodeError:
        raise UrlError("there is half a character (a lone surrogate) in the URL") from None


def _authority(text: str, default_port: int) -> tuple[str, int, Address | None]:
    if "@" in text:
        raise UrlError("a name or password in the URL would end up in logs; give it as a secret instead")
    if "{" in text or "}" in text:
        raise UrlError("the host must be written out; only path and query may hold a {name}")
    if not text.isascii():
        raise UrlError("there are letters outside ASCII in the host; write its xn-- form")
    if text.startswith("["):
        literal, closed, rest = text[1:].partition("]")
        if not closed or "%" in literal:
            raise UrlError("an IPv6 address is written [2001:db8::1], without zone")
        try:
            address: Address | None = IPv6Address(literal)
        except ValueError:
            raise UrlError("an IPv6 address is written [2001:db8::1]") from None
        host = str(address)
        if rest and not rest.startswith(":"):
            raise UrlError("after an IPv6 address there can only be a port, [2001:db8::1]:8080")
        colon, port_text = rest[:1], rest[1:]
    else:
        host, colon, port_text = text.partition(":")
        host, address = _host(host)
    if not colon:
        return host, default_port, address
    if not re.fullmatch(r"[1-9][0-9]{0,4}", port_text) or int(port_text) > 65535:
        raise UrlError("a port is a number from 1 to 65535")
    return host, int(port_text), address


def _host(text: str) -> tuple[str, Address | None]:
    if not text:
        raise UrlError("the URL has no host")
    if "%" in text:
        raise UrlError("a host is written without % signs")
    host = text.lower()
    if host.endswith("."):
        raise UrlError("leave out the dot after the host")
    labels = host.split(".")
    # As browsers do (WHATWG URL, "ends in a number"): 127.1, 0x7f.1, 2130706433 and 0177.0.0.1 are IPv4 addresses to
    # some readers and names to others. Four plain decimal numbers are the same to all.
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]):
        try:
            address = IPv4Address(host)
        except ValueError:
            raise UrlError("an address is written as four decimal numbers, such as 192.0.2.1") from None
        return host, address
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise UrlError("the host is no valid name; letters, digits and - between dots")
    return host, None


def check_url(text: str, reach: Reach | None = None, own_ports: tuple[Port, ...] = ()) -> str | None:
    """What is wrong with a webhook's URL as written in a plan, or None: what can be said without asking DNS.

    `{name}` may stand in path and query. With `reach`, addresses and names of this machine are judged as well; the
    names that only DNS can judge are judged again when the webhook is sent.
    """
    shape = _SHAPE.fullmatch(text)
    if shape is not None:
        start = shape.start("path")
        text = text[:start] + _PLACEHOLDER.sub("x", text[start:])
    try:
        url = read_url(text)
    except UrlError as problem:
        return str(problem)
    if reach is None:
        return None
    return refuses(url, reach, own_ports)


def refuses(url: Url, reach: Reach, own_ports: tuple[Port, ...] = ()) -> str | None:
    """Why the host as written may not be reached; None when it may, or when only DNS can tell."""
    # RFC 6761 6.3: localhost, and every name under it, is this machine.
    if url.host == "localhost" or url.host.endswith(".localhost"):
        addresses: tuple[Address, ...] = (IPv4Address("127.0.0.1"), IPv6Address("::1"))
        if all(reach.refuses(address) for address in addresses):
            return "localhost is the server itself, which no webhook may reach unless the operator allows 127.0.0.1"
        return None
    if url.address is None:
        return None
    if (url.address, url.port) in own_ports:
        return "that is a port of this server itself"
    return reach.refuses(url.address)
