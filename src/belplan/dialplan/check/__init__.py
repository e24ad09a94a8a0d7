"""What is wrong with a plan: everything at once, each with its place and what to do about it.

`load` has said what is wrong in each setting by itself; here it is looked at how they fit together.
A mistake is said once: nothing follows from what could not be read.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from belplan.dialplan.check.destinations import check_destinations
from belplan.dialplan.check.duplicates import check_duplicates
from belplan.dialplan.check.findings import Findings
from belplan.dialplan.check.items import check_holidays, check_items, check_secrets
from belplan.dialplan.check.loops import check_loops
from belplan.dialplan.check.reach import check_reach
from belplan.dialplan.check.rules import check_rules
from belplan.dialplan.check.variables import check_variables
from belplan.dialplan.company import Company
from belplan.dialplan.load import Loaded, load, parse
from belplan.dialplan.places import tops
from belplan.dialplan.problem import PlanError, Problem
from belplan.dialplan.route import AppSettings

__all__ = ["check", "read", "read_value"]


def check(loaded: Loaded, *, secrets: Callable[[str], bool] | None = None) -> list[Problem]:
    """Everything that is wrong with a plan, what `load` found included, from the top of the file to its end.

    `secrets` says whether the value of a `secret:NAME` is there; without it nobody asks.
    """
    findings = Findings(loaded)
    everything = tops(loaded.company, loaded.kept)
    findings.forget_stand_ins(everything)
    check_duplicates(findings)
    check_items(findings, everything)
    check_holidays(findings)
    check_variables(findings, everything)
    check_destinations(findings, everything)
    check_loops(findings, everything)
    check_reach(findings, everything)
    check_rules(findings, everything)
    if secrets:
        check_secrets(findings, secrets)
    return findings.in_order()


def read(
    text: str, apps: Mapping[str, type[AppSettings]], *, secrets: Callable[[str], bool] | None = None
) -> tuple[Company | None, list[Problem]]:
    """Read a plan file: the company, and what is to be said of it. No company where any of that is an error."""
    try:
        raw, found = parse(text)
    except PlanError as error:
        return None, list(error.problems)
    return read_value(raw, apps, secrets=secrets, found=found, source=text)


def read_value(
    raw: Any,
    apps: Mapping[str, type[AppSettings]],
    *,
    secrets: Callable[[str], bool] | None = None,
    found: list[Problem] | None = None,
    source: str | None = None,
) -> tuple[Company | None, list[Problem]]:
    """Read a plan from lists and mappings, as JSON gives them. `found` are problems with the text it came from."""
    try:
        loaded = load(raw, apps, found)
    except PlanError as error:
        return None, [*(found or ()), *error.problems]
    problems = check(loaded, secrets=secrets)
    if any(problem.severity == "error" for problem in problems):
        return None, problems
    loaded.company.read_from(json.dumps(raw, ensure_ascii=False, default=str) if source is None else source)
    return loaded.company, problems
