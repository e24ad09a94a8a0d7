"""docs/plan.md: every section and setting of a plan file, written from the models (`make docs`)."""

from typing import Any

from belplan.dialplan import company as models
from belplan.dialplan.rules import Rule
from belplan.reference import settings

# Section of the file, its model, and how it stands there.
SECTIONS: tuple[tuple[str, type[Any], str], ...] = (
    ("company", models.CompanySettings, "one mapping"),
    ("company.outside_calls", models.OutsideCalls, "one mapping"),
    ("trunks", models.Trunk, "a list"),
    ("users", models.User, "a list"),
    ("users[].phones", models.Phone, "a list"),
    ("ring_groups", models.RingGroup, "a list"),
    ("queues", models.Queue, "a list"),
    ("queues[].agents", models.Agent, "a list"),
    ("voicemail_boxes", models.VoicemailBox, "a list"),
    ("time_conditions", models.TimeCondition, "a list"),
    ("time_conditions[].weekdays", models.Weekdays, "a list"),
    ("time_conditions[].dates", models.SpecialDate, "a list"),
    ("time_conditions[].periods", models.Period, "a list"),
    ("diversions", models.Diversion, "a list"),
    ("phone_book", models.PhoneBookEntry, "a list"),
    ("ivr_menus", models.IvrMenu, "a list"),
    ("ivr_menus[].contexts", models.Context, "a mapping of names"),
    ("ivr_menus[].contexts[].keys", models.Key, "a mapping of keys; a route alone will do"),
    ("dial_plans", models.DialPlan, "a list"),
    ("rules", Rule, "a list"),
)

# What a model leaves unsaid because its name says it; pages cannot.
MEANINGS = {
    "name": "How people call it.",
    "number": "Internal number, 1 to 6 digits; one for each thing in the company.",
    "company.timezone": "By whose clock times are told.",
    "trunks.name": "Letters, digits, - and _.",
    "trunks.port": "Port of the provider.",
    "trunks.transport": "How SIP goes there.",
    "trunks.username": "Account at the provider.",
    "trunks.password": "`secret:NAME` keeps it out of the file.",
    "users.email": "Where mail for this user goes.",
    "users.phones": "Telephones: all of them ring.",
    "users[].phones.username": "SIP account.",
    "users[].phones.password": "`secret:NAME` keeps it out of the file.",
    "ring_groups.members": "Numbers of users.",
    "ring_groups.strategy": "Who rings, and in which order.",
    "queues.agents": "Who takes calls.",
    "queues.strategy": "Which agents ring, and in which order.",
    "queues.max_waiting": "Callers; one more leaves by `full`.",
    "queues.max_wait": "Seconds; then the caller leaves by `timeout`.",
    "queues.greeting": "Heard first.",
    "queues.announcement": "Heard between the music.",
    "queues[].agents.level": "Level 1 is tried first.",
    "voicemail_boxes.email": "Where messages are sent.",
    "voicemail_boxes.greeting": "Heard before the tone.",
    "voicemail_boxes.max_length": "Seconds of a message.",
    "voicemail_boxes.keep_days": "Days that messages are kept.",
    "time_conditions.weekdays": "Hours of the week.",
    "time_conditions.dates": "Days of their own.",
    "time_conditions.periods": "From one date to another.",
    "time_conditions[].weekdays.days": "Days of the week.",
    "from": "First moment, as 08:30.",
    "to": "First moment after, as 17:00.",
    "time_conditions[].dates.on": "MM-DD is every year, YYYY-MM-DD one.",
    "time_conditions[].periods.from": "First day, YYYY-MM-DD.",
    "time_conditions[].periods.to": "Last day, included.",
    "diversions.code": "What a phone dials after the plan's number and a star: `1003*1`.",
    "diversions.group": "At most one of a group is on.",
    "phone_book.number": "In any notation.",
    "ivr_menus.contexts": "States of the menu, such as one per language.",
    "ivr_menus[].contexts.start": "Walked first; a key cuts it short.",
    "ivr_menus[].contexts.keys": "0 to 9, * and #.",
    "ivr_menus[].contexts.invalid": "Walked after a key that leads nowhere.",
    "ivr_menus[].contexts.no_input": "Walked when no key is pressed.",
    "ivr_menus[].contexts[].keys.label": "What it is for, on the page.",
    "ivr_menus[].contexts[].keys.route": "Walked for that key.",
    "dial_plans.id": "32 hexadecimal digits; made from the name, when absent.",
    "dial_plans.internal_number": "How phones reach it.",
    "dial_plans.external_numbers": "How the outside reaches it, in any notation.",
    "dial_plans.route": "What a call walks: [apps](apps.md).",
}

_HEAD = """# The plan file

One YAML or JSON file describes one company. `belplan check` says everything that is wrong with it, each mistake with
its path. `secret:NAME` stands for a value outside of the file: `BELPLAN_SECRET_NAME`. What stands in a route is on the
page of [apps](apps.md). This page is written from the code (`make docs`).
"""


def meaning(section: str, name: str, said: str) -> str:
    """What a setting is for: what its model says, else what this file does; "" where neither does."""
    return said or MEANINGS.get(f"{section}.{name}") or MEANINGS.get(name, "")


def plan_file() -> str:
    """The page."""
    parts = [_HEAD]
    for section, model, how in SECTIONS:
        rows = [
            f"| `{name}` | {_cell(kind)} | {_cell(usual)} | {_cell(meaning(section, name, said))} |"
            for name, kind, usual, said in settings(model)
            if not _hidden(model, name)
        ]
        head = ["| Setting | Value | When absent | Meaning |", "|---|---|---|---|"]
        parts += [f"## `{section}`", f"{(model.__doc__ or '').strip()} It is {how}.", "\n".join([*head, *rows])]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _hidden(model: type[Any], name: str) -> bool:
    field = model.model_fields.get(name)
    return bool(field and field.exclude)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
