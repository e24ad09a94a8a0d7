"""What webhooks have been seen to answer, whether the plan knows it, and how long they take."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from belplan.dialplan.company import Company
from belplan.dialplan.comparison import Comparison
from belplan.dialplan.fields import placeholders
from belplan.dialplan.places import tops
from belplan.dialplan.route import AppSettings
from belplan.engine.cdr import CallRecord
from belplan.replay.past import Past

_ENOUGH = 0.998  # of the answers that come at all
_LONGEST = 10.0  # seconds that a webhook may wait
_STEP = 0.1


@dataclass(frozen=True, slots=True)
class Value:
    """A value that came, how often, and which item of the plan has a branch for it (a path), if any.

    `hint` says what it looks like: `openstaand` in other letters, JSON, nothing at all. `branch` is an item, as the
    plan file has it, that would have one.
    """

    text: str
    count: int
    handled_by: str | None
    hint: str = ""
    branch: dict[str, Any] | None = None


@dataclass(slots=True)
class Learned:
    """A webhook: its values by variable, how it was left, and which share answers within so many seconds."""

    path: str
    timeout: float
    exits: Counter[str] = field(default_factory=Counter[str])
    values: dict[str, list[Value]] = field(default_factory=dict[str, list[Value]])
    answered_within: float | None = None
    """The share that answers within the timeout. None where it was never asked."""
    advice: float | None = None
    """The shortest timeout that loses hardly an answer; None where another one would change nothing."""
    advised: float | None = None
    seen: float = 0.0
    """Seconds up to which anything is known: the longest that a call has waited for an answer."""

    def as_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "timeout": self.timeout,
            "exits": dict(self.exits),
            "answered_within_timeout": self.answered_within,
            "advice": None if self.advice is None else {"timeout": self.advice, "answered": self.advised},
            "known_up_to_s": round(self.seen, 3),
            "values": {
                name: [
                    {"text": one.text, "count": one.count, "handled_by": one.handled_by, "hint": one.hint or None}
                    | ({"branch": one.branch} if one.branch else {})
                    for one in values
                ]
                for name, values in self.values.items()
            },
        }


def learn(company: Company, records: Sequence[CallRecord]) -> list[Learned]:
    """What each webhook of a plan has answered in calls of the past, the most frequent value first."""
    apps = {spot.path: spot.app for top in tops(company) for spot in top.everything}
    return [_learn(company, path, app, apps, records) for path, app in apps.items() if app.app_name == "webhook"]


def _learn(
    company: Company, path: str, app: AppSettings, apps: dict[str, AppSettings], records: Iterable[CallRecord]
) -> Learned:
    found = Learned(path, float(getattr(app, "timeout", 2.0)))
    counts: dict[str, Counter[str]] = {name: Counter() for name, _ in app.sets()}
    waits: list[tuple[float, bool]] = []
    for record in records:
        past = Past(record)
        while step := past.webhook(app, path):
            past.use(step)
            found.exits[step.exit] += 1
            waits.append((step.duration_ms / 1000, step.exit in ("ok", "error")))
            for name, value in step.values.items():
                if name in counts:
                    counts[name][value] += 1
    for name, values in counts.items():
        questions = list(_questions(name, apps))
        found.values[name] = [
            _value(company, name, text, count, questions, list(values)) for text, count in values.most_common()
        ]
    if waits:
        _advise(found, waits)
    return found


def _questions(name: str, apps: dict[str, AppSettings]) -> Iterator[tuple[str, AppSettings]]:
    """The items that ask about a variable."""
    for path, app in apps.items():
        if app.app_name == "webhook":
            continue
        reads = {reading.variable for reading in app.reads()} | set(placeholders(str(getattr(app, "to", ""))))
        if name in reads:
            yield path, app


def _value(
    company: Company,
    name: str,
    text: str,
    count: int,
    questions: Sequence[tuple[str, AppSettings]],
    seen: Sequence[str],
) -> Value:
    handler = next((path for path, app in questions if _handles(company, name, app, text)), None)
    known = [word for _, app in questions for word in _words(name, app)]
    alike = next((word for word in known if word != text.strip() and word.casefold() == text.strip().casefold()), "")
    if alike:
        hint = f"“{alike}” in other letters"
    elif text.lstrip()[:1] in ("{", "["):
        hint = "JSON: take one value out of it with extract"
    elif text.lstrip()[:1] == "<":
        hint = "a web page, it seems"
    else:
        hint = "" if text.strip() else "nothing: “is set” says no"
    short = text.strip()
    branch: dict[str, Any] | None = None
    if handler is None and questions and short and len(short) <= 200 and hint[:4] not in ("JSON", "a we"):
        nothing: list[Any] = []  # for the author to fill in
        branch = {"condition": {"variable": name, "equals": short, "then": nothing}}
    return Value(text, count, handler, hint, branch)


def _handles(company: Company, name: str, app: AppSettings, text: str) -> bool:
    """Whether an item has a branch of its own for this value: more than that there is one."""
    tests: Sequence[tuple[str, Comparison]] = getattr(app, "tests", ())
    if tests:
        return any(
            test.variable == name and test.operators() != ["is_set"] and test.holds(text, company) is not test.invert
            for _, test in tests
        )
    if app.app_name == "switch":
        folded = bool(getattr(app, "ignore_case", False))
        form = str.casefold if folded else str
        return form(text.strip()) in {form(word) for word in _words(name, app)}
    if app.app_name == "connect":
        number = company.canonical(text)
        return company.destination(number) is not None or company.may_call(number)
    return False


def _words(name: str, app: AppSettings) -> list[str]:
    """The values that an item names."""
    if app.app_name == "switch":
        return [leave for leave in app.ways_out() if leave != "otherwise"]
    tests: Sequence[tuple[str, Comparison]] = getattr(app, "tests", ())
    return [
        word
        for _, test in tests
        if test.variable == name
        for word in (test.one_of or (() if test.equals is None else (test.equals,)))
    ]


def _advise(found: Learned, waits: Sequence[tuple[float, bool]]) -> None:
    """The share that answers in time, also of those that nobody waited for longer (Kaplan and Meier 1958)."""
    found.seen = max(seconds for seconds, _ in waits)

    def within(limit: float) -> float:
        still, share = len(waits), 1.0
        for seconds, answered in sorted(waits):
            if seconds > limit:
                break
            if answered:
                share *= 1 - 1 / still
            still -= 1
        return 1 - share

    found.answered_within = round(within(min(found.timeout, found.seen)), 4)
    best = within(found.seen)
    steps = [round(1 + _STEP * step, 1) for step in range(int((_LONGEST - 1) / _STEP) + 1)]
    enough = next((limit for limit in steps if limit <= found.seen + _STEP and within(limit) >= _ENOUGH * best), None)
    if enough is not None and abs(enough - found.timeout) >= _STEP:
        found.advice, found.advised = enough, round(within(enough), 4)
