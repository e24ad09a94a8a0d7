"""Everything that the demo needs, started and stopped: exchange, CRM, phones, on ports that are free."""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from rich.console import Console

from belplan.demo.crm import Crm, Log
from belplan.demo.phones import Phones
from belplan.dialplan.company import Company
from belplan.drivers.asterisk.configuration import ExchangeSettings
from belplan.drivers.asterisk.program import Program
from belplan.engine.events import Watcher
from belplan.installation import installation
from belplan.options import Options, read_plan

PLAN = Path(__file__).parent / "company.yaml"
VISITOR = "demo@example.nl"
GUEST = "gast"  # the account that is left for a telephone of one's own

# What stands in the plan for the addresses that are only known once everything runs.
_CRM = "http://127.0.0.1:8090"
_PROVIDER_PORT = "port: 5070"

_FIRST_RTP = 30000  # of the phones; the exchange has 20000 to 29999


@dataclass(slots=True)
class Stage:
    """What runs, and how to reach it."""

    company: Company
    plan: Path
    data: Path
    page: str  # the address of the web page
    visitor: tuple[str, str]  # who may sign in there: address and password
    options: Options
    phones: Phones
    passwords: dict[str, str]  # by SIP account
    crm: Crm
    crm_log: Log

    @property
    def number(self) -> str:
        """The company's own number."""
        return next(iter(self.company.external))

    @asynccontextmanager
    async def silent_crm(self) -> AsyncGenerator[None]:
        """The CRM's machine is still there, takes what comes and says nothing, for as long as the block runs."""
        await self.crm.__aexit__()
        held: list[asyncio.StreamWriter] = []
        server = await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", self.crm.port)
        try:
            yield
        finally:
            server.close()
            for writer in held:
                writer.transport.abort()
            await server.wait_closed()
            await self.crm.__aenter__()


@asynccontextmanager
async def stage(
    program: Program, data: Path, console: Console, *, plan: Path, steady: bool, watcher: Watcher, log: Log
) -> AsyncGenerator[Stage]:
    """Start everything, say so, and stop it again. `steady` takes the well-known ports where they are free."""
    with ExitStack() as environment:
        sip, http, crm_port, provider, desks, ari = _ports((5060, 8080, 8090, 5070) if steady else ())
        async with Crm(data / "crm.sqlite", log, crm_port) as crm:
            _say(console, f"CRM         {crm.url}, with its own database")
            served = data / "company.yaml"
            _serve_plan(plan, served, {_CRM: crm.url, _PROVIDER_PORT: f"port: {provider}"})
            passwords = environment.enter_context(_passwords(served))
            company, _ = read_plan(served)
            options = Options(served, data / "exchange", sip_port=sip, http_port=http, allow_loopback=True)
            began = monotonic()
            async with installation(options, company, program, watcher) as parts:
                _say(console, f"exchange    Asterisk {program.version}, SIP on 127.0.0.1:{sip}", began)
                page, visitor = f"http://127.0.0.1:{http}", (VISITOR, secrets.token_urlsafe(9))
                await parts.people.add(VISITOR, "Bezoeker", password=visitor[1], operator=True)
                _say(console, f"page        {page}")
                settings = ExchangeSettings(
                    data=data / "phones",
                    ari_password=secrets.token_urlsafe(24),
                    sip_port=desks,
                    http_port=ari,
                    rtp_first=_FIRST_RTP,
                    rtp_last=_FIRST_RTP + 1999,
                    app="phones",
                    directories=program.directories,
                )
                began = monotonic()
                phones = Phones(settings, program, {name: word for name, word in passwords.items() if name != GUEST})
                try:
                    await phones.start(exchange_port=sip, provider_port=provider)
                    await phones.registered()
                    names = ", ".join(user.name.split()[0] for name, user in company.accounts.items() if name != GUEST)
                    _say(console, f"phones      {names}: registered, on a second Asterisk", began)
                    yield Stage(company, served, data, page, visitor, options, phones, passwords, crm, log)
                finally:
                    await phones.stop()


def _serve_plan(plan: Path, served: Path, addresses: Mapping[str, str]) -> None:
    """Copy a plan, with the addresses as they are now."""
    text = plan.read_text(encoding="utf-8")
    for written, now in addresses.items():
        text = text.replace(written, now)
    served.write_text(text, encoding="utf-8")


@contextmanager
def _passwords(plan: Path) -> Generator[dict[str, str]]:
    """A new password for each phone of the plan, in the environment where `secret:` finds it."""
    company, _ = read_plan(plan)
    made = {phone.username: secrets.token_urlsafe(12) for user in company.users for phone in user.phones}
    names = {f"BELPLAN_SECRET_{account}_sip": password for account, password in made.items()}
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield made
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _ports(wanted: tuple[int, ...]) -> list[int]:
    """Six ports that nobody has, over UDP and TCP; the wanted ones first where they are free."""
    ports = (*wanted, *(0,) * (6 - len(wanted)))
    with ExitStack() as held:
        return [_hold(held, port) or _hold(held, 0) for port in ports]


def _hold(held: ExitStack, port: int) -> int:
    """Hold a port, any one for 0. Gives 0 where somebody has it."""
    for _ in range(20):
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        udp = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        held.enter_context(tcp)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tcp.bind(("127.0.0.1", port))
            udp.bind(("127.0.0.1", tcp.getsockname()[1]))
        except OSError:
            if port:
                return 0
            continue
        return tcp.getsockname()[1]
    raise OSError("no port is free on 127.0.0.1")


def _say(console: Console, what: str, began: float | None = None) -> None:
    took = f" [dim]{monotonic() - began:.1f} s[/]" if began is not None else ""
    console.print(f"[green]✓[/] {what}{took}")
