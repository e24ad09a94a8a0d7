"""Playing scenarios on the simulator: virtual time, no network, the same every time."""

import asyncio
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Self

from belplan.dialplan.company import Company
from belplan.dialplan.problem import PlanError, Problem
from belplan.engine.clock import VirtualLoop
from belplan.scenarios import against, source
from belplan.scenarios.compare import Difference, differences
from belplan.scenarios.source import Written
from belplan.simulation import USUAL_CALLER, Caller, Observation, observe
from belplan.webhook.exchange import Answer, Request, Sender

ENDINGS = (".scenario.yaml", ".scenario.yml", ".scenario.json")
USUAL_TIME = datetime(2026, 1, 13, 12, 0)  # a Tuesday, at noon where the company is
_IDS = uuid.UUID("6f1d8a52-0c0e-5f0e-9d3b-1f7c7a9a4d10")


class NoScenariosError(Exception):
    """There is nothing to test at the paths that were given."""


@dataclass(frozen=True, slots=True)
class Result:
    """A scenario that was played."""

    written: Written
    call: Observation
    differences: tuple[Difference, ...]
    seconds: float
    """Really, on this machine."""

    @property
    def passed(self) -> bool:
        return not self.differences


@dataclass(frozen=True, slots=True)
class FileResult:
    """A scenario file that was played, or what is wrong with it or with its plan (`faulty`)."""

    path: Path
    company: Company | None = None
    results: tuple[Result, ...] = ()
    problems: tuple[Problem, ...] = ()
    faulty: Path | None = None
    seconds: float = 0.0

    @property
    def failed(self) -> tuple[Result, ...]:
        return tuple(result for result in self.results if not result.passed)


UNANSWERED = Answer("error", reason="refused", detail="the scenario gives no answer")


class _Nobody:
    """Sends nothing: what a scenario says nothing about never leaves this machine."""

    async def send(self, request: Request) -> Answer:
        return UNANSWERED


NOBODY = _Nobody()


def find(paths: Iterable[Path]) -> list[Path]:
    """The scenario files at some paths: files themselves, and all in folders. Raises NoScenariosError."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(file for ending in ENDINGS for file in path.rglob(f"*{ending}") if file.is_file())
            if not inside:
                raise NoScenariosError(f"no scenario in {path}: a scenario file ends in {ENDINGS[0]}")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise NoScenariosError(f"there is no {path}")
    return list(dict.fromkeys(found))


def plan_beside(file: Path, named: str | None) -> Path:
    """The plan of a scenario file: the one it names, `x.yaml` for `x.scenario.yaml`, plan.yaml, or the only one there.

    Raises PlanError.
    """
    if named is not None:
        return file.parent / named
    stem = next((file.name.removesuffix(ending) for ending in ENDINGS if file.name.endswith(ending)), "plan")
    candidates = [file.parent / f"{name}{ending}" for name in (stem, "plan") for ending in (".yaml", ".yml", ".json")]
    if plan := next((path for path in candidates if path.is_file() and path != file), None):
        return plan
    beside = [path for path in sorted(file.parent.glob("*.y*ml")) if not path.name.endswith(ENDINGS)]
    if len(beside) == 1:
        return beside[0]
    what = "no plan" if not beside else f"{len(beside)} plans"
    message = f"there is {what} beside it; name the plan file, as in plan: ../company.yaml"
    raise PlanError([Problem("plan", "missing-field", message, "error", 1, 1)])


def caller_of(company: Company, written: Written) -> Caller:
    """A scenario as the simulator wants it."""
    scenario = written.scenario
    at = scenario.call.at or USUAL_TIME
    return Caller(
        to=scenario.call.to or "",
        number=USUAL_CALLER if scenario.call.caller is None else scenario.call.caller,
        keys=scenario.keys_in_turn(),
        presses=scenario.presses(),
        hang_up_after=scenario.hang_up_after,
        at=at if at.tzinfo else at.replace(tzinfo=company.zone),
        reactions=scenario.reactions(),
        replies=scenario.replies(),
        state=scenario.state,
        speaks=scenario.speaks,
    )


async def play(company: Company, written: Written, sender: Sender = NOBODY, *, place: str = "") -> Result:
    """Play one scenario, on a VirtualLoop. `place` makes the call's id, which is the same every time."""
    began = time.perf_counter()
    call_id = str(uuid.uuid5(_IDS, f"{place}#{written.scenario.name}"))
    call = await observe(company, caller_of(company, written), sender, call_id=call_id)
    found = [*_unanswered(call), *differences(company, written.scenario.expect, call)]
    return Result(written, call, tuple(found), time.perf_counter() - began)


