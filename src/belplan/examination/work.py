"""What an examination reckons, from a task and from records of calls to one JSON document."""

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from belplan.compiled import published
from belplan.dialplan.company import Company
from belplan.dialplan.problem import PlanError, Problem
from belplan.drill import drill
from belplan.engine.cdr import CallRecord
from belplan.engine.clock import VirtualLoop
from belplan.proof import prove
from belplan.replay import faults
from belplan.replay.compare import Replayed, compare, replayed
from belplan.replay.learned import learn
from belplan.scenarios import against, report, source
from belplan.scenarios.coverage import cover
from belplan.scenarios.run import NOBODY, Result, play
from belplan.scenarios.source import Written

Say = Callable[[int], None]
"""Told how much is done."""

MOST_DIFFERENT = 500  # calls that are named one by one


def work(task: Mapping[str, Any], lines: Iterable[str], say: Say) -> dict[str, Any]:
    """Do what a task says: `what`, `plan` (JSON text), `handle`, and what that examination needs.

    `lines` are records of calls, each a line of JSON. Raises ValueError with a message for people.
    """
    company = published(task["plan"], task.get("handle", ""), task.get("number", 0))
    match task["what"]:
        case "scenarios":
            return scenarios(company, task["scenarios"], say)
        case "replay":
            return _replay(company, lines, say)
        case "proof":
            return prove(company, budget=task.get("budget", 60.0)).as_json()
        case "drill":
            return _drill(company, task, list(_records(lines, say)))
        case "answers":
            return {"webhooks": [one.as_json() for one in learn(company, list(_records(lines, say)))]}
        case other:
            raise ValueError(f"there is no examination {other}")


def _records(lines: Iterable[str], say: Say) -> Iterator[CallRecord]:
    for done, line in enumerate(lines, 1):
        yield CallRecord.from_json(json.loads(line))
        say(done)


def _replay(company: Company, lines: Iterable[str], say: Say) -> dict[str, Any]:
    found = replayed(compare(company, record) for record in _records(lines, say))
    return shown(found)


def shown(found: Replayed) -> dict[str, Any]:
    """What came of a replay, with no more calls than a person looks at."""
    document = found.as_json()
    document["different"] = document["different"][:MOST_DIFFERENT]
    return document


def shadow(task: Mapping[str, Any], lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """What would have come of each call, as soon as it is given."""
    company = published(task["plan"], task.get("handle", ""), 0)
    for line in lines:
        one = compare(company, CallRecord.from_json(json.loads(line)))
        yield {
            "uuid": one.record.uuid,
            "verdict": one.verdict,
            "was": one.was,
            "now": one.now,
            "at": one.at if one.verdict != "unknown" else one.unknown,
        }


def _drill(company: Company, task: Mapping[str, Any], records: Sequence[CallRecord]) -> dict[str, Any]:
    seconds = task.get("seconds") or 0.0
    fault = {"down": faults.DOWN, "slow": faults.slow(seconds), "rubbish": faults.rubbish()}[task["fault"]]
    return drill(company, faults.chosen(company, task.get("webhooks") or ()), fault, records or None).as_json()


def written(scenario: Mapping[str, Any]) -> Written:
    """A scenario as the API has it: a mapping. Raises PlanError with all that is wrong with it."""
    plan, found = source.read(json.dumps(scenario, ensure_ascii=False))
    problems = [] if len(found) == 1 and "scenarios" not in scenario else [_refused("scenarios", "one at a time")]
    if plan is not None:
        problems.append(_refused("plan", "the plan is the company's own; leave it out"))
    if any(one.scenario.webhooks == "real" for one in found):
        problems.append(_refused("webhooks", "nothing is really sent here; say what each webhook answers"))
    if problems:
        raise PlanError(problems)
    return found[0]


def _refused(path: str, message: str) -> Problem:
    return Problem(path, "invalid-value", message, "error")


def scenarios(company: Company, given: Sequence[Mapping[str, Any]], say: Say) -> dict[str, Any]:
    """Play scenarios (`id`, `scenario`) on the simulator; nothing is sent."""
    shown: list[dict[str, Any]] = []
    records: list[CallRecord] = []
    plan = against.Plan(company)
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        for done, one in enumerate(given, 1):
            entry: dict[str, Any] = {"id": one["id"], "name": one["scenario"].get("name", "")}
            try:
                asked = written(one["scenario"])
                wrong = against.problems(plan, asked)
            except PlanError as error:
                asked, wrong = None, error.problems
            if wrong or asked is None:
                shown.append(entry | {"passed": False, "differences": [str(each) for each in wrong], "ladder": ""})
            else:
                if isinstance(loop, VirtualLoop):
                    loop.rewind()
                result = loop.run_until_complete(play(company, asked, NOBODY, place=one["id"]))
                records.append(result.call.record)
                shown.append(entry | _result(company, result))
            say(done)
    passed = sum(entry["passed"] for entry in shown)
    return {
        "passed": passed,
        "failed": len(shown) - passed,
        "coverage": cover(company, records).as_json(),
        "scenarios": shown,
    }


def _result(company: Company, result: Result) -> dict[str, Any]:
    ladder = "" if result.passed else "\n".join(line.plain for line in report.ladder_of(company, result))
    return {
        "passed": result.passed,
        "differences": [str(difference) for difference in result.differences],
        "ladder": ladder,
    }
