"""What `belplan serve` was told, and what follows: Asterisk's settings, what webhooks may reach, the plan file."""

import json
import socket
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from uuid import UUID, uuid4

from belplan import settings
from belplan.apps import APPS
from belplan.compiled import refused_webhooks
from belplan.dialplan.check import read
from belplan.dialplan.company import Company
from belplan.dialplan.problem import PlanError, Problem
from belplan.drivers.asterisk.configuration import ExchangeSettings
from belplan.drivers.asterisk.pbx import PbxError
from belplan.drivers.asterisk.program import Program
from belplan.mail.smtp import MailServer
from belplan.webhook import Policy


@dataclass(frozen=True, slots=True)
class Options:
    """What `belplan serve` was told. Relative paths are the working directory's."""

    plan: Path | None  # a company in a file; None where companies are kept in a database
    data: Path
    listen: str = "127.0.0.1"
    sip_port: int = 5060
    http_port: int = 8080
    allowed_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    allow_loopback: bool = False  # webhooks may reach this machine: for the demo
    webhooks_per_company: int = 20
    webhooks_in_all: int = 500
    drain: float | None = None  # seconds that calls have to end when the server is told to; None ends them at once
    mail_server: MailServer | None = None
    mail_from: str = ""
    database_url: str = ""  # "" is SQLite in the data folder
    key_file: Path | None = None
    api_per_minute: int = 1200  # requests of one person or program; 0 is without limit
    url: str = ""  # what people have in their browsers
    provider: settings.Provider | None = None  # with which people may sign in
    passwords: bool = True  # whether they may with a password


def read_plan(path: Path, policy: Policy | None = None) -> tuple[Company, list[Problem]]:
    """The company in a plan file, and the warnings about it. Raises PlanError, OSError, UnicodeDecodeError.

    With a policy, a webhook that would never be let through is a problem here, not when the phone rings.
    """
    text = path.read_text(encoding="utf-8-sig")
    company, problems = read(text, APPS, secrets=lambda name: settings.secret(name) is not None)
    refused = refused_webhooks(company, policy) if company and policy else []
    if company is None or refused:
        raise PlanError([*problems, *refused])
    return company, problems


def exchange_settings(options: Options, program: Program) -> ExchangeSettings:
    """The settings of this data folder's Asterisk. Its password and port stay, so that a running one is found again.

    Raises PbxError where Asterisk cannot work with them: a path with a bracket, or one that is too long.
    """
    options.data.mkdir(parents=True, exist_ok=True)
    kept = options.data / "exchange.json"
    try:
        known: dict[str, Any] = json.loads(kept.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        known = {"ari_password": token_urlsafe(24), "ari_port": free_port()}
        new = kept.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps(known))
        new.replace(kept)
    try:
        return ExchangeSettings(
            data=options.data / "asterisk",
            ari_password=known["ari_password"],
            http_port=known["ari_port"],
            listen=options.listen,
            sip_port=options.sip_port,
            directories=program.directories,
        )
    except ValueError as error:
        raise PbxError(str(error)) from None


def exchange_id(data: Path) -> UUID:
    """An id of this data folder, from which those of its calls are made."""
    kept = data / "exchange-id"
    try:
        return UUID(kept.read_text().strip())
    except (FileNotFoundError, ValueError):
        new = uuid4()
        kept.write_text(f"{new}\n")
        return new


def free_port() -> int:
    """A TCP port of loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def policy(options: Options, ari_port: int = 0) -> Policy:
    """What webhooks may reach: what the operator allows, and never this server's own ports."""
    listen = ip_address(options.listen)
    own = ((listen, options.http_port), (listen, options.sip_port), (ip_address("127.0.0.1"), ari_port))
    return Policy(
        allowed_networks=options.allowed_networks,
        allow_loopback=options.allow_loopback,
        own_ports=own,
        per_company=options.webhooks_per_company,
        total=options.webhooks_in_all,
        waiting_per_company=24 * options.webhooks_per_company,
    )
