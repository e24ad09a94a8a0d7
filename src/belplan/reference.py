"""The reference of the apps, written from the apps themselves: `python -m belplan.reference > docs/apps.md`."""

import json
import re
from collections.abc import Iterator, Mapping
from inspect import getdoc
from typing import Any, cast

from belplan.apps import APPS, FEATURES
from belplan.dialplan.route import AppSettings, route_fields, route_mappings

_HEAD = """# Apps

What can stand in a route. A call walks a route from top to bottom; each app is left by one of its exits. Where a
route hangs on that exit it is walked first, and then the call goes on below the app, unless it has ended.
This page is written from the code (`make docs`).

In texts, numbers and URLs `{name}` stands for a variable or for one of the call data: `com_id`, `dp_id`,
`dp_in_number`, `dp_ex_number`, `callee_number`, `caller_number`, `uuid`, `phonebook_caller_name`, `event_time`,
`call_start_time`, `rta_call_id`, `sip_call_id`.
"""

_MOST_NAMED = 6  # fields of a setting that its row names; beyond, the setting's meaning says what they are

_FEATURES = """## From a phone

What only the company's own phones can do. It stands in no route; traces name it.
"""


def reference(
    apps: Mapping[str, type[AppSettings]] = APPS, features: Mapping[str, type[AppSettings]] = FEATURES
) -> str:
    """The page, as Markdown."""
    table = ["| App | |", "|---|---|"]
    table += [f"| [`{name}`](#{name}) | {_cell(_summary(app))} |" for name, app in apps.items()]
    parts = [_HEAD, "\n".join(table) + "\n"]
    parts += [_page(name, app) for name, app in apps.items()]
    parts.append(_FEATURES)
    parts.append("\n".join(f"- `{name}`: {_summary(app)}" for name, app in features.items()) + "\n")
    return "\n".join(parts)


def settings(app: type[AppSettings]) -> Iterator[tuple[str, str, str, str]]:
    """Each setting of an app: its name in the file, what may stand there, its value when absent, and its meaning."""
    schema = app.model_json_schema(by_alias=True)
    definitions: dict[str, Any] = schema.get("$defs", {})
    required: list[str] = schema.get("required", [])
    routes, mappings = route_fields(app), route_mappings(app)
    for name, field in cast("dict[str, dict[str, Any]]", schema["properties"]).items():
        kind = "route" if name in routes else "routes by name" if name in mappings else _kind(field, definitions)
        usual = "required" if name in required else _value(field.get("default"), name in routes)
        yield name, kind, usual, field.get("description", "")


def _page(name: str, app: type[AppSettings]) -> str:
    lines = [f"## `{name}`", "", _text(app), ""]
    if not app.ready:
        lines += ["It is read and checked, but does nothing yet: a call goes on below it.", ""]
    if not app.personal:
        lines += ["It may not stand in a user's personal route.", ""]
    example = json.dumps({name: app.example}, ensure_ascii=False)
    lines += [
        "```yaml",
        f"- {_flow(example)}",
        "```",
        "",
        "| Setting | Value | When absent | Meaning |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{setting}` | {_cell(kind)} | {_cell(usual)} | {_cell(meaning)} |"
        for setting, kind, usual, meaning in settings(app)
    ]
    lines += ["", f"Exits: {', '.join(_exit(app, leave) for leave in app.exits)}.", ""]
    return "\n".join(lines)


def _exit(app: type[AppSettings], leave: str) -> str:
    if leave in app.branches:
        return f"`{leave}` (walks `{app.branches[leave]}`)"
    if app.ways_out is not AppSettings.ways_out and leave == "case":
        return "the value of each case (walks its route)"
    return f"`{leave}`" + (" (ends the call)" if leave in app.closing else "")


def _kind(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    """What a JSON Schema takes, in a few words."""
    if "$ref" in field:
        return _kind(definitions[field["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in field:
        kinds = (_kind(one, definitions) for one in field["anyOf"] if one.get("type") != "null")
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    match field.get("type"):
        case "array":
            if "prefixItems" in field:
                return "list of " + str(len(field["prefixItems"]))
            return f"list of {_kind(field.get('items', {}), definitions)}"
        case "object" if len(field.get("properties", ())) > _MOST_NAMED:
            return "mapping of settings"
        case "object" if "properties" in field:
            return "mapping of " + ", ".join(f"`{name}`" for name in field["properties"])
        case "object":
            return "mapping of names to " + _kind(field.get("additionalProperties", {}), definitions)
        case "boolean":
            return "true or false"
        case "integer" | "number":
            return _bounded(field)
        case "string" if "maxLength" in field:
            return f"text, at most {field['maxLength']} long"
        case _:
            return "text"


def _bounded(field: dict[str, Any]) -> str:
    word = "whole number" if field["type"] == "integer" else "number"
    low, above = field.get("minimum"), field.get("exclusiveMinimum")
    high = field.get("maximum")
    if low is not None and high is not None:
        return f"{word}, {low:g} to {high:g}"
    if above is not None and high is not None:
        return f"{word}, more than {above:g}, at most {high:g}"
    return word


def _value(default: Any, is_route: bool) -> str:
    if is_route or default in (None, "", [], {}):
        return ""
    return f"`{json.dumps(default, ensure_ascii=False)}`"


def _text(app: type[AppSettings]) -> str:
    return getdoc(app) or ""


def _summary(app: type[AppSettings]) -> str:
    return " ".join(_text(app).split("\n\n")[0].split())


def _flow(text: str) -> str:
    """JSON as people write it in YAML: words without quotes where they need none."""
    return re.sub(r'"([A-Za-z_][A-Za-z0-9_]*)"', r"\1", text)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    print(reference(), end="")
