"""What sent a call where it went: found in its trace, in no language."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from belplan.dialplan.company import Company
from belplan.dialplan.comparison import Comparison
from belplan.dialplan.places import tops
from belplan.dialplan.route import AppSettings
from belplan.engine.cdr import CallRecord, Step
from belplan.ladder import settings_at
from belplan.replay import Again, again
from belplan.replay.walk import Instead

Kind = Literal["webhook", "condition", "switch", "time", "diversion", "key", "ring", "exit", "none"]

_FAILED = frozenset({"busy", "no_answer", "failed"})
_DECIDES = frozenset({"condition", "switch", "time", "diversion"})
_TRIES = 12  # other answers that are tried, to find one that leads elsewhere


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call comes to. `kind` is number, menu, or the app or outcome that ends it."""

    kind: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Cause:
    """What decided. `step` is where in the trace; `app` the item there, where one stands."""

    kind: Kind
    at: int = -1
    step: Step | None = None
    app: AppSettings | None = None
    value: str | None = None
    """What the variable had that was asked about; None where it was not set."""
    webhook: Step | None = None
    """Which webhook had set the variable."""


@dataclass(frozen=True, slots=True)
class Otherwise:
    """What one other answer had led to."""

    kind: Literal["answer", "no_answer", "key", "exit"]
    value: str
    place: Place


@dataclass(frozen=True, slots=True)
class Explained:
    """All that a sentence is made of."""

    record: CallRecord
    final: Step | None
    place: Place
    cause: Cause
    otherwise: Otherwise | None


def explain(company: Company, record: CallRecord) -> Explained:
    """The facts of a sentence about a call."""
    final = len(record.trace) - 1
    cause = _cause(company, record.trace, final) if record.trace else Cause("none")
    place = came_to(record)
    return Explained(
        record, record.trace[final] if record.trace else None, place, cause, _otherwise(company, record, cause, place)
    )


def _cause(company: Company, trace: Sequence[Step], final: int) -> Cause:
    """The last of all that sent the call where it ended: a decision it is behind, a phone that stayed silent."""
    behind = set(_behind(trace, final))
    missed = False
    fallback = Cause("none")
    for at in range(final, -1, -1):
        step = trace[at]
        if at == final and not (step.detail.get("to") and step.exit in _FAILED):
            continue
        app = settings_at(company, step.path)
        if step.app == "menu" and app is None:
            return Cause("key", at, step)
        if step.detail.get("to") and step.exit in _FAILED:
            return Cause("ring", at, step, app)
        if step.app in _DECIDES and app:
            found = decision(trace, at, app)
            if at in behind:
                return found if found.webhook is None or found.value is not None else _gave_nothing(trace, found)
            if app.branch(step.exit) is None and fallback.kind == "none":
                fallback = found
            missed = missed or (found.webhook is not None and found.value is None)
        elif step.app == "webhook" and step.exit != "ok" and (missed or at in behind):
            return Cause("webhook", at, step, app)
        elif at in behind and app and step.app not in ("goto", "menu", "connect"):
            return Cause("exit", at, step, app)
    return fallback


def _behind(trace: Sequence[Step], final: int) -> Iterator[int]:
    """The steps in whose routes the last one stands, from the inside out; also through menus and other plans."""
    path = trace[final].path
    for at in range(final - 1, -1, -1):
        step = trace[at]
        if path.startswith(f"{step.path}."):
            yield at
        elif step.exit in ("moved", "entered") and not path.startswith(f"{_top(step.path)}."):
            path = step.path
            yield at


def _top(path: str) -> str:
    """The plan, user or menu that a path is in: `dial_plans[0]`."""
    return path.partition(".")[0]


def decision(trace: Sequence[Step], at: int, app: AppSettings) -> Cause:
    """The item at a step as a cause: with what it asked about, and which webhook had set that."""
    step = trace[at]
    kind: Kind = step.app  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    names = [reading.variable for reading in app.reads()]
    if len(names) != 1:
        return Cause(kind, at, step, app)
    name = names[0].partition(".")[0]
    asked = next((one for one in reversed(trace[:at]) if one.app == "webhook" and name in _named(one)), None)
    value = next((one.values[name] for one in reversed(trace[:at]) if name in one.values), None)
    return Cause(kind, at, step, app, None if asked and asked.exit != "ok" else value, asked)


