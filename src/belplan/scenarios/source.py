"""A scenario file as text: everything that is wrong with it, with its place, at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from belplan.dialplan import source
from belplan.dialplan.fields import Settings
from belplan.dialplan.problem import Key, PlanError, Problem, did_you_mean, join, listed
from belplan.scenarios.format import LoneScenario, Scenario, ScenarioFile

S = TypeVar("S", bound=Settings)
Keys = tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """A scenario where it stands in its file. `path` is "" for a file that is one scenario."""

    scenario: Scenario
    path: str
    line: int
    raw: Any
    """The file as it was written, for the places of problems."""
    keys: Keys
    shared: bool = False
    """Whether fields at the top of the file may have been meant."""

    def problem(self, message: str, *keys: Key, code: str = "invalid-value") -> Problem:
        """Something wrong with it, at the place of these keys: its own, or the file's where they stand there."""
        where = (*self.keys, *keys)
        if self.shared and not _stands(self.raw, where) and _stands(self.raw, keys):
            where = keys
        return Problem(join(*where), code, message, "error", *source.place(self.raw, where))


def read(text: str) -> tuple[str | None, tuple[Written, ...]]:
    """The plan that a scenario file names, if it does, and its scenarios. Raises PlanError with all that is wrong."""
    raw, problems = source.read(text)
    reader = _Reader(raw, problems)
    found = reader.file()
    if reader.problems:
        raise PlanError(reader.problems)
    return found


class _Reader:
    def __init__(self, raw: Any, problems: Iterable[Problem]) -> None:
        self.raw = raw
        self.problems = list(problems)

    def file(self) -> tuple[str | None, tuple[Written, ...]]:
        if not isinstance(self.raw, dict):
            self.say((), "invalid-value", "a scenario is a mapping with name, call and expect, or one with scenarios")
            return None, ()
        if "scenarios" not in self.raw:
            lone = self.model(LoneScenario, self.raw, ())
            if lone is None:
                return None, ()
            return lone.plan, tuple(self.complete([Written(lone, "", 1, self.raw, ())]))
        shared = self.model(ScenarioFile, self.raw, ())
        entries = cast("dict[str, Any]", self.raw)["scenarios"]
        if shared is None or not isinstance(entries, list):
            return None, ()
        written: list[Written] = []
        for index, entry in enumerate(cast("list[Any]", entries)):
            keys: Keys = ("scenarios", index)
            if scenario := self.model(Scenario, entry, keys):
                line = source.place(self.raw, keys)[0]
                written.append(Written(scenario.over(shared), join(*keys), line, self.raw, keys, shared=True))
        return shared.plan, tuple(self.complete(written))

    def complete(self, written: Iterable[Written]) -> Iterable[Written]:
        """Say what is missing now that the file's shared fields are in."""
        first: dict[str, int] = {}
        for one in written:
            name = one.scenario.name
            if one.scenario.call.to is None:
                self.problems.append(
                    one.problem('"to" is missing: the number that is called', "call", code="missing-field")
                )
            if not one.scenario.expect.model_fields_set:
                message = "expect nothing, and nothing is tested: give outcome, connected_to, trace …"
                self.problems.append(one.problem(message, "expect", code="missing-field"))
            if name in first:
                message = f'"{name}" is the name of two scenarios, first in line {first[name]}'
                self.problems.append(one.problem(message, "name", code="duplicate-name"))
            first.setdefault(name, one.line)
            yield one

    def model(self, model: type[S], raw: Any, keys: Keys) -> S | None:
        try:
            return model.model_validate(raw, by_alias=True, by_name=False)
        except ValidationError as error:
            for details in error.errors(include_url=False):
                self.say_of(model, details, keys, raw)
        return None

    def say_of(self, model: type[Settings], details: ErrorDetails, keys: Keys, raw: Any) -> None:
        inside = _real_keys(raw, details["loc"])
        match details["type"]:
            case "extra_forbidden":
                word = str(details["loc"][-1])
                known = [info.alias or name for name, info in _model_at(model, details["loc"][:-1]).items()]
                message = f'there is no setting "{word}"{did_you_mean(word, known) or _among(known)}'
                self.say((*keys, *inside), "unknown-field", message)
            case "missing":
                self.say((*keys, *inside), "missing-field", f'"{details["loc"][-1]}" is missing')
            case "missing-field" | "invalid-value" as code:
                self.say((*keys, *inside), code, details["msg"])
            case _:
                self.say((*keys, *inside), "invalid-value", _words(details))

    def say(self, keys: Keys, code: str, message: str) -> None:
        self.problems.append(Problem(join(*keys), code, message, "error", *source.place(self.raw, keys)))


def _among(known: list[str]) -> str:
    return f"; there are {listed(known)}"


def _stands(raw: Any, keys: Keys) -> bool:
    for key in keys:
        try:
            raw = raw[key]
        except (LookupError, TypeError):
            return False
    return True


def _real_keys(raw: Any, location: tuple[int | str, ...]) -> Keys:
    """The keys of the file on the way to an error: without those that only the long form has."""
    keys: list[Key] = []
    for step in location:
        if isinstance(raw, dict) and step in raw:
            raw = cast("dict[Any, Any]", raw)[step]
        elif isinstance(raw, list) and isinstance(step, int) and step < len(cast("list[Any]", raw)):
            raw = cast("list[Any]", raw)[step]
        else:
            continue
        keys.append(step)
    return tuple(keys)


def _model_at(model: type[Settings], location: tuple[int | str, ...]) -> Mapping[str, Any]:
    """The fields of the model that an error stands in."""
    for step in location:
        info = next((info for name, info in model.model_fields.items() if step in (name, info.alias)), None)
        if info and (inner := _settings_in(info.annotation)):
            model = inner
    return model.model_fields


def _settings_in(annotation: Any) -> type[Settings] | None:
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return annotation
    for part in get_args(annotation):
        if found := _settings_in(part):
            return found
    return None


def _words(details: ErrorDetails) -> str:
    """Pydantic's message in the words of somebody who writes a scenario."""
    context = details.get("ctx", {})
    match details["type"]:
        case "greater_than_equal":
            return f"must be at least {context['ge']:g}"
        case "less_than_equal":
            return f"must be at most {context['le']:g}"
        case "literal_error":
            given = details["input"]
            words = [word.strip("'") for word in context["expected"].replace(" or ", ", ").split(", ")]
            near = did_you_mean(given, words) if isinstance(given, str) else ""
            return f"must be {context['expected']}{near}"
        case "string_type":
            return "must be text"
        case "tuple_type" | "list_type":
            return "must be a list"
        case "model_type" | "dict_type" | "model_attributes_type":
            return "must be a mapping of settings"
        case "too_short" | "string_too_short":
            return "must not be empty"
        case "float_parsing" | "float_type":
            return "must be a number"
        case "int_parsing" | "int_type" | "int_from_float":
            return "must be a whole number"
        case kind if kind.startswith("datetime"):
            return "must be a date and time: write 2026-12-24T16:00"
        case _:
            message = details["msg"]
            return message[0].lower() + message[1:]
