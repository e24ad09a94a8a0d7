"""The contract is played on every driver, each in its own kind of time."""

import asyncio
import inspect
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import pytest

from belplan.engine.clock import VirtualLoop
from tests.asterisk.conftest import exchange, program  # noqa: F401 - fixtures
from tests.drivers.real import real
from tests.drivers.simulated import simulated
from tests.drivers.stage import Stage


@dataclass
class Setting:
    """A stage that is not open yet: it opens in the test's own event loop."""

    loop: Callable[[], asyncio.AbstractEventLoop] | None
    open: Callable[[], AbstractAsyncContextManager[Stage]]


@pytest.fixture(params=["simulator", pytest.param("asterisk", marks=pytest.mark.asterisk)])
def stage(request: pytest.FixtureRequest) -> Setting:
    if request.param == "simulator":
        return Setting(VirtualLoop, simulated)
    running = request.getfixturevalue("exchange")
    return Setting(None, lambda: real(running))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Coroutine functions are tests here."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    setting: Setting = arguments["stage"]

    async def played() -> None:
        async with setting.open() as arguments["stage"], asyncio.timeout(60):
            await pyfuncitem.obj(**arguments)

    with asyncio.Runner(loop_factory=setting.loop) as runner:
        runner.run(played())
    return True
