"""`walk`: one call through a plan, in the words of a scenario file. Tests are sentences about a caller.

`async` tests of this folder run on one VirtualLoop: waiting costs nothing.
"""

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from belplan.apps import APPS
from belplan.dialplan import load
from belplan.dialplan.check import read
from belplan.dialplan.company import Company
from belplan.engine.cdr import CallRecord
from belplan.engine.clock import VirtualLoop
from belplan.scenarios.against import Plan
from belplan.scenarios.format import Scenario
from belplan.scenarios.run import NOBODY, caller_of
from belplan.scenarios.source import Written
from belplan.simulation import Observation, observe

PLANS = Path(__file__).parent / "plans"
PEOPLE = """
company: {name: Voorbeeld BV}
users:
  - {name: Anna, number: "201", phones: [{username: anna, password: x}]}
  - {name: Bram, number: "202", phones: [{username: bram, password: x}]}
  - {name: Cees, number: "203", phones: [{username: cees, password: x}]}
"""


@dataclass(frozen=True)
class Walked:
    """A call that was walked, as tests ask about it."""

    call: Observation

    def __getattr__(self, name: str) -> Any:
        """The fields of the record and of the observation: outcome, connected_to, heard, rang, lasted …"""
        return getattr(self.record if name in CallRecord.__slots__ else self.call, name)

    @property
    def record(self) -> CallRecord:
        return self.call.record

    @property
    def trace(self) -> list[tuple[str, str]]:
        """(app, exit) of every step."""
        return [(step.app, step.exit) for step in self.record.trace]

    @property
    def paths(self) -> list[str]:
        return [step.path for step in self.record.trace]

    @property
    def rang(self) -> list[str]:
        """Whose phones rang, in turn."""
        return [phone.number for phone in self.call.rang]

    @property
    def heard(self) -> list[str]:
        return list(self.record.heard)

    def step(self, app: str) -> Any:
        """The first step of an app."""
        return next(step for step in self.record.trace if step.app == app)


@cache
def company(plan: str, unchecked: bool = False) -> Company:
    """A plan from this folder, or one written out in the test; `unchecked` for one that goes in circles."""
    text = plan if "\n" in plan else (PLANS / plan).read_text()
    text = text if "company:" in text else PEOPLE + text
    if unchecked:
        return load.load(load.parse(text)[0], APPS).company
    found, problems = read(text, APPS)
    assert found is not None, [str(problem) for problem in problems]
    return found


@pytest.fixture
def walk() -> Callable[..., Coroutine[Any, Any, Walked]]:
    """`await walk("invoices.yaml", caller="0612345678", crm="openstaand")`: other words are a scenario file's.

    `crm` is what every webhook is answered.
    """

    async def walk(
        plan: str,
        *,
        caller: str = "0612345678",
        to: str | None = None,
        at: str | None = None,
        crm: Any = None,
        unchecked: bool = False,
        **script: Any,
    ) -> Walked:
        there = company(plan, unchecked)
        number = to or next(
            one.external_numbers[0] if one.external_numbers else one.internal_number for one in there.dial_plans
        )
        call = {"from": caller, "to": number, **({"at": at} if at else {})}
        if crm is not None:
            script["webhooks"] = dict.fromkeys(Plan(there).webhooks.values(), crm)
        scenario = Scenario.model_validate({"name": "test", "call": call, **script}, by_alias=True, by_name=False)
        return Walked(await observe(there, caller_of(there, Written(scenario, "", 0, {}, ())), NOBODY))

    return walk


@pytest.fixture(scope="session")
def virtual_time() -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        yield runner


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run `async` tests."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    runner: asyncio.Runner = pyfuncitem._request.getfixturevalue("virtual_time")
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    runner.run(pyfuncitem.obj(**arguments))
    return True
