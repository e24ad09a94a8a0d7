"""The sentence itself, in Dutch and in English: both put the same things in the same order."""

from collections.abc import Mapping
from typing import Any, cast

from belplan.dialplan import numbers
from belplan.dialplan.company import Company
from belplan.dialplan.comparison import Comparison
from belplan.dialplan.route import AppSettings
from belplan.why.cause import Cause, Explained, Otherwise, Place

LANGUAGES = ("nl", "en")

_NL: dict[str, str] = {
    "number": "Naar {name}",
    "last_resort": "Naar het vangnet, {name}",
    "answered_by": " ({name} nam op)",
    "voicemail": "Naar de voicemail",
    "queued": "In de wachtrij",
    "hung_up": "Opgehangen door het belplan",
    "nobody": "Niemand bereikt",
    "abandoned": "De beller hing op",
    "abandoned.connect": "De beller hing op terwijl de telefoon bij {name} overging",
    "abandoned.menu": "De beller hing op in het keuzemenu",
    "abandoned.announce": "De beller hing op tijdens de meldtekst",
    "abandoned.queue": "De beller hing op in de wachtrij",
    "abandoned.voicemail": "De beller hing op bij de voicemail",
    "because": ", omdat {because}",
    "none": ": zo staat het in {plan}",
    "directly": ": dat nummer werd gebeld",
    "webhook.timeout": "de webhook ‘{webhook}’ na {seconds} s niet antwoordde",
    "webhook.error": "de webhook ‘{webhook}’ geen bruikbaar antwoord gaf ({reason})",
    "answered": "de webhook ‘{webhook}’ ‘{value}’ antwoordde",
    "unset": "‘{variable}’ niet gezet was",
    "set": "‘{variable}’ ‘{value}’ was",
    "asked.true": "{question}",
    "asked.false": "niet gold: {question}",
    "asked.several.true": "de voorwaarde gold",
    "asked.several.false": "de voorwaarde niet gold",
    "time.true": "het binnen ‘{name}’ was",
    "time.false": "het buiten ‘{name}’ was",
    "diversion.true": "de omleiding ‘{name}’ aan stond",
    "diversion.false": "de omleiding ‘{name}’ uit stond",
    "key": "de beller toets {key} koos",
    "no_input": "de beller niets koos",
    "ring.busy": "{name} in gesprek was",
    "ring.no_answer": "{name} niet opnam",
    "ring.failed": "{name} niet te bereiken was",
    "exit": "de stap ‘{app}’ zo eindigde: {exit}",
    "otherwise": "; {circumstance} {came_to}",
    "if.answer": "met het antwoord ‘{value}’",
    "if.no_answer": "zonder antwoord",
    "if.key": "met toets {value}",
    "if.exit": "anders",
    "if.time.true": "binnen ‘{name}’",
    "if.time.false": "buiten ‘{name}’",
    "if.diversion.true": "met die omleiding aan",
    "if.diversion.false": "met die omleiding uit",
    "if.switch": "bij ‘{value}’",
    "had.number": "was het {name} geweest",
    "had.menu": "volgde het keuzemenu ‘{name}’",
    "had.voicemail": "was het de voicemail geweest",
    "had.queued": "was het de wachtrij geweest",
    "had.ended": "was het gesprek beëindigd",
    "caller_number": "het nummer van de beller",
    "is_set.true": "{what} bekend was",
    "is_set.false": "{what} niet bekend was",
    "anonymous.true": "{what} verborgen was",
    "anonymous.false": "{what} niet verborgen was",
    "internal.true": "de beller van binnen kwam",
    "internal.false": "de beller van buiten kwam",
    "mobile.true": "{what} mobiel was",
    "mobile.false": "{what} niet mobiel was",
    "equals": "{what} gelijk was aan ‘{value}’",
    "one_of": "{what} een van ‘{value}’ was",
    "starts_with": "{what} begon met ‘{value}’",
    "ends_with": "{what} eindigde op ‘{value}’",
    "contains": "in {what} ‘{value}’ stond",
    "matches": "{what} paste op ‘{value}’",
    "less_than": "{what} minder was dan {value}",
    "at_most": "{what} hooguit {value} was",
    "more_than": "{what} meer was dan {value}",
    "at_least": "{what} minstens {value} was",
    "between": "{what} tussen {value} lag",
    "country": "{what} uit {value} was",
    "and": " en ",
    "comma": ",",
    "list": ", ",
}

