"""Commands about plan files: check, call, webhook test."""

import asyncio
import re
from collections.abc import Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast, get_args

from cyclopts import App, Parameter
from rich.text import Text

from belplan import settings
from belplan.apps import APPS
from belplan.cli.output import (
    FINE,
    PROBLEMS,
    UNREADABLE,
    Json,
    err,
    fail,
    out,
    print_json,
    print_problems,
    problems_json,
)
from belplan.dialplan.check import read
from belplan.dialplan.company import Company, RingGroup
from belplan.dialplan.problem import Problem

if TYPE_CHECKING:
    from belplan.drivers.simulator import Reply
    from belplan.webhook.exchange import Reason, Sender

webhook = App(name="webhook", help="Try webhooks.", help_format="plaintext")

Guard = Annotated[
    bool,
    Parameter(negative="", help="Refuse the addresses that a server refuses: this machine's own and private ones."),
]
_COMMA_BEFORE_NUMBER = re.compile(r",(?=[^,=]*=)")
Does = Literal["answer", "busy", "no_answer", "failed"]


def check(plan: Path, *, as_json: Json = False) -> int:
    """Say everything that is wrong with a plan file.

    Exits with 0 when it can be used, 1 when it has problems, 2 when it cannot be read.
    """
    company, problems, code = read_plan(plan)
    if company:
        from belplan.prompts import files  # it takes a while to come up, and other commands need none

        problems += files.missing(company, plan.parent / "sounds")
    if as_json:
        print_json(problems_json(problems))
        return code
    print_problems(plan, problems)
    if code == FINE:
        out.print(f"[green]✓[/] {plan} can be used")
    return code


def call(
    plan: Path,
    *,
    to: Annotated[str, Parameter(help="Number that is called, in any notation.")],
    caller: Annotated[str, Parameter(name="--from", help='Number of the caller; "" is withheld.')] = "0612345678",
    press: Annotated[
        str, Parameter(help="Keys, in turn, each when the plan next waits for one; - lets one such wait pass.")
    ] = "",
    hang_up_after: Annotated[float | None, Parameter(help="Seconds after which the caller hangs up.")] = None,
    answers: Annotated[
        tuple[str, ...],
        Parameter(
            help="NUMBER=answer, busy, no_answer or failed; several in turn with commas; answer@8 after 8 seconds.",
            consume_multiple=True,
        ),
    ] = (),
    at: Annotated[str | None, Parameter(help="Date and time of the call, as in 2026-12-24T16:00.")] = None,
    reply: Annotated[
        tuple[str, ...],
        Parameter(help="WEBHOOK=TEXT: the answer of a webhook, by its variable or path.", consume_multiple=True),
    ] = (),
    fault: Annotated[
        tuple[str, ...],
        Parameter(help="WEBHOOK=timeout, refused, dns, tls …: what goes wrong with a webhook.", consume_multiple=True),
    ] = (),
    delay: Annotated[
        tuple[str, ...],
        Parameter(help="WEBHOOK=SECONDS: how long its answer or its fault takes.", consume_multiple=True),
    ] = (),
    on: Annotated[tuple[str, ...], Parameter(help="Diversions that are on.", consume_multiple=True)] = (),
    guard: Guard = False,
    as_json: Json = False,
) -> int:
    """Walk one call through a plan, without a telephone.

    Webhooks are really sent, except where --reply answers or --fault says what goes wrong.
    Exits with 0 when the call was walked.
    """
    from belplan import ladder, simulation
    from belplan.drivers.simulator import Reaction
    from belplan.why import why

    company, problems, code = read_plan(plan)
    if company is None:
        return refuse(plan, problems, code, as_json)

    async def walk(company: Company) -> simulation.CallRecord:
        async with webhooks(guard) as sender:
            return await simulation.simulate(company, who, sender)

    try:
        who = simulation.Caller(
            to=to,
            number=caller,
            keys=_keys(press),
            hang_up_after=hang_up_after,
            at=_moment(at, company),
            reactions={
                phone: [Reaction(_does(word), _after(word)) for word in does]
                for number, does in _reactions(answers)
                for phone in _phones(company, number)
            },
            replies=_replies(company, reply, fault, delay),
            state={"diversions": dict.fromkeys(on, True)} if on else {},
        )
        with asyncio.Runner(loop_factory=simulation.VirtualLoop) as runner:
            record = runner.run(walk(company))
    except ValueError as error:
        return fail(str(error))
    sentence = why(company, record)
    if as_json:
        print_json(record.as_json() | {"why": sentence})
    else:
        ladder.print_record(out, company, record)
        out.print(Text(f"    {sentence[company.settings.language]}", style="italic"))
    return FINE


