"""Variables that are set twice, or read where they cannot be set."""

from collections.abc import Mapping, Sequence

from belplan.dialplan.check.findings import Findings
from belplan.dialplan.fields import CALL_DATA, placeholders
from belplan.dialplan.places import Keys, Spot, Top
from belplan.dialplan.route import Reading
from belplan.dialplan.scope import Scopes, lexical

_ATTRIBUTES = ("status", "reason", "ms")  # of the webhook that sets a variable: `klant.status`


def check_variables(findings: Findings, everything: Sequence[Top]) -> None:
    """Each variable is set by one item of its dial plan or menu, and read only where that may have happened."""
    setters = _check_unique(findings, everything)
    scopes = Scopes(findings.company, everything)
    for top in everything:
        perhaps = scopes.perhaps(top)
        for _, spot, seen in lexical(top, scopes.above(top)):
            for reading in spot.app.reads() if spot else ():
                name, dot, attribute = reading.variable.partition(".")
                if reading.variable in CALL_DATA or (name in seen and (not dot or attribute in _ATTRIBUTES)):
                    continue
                if spot and not findings.lost(name):
                    _say_unread(findings, top, spot, reading, seen, perhaps, setters)
    _check_prompts(findings, setters)


Setters = Mapping[str, Sequence[tuple[Top, Spot]]]


def _check_unique(findings: Findings, everything: Sequence[Top]) -> Setters:
    """Where each variable is set. In one dial plan, or in one menu with all its contexts, that is one place."""
    setters: dict[str, list[tuple[Top, Spot]]] = {}
    first: dict[tuple[bool, int, str], tuple[Spot, str]] = {}
    for top in everything:
        for spot in top.everything:
            for name, setting in spot.sets:
                if top.kind == "user":
                    continue
                setters.setdefault(name, []).append((top, spot))
                if spot.app.overwrites:
                    continue
                other, _ = here = first.setdefault((top.in_menu, top.owner, name), (spot, setting))
                if here != (spot, setting):
                    where = "menu" if top.in_menu else "dial plan"
                    message = f'"{name}" is set already in this {where}, at {other.path}; choose another name'
                    findings.say_of(spot, setting, "duplicate-variable", message)
    return setters


def _say_unread(
    findings: Findings,
    top: Top,
    spot: Spot,
    reading: Reading,
    seen: Mapping[str, str],
    perhaps: frozenset[str],
    setters: Setters,
) -> None:
    name, dot, attribute = reading.variable.partition(".")
    known = [*seen, *perhaps, *CALL_DATA]
    if dot and attribute not in _ATTRIBUTES and name in known:
        message = f'"{name}" has no "{attribute}"; there are {name}.status, {name}.reason and {name}.ms'
        findings.say_of(spot, reading.field, "unknown-variable", message)
    elif name in perhaps:
        message = f'"{name}" may be unset here: {_set_by(findings, setters[name])}; a call can come here without'
        findings.say_of(spot, reading.field, "maybe-unset", message, "warning")
    elif top.kind == "user":
        message = f'"{reading.variable}": a personal route reads only the call data, such as caller_number'
        findings.say_of(spot, reading.field, "unknown-variable", message + findings.nearest(name, CALL_DATA))
    elif name in setters:
        message = f'"{name}" cannot be set here: {_set_by(findings, setters[name])}, {_why_not(top, setters[name])}'
        findings.say_of(spot, reading.field, "unknown-variable", message)
    else:
        message = f'no webhook above sets "{name}"{findings.nearest(name, known)}'
        findings.say_of(spot, reading.field, "unknown-variable", message)


def _set_by(findings: Findings, setters: Sequence[tuple[Top, Spot]]) -> str:
    top, spot = setters[0]
    if top.in_menu:
        return f'it is set at {spot.path} in menu "{findings.company.ivr_menus[top.owner].name}"'
    return f'it is set at {spot.path} in dial plan "{findings.company.dial_plans[top.owner].name}"'


def _why_not(top: Top, setters: Sequence[tuple[Top, Spot]]) -> str:
    if any((other.in_menu, other.owner) == (top.in_menu, top.owner) for other, _ in setters):
        return "which does not stand above this item; move one of them"
    if any(other.in_menu for other, _ in setters):
        return "whose variables end with the menu"
    if top.in_menu:
        return "from where no call comes here with it"
    return "and each dial plan has its own variables"


def _check_prompts(findings: Findings, setters: Setters) -> None:
    """What queues and voicemail boxes say may hold variables too; any call may come there, with any of them or none."""
    for section, fields in (("queues", ("greeting", "announcement")), ("voicemail_boxes", ("greeting",))):
        for index, entry in enumerate(getattr(findings.company, section)):
            for field in fields:
                prompt = getattr(entry, field)
                keys: Keys = (*findings.entry(section, index), field, "say")
                for variable in placeholders(prompt.say or "") if prompt else ():
                    name = variable.partition(".")[0]
                    if variable in CALL_DATA or findings.lost(name):
                        continue
                    if name in setters:
                        message = f'"{name}" may be unset here: {_set_by(findings, setters[name])}'
                        findings.say(keys, "maybe-unset", message, "warning")
                    else:
                        hint = findings.nearest(name, [*setters, *CALL_DATA])
                        findings.say(keys, "unknown-variable", f'no webhook sets "{name}"{hint}')
