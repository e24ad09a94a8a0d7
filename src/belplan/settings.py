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


def environment(variables: Mapping[str, str] = os.environ) -> Environment:
    """Read the settings. Raises SettingError."""
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
