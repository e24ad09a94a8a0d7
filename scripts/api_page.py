"""docs/api.md: every operation of the REST API, written from the OpenAPI document that it serves (`make docs`)."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from belplan.api import Parts, create

_HEAD = """# The REST API

A server describes itself at `/api/v1/openapi.json`: parameters, bodies and answers of every operation. This page lists
them, with who may use each. Programs send `Authorization: Bearer …` with a token; the page uses its cookie. What goes
wrong comes as `application/problem+json` (RFC 9457), with a stable `type`. A POST with an `Idempotency-Key` is done
once, however often it is repeated within a day: the same request gets the same answer,
another one with that key 422, one that comes meanwhile 409. This page is written from the code (`make docs`).
"""


def document() -> dict[str, Any]:
    """The OpenAPI document of a server, without a server."""
    parts = SimpleNamespace(page=Path("/nowhere"), live=None, per_minute=0)
    return create(cast("Parts", parts)).openapi()


def operations() -> list[tuple[str, str, str, str]]:
    """Method, path, who may, and what it does, in the order of the document."""
    return [
        (method.upper(), path, operation["x-right"], operation.get("description") or operation["summary"])
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    ]


def api() -> str:
    """The page."""
    parts = [_HEAD.strip()]
    groups: dict[str, list[str]] = {}
    for method, path, right, does in operations():
        words = [word for word in path.removeprefix("/api/v1/").split("/") if not word.startswith("{")]
        name = words[1] if words[0] == "companies" and len(words) > 1 else words[0]
        said = " ".join(does.split("\n\n")[0].split()).replace("|", "\\|")
        groups.setdefault(name, []).append(f"| {method} | `{path.removeprefix('/api/v1')}` | {right} | {said} |")
    for name, rows in sorted(groups.items()):
        parts.append("\n".join([f"## {name}", "", "| | Path below `/api/v1` | Right | |", "|---|---|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"
