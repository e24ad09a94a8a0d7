"""Asterisk's configuration, written from the companies' plans. Pure: text in, text out; only `write` touches a disk.

**What the driver gets.** Every incoming call enters

    Stasis(<app>,in,<origin>,<called number>,<privacy>)

so `args` of StasisStart is `["in", origin, called, privacy]`:

* `origin`: `phone:<username>` for a call from a phone (its SIP account, proven by digest), or
  `trunk:<name>` for one from outside;
* `called`: the number as it was dialled, of `0-9 A-Z a-z + * # . _ -` only. Anything else was refused
  before with 484, so no separator of ours can come from outside;
* `privacy`: `shown`, or `withheld` where the caller asked not to be shown (RFC 3323 and 3325).

The rest is in the event's `channel`, as data and never as text that Asterisk would read again:
`caller.number`, `caller.name` and `protocol_id` (the SIP Call-ID).

**What the driver makes.** Legs are created with `app=<app>` and `appArgs=leg`, at the endpoints that
`phone_endpoint(username)` and `trunk_endpoint(name)` name: `PJSIP/<username>` (one contact of
`${PJSIP_DIAL_CONTACTS(<username>)}` each) and `PJSIP/<number>@trunk:<name>`.

A call that finds no engine (STASISSTATUS=FAILED) goes to its company's fallback: the last resort rings,
else an apology is spoken, then cause 34 (SIP 503). Never silence.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from belplan.dialplan.company import Company
from belplan.drivers.asterisk import dialplan_conf, pjsip_conf, static_conf
from belplan.drivers.asterisk.pjsip_conf import phone_endpoint, trunk_endpoint

__all__ = [
    "RELOADS",
    "Configuration",
    "ExchangeSettings",
    "phone_endpoint",
    "render",
    "trunk_endpoint",
    "write",
]

Secret = Callable[[str], str | None]
"""The value of `secret:NAME`, by its name. None where there is none."""

# What the console's own "pjsip reload" does, as far as we use it.
_PJSIP = ("res_pjsip.so", "res_pjsip_endpoint_identifier_ip.so", "res_pjsip_outbound_registration.so")

# Which modules read a file again while calls go on. A change of any other file needs a restart.
RELOADS: Mapping[str, tuple[str, ...]] = {
    "extensions.conf": ("pbx_config.so",),
    "musiconhold.conf": ("res_musiconhold.so",),
    "pjsip.conf": _PJSIP,
    **dict.fromkeys(pjsip_conf.FILES.values(), _PJSIP),
    "rtp.conf": ("res_rtp_asterisk.so",),
}

# A path stands in files with syntaxes of their own, and in arguments of the dialplan.
_PATH = re.compile(r"/[^\x00-\x1f\x7f;,&$\"'()\[\]{}|<>\\#:=]*")
DEEPEST = 200  # bytes: Asterisk keeps 256 for the path of a configuration file (main/config.c)
_WORD = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PASSWORD = re.compile(r"[A-Za-z0-9_.~-]{8,128}")


@dataclass(frozen=True, slots=True)
class ExchangeSettings:
    """Where one Asterisk listens, and where it keeps its files."""

    data: Path  # absolute; its configuration goes to data/etc
    ari_password: str = field(repr=False)
    listen: str = "127.0.0.1"  # address of SIP and RTP; 0.0.0.0 is every address. ARI is on loopback only
    sip_port: int = 5060  # udp and tcp; tls is the port after it
    http_port: int = 8088  # of ARI
    rtp_first: int = 20000
    rtp_last: int = 29999
    external: str | None = None  # the address that phones outside see, behind NAT
    ari_user: str = "belplan"
    app: str = "belplan"
    directories: Mapping[str, Path] = field(default_factory=dict[str, Path])  # `Program.directories`
    apologies: Mapping[str, Path] = field(default_factory=dict[str, Path])  # by language, without extension
    music: Path | None = None  # heard on hold, without extension; Asterisk's own where there is none
    max_call: int = 14400  # seconds after which a call is ended, whatever else goes wrong

    def __post_init__(self) -> None:
        music = (self.music,) if self.music else ()
        for path in (self.data, *self.directories.values(), *self.apologies.values(), *music):
            if not _PATH.fullmatch(str(path)):
                raise ValueError(
                    f'Asterisk cannot work in "{path}": an absolute path of letters, digits, - and _, please'
                )
        if (length := len(os.fsencode(self.data))) > DEEPEST:
            # Past it Asterisk would quietly take the machine's own configuration instead of ours.
            raise ValueError(f'Asterisk cannot work in "{self.data}": {length} bytes, and {DEEPEST} is the most')
        for word in (self.ari_user, self.app):
            if not _WORD.fullmatch(word):
                raise ValueError(f'"{word}": letters, digits, - and _ only')
        if not _PASSWORD.fullmatch(self.ari_password):
            raise ValueError("the password of ARI: 8 to 128 letters, digits, - and _")
        for address in (self.listen, self.external):
            if address is not None and not re.fullmatch(r"[A-Za-z0-9.:-]{1,253}", address):
                raise ValueError(f'"{address}" is not an address')

    @property
    def etc(self) -> Path:
        """The folder of the configuration files."""
        return self.data / "etc"

    @property
    def run(self) -> Path:
        """The folder of the control socket. The path of a socket has at most 107 bytes (unix(7)), so not too deep."""
        run = self.data / "run"
        if len(os.fsencode(run)) < 90:
            return run
        return Path("/tmp") / f"belplan-{hashlib.sha256(os.fsencode(run)).hexdigest()[:16]}"  # noqa: S108 - start() checks whose it is


@dataclass(frozen=True, slots=True)
class Configuration:
    """Files by name, and what had to be left out of them, said for the operator."""

    files: dict[str, str] = field(repr=False)
    warnings: tuple[str, ...] = ()


def render(companies: Iterable[Company], settings: ExchangeSettings, secret: Secret) -> Configuration:
    """All files of the exchange. A phone or trunk whose secret is missing is left out, and a warning says so."""
    companies = tuple(companies)
    warnings: list[str] = []
    pjsip = pjsip_conf.render(companies, settings, secret, warnings.append)
    files = static_conf.render(settings)
    files |= pjsip.files
    files["extensions.conf"] = dialplan_conf.render(companies, settings, pjsip)
    return Configuration(files, tuple(warnings))


def write(files: Mapping[str, str], folder: Path) -> set[str]:
    """Bring a folder up to date, each file in one step. The names of those that changed.

    They hold passwords: nobody else may read them.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    changed: set[str] = set()
    for name, text in files.items():
        path = folder / name
        if path.is_file() and path.read_bytes() == text.encode():
            path.chmod(0o600)
            continue
        descriptor, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder)  # 0600 from the start
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                file.write(text)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        changed.add(name)
    return changed
