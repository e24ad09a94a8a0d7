"""What the operator of this machine sets: by environment variables that begin with BELPLAN_."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path


class SettingError(ValueError):
    """A setting that cannot be used: its name, and what to write instead."""


@dataclass(frozen=True, slots=True)
class Provider:
    """An identity provider (OpenID Connect) with which people sign in."""

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    name: str = ""
    """What the button on the sign-in page says."""


@dataclass(frozen=True, slots=True)
class Environment:
    """The settings of this machine."""

    data: Path
    """Where the server keeps what must outlive it."""
    allowed_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks that webhooks may reach besides the public internet."""
    webhooks_per_company: int = 20
    """Webhooks of one company under way at once; more wait their turn, within their timeouts."""
    webhooks_in_all: int = 500
    """Webhooks of all companies under way at once."""
    drain: int = 10
    """Seconds that calls have to end when the server is told to; the rest are left to Asterisk, for the next one."""
    smtp_url: str = field(default="", repr=False)
    """The mail server; "" sends no mail. It may hold a password."""
    mail_from: str = ""
    """The address that mail comes from."""
    database_url: str = field(default="", repr=False)
    """The database; "" is SQLite in the data folder. It may hold a password."""
    key_file: Path | None = None
    """The key that secrets are sealed with; beside the database, when absent."""
    url: str = ""
    """What people have in their browsers to reach this server, such as https://belplan.example.nl."""
    provider: Provider | None = None
    """With which people may sign in, beside their passwords."""
    passwords: bool = True
    """Whether people may sign in with passwords."""


def environment(variables: Mapping[str, str] = os.environ) -> Environment:
    """Read the settings. Raises SettingError."""
    provider = _provider(variables)
    home = Path(variables.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return Environment(
        data=Path(variables.get("BELPLAN_DATA") or home / "belplan"),
        allowed_networks=_networks(variables.get("BELPLAN_WEBHOOK_ALLOW_NETWORKS", "")),
        webhooks_per_company=_count("BELPLAN_WEBHOOK_PER_COMPANY", variables, 20),
        webhooks_in_all=_count("BELPLAN_WEBHOOK_IN_ALL", variables, 500),
        drain=_count("BELPLAN_DRAIN", variables, 10, least=0),
        smtp_url=variables.get("BELPLAN_SMTP_URL", ""),
        mail_from=_sender(variables),
        database_url=variables.get("BELPLAN_DATABASE_URL", ""),
        key_file=Path(key) if (key := variables.get("BELPLAN_KEY_FILE")) else None,
        url=_url(variables.get("BELPLAN_URL", "")),
        provider=provider,
        passwords=_passwords(variables.get("BELPLAN_PASSWORDS", "on"), provider),
    )


def secret(name: str, variables: Mapping[str, str] = os.environ) -> str | None:
    """The value that `secret:NAME` in a plan stands for. None where it is not there."""
    return variables.get(f"BELPLAN_SECRET_{name}")


def _sender(variables: Mapping[str, str]) -> str:
    sender = variables.get("BELPLAN_MAIL_FROM", "")
    if variables.get("BELPLAN_SMTP_URL") and "@" not in sender:
        raise SettingError("BELPLAN_MAIL_FROM: mail needs the address that it comes from, such as belplan@example.nl")
    return sender


def _url(text: str) -> str:
    if text and not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+", text.rstrip("/")):
        raise SettingError("BELPLAN_URL: write the address without a path, such as https://belplan.example.nl")
    return text.rstrip("/")


def _provider(variables: Mapping[str, str]) -> Provider | None:
    issuer = variables.get("BELPLAN_OIDC_ISSUER", "")
    if not issuer:
        return None
    # OpenID Connect Discovery 3: https, without query or fragment. Plain HTTP never leaves this machine.
    if not re.fullmatch(r"https://[^\s?#@]+|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?[^\s?#@]*", issuer):
        raise SettingError("BELPLAN_OIDC_ISSUER: write the issuer's https address, such as https://login.example.nl")
    client = variables.get("BELPLAN_OIDC_CLIENT_ID", "")
    if not client:
        raise SettingError("BELPLAN_OIDC_CLIENT_ID: the provider at BELPLAN_OIDC_ISSUER gives this server an id")
    if not variables.get("BELPLAN_URL"):
        raise SettingError("BELPLAN_URL: the identity provider sends people back to this address")
    host = issuer.split("/")[2]
    return Provider(
        issuer, client, variables.get("BELPLAN_OIDC_CLIENT_SECRET", ""), variables.get("BELPLAN_OIDC_NAME") or host
    )


def _passwords(text: str, provider: Provider | None) -> bool:
    if text not in ("on", "off"):
        raise SettingError("BELPLAN_PASSWORDS: write on, or off")
    if text == "off" and provider is None:
        raise SettingError("BELPLAN_PASSWORDS: off needs an identity provider; set BELPLAN_OIDC_ISSUER")
    return text == "on"


def _count(name: str, variables: Mapping[str, str], usual: int, least: int = 1) -> int:
    text = variables.get(name, str(usual))
    if not text.isdecimal() or not least <= int(text) <= 100_000:
        raise SettingError(f"{name}: {text!r} is not a number from {least} to 100000")
    return int(text)


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    try:
        return tuple(ip_network(word, strict=False) for word in words)
    except ValueError as error:
        message = (
            f"BELPLAN_WEBHOOK_ALLOW_NETWORKS: {error}; write networks with commas, as in 192.168.1.0/24,10.0.0.0/8"
        )
        raise SettingError(message) from None
