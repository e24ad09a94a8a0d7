"""How the call that came differs from the one that was expected."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from belplan.dialplan.company import Company
from belplan.engine.cdr import Step as Walked
from belplan.engine.voicemail.boxes import Message
from belplan.scenarios.expect import Expectation, Messages, Numbers, Sent, Sounds, Steps
from belplan.scenarios.values import Step
from belplan.simulation import Asked, Observation


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that came out otherwise. `step` is where in the trace, from 0; None where that cannot be said."""

    what: str
    expected: str
    got: str
    step: int | None = None

    def __str__(self) -> str:
        return f"{self.what}: expected {self.expected}, got {self.got}"


def differences(company: Company, expected: Expectation, call: Observation) -> list[Difference]:
    """Everything in which a call differs from what was expected of it. The way comes first."""
    found = [*_way(expected.trace, call.record.trace)]
    given = expected.model_fields_set
    for name in ("outcome", "cause", "connected_to", "answered_by"):
        if name in given:
            wanted, got = getattr(expected, name), getattr(call.record, name)
            if name in ("connected_to", "answered_by"):
                wanted = None if wanted is None else company.canonical(wanted)
            if wanted != got:
                found.append(Difference(name, _shown(wanted), _shown(got)))
    found += _lists("heard", expected.heard, call.record.heard, str.__contains__)
    rang = [phone.number for phone in call.rang]
    found += _lists("rings", _canonical(company, expected.rings), rang, str.__eq__)
    found += _lists("mails", expected.mails, [str(letter) for letter in call.mails], str.__contains__)
    found += _phones_show(company, expected, call)
    for name, value in expected.variables.items():
        got = call.record.variables.get(name)
        if got != value:
            found.append(Difference(f"variables.{name}", _shown(value), _shown(got)))
    for name, sent in expected.webhooks.items():
        found += _requests(name, sent, [asked for asked in call.asked if name in (asked.variable, asked.path)])
    for box, messages in expected.messages.items():
        found += _box(box, messages, [message for message in call.messages if message.draft.box == box])
    return found + _times(expected, call)


def matches(step: Step, walked: Walked) -> bool:
    """Whether a step is the one that is meant: by its app, its path or the end of its path, and by its exit."""
    item, leave = step
    here = item in (walked.app, walked.path) or walked.path.endswith(f".{item}")
    return here and leave in (None, walked.exit)


def _way(expected: Steps, trace: Sequence[Walked]) -> Iterable[Difference]:
    if expected.exactly is not None:
        for index in range(max(len(expected.exactly), len(trace))):
            step = expected.exactly[index] if index < len(expected.exactly) else None
            walked = trace[index] if index < len(trace) else None
            if step is None or walked is None or not matches(step, walked):
                yield Difference(f"trace[{index}]", _step(step), _walked(walked), index)
                break
    rest = list(enumerate(trace))
    for index, step in enumerate(expected.includes):
        at = next((place for place, (_, walked) in enumerate(rest) if matches(step, walked)), None)
        if at is None:
            near = next((i for i, walked in rest if matches((step[0], None), walked)), None)
            got = _walked(trace[near]) if near is not None else "no such step"
            yield Difference(f"trace.includes[{index}]", _step(step), got, near)
            break
        del rest[: at + 1]
    for index, step in enumerate(expected.never):
        for place, walked in enumerate(trace):
            if matches(step, walked):
                yield Difference(f"trace.never[{index}]", f"never {_step(step)}", _walked(walked), place)
                break


def _lists(
    what: str, expected: Sounds | Numbers, got: Sequence[str], fits: Callable[[str, str], bool]
) -> Iterable[Difference]:
    if expected.exactly is not None and list(expected.exactly) != list(got):
        index = next(
            (i for i, pair in enumerate(zip(expected.exactly, got, strict=False)) if pair[0] != pair[1]),
            min(len(expected.exactly), len(got)),
        )
        wanted = expected.exactly[index] if index < len(expected.exactly) else None
        yield Difference(f"{what}[{index}]", _shown(wanted, "no more"), _shown(_at(got, index), "no more"))
    rest = list(got)
    for index, text in enumerate(expected.includes):
        at = next((i for i, one in enumerate(rest) if fits(one, text)), None)
        if at is None:
            yield Difference(f"{what}.includes[{index}]", _shown(text), _listed(got))
            break
        del rest[: at + 1]
    for index, text in enumerate(expected.never):
        if one := next((one for one in got if fits(one, text)), None):
            yield Difference(f"{what}.never[{index}]", f"never {_shown(text)}", _shown(one))


