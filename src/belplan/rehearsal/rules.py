"""What a stand-in answers: rules in a YAML file, tried from top to bottom, and lines that somebody types.

- {path: /ticket, query: {nummer: "31207654321"}, answer: "204"}
- {fields: {caller_number: "31612*"}, answer: openstaand}
- {answer: nieuw, delay: 0.5}
"""

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError


class RulesError(ValueError):
    """Rules that cannot be used: where, and why."""


class Rule(BaseModel):
    """One answer, and the requests that get it. Patterns know `*` and `?`; what is not named matches anything."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: str = "*"
    path: str = "*"
    query: dict[str, str] = {}
    fields: dict[str, str] = {}
    answer: str = ""
    content: Annotated[Any, Field(alias="json")] = None
    """An answer written as YAML, and sent as JSON."""
    status: Annotated[int, Field(ge=100, le=599)] = 200
    delay: Annotated[float, Field(ge=0, le=60, description="Seconds before it answers.")] = 0

    @property
    def text(self) -> str:
        return self.answer if self.content is None else json.dumps(self.content, ensure_ascii=False)

    @property
    def content_type(self) -> str:
        return "text/plain; charset=utf-8" if self.content is None else "application/json"

    def holds(self, method: str, path: str, query: dict[str, str], fields: dict[str, str]) -> bool:
        """Whether a request gets this answer."""
        return (
            fnmatchcase(method, self.method)
            and fnmatchcase(path, self.path)
            and all(fnmatchcase(query.get(name, ""), pattern) for name, pattern in self.query.items())
            and all(fnmatchcase(fields.get(name, ""), pattern) for name, pattern in self.fields.items())
        )


_RULES: TypeAdapter[list[Rule]] = TypeAdapter(list[Rule])


def read(path: Path) -> list[Rule]:
    """Rules from a file. Raises RulesError, and OSError where there is no such file."""
    try:
        return _RULES.validate_python(yaml.safe_load(path.read_text(encoding="utf-8")) or [])
    except yaml.YAMLError as error:
        raise RulesError(f"{path}: not YAML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RulesError(f"{path}: rule {place}: {first['msg']}") from None


def typed(line: str) -> Rule:
    """A line that somebody types: a text; after `!` a status, after `~` seconds. Raises RulesError.

    `openstaand`, `!503`, `~1.5 openstaand`, `!404 ~3`; a line that begins with `{` is sent as JSON.
    """
    status, delay, rest = 200, 0.0, line.strip()
    while rest[:1] in ("!", "~") and rest:
        word, _, left = rest.partition(" ")
        try:
            if word[0] == "!":
                status = int(word[1:])
            else:
                delay = float(word[1:])
        except ValueError:
            raise RulesError(f"{word}: write a status as !503, and a delay in seconds as ~1.5") from None
        rest = left.strip()
    try:
        content = json.loads(rest) if rest.startswith("{") else None
        return Rule.model_validate({"answer": rest, "json": content, "status": status, "delay": delay})
    except (ValidationError, ValueError):
        raise RulesError(
            f"{line}: a status is 100 to 599, a delay at most 60 seconds, and after {{ comes JSON"
        ) from None
