"""A call as a person reads it: one line a step, from the top of the plan to the phone that rang."""

from collections.abc import Iterator, Sequence
from typing import cast

from rich.console import Console
from rich.text import Text

from belplan.dialplan import numbers
from belplan.dialplan.company import Company
from belplan.dialplan.comparison import Comparison
from belplan.dialplan.fields import Prompt
from belplan.dialplan.route import AppSettings
from belplan.engine.cdr import CallRecord, Step
from belplan.engine.position import locate

LONGEST_ROUND = 20  # steps
FOLDED = 3  # times in a row from which on a round is told once

_GOOD = {"ok", "answered", "true", "played", "recorded", "entered", "sent", "set"}
_BAD = {"error", "timeout", "failed", "busy", "no_answer", "no_input", "invalid", "abandoned", "limit"}


def who(company: Company, number: str) -> str:
    """A number with the name it has: `Finance (301)`, `Pieter Janssen (06 12345678)`."""
    if not number:
        return "withheld"
    number = company.telephone(number)
    destination = company.destination(number)
    name = destination.name if destination else company.names.get(number, "")
    form = numbers.spoken_form(number, company.settings.country)
    return f"{name} ({form})" if name else form


def settings_at(company: Company, path: str) -> AppSettings | None:
    """The app that stands at a path. None for a step that no item stands for, such as a menu's wait for a key."""
    try:
        frame = locate(company, path)[-1]
    except LookupError:
        return None
    return frame.route.items[frame.index].app


def sentence(company: Company, step: Step) -> str:
    """What a step was about, in a few words."""
    app = settings_at(company, step.path)
    detail = step.detail
    match step.app:
        case "webhook" if app:
            phases = detail.get("phases", {})
            return f"{getattr(app, 'method', '')} {_host(getattr(app, 'url', ''))}" + (
                f" in {phases['total']:.0f} ms" if "total" in phases else ""
            )
        case "condition" if app:
            return _question(app)
        case "connect" if "to" in detail:
            return f"ring {who(company, detail['to'])}"
        case "queue" if "queue" in detail:
            waited = f", waits {detail['waited_ms'] / 1000:.1f} s" if "waited_ms" in detail else ""
            return f"{who(company, detail['queue'])}{waited}"
        case "announce" if isinstance(app, Prompt):
            return str(app)
        case "menu" if app is None:
            return "waits for a key"
        case "menu" | "time" | "diversion" | "goto":
            return (
                " ".join(
                    str(value) for _, value in sorted(app.model_dump(exclude_defaults=True, exclude=_ROUTES).items())
                )
                if app
                else ""
            )
        case _:
            return ""


_ROUTES = {"then", "otherwise"}


def line(company: Company, step: Step) -> Text:
    """One step of the ladder."""
    style = "green" if step.exit in _GOOD else "yellow" if step.exit in _BAD else "cyan"
    text = Text(f"  {step.started_ms / 1000:7.2f} s  ", style="dim")
    text.append(f"{step.app:<14} ", style="bold")
    text.append(sentence(company, step) or step.path, style="default")
    text.append(f"  → {step.exit}", style=style)
    for name in ("reason", "detail", "answered_by"):
        if told := step.detail.get(name):
            text.append(f"  {name.replace('_', ' ')}: {told}", style="dim")
    return text


def ending(company: Company, record: CallRecord) -> str:
    """How the call ended, in one sentence."""
    match record.outcome:
        case "connected":
            by = record.answered_by or ""
            person = f", answered by {who(company, by)}" if by != record.connected_to else ""
            return f"connected to {who(company, record.connected_to or '')}{person}"
        case "abandoned":
            return "the caller hung up"
        case "queued":
            return "the caller hung up in the queue"
        case "ended":
            return f"ended by the plan, cause {record.cause}"
        case outcome:
            return outcome


def print_steps(console: Console, company: Company, steps: Sequence[Step]) -> None:
    """A line for each step. What comes again and again is told once."""
    for begin, length, times in rounds(steps):
        for step in steps[begin : begin + length]:
            console.print(line(company, step))
        if times > 1:
            last = steps[begin + length * times - 1]
            again = f"the same {times - 1} times more, until {last.started_ms / 1000:.2f} s"
            console.print(Text(f"             … {again}", style="dim"))


def print_record(console: Console, company: Company, record: CallRecord) -> None:
    """The whole call, on a terminal."""
    console.print(f"[bold]{who(company, record.caller_number)}[/] calls [bold]{who(company, record.callee_number)}[/]")
    print_steps(console, company, record.trace)
    for name, value in record.variables.items():
        console.print(Text(f"  {name} = {value!r}", style="dim"))
    console.print(f"  [bold]{'✓' if record.outcome == 'connected' else '·'}[/] {ending(company, record)}")


def rounds(trace: Sequence[Step]) -> Iterator[tuple[int, int, int]]:
    """The steps in turn, as (index, how many, how often in a row): a caller who goes round in a menu is told once."""
    taken = [(step.path, step.app, step.exit) for step in trace]
    at = 0
    while at < len(taken):
        length, times = 1, 1
        for longer in range(1, min(LONGEST_ROUND, (len(taken) - at) // 2) + 1):
            again = 1
            while taken[at : at + longer] == taken[at + again * longer : at + (again + 1) * longer]:
                again += 1
            if again >= FOLDED and again * longer > length * times:
                length, times = longer, again
        yield at, length, times
        at += length * times


def _host(url: str) -> str:
    return url.split("?")[0].removeprefix("https://").removeprefix("http://")


_OPERATORS = {
    "one_of": "is one of",
    "starts_with": "starts with",
    "ends_with": "ends with",
    "less_than": "is less than",
    "at_most": "is at most",
    "more_than": "is more than",
    "at_least": "is at least",
    "between": "is between",
    "country": "is of",
}
_YES_OR_NO = {"is_set": "set", "anonymous": "withheld", "internal": "internal", "mobile": "mobile"}


def _question(app: AppSettings) -> str:
    """What a condition asks: `klant equals openstaand?`, `agent is set?`, `all of 2 tests?`."""
    tests = getattr(app, "all_of", ()) or getattr(app, "any_of", ())
    if tests:
        return f"{'all' if getattr(app, 'all_of', ()) else 'any'} of {len(tests)} tests?"
    if not isinstance(app, Comparison):
        return ""
    operator = app.operators()[0]
    value = getattr(app, operator)
    unless = "not: " if app.invert else ""
    if operator in _YES_OR_NO:
        return f"{unless}{app.variable} is {'' if value else 'not '}{_YES_OR_NO[operator]}?"
    several = cast("tuple[str, ...]", value if isinstance(value, tuple) else (value,))
    words = (" and " if operator == "between" else ", ").join(several)
    return f"{unless}{app.variable} {_OPERATORS.get(operator, operator)} {words}?"