def _canonical(company: Company, expected: Numbers) -> Numbers:
    def each(numbers: Iterable[str]) -> tuple[str, ...]:
        return tuple(company.canonical(number) for number in numbers)

    return Numbers(
        exactly=None if expected.exactly is None else each(expected.exactly),
        includes=each(expected.includes),
        never=each(expected.never),
    )


def _phones_show(company: Company, expected: Expectation, call: Observation) -> Iterable[Difference]:
    for number, shows in expected.shows.items():
        phone = next((phone for phone in call.rang if phone.number == company.canonical(number)), None)
        for name in ("name", "number"):
            wanted = getattr(shows, name)
            got = getattr(phone.shown, name) if phone else None
            if wanted is not None and wanted != got:
                yield Difference(f"shows.{number}.{name}", _shown(wanted), _shown(got, "it did not ring"))


def _requests(name: str, expected: Sent, asked: Sequence[Asked]) -> Iterable[Difference]:
    if expected.count is not None and expected.count != len(asked):
        yield Difference(f"webhooks.{name}", f"{expected.count} sent", f"{len(asked)} sent")
    last = asked[-1].request if asked else None
    for field in ("method", "url"):
        wanted, got = getattr(expected, field), getattr(last, field, None)
        if wanted is not None and wanted != got:
            yield Difference(f"webhooks.{name}.{field}", _shown(wanted), _shown(got, "none sent"))
    body: dict[str, Any] = json.loads(last.body) if last and last.body else {}
    for field, value in expected.fields.items():
        got = cast("str | None", body.get(field))
        if got != value:
            yield Difference(f"webhooks.{name}.fields.{field}", _shown(value), _shown(got, "no such field"))


def _box(number: str, expected: Messages, there: Sequence[Message]) -> Iterable[Difference]:
    there = sorted(there, key=lambda message: message.draft.began)
    new = sum(not message.heard for message in there)
    seconds = tuple(round(message.seconds, 1) for message in there)
    for what, wanted, got in (("count", expected.count, len(there)), ("new", expected.new, new)):
        if wanted is not None and wanted != got:
            yield Difference(f"messages.{number}.{what}", str(wanted), str(got))
    if expected.seconds is not None and expected.seconds != seconds:
        yield Difference(
            f"messages.{number}.seconds", _listed(list(map(str, expected.seconds))), _listed(list(map(str, seconds)))
        )


def _times(expected: Expectation, call: Observation) -> list[Difference]:
    first_ring = call.rang[0].after if call.rang else None
    measured: tuple[tuple[str, float | None, float | None], ...] = (
        ("within.ring", expected.within.ring, first_ring),
        ("within.answer", expected.within.answer, call.answered_after),
        ("within.all", expected.within.all, call.lasted),
        ("silence", expected.silence, call.silence),
    )
    return [
        Difference(what, f"at most {limit:g} s", "never" if got is None else f"{got:.2f} s")
        for what, limit, got in measured
        if limit is not None and (got is None or got > limit + 1e-6)
    ]


def _step(step: Step | None) -> str:
    if step is None:
        return "the end of the call"
    return f"{step[0]} → {step[1]}" if step[1] is not None else step[0]


def _walked(step: Walked | None) -> str:
    return f"{step.app} → {step.exit}" if step else "the end of the call"


def _at(values: Sequence[str], index: int) -> str | None:
    return values[index] if index < len(values) else None


def _shown(value: Any, absent: str = "nothing") -> str:
    return absent if value is None else str(value) if isinstance(value, int) else f"“{value}”"


def _listed(values: Sequence[str]) -> str:
    return ", ".join(f"“{value}”" for value in values) or "nothing"