@webhook.command(name="test")
def try_webhook(
    plan: Path,
    path: str,
    *,
    caller: Annotated[str, Parameter(name="--from", help="Number of the caller.")] = "0612345678",
    guard: Guard = False,
    as_json: Json = False,
) -> int:
    """Send one webhook of a plan for real: its phases, the value, and the way the call would take.

    PATH is written as in dial_plans[0].route[1].webhook. Exits with 0 when it was answered, 1 when not.
    """
    from belplan import simulation, trial

    company, problems, code = read_plan(plan)
    if company is None:
        return refuse(plan, problems, code, as_json)

    async def attempt(company: Company) -> trial.Trial:
        async with webhooks(guard) as sender:
            return await trial.try_webhook(company, path, caller, sender)

    try:
        with asyncio.Runner(loop_factory=simulation.VirtualLoop) as runner:
            tried = runner.run(attempt(company))
    except LookupError as error:
        return fail(str(error.args[0]))
    if as_json:
        print_json(tried.as_json())
    else:
        tried.print(out)
    return FINE if tried.answer.outcome == "ok" else PROBLEMS


def read_plan(plan: Path) -> tuple[Company | None, list[Problem], int]:
    """A company from its file, everything that is wrong with it, and the exit code. No company unless that is 0."""
    try:
        text = plan.read_text(encoding="utf-8-sig")
    except OSError as error:
        return None, [Problem("", "unreadable", f"cannot be read: {error.strerror}")], UNREADABLE
    except UnicodeDecodeError as error:
        return None, [Problem("", "unreadable", f"is not UTF-8 text: byte {error.start}")], UNREADABLE
    company, problems = read(text, APPS, secrets=lambda name: settings.secret(name) is not None)
    if any(problem.code == "syntax" for problem in problems):
        return None, problems, UNREADABLE
    if any(problem.severity == "error" for problem in problems):
        return None, problems, PROBLEMS
    return company, problems, FINE


def refuse(plan: Path, problems: list[Problem], code: int, as_json: bool) -> int:
    """Say why a plan cannot be used."""
    print_problems(plan, problems, err)
    if as_json:
        print_json(problems_json(problems))
    return code


def webhooks(guard: bool) -> "AbstractAsyncContextManager[Sender]":
    """The sender of webhooks for a command: with the guard of a server, or free to reach this machine."""
    from belplan.webhook import Policy, Webhooks

    return Webhooks(Policy(allow_loopback=not guard))


def _pairs(option: str, words: Iterable[str]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise ValueError(f"{option} {word}: write it as NAME=VALUE")
        pairs.append((name.strip(), value))
    return pairs


def _reactions(words: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """`201=busy`, `201=busy,202=no_answer`, or `201=busy,answer`: what it does each time it rings, in turn."""
    for number, does in _pairs("--answers", (part for word in words for part in _COMMA_BEFORE_NUMBER.split(word))):
        yield number, does.split(",")


def _phones(company: Company, number: str) -> tuple[str, ...]:
    """Whose phones are meant: those of a number, or of every member of a ring group."""
    from belplan.scenarios.against import Plan

    group = company.destination(number)
    if isinstance(group, RingGroup):
        return group.members
    if wrong := Plan(company).no_phone(number):
        raise ValueError(f"--answers: {wrong}")
    return (number,)


def _webhook(company: Company, name: str) -> str:
    from belplan.scenarios.against import Plan

    if wrong := Plan(company).no_webhook(name):
        raise ValueError(f"--reply: {wrong}")
    return name


def _replies(
    company: Company, replies: Iterable[str], faults: Iterable[str], delays: Iterable[str]
) -> "dict[str, list[Reply]]":
    """What webhooks answer, each in turn."""
    from belplan.drivers.simulator import Reply
    from belplan.webhook.exchange import REASONS, Answer

    took = {_webhook(company, name): _seconds("--delay", text) for name, text in _pairs("--delay", delays)}
    found: dict[str, list[Reply]] = {}
    for name, text in _pairs("--reply", replies):
        answer = Answer("ok", text.strip(), status=200)
        found.setdefault(_webhook(company, name), []).append(Reply(answer, took.get(name, 0.0)))
    for name, reason in _pairs("--fault", faults):
        if reason != "timeout" and reason not in REASONS:
            raise ValueError(f"--fault {name}={reason}: there are timeout, {', '.join(REASONS)}")
        answer = Answer("timeout") if reason == "timeout" else Answer("error", reason=cast("Reason", reason))
        late = float("inf") if reason == "timeout" else took.get(name, 0.0)
        found.setdefault(_webhook(company, name), []).append(Reply(answer, late))
    return found


def _seconds(option: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{option}: {text!r} is no number of seconds") from None


def _after(word: str) -> float:
    _, at, seconds = word.partition("@")
    return _seconds("--answers", seconds) if at else 2.0


def _does(word: str) -> Does:
    word = word.partition("@")[0]
    if word not in get_args(Does):
        raise ValueError(f"--answers: a phone does {', '.join(get_args(Does))}, not {word!r}")
    return cast("Does", word)


def _keys(text: str) -> list[str]:
    if wrong := set(text) - set("0123456789*#-"):
        raise ValueError(f"--press: {min(wrong)!r} is no key; there are 0 to 9, * and #; - lets one wait pass")
    return ["" if key == "-" else key for key in text]


def _moment(text: str | None, company: Company) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"--at {text}: not a date and time; write 2026-12-24T16:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=company.zone)
