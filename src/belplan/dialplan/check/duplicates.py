"""Two things that have one number or one name."""

from collections.abc import Iterable, Iterator

from belplan.dialplan import source
from belplan.dialplan.check.findings import Findings
from belplan.dialplan.numbers import is_anonymous, is_dialable
from belplan.dialplan.places import Keys
from belplan.dialplan.problem import Severity, join

Claim = tuple[str, Keys, str]  # a number or name, where it is given, and what it is given to

# Sections whose entries have an internal number, with the field that holds it.
NUMBERED = {
    "users": "number",
    "ring_groups": "number",
    "queues": "number",
    "voicemail_boxes": "number",
    "dial_plans": "internal_number",
}
KINDS = {
    "users": "user",
    "ring_groups": "ring group",
    "queues": "queue",
    "voicemail_boxes": "voicemail box",
    "dial_plans": "dial plan",
    "ivr_menus": "menu",
    "time_conditions": "time condition",
    "diversions": "diversion",
    "trunks": "trunk",
}


def check_duplicates(findings: Findings) -> None:
    """Internal and outside numbers, SIP accounts and codes are given once; so are names that something refers to."""
    internal = list(_internal(findings))
    message = "{word} is the number of {first} already (line {line}); give each its own"
    _once(findings, internal, "duplicate-number", message)
    _outside(findings, {number for number, _, _ in internal})
    message = "the SIP account {word} is a phone of {first} already (line {line}); give each phone its own"
    _once(findings, _accounts(findings), "duplicate-number", message)
    message = "{word} is the code of {first} already (line {line}); give each its own"
    _once(findings, _fields(findings, "diversions", "code"), "duplicate-number", message)
    for section in ("dial_plans", "ivr_menus", "time_conditions", "diversions", "trunks"):
        message = f'there is a {KINDS[section]} "{{word}}" already (line {{line}}); names are how they are referred to'
        _once(findings, _fields(findings, section, "name"), "duplicate-name", message)
    message = "{first} has this id already (line {line}); give each its own, or leave it out"
    _once(findings, _fields(findings, "dial_plans", "id"), "duplicate-name", message)
    _phone_book(findings)


def _once(findings: Findings, claims: Iterable[Claim], code: str, message: str, severity: Severity = "error") -> None:
    first: dict[str, tuple[Keys, str]] = {}
    for word, keys, owner in sorted(claims, key=lambda claim: source.place(findings.loaded.raw, claim[1])):
        if word in first:
            at, first_owner = first[word]
            line = source.place(findings.loaded.raw, at)[0]
            said = message if line else message.replace("(line {line})", "({path})")
            findings.say(keys, code, said.format(word=word, first=first_owner, line=line, path=join(*at)), severity)
        else:
            first[word] = keys, owner


def _fields(findings: Findings, section: str, field: str) -> Iterator[Claim]:
    for index, entry in enumerate(getattr(findings.company, section)):
        keys = findings.entry(section, index)
        if findings.has(keys, field) and (word := getattr(entry, field)):
            yield word, (*keys, field), f'{KINDS[section]} "{entry.name}"'


def _internal(findings: Findings) -> Iterator[Claim]:
    for section, field in NUMBERED.items():
        yield from _fields(findings, section, field)


def _outside(findings: Findings, internal: set[str]) -> None:
    """Outside numbers are compared in their one form, whatever notation each is written in."""
    company = findings.company
    claims: list[Claim] = []
    for index, plan in enumerate(company.dial_plans):
        for at, number in enumerate(plan.external_numbers):
            keys = (*findings.entry("dial_plans", index), "external_numbers", at)
            claims.append((_one_form(findings, number, keys), keys, f'dial plan "{plan.name}"'))
    for number, keys, _ in claims:
        if number in internal:
            findings.say(
                keys, "duplicate-number", f"{number} is an internal number already; write the outside one in full"
            )
    message = "{word} is an outside number of {first} already (line {line}); a call can enter one dial plan only"
    _once(findings, claims, "duplicate-number", message)
    for index, trunk in enumerate(company.trunks):
        for at, number in enumerate(trunk.numbers):
            _one_form(findings, number, (*findings.entry("trunks", index), "numbers", at))


def _one_form(findings: Findings, number: str, keys: Keys) -> str:
    canonical = findings.company.canonical(number)
    if is_anonymous(number) or not is_dialable(canonical):
        findings.say(keys, "invalid-value", f'"{number}" is no telephone number; write 31102380095 or 010 238 00 95')
    return canonical


def _accounts(findings: Findings) -> Iterator[Claim]:
    for index, user in enumerate(findings.company.users):
        for at, phone in enumerate(user.phones):
            yield phone.username, (*findings.entry("users", index), "phones", at, "username"), f'user "{user.name}"'


def _phone_book(findings: Findings) -> None:
    claims: list[Claim] = []
    for index, entry in enumerate(findings.company.phone_book):
        keys = (*findings.entry("phone_book", index), "number")
        claims.append((_one_form(findings, entry.number, keys), keys, f'"{entry.name}"'))
    message = "{word} is in the phone book as {first} already (line {line}); the last one counts"
    _once(findings, claims, "duplicate-number", message, "warning")
