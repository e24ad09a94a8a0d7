"""A real exchange for tests: a private Asterisk on free loopback ports, one for the whole run."""

import asyncio
import inspect
import os
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from belplan.dialplan.company import (
    Company,
    CompanySettings,
    Phone,
    RingGroup,
    Trunk,
    User,
)
from belplan.drivers.asterisk import configuration, pbx
from belplan.drivers.asterisk.configuration import Configuration, ExchangeSettings
from belplan.prompts import Prompts
from tests.asterisk.phones import free_port

PASSWORD = "geheim-{}".format  # of the phone of that name


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Coroutine functions are tests here: each in an event loop of its own, a minute at most."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}

    async def bounded() -> None:
        async with asyncio.timeout(60):
            await pyfuncitem.obj(**arguments)

    asyncio.run(bounded())
    return True


def sample_company(**changes) -> Company:
    """Three users with a phone each, a ring group of the first two, and a trunk that takes calls from 127.0.0.2."""
    people = (("Anna de Boer", "201", "anna"), ("Bram Visser", "202", "bram"), ("Carla Smit", "203", "carla"))
    parts = {
        "id": "42f30becd4ea93edd284e059427b5ee0",
        "settings": CompanySettings(name="Voorbeeld BV"),
        "users": tuple(
            User(name=name, number=number, phones=(Phone(username=account, password=PASSWORD(account)),))
            for name, number, account in people
        ),
        "ring_groups": (RingGroup(name="Finance", number="301", members=("201", "202")),),
        "trunks": (Trunk(name="provider", host="127.0.0.2", port=9, inbound_from=("127.0.0.2",)),),
    }
    return Company(**(parts | changes))


@dataclass(frozen=True)
class Exchange:
    """A running Asterisk, with the sample company on it."""

    pbx: pbx.Pbx
    settings: ExchangeSettings
    program: pbx.Program
    company: Company

    @property
    def sip_port(self) -> int:
        return self.settings.sip_port

    @property
    def ari(self) -> str:
        """The address of ARI, without a slash at its end."""
        return f"http://127.0.0.1:{self.settings.http_port}/ari"

    def render(self, *companies: Company) -> Configuration:
        """Its configuration for these companies."""
        return configuration.render(companies, self.settings, lambda name: None)

    def log(self) -> str:
        """What Asterisk wrote to its log."""
        return (self.settings.data / "log/messages.log").read_text(errors="replace")


@pytest.fixture(scope="session")
def program() -> pbx.Program:
    """The Asterisk to test with, and the SIP programs."""
    return pbx.install(with_phones=True)


def settings_for(data: Path, program: pbx.Program, **changes) -> ExchangeSettings:
    """Settings of an exchange on ports that are free now."""
    rtp = free_port() // 2 * 2
    values = {
        "data": data,
        "ari_password": os.urandom(12).hex(),
        "sip_port": free_port(),
        "http_port": free_port(),
        "rtp_first": rtp,
        "rtp_last": min(rtp + 2000, 32767),
        "directories": program.directories,
    }
    return ExchangeSettings(**(values | changes))


@pytest.fixture(scope="session", autouse=True)
def _clean_up_when_terminated() -> None:
    """The exchange outlives who started it, on purpose. `timeout` and CI end a run with SIGTERM: take it along then."""

    def end(*_: object) -> None:
        pytest.exit("terminated", returncode=143)

    signal.signal(signal.SIGTERM, end)


@pytest.fixture(scope="session")
def exchange(program: pbx.Program) -> Iterator[Exchange]:
    """An Asterisk that is up. No engine is connected to it."""
    with tempfile.TemporaryDirectory(prefix="belplan-exchange-") as name:
        data = Path(name)
        apology = asyncio.run(Prompts(data / "sounds", speech=pbx.espeak()).system("apology", "nl"))
        assert apology
        settings = settings_for(data, program, apologies={"nl": apology})
        company = sample_company()
        running = Exchange(pbx.Pbx(settings, program), settings, program, company)
        rendered = running.render(company)
        assert rendered.warnings == ()
        asyncio.run(running.pbx.start(rendered.files))
        try:
            yield running
        finally:
            asyncio.run(running.pbx.stop())