def _unanswered(call: Observation) -> Iterator[Difference]:
    for asked in call.asked:
        if asked.answer is UNANSWERED:
            name = asked.variable or asked.path
            step = next((index for index, step in enumerate(call.record.trace) if step.path == asked.path), None)
            got = f"webhook {name} was asked and the scenario gives no answer"
            yield Difference(f"webhooks.{name}", "an answer", got, step)
            return


@dataclass
class Bench:
    """Where scenario files are played, one after the other, each plan read once.

    `load` reads a plan file and raises PlanError or OSError; `real` opens what really sends webhooks,
    for the scenarios that want it.
    """

    load: Callable[[Path], Company]
    real: Callable[[], AbstractAsyncContextManager[Sender]] | None = None
    _plans: dict[Path, against.Plan] = field(default_factory=dict[Path, against.Plan])
    _runner: "asyncio.Runner" = field(default_factory=lambda: asyncio.Runner(loop_factory=VirtualLoop))

    def __enter__(self) -> Self:
        self._runner.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._runner.close()

    def file(self, path: Path, only: str = "") -> FileResult:
        """Play the scenarios of one file; with `only`, those that have this in their name."""
        began = time.perf_counter()
        faulty = path
        try:
            named, written = source.read(_text(path))
            faulty = plan_beside(path, named)
            plan = self._plan(faulty)
        except PlanError as error:
            at_fault = path if error.problems[0].path == "plan" else faulty
            return FileResult(path, problems=error.problems, faulty=at_fault)
        found = [problem for one in written for problem in against.problems(plan, one)]
        if found:
            return FileResult(path, problems=tuple(found), faulty=path)
        chosen = [one for one in written if only.lower() in one.scenario.name.lower()]
        # Not Runner.run: it writes the whole task out for the signal module, which takes longer than to play it.
        results = self._runner.get_loop().run_until_complete(self._play_all(plan.company, chosen, path.as_posix()))
        return FileResult(path, plan.company, tuple(results), seconds=time.perf_counter() - began)

    async def _play_all(self, company: Company, scenarios: Sequence[Written], place: str) -> list[Result]:
        loop = asyncio.get_running_loop()
        results: list[Result] = []
        async with AsyncExitStack() as stack:
            real: Sender | None = None
            for written in scenarios:
                sender: Sender = NOBODY
                if written.scenario.webhooks == "real" and self.real:
                    real = real or await stack.enter_async_context(self.real())
                    sender = real
                # Connections that stay open have times of their own.
                if isinstance(loop, VirtualLoop) and real is None:
                    loop.rewind()
                results.append(await play(company, written, sender, place=place))
        return results

    def _plan(self, path: Path) -> against.Plan:
        path = path.resolve()
        if path not in self._plans:
            try:
                self._plans[path] = against.Plan(self.load(path))
            except OSError as error:
                raise PlanError([Problem("", "unreadable", f"cannot be read: {error.strerror}")]) from None
        return self._plans[path]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise PlanError([Problem("", "unreadable", f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError as error:
        raise PlanError([Problem("", "unreadable", f"is not UTF-8 text: byte {error.start}")]) from None
