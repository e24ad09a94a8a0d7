"""Why a call went the way it did, in a few sentences that people read, in Dutch and English."""

from collections.abc import Callable

from belplan.dialplan.company import Company
from belplan.engine.cdr import CallRecord, Step

Words = tuple[str, str]  # Dutch, English


def why(company: Company, record: CallRecord) -> dict[str, str]:
    """`{"nl": …, "en": …}`: what was decided on the way, and how the call ended."""
    said = [*(words for step in record.trace if (words := _step(record, step))), _ending(company, record)]
    return {"nl": " ".join(dutch for dutch, _ in said), "en": " ".join(english for _, english in said)}


def _step(record: CallRecord, step: Step) -> Words | None:
    return _STEPS[step.app](record, step) if step.app in _STEPS else None


def _webhook(record: CallRecord, step: Step) -> Words:
    if step.exit == "timeout":
        return "De webhook antwoordde niet op tijd.", "The webhook did not answer in time."
    if step.exit == "error":
        reason = step.detail.get("reason", "?")
        return f"De webhook mislukte ({reason}).", f"The webhook failed ({reason})."
    values = ", ".join(f"{name} = “{value}”" for name, value in record.variables.items() if "." not in name)
    return (
        f"De webhook antwoordde{f': {values}' if values else ''}.",
        f"The webhook answered{f': {values}' if values else ''}.",
    )


def _decision(dutch: str, english: str) -> Callable[[CallRecord, Step], Words]:
    def say(record: CallRecord, step: Step) -> Words:
        if step.exit in ("true", "false"):
            held = step.exit == "true"
            return (
                f"{dutch} {'gold' if held else 'gold niet'} ({step.path}).",
                f"{english} {'held' if held else 'did not hold'} ({step.path}).",
            )
        return f"{dutch}: {step.exit} ({step.path}).", f"{english}: {step.exit} ({step.path})."

    return say


def _connect(record: CallRecord, step: Step) -> Words | None:
    to = step.detail.get("to") or step.detail.get("number") or ""
    missed: dict[str, Words] = {
        "busy": (f"{to} was in gesprek.", f"{to} was busy."),
        "no_answer": (f"{to} nam niet op.", f"{to} did not answer."),
        "failed": (f"{to} kon niet gebeld worden.", f"{to} could not be rung."),
    }
    return missed.get(step.exit)


_STEPS: dict[str, Callable[[CallRecord, Step], Words | None]] = {
    "webhook": _webhook,
    "condition": _decision("De voorwaarde", "The condition"),
    "switch": _decision("De keuze", "The switch"),
    "time": _decision("De tijdsconditie", "The time condition"),
    "diversion": _decision("De omleiding", "The diversion"),
    "connect": _connect,
}


def _ending(company: Company, record: CallRecord) -> Words:
    whom = _named(company, record.answered_by or record.connected_to or "")
    through = ""
    if record.connected_to and record.connected_to != record.answered_by:
        through = f" ({_named(company, record.connected_to)})"
    match record.outcome:
        case "connected":
            return f"{whom} nam op{through}.", f"{whom} answered{through}."
        case "voicemail":
            return "De beller kreeg de voicemail.", "The caller got voicemail."
        case "queued":
            return "De beller kwam in de wachtrij.", "The caller joined the queue."
        case "abandoned":
            return "De beller hing op.", "The caller hung up."
        case _:
            return (
                f"Het belplan eindigde zonder gesprek (oorzaak {record.cause}).",
                f"The dial plan ended without a conversation (cause {record.cause}).",
            )


def _named(company: Company, number: str) -> str:
    found = company.destination(number) if number else None
    return f"{found.name} ({number})" if found else number