_EN: dict[str, str] = {
    "number": "To {name}",
    "last_resort": "To the safety net, {name}",
    "answered_by": " ({name} answered)",
    "voicemail": "To voicemail",
    "queued": "Into the queue",
    "hung_up": "Hung up by the dial plan",
    "nobody": "Nobody was reached",
    "abandoned": "The caller hung up",
    "abandoned.connect": "The caller hung up while {name} was ringing",
    "abandoned.menu": "The caller hung up in the menu",
    "abandoned.announce": "The caller hung up during the announcement",
    "abandoned.queue": "The caller hung up in the queue",
    "abandoned.voicemail": "The caller hung up at the voicemail",
    "because": ", because {because}",
    "none": ": that is how {plan} goes",
    "directly": ": that number was called",
    "webhook.timeout": "the webhook “{webhook}” had not answered after {seconds} s",
    "webhook.error": "the webhook “{webhook}” gave no answer that counts ({reason})",
    "answered": "the webhook “{webhook}” answered “{value}”",
    "unset": "“{variable}” was not set",
    "set": "“{variable}” was “{value}”",
    "asked.true": "{question}",
    "asked.false": "it did not hold that {question}",
    "asked.several.true": "the condition held",
    "asked.several.false": "the condition did not hold",
    "time.true": "it was within “{name}”",
    "time.false": "it was outside “{name}”",
    "diversion.true": "the diversion “{name}” was on",
    "diversion.false": "the diversion “{name}” was off",
    "key": "the caller chose key {key}",
    "no_input": "the caller chose nothing",
    "ring.busy": "{name} was busy",
    "ring.no_answer": "{name} did not answer",
    "ring.failed": "{name} could not be reached",
    "exit": "the step “{app}” ended so: {exit}",
    "otherwise": "; {circumstance} {came_to}",
    "if.answer": "with the answer “{value}”",
    "if.no_answer": "without an answer",
    "if.key": "with key {value}",
    "if.exit": "otherwise",
    "if.time.true": "within “{name}”",
    "if.time.false": "outside “{name}”",
    "if.diversion.true": "with that diversion on",
    "if.diversion.false": "with that diversion off",
    "if.switch": "for “{value}”",
    "had.number": "it would have been {name}",
    "had.menu": "the menu “{name}” would have followed",
    "had.voicemail": "it would have been voicemail",
    "had.queued": "it would have been the queue",
    "had.ended": "the call would have ended",
    "caller_number": "the caller's number",
    "is_set.true": "{what} was known",
    "is_set.false": "{what} was not known",
    "anonymous.true": "{what} was withheld",
    "anonymous.false": "{what} was not withheld",
    "internal.true": "the caller was a colleague",
    "internal.false": "the caller was no colleague",
    "mobile.true": "{what} was a mobile one",
    "mobile.false": "{what} was not a mobile one",
    "equals": "{what} was “{value}”",
    "one_of": "{what} was one of “{value}”",
    "starts_with": "{what} began with “{value}”",
    "ends_with": "{what} ended with “{value}”",
    "contains": "{what} had “{value}” in it",
    "matches": "{what} matched “{value}”",
    "less_than": "{what} was less than {value}",
    "at_most": "{what} was at most {value}",
    "more_than": "{what} was more than {value}",
    "at_least": "{what} was at least {value}",
    "between": "{what} was between {value}",
    "country": "{what} was of {value}",
    "and": " and ",
    "comma": ".",
    "list": ", ",
}

WORDS: Mapping[str, Mapping[str, str]] = {"nl": _NL, "en": _EN}
LONGEST_VALUE = 40  # characters of an answer in a sentence


def sentence(company: Company, found: Explained, language: str) -> str:
    """Where a call went, why, and what had been otherwise."""
    words = WORDS[language]
    said = _opening(company, found, words)
    if found.cause.kind == "none" and found.record.outcome == "abandoned":
        return said + "."
    if found.cause.kind == "none":
        plan = found.record.dial_plan
        said += words["none"].format(plan=plan) if plan else words["directly"]
    else:
        said += words["because"].format(because=_because(company, found.cause, words))
    if (otherwise := found.otherwise) and f"had.{otherwise.place.kind}" in words:
        circumstance = _circumstance(company, found.cause, otherwise, words)
        said += words["otherwise"].format(circumstance=circumstance, came_to=_had(company, otherwise.place, words))
    return said + "."


def _opening(company: Company, found: Explained, words: Mapping[str, str]) -> str:
    record, final = found.record, found.final
    if found.place.kind == "number":
        number, by = record.connected_to or "", record.answered_by
        word = "last_resort" if final and final.path == "company.last_resort" else "number"
        who = words["answered_by"].format(name=name_of(company, by)) if by and by != number else ""
        return words[word].format(name=name_of(company, number)) + who
    if record.outcome == "abandoned":
        app = final.app if final else ""
        name = name_of(company, str(final.detail.get("to", ""))) if final else ""
        return words.get(f"abandoned.{app}", words["abandoned"]).format(name=name)
    if record.outcome == "ended":
        return words["hung_up" if final and final.app == "hangup" else "nobody"]
    return words.get(record.outcome, words["nobody"])