def _named(step: Step) -> set[str]:
    return {*step.values, str(step.detail.get("variable", ""))}


def _gave_nothing(trace: Sequence[Step], found: Cause) -> Cause:
    at = next(index for index, step in enumerate(trace) if step is found.webhook)
    return Cause("webhook", at, found.webhook, None)


def came_to(record: CallRecord) -> Place:
    """Where a call came."""
    return Place("number", number) if (number := record.connected_to) else Place(record.outcome)


def leads_to(came: Again) -> Place | None:
    """Where a call had come. None where that cannot be told."""
    if came.unknown is None:
        return came_to(came.record)
    if came.ringing:
        return Place("number", came.ringing)
    if came.unknown.subject == "key":
        return Place("menu", came.unknown.name)
    if came.unknown.subject == "app" and came.unknown.name in ("voicemail", "queue"):
        return Place("voicemail" if came.unknown.name == "voicemail" else "queued")
    return None


def _otherwise(company: Company, record: CallRecord, cause: Cause, place: Place) -> Otherwise | None:
    """The first other answer that had led elsewhere."""
    here = Place("menu", str(cause.step.detail.get("menu"))) if cause.step else None
    for kind, value, instead in changes(company, record, cause):
        try:
            came = leads_to(again(company, record, instead=instead))
        except LookupError:
            return None
        if came and came != place and came != here:
            return Otherwise(kind, value, came)
    return None


Change = tuple[Literal["answer", "no_answer", "key", "exit"], str, Instead]


def changes(company: Company, record: CallRecord, cause: Cause) -> Iterator[Change]:
    """What could have gone otherwise where a cause stands, as the plan knows it."""
    if cause.step is None:
        return
    path = cause.step.path
    webhook = cause.step if cause.kind == "webhook" else cause.webhook
    if webhook and (name := str(webhook.detail.get("variable", ""))):
        at = next(index for index, step in enumerate(record.trace) if step is webhook)
        had = webhook.values.get(name)
        for answer in _known_answers(company, name)[:_TRIES]:
            if answer != had:
                yield "answer", answer, Instead(webhook.path, "ok", at, {name: answer})
        if webhook.exit == "ok":
            yield "no_answer", "", Instead(webhook.path, "timeout", at)
    elif cause.kind == "key":
        for menu in company.ivr_menus:
            context = menu.contexts.get(str(cause.step.detail.get("context")))
            if context and menu.name == cause.step.detail.get("menu"):
                for key in context.keys:
                    if key != cause.step.exit:
                        yield "key", key, Instead(path, key, cause.at)
    elif cause.kind == "ring" and cause.step.exit == "answered":
        yield "exit", "no_answer", Instead(path, "no_answer", cause.at)
    elif cause.app and cause.kind in ("condition", "time", "diversion"):
        other = "false" if cause.step.exit == "true" else "true"
        yield "exit", other, Instead(path, other, cause.at)
    elif cause.app and cause.kind == "switch":
        for leave in cause.app.ways_out()[:_TRIES]:
            if leave != cause.step.exit:
                yield "exit", leave, Instead(path, leave, cause.at)


def _known_answers(company: Company, variable: str) -> list[str]:
    """The values of a variable that the plan knows, in its order."""
    found: dict[str, None] = {}
    for app in (spot.app for top in tops(company) for spot in top.everything):
        tests: Sequence[tuple[str, Comparison]] = getattr(app, "tests", ())
        for _, test in tests:
            if test.variable == variable:
                values = test.one_of or (() if test.equals is None else (test.equals,))
                found |= dict.fromkeys(values)
        if getattr(app, "variable", None) == variable and app.app_name == "switch":
            found |= dict.fromkeys(leave for leave in app.ways_out() if leave != "otherwise")
    return list(found)
