"""Commands about what calls did and would do: why, scenario, replay, drill, answers, prove, register."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from belplan.cli.output import FINE, PROBLEMS, UNREADABLE, Json, fail, out, print_json
from belplan.cli.plans import read_plan, refuse
from belplan.dialplan.company import Company
from belplan.engine.cdr import CallRecord

Records = Annotated[Path, Parameter(help="Records of calls: JSON lines, or what belplan call --json printed.")]


def why(plan: Path, records: Records, *, call: str = "", as_json: Json = False) -> int:
    """Say in one sentence why each of some recorded calls went where it went, and what had led elsewhere.

    PLAN is the version that the calls walked. Exits with 0, 1 where the plan has problems, 2 where a file cannot be
    read or has no such call.

    Parameters
    ----------
    call
        Only the calls whose uuid begins so.
    """
    from belplan.why import why as sentence

    walked = _walked(plan, records, call, as_json=as_json)
    if isinstance(walked, int):
        return walked
    company, found = walked
    told = [(one, sentence(company, one)) for one in found]
    if as_json:
        print_json({"calls": [{"uuid": one.uuid, "why": said} for one, said in told]})
        return FINE
    for one, said in told:
        out.print(Text.assemble((f"{one.uuid[:8]}  ", "dim"), said[company.settings.language]))
    return FINE


def scenario(plan: Path, records: Records, *, call: str = "") -> int:
    """Write a scenario file from recorded calls: what happened is what is to happen from now on.

    PLAN is the version that the calls walked. It comes on standard output; put it beside the plan, for belplan test.
    Exits with 0, 1 where the plan has problems, 2 where a file cannot be read or has no such call.

    Parameters
    ----------
    call
        Only the calls whose uuid begins so.
    """
    from belplan.scenarios.record import scenarios

    walked = _walked(plan, records, call, as_json=False)
    if isinstance(walked, int):
        return walked
    company, found = walked
    print(scenarios(company, found, plan.name), end="")
    return FINE


def _walked(plan: Path, records: Path, call: str, *, as_json: bool) -> tuple[Company, list[CallRecord]] | int:
    """A plan, and the recorded calls whose uuid begins so; or the exit code, once it is said why not."""
    company, problems, code = read_plan(plan)
    if company is None:
        return refuse(plan, problems, code, as_json)
    try:
        found = [one for one in read_records(records) if one.uuid.startswith(call)]
    except ValueError as error:
        return fail(str(error), UNREADABLE)
    return (company, found) if found else fail(f"{records} has no call {call}".rstrip(), UNREADABLE)


def read_records(path: Path) -> list[CallRecord]:
    """The records in a file. Raises ValueError with a message for people."""
    from belplan.replay.records import read

    try:
        return read(path)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None


def prove(
    plan: Path,
    *,
    budget: Annotated[float, Parameter(help="Seconds after which what was not looked at is left open.")] = 60.0,
    as_json: Json = False,
) -> int:
    """Look at every way of every call through a plan, and prove or refute its rules.

    Exits with 0 when all was looked at and no rule is refuted, 1 otherwise, 2 when the plan cannot be read.
    """
    from belplan.proof import prove as proven
    from belplan.proof.tell import print_proof

    company, problems, code = read_plan(plan)
    if company is None:
        return refuse(plan, problems, code, as_json)
    proof = proven(company, budget=budget)
    if as_json:
        print_json(proof.as_json())
    else:
        print_proof(out, proof, str(plan))
    refuted = any(rule.verdict != "proven" for rule in proof.rules)
    return PROBLEMS if proof.unfinished or refuted else FINE


def replay(plan: Path, records: Records, *, as_json: Json = False) -> int:
    """Walk recorded calls through a plan, with the answers, keys and phones they had, and say what changed.

    Exits with 0 when all come out as they were, 1 when some differ or the past cannot answer, 2 when a file cannot
    be read.
    """
    from belplan.replay.compare import replay as replayed
    from belplan.replay.tell import print_replayed

    company, problems, code = read_plan(plan)
    if company is None:
        return refuse(plan, problems, code, as_json)
    try:
        found = replayed(company, read_records(records))
    except ValueError as error:
        return fail(str(error), UNREADABLE)
    if as_json:
        print_json(found.as_json())
    else:
        print_replayed(out, found)
    return FINE if found.same == found.total else PROBLEMS


def drill(
    plan: Path,
    records: Annotated[Path | None, Parameter(help="Records of calls; without, only every way is looked at.")] = None,
    *,
    webhook: Annotated[tuple[str, ...], Parameter(help="Which, by variable or path; all, when absent.")] = (),
    down: Annotated[bool, Parameter(negative="", help="It refuses.")] = False,
    slow: Annotated[float | None, Parameter(help="It takes so many seconds longer.")] = None,
    rubbish: Annotated[bool, Parameter(negative="", help="It answers a web page, with status 200.")] = False,
    as_json: Json = False,
) -> int:
    """Say what callers would have met with a customer's server down, slow or answering rubbish.

    Exits with 0 when it was looked at, 1 when the plan has problems, 2 when a file cannot be read.
    """
    from belplan import drill as drills
    from belplan.replay import faults

    company, problems, code = read_plan(plan)
    if company is None:
        return refuse(plan, problems, code, as_json)
    if [down, slow is not None, rubbish].count(True) != 1:
        return fail("say what happens to it: --down, --slow SECONDS or --rubbish")
    fault = faults.DOWN if down else faults.rubbish() if rubbish else faults.slow(slow or 0.0)
    try:
        paths = faults.chosen(company, webhook)
    except ValueError as error:
        return fail(f"--webhook: {error}")
    try:
        calls = read_records(records) if records else None
    except ValueError as error:
        return fail(str(error), UNREADABLE)
    found = drills.drill(company, paths, fault, calls)
    if as_json:
        print_json(found.as_json())
    else:
        drills.print_drill(out, found)
    return FINE


def answers(plan: Path, records: Records, *, as_json: Json = False) -> int:
    """Say what webhooks have answered in recorded calls, what the plan has no branch for, and which timeout fits.

    Exits with 0, 1 when the plan has problems, 2 when a file cannot be read.
    """
    from belplan.replay.learned import learn
    from belplan.replay.tell import print_learned

    company, problems, code = read_plan(plan)
    if company is None:
        return refuse(plan, problems, code, as_json)
    try:
        found = learn(company, read_records(records))
    except ValueError as error:
        return fail(str(error), UNREADABLE)
    if as_json:
        print_json({"webhooks": [one.as_json() for one in found]})
    else:
        print_learned(out, found)
    return FINE


def register(plan: Path, *, as_json: Json = False) -> int:
    """Say which data of callers a plan sends where: by webhook, by mail, and with voicemail.

    Exits with 0, 1 when the plan has problems, 2 when it cannot be read.
    """
    from belplan.data_register import flows

    company, problems, code = read_plan(plan)
    if company is None:
        return refuse(plan, problems, code, as_json)
    found = flows(company)
    if as_json:
        print_json({"items": [one.as_json() for one in found]})
        return FINE
    for one in found:
        plain = "  (not encrypted)" if one.encrypted is False else ""
        out.print(Text.assemble((one.to, "bold"), f"  {one.kind}{plain}"))
        out.print(Text(f"  {', '.join(one.fields) or 'nothing of the caller'}"))
        out.print(Text(f"  {', '.join(one.items)}", "dim"))
    if not found:
        out.print("Nothing about callers leaves this company.")
    return FINE
