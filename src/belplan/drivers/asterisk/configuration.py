"""Asterisk's configuration files, written from the companies' plans. Pure: text in, text out; only `write` touches a disk.

**What the driver gets.** Every incoming call enters

    Stasis(<app>,in,<origin>,<called number>,<privacy>)

so `args` of StasisStart is `["in", origin, called, privacy]`:

* `origin`: `phone:<username>` for a call from a phone (its SIP account, proven by digest), or
  `trunk:<name>` for one from outside;
* `called`: the number as it was dialled, of `0-9 A-Z a-z + * # . _ -` only. Anything else was refused
  before with 484, so no separator of ours can come from outside;
* `privacy`: `shown`, or `withheld` where the caller asked not to be shown (RFC 3323 and 3325).

The rest is in the event's `channel`, as data and never as text that Asterisk would read again:
`caller.number`, `caller.name`, `protocol_id` (the SIP Call-ID), `dialplan.exten`.

**What the driver makes.** Legs are created with `app=<app>` and `appArgs=leg`, at the endpoints that
`phone_endpoint(username)` and `trunk_endpoint(name)` name: `PJSIP/<username>` (one contact of
`${PJSIP_DIAL_CONTACTS(<username>)}` each) and `PJSIP/<number>@trunk:<name>`.

A channel that comes out of Stasis (no engine is there: STASISSTATUS=FAILED) goes to the fallback:
the company's last resort, else a spoken apology, then cause 34 (SIP 503). Never silence.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from belplan.dialplan.company import Company

Secret = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class ExchangeSettings:
    """Where one Asterisk listens and keeps its files."""

    data: Path
    ari_password: str = field(repr=False)
    listen: str = "127.0.0.1"
    sip_port: int = 5060
    http_port: int = 8088
    rtp_first: int = 20000
    rtp_last: int = 29999
    external: str | None = None
    ari_user: str = "belplan"
    app: str = "belplan"
    root: Path | None = None
    apologies: Mapping[str, Path] = field(default_factory=dict[str, Path])
    max_call: int = 14400


@dataclass(frozen=True, slots=True)
class Configuration:
    """Files by name, and what had to be left out of them, said for the operator."""

    files: dict[str, str]
    warnings: tuple[str, ...] = ()


RELOADS: Mapping[str, str] = {}


def phone_endpoint(username: str) -> str:
    """The endpoint of a phone: `PJSIP/<this>`."""
    return username


def trunk_endpoint(name: str) -> str:
    """The endpoint of a trunk: `PJSIP/<number>@<this>`."""
    return f"trunk:{name}"


def render(companies: Iterable[Company], settings: ExchangeSettings, secret: Secret) -> Configuration:
    """All files of the exchange."""
    raise NotImplementedError


def write(files: Mapping[str, str], folder: Path) -> set[str]:
    """Bring a folder up to date. The names of the files that changed."""
    raise NotImplementedError
