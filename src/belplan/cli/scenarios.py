"""The command that runs scenario files."""

import gc
import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from belplan.cli.output import FINE, PROBLEMS, UNREADABLE, Json, err, fail, out, print_json, print_problems
from belplan.cli.plans import Guard, read_plan, webhooks
from belplan.dialplan.company import Company
from belplan.dialplan.problem import PlanError


def test(
    *paths: Path,
    only: Annotated[
        str, Parameter(name=["--only", "-k"], help="Run the scenarios that have this text in their name.")
    ] = "",
    junit: Annotated[Path | None, Parameter(help="Write the results there too, as JUnit XML.")] = None,
    coverage: Annotated[
        bool, Parameter(negative="", help="Say too which items of the plans no scenario comes to.")
    ] = False,
    guard: Guard = False,
    as_json: Json = False,
) -> int:
    """Run scenario files, or all *.scenario.yaml in folders: offline, in virtual time.

    Exits with 0 when all pass, 1 when some fail, 2 when one cannot be read or there is none.
    """
    from belplan.scenarios import report
    from belplan.scenarios.run import Bench, FileResult, NoScenariosError, find

    began = time.perf_counter()
    gc.disable()  # looking through thousands of results for garbage takes longer than what is found is worth: 4 KB each
    try:
        files = find(paths or (Path(),))
    except NoScenariosError as error:
        return fail(str(error), UNREADABLE)
    played: list[FileResult] = []
    with Bench(_load, lambda: webhooks(guard)) as bench:
        for path in files:
            file = bench.file(path, only)
            played.append(file)
            if file.problems:
                print_problems(file.faulty or path, file.problems, err)
            elif file.results and not as_json:
                report.print_file(out, file)
    if junit:
        try:
            junit.write_text(report.junit(played), encoding="utf-8")
        except OSError as error:
            return fail(f"{junit} cannot be written: {error.strerror}", UNREADABLE)
    if as_json:
        print_json(report.as_json(played) | ({"coverage": report.coverage_json(played)} if coverage else {}))
    unread = any(file.problems for file in played)
    if not unread and not any(file.results for file in played):
        return fail(f'no scenario has "{only}" in its name', UNREADABLE)
    if not as_json:
        if coverage:
            report.print_coverage(out, played)
        out.print(report.summary(played, time.perf_counter() - began))
    return UNREADABLE if unread else PROBLEMS if any(file.failed for file in played) else FINE


def _load(path: Path) -> Company:
    """A plan from its file. Raises PlanError."""
    company, problems, _ = read_plan(path)
    if company is None:
        raise PlanError([problem for problem in problems if problem.severity == "error"])
    return company
