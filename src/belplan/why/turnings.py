"""What else could have happened on the way of a call: what might have gone otherwise, and where that leads."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from belplan.dialplan.company import Company
from belplan.engine.cdr import CallRecord
from belplan.ladder import settings_at
from belplan.replay import again
from belplan.why.cause import Cause, Change, Place, came_to, changes, decision, leads_to
from belplan.why.sentence import LANGUAGES, holds, labelled, name_of, question, short
from belplan.why.sentence import WORDS as SENTENCES

MOST = 12

_NL: dict[str, str] = {
    "answer": "‘{webhook}’ antwoordt ‘{value}’",
    "no_answer": "‘{webhook}’ antwoordt niet",
    "key": "toets {value}",
    "time.true": "binnen ‘{name}’",
    "time.false": "buiten ‘{name}’",
    "diversion.true": "‘{name}’ staat aan",
    "diversion.false": "‘{name}’ staat uit",
    "switch": "‘{variable}’ is ‘{value}’",
    "switch.otherwise": "‘{variable}’ is iets anders",
    "ring": "{name} neemt niet op",
    "condition": "als {question}",
    "to.number": "{name}",
    "to.menu": "keuzemenu ‘{name}’",
    "to.voicemail": "voicemail",
    "to.queued": "wachtrij",
    "to.ended": "einde van het gesprek",
    "unasked": "{to}, als ‘{name}’ dan niets antwoordt",
}
_EN: dict[str, str] = {
    "answer": "“{webhook}” answers “{value}”",
    "no_answer": "“{webhook}” does not answer",
    "key": "key {value}",
    "time.true": "within “{name}”",
    "time.false": "outside “{name}”",
    "diversion.true": "“{name}” is on",
    "diversion.false": "“{name}” is off",
    "switch": "“{variable}” is “{value}”",
    "switch.otherwise": "“{variable}” is something else",
    "ring": "{name} does not answer",
    "condition": "if {question}",
    "to.number": "{name}",
    "to.menu": "menu “{name}”",
    "to.voicemail": "voicemail",
    "to.queued": "queue",
    "to.ended": "end of the call",
    "unasked": "{to}, if “{name}” answers nothing then",
}
WORDS: Mapping[str, Mapping[str, str]] = {"nl": _NL, "en": _EN}


@dataclass(frozen=True, slots=True)
class Turning:
    """Something that might have gone otherwise at a step: what, and where the call had come; in each language."""

    path: str
    what: dict[str, str]
    to: dict[str, str]


def turnings(company: Company, record: CallRecord) -> list[Turning]:
    """The turnings that a call did not take and that lead elsewhere, in the order of its way; at most `MOST`.

    Each is walked, not guessed: where a webhook comes that was not asked then, as if it gave nothing, and that is said.
    One where the past cannot say what would follow is left out. `company` is the version that the call walked. Needs no
    event loop.
    """
    found: list[Turning] = []
    here = came_to(record)
    for cause, change in _all(company, record):
        kind, value, instead = change
        try:
            walked, unasked = again(company, record, instead=instead), ""
            if walked.unknown and walked.unknown.subject == "webhook":
                unasked = walked.unknown.name
                walked = again(company, record, instead=instead, silent=True)
        except LookupError:
            continue
        came = leads_to(walked)
        if came is None or came == here or f"to.{came.kind}" not in _NL:
            continue
        found.append(
            Turning(
                instead.path,
                {language: _what(company, cause, kind, value, language) for language in LANGUAGES},
                {language: _to(company, came, unasked, language) for language in LANGUAGES},
            )
        )
        if len(found) == MOST:
            break
    return found


def _all(company: Company, record: CallRecord) -> Iterator[tuple[Cause, Change]]:
    for at, step in enumerate(record.trace):
        app = settings_at(company, step.path)
        cause = Cause("none")
        if step.app == "webhook" and app:
            cause = Cause("webhook", at, step, app)
        elif step.app == "menu" and app is None:
            cause = Cause("key", at, step)
        elif step.app in ("condition", "switch", "time", "diversion") and app:
            cause = decision(record.trace, at, app)
            if cause.webhook:  # its other answers are there with the webhook itself
                continue
        elif step.app in ("connect", "same_colleague") and step.detail.get("to"):
            cause = Cause("ring", at, step, app)
        for change in changes(company, record, cause):
            yield cause, change


def _what(company: Company, cause: Cause, kind: str, value: str, language: str) -> str:
    words, step, app = WORDS[language], cause.step, cause.app
    detail = step.detail if step else {}
    if kind in ("answer", "no_answer"):
        return words[kind].format(webhook=detail.get("variable") or "webhook", value=short(value))
    if kind == "key":
        return words["key"].format(value=labelled(company, cause, value))
    if cause.kind == "ring":
        return words["ring"].format(name=name_of(company, str(detail.get("to", ""))))
    if cause.kind == "switch":
        key = "switch.otherwise" if value == "otherwise" else "switch"
        return words[key].format(variable=detail.get("variable", ""), value=short(value))
    if app and cause.kind in ("time", "diversion"):
        return words[f"{cause.kind}.{holds(app, value)}"].format(name=app.refers()[0].name)
    return words["condition"].format(question=question(app, value == "true", SENTENCES[language])) if app else ""


def _to(company: Company, place: Place, unasked: str, language: str) -> str:
    words = WORDS[language]
    name = name_of(company, place.name) if place.kind == "number" else place.name
    to = words[f"to.{place.kind}"].format(name=name)
    return words["unasked"].format(to=to, name=unasked) if unasked else to
