"""The exchange is tested against servers on loopback; each test is a coroutine with an event loop of its own."""

import asyncio
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

# Beside this file, and shared with the benchmarks: `hostile`, `names`.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run `async def test_…` on a new event loop."""
    if not inspect.iscoroutinefunction(pyfuncitem.function):
        return None
    wanted = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    asyncio.run(pyfuncitem.function(**wanted))
    return True


@pytest.fixture
def logs() -> Iterator[list[dict[str, object]]]:
    """What was logged during the test."""
    with capture_logs() as entries:
        yield entries