def _because(company: Company, cause: Cause, words: Mapping[str, str]) -> str:
    step, app = cause.step, cause.app
    if step is None:
        return ""
    match cause.kind:
        case "webhook":
            name = step.detail.get("variable") or step.path
            seconds = f"{step.duration_ms / 1000:.1f}".replace(".", words["comma"])
            reason = f"status {status}" if (status := step.detail.get("status")) else step.detail.get("reason", "")
            return words[f"webhook.{'timeout' if step.exit == 'timeout' else 'error'}"].format(
                webhook=name, seconds=seconds, reason=reason
            )
        case "condition" | "switch" if cause.webhook and cause.value is not None:
            name = cause.webhook.detail.get("variable") or cause.webhook.path
            return words["answered"].format(webhook=name, value=short(cause.value))
        case "condition" if app:
            return question(app, step.exit == "true", words)
        case "switch":
            name = step.detail.get("variable", "")
            return words["unset" if cause.value is None else "set"].format(variable=name, value=short(cause.value))
        case "time" | "diversion" if app:
            return words[f"{cause.kind}.{holds(app, step.exit)}"].format(name=app.refers()[0].name)
        case "key":
            if step.exit in ("no_input", "abandoned"):
                return words["no_input"]
            return words["key"].format(key=labelled(company, cause, step.exit))
        case "ring":
            return words[f"ring.{step.exit}"].format(name=name_of(company, str(step.detail.get("to", ""))))
        case _:
            return words["exit"].format(app=step.app, exit=step.exit)


def question(app: AppSettings, held: bool, words: Mapping[str, str]) -> str:
    """What a condition asked, as a thing that was so or not."""
    tests: Any = getattr(app, "tests", ())
    if len(tests) != 1:
        return words[f"asked.several.{'true' if held else 'false'}"]
    test: Comparison = tests[0][1]
    operator = test.operator
    value: Any = getattr(test, operator)
    what = words["caller_number"] if test.variable == "caller_number" else f"‘{test.variable}’"
    if isinstance(value, bool):
        so = (value is held) is not test.invert
        return words[f"{operator}.{'true' if so else 'false'}"].format(what=what)
    several = cast("tuple[str, ...]", value if isinstance(value, tuple) else (value,))
    written = words["and" if operator == "between" else "list"].join(several)
    asked = words[operator].format(what=what, value=short(written))
    return words[f"asked.{'true' if held is not test.invert else 'false'}"].format(question=asked)


def _circumstance(company: Company, cause: Cause, otherwise: Otherwise, words: Mapping[str, str]) -> str:
    if otherwise.kind == "key":
        return words["if.key"].format(value=labelled(company, cause, otherwise.value))
    if otherwise.kind == "exit" and cause.app and cause.kind in ("time", "diversion"):
        name = cause.app.refers()[0].name
        return words[f"if.{cause.kind}.{holds(cause.app, otherwise.value)}"].format(name=name)
    if otherwise.kind == "exit" and cause.kind == "switch" and otherwise.value != "otherwise":
        return words["if.switch"].format(value=short(otherwise.value))
    return words[f"if.{otherwise.kind}"].format(value=short(otherwise.value))


def holds(app: AppSettings, leave: str) -> str:
    """Whether a time or a diversion held, where its item was left so: as the word in a key of the table."""
    return "true" if (leave == "true") is not getattr(app, "invert", False) else "false"


def _had(company: Company, place: Place, words: Mapping[str, str]) -> str:
    name = name_of(company, place.name) if place.kind == "number" else place.name
    return words[f"had.{place.kind}"].format(name=name)


def labelled(company: Company, cause: Cause, key: str) -> str:
    """A key with its label: `1 (Verkoop)`."""
    detail = cause.step.detail if cause.step else {}
    menu = company.menus.get(str(detail.get("menu")))
    context = menu.contexts.get(str(detail.get("context"))) if menu else None
    label = context.keys[key].label if context and key in context.keys else ""
    return f"{key} ({label})" if label else key


def name_of(company: Company, number: str) -> str:
    """What a number is called in the company; an outside number as it is spoken."""
    destination = company.destination(number)
    return destination.name if destination else numbers.spoken_form(number, company.settings.country)


def short(value: str | None) -> str:
    """A value as it fits into a sentence."""
    text = " ".join((value or "").split())
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
