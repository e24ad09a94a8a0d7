"""The exchange is tested against servers on loopback; each test is a coroutine with an event loop of its own."""

import asyncio
import inspect
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop
from structlog.testing import capture_logs

# Beside this file, and shared with the benchmarks: `hostile`, `names`.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run `async def test_…` on a new event loop."""
    if not inspect.iscoroutinefunction(pyfuncitem.function):
        return None
    wanted = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    # `UVLOOP=1 pytest tests/webhook` runs them all on the other event loop.
    run = asyncio.run if not os.environ.get("UVLOOP") else uvloop.run
    run(pyfuncitem.function(**wanted))
    return True


@pytest.fixture
def logs() -> Iterator[list[dict[str, object]]]:
    """What was logged during the test."""
    with capture_logs() as entries:
        yield entries
