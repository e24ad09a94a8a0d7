"""From a plan file to a company, with every mistake in it said at once.

Each entry and each item is read on its own. What is wrong in one is reported, and something that
loads stands in its place, so that the rest of the file can still be checked for what it refers to.
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from belplan.dialplan import source
from belplan.dialplan.company import (
    Company,
    CompanySettings,
    Context,
    DialPlan,
    Diversion,
    IvrMenu,
    Key,
    PhoneBookEntry,
    Queue,
    RingGroup,
    TimeCondition,
    Trunk,
    User,
    VoicemailBox,
)
from belplan.dialplan.fields import Settings
from belplan.dialplan.problem import Key as PathKey
from belplan.dialplan.problem import PlanError, Problem, did_you_mean, join, listed
from belplan.dialplan.route import AppSettings, Item, Route, route_fields, route_mappings
from belplan.dialplan.rules import Rule

S = TypeVar("S", bound=Settings)
Keys = tuple[PathKey, ...]

SECTIONS: dict[str, type[Settings]] = {
    "trunks": Trunk,
    "users": User,
    "ring_groups": RingGroup,
    "queues": Queue,
    "voicemail_boxes": VoicemailBox,
    "time_conditions": TimeCondition,
    "diversions": Diversion,
    "phone_book": PhoneBookEntry,
    "ivr_menus": IvrMenu,
    "dial_plans": DialPlan,
    "rules": Rule,
}

# What stands for the fields of an entry that could not be read, so that the routes inside are still checked.
STAND_INS: dict[type[Settings], dict[str, Any]] = {
    User: {"name": "?", "number": "0"},
    IvrMenu: {"name": "?", "start": "?"},
    DialPlan: {"name": "?"},
}

# Codes that a validator may choose itself; any other of Pydantic's is an invalid value.
_CODES = {"missing": "missing-field", "extra_forbidden": "unknown-field"}
_OWN_CODES = {"missing-field", "invalid-value", "invalid-url", "invalid-pattern", "invalid-time", "unknown-field"}


@dataclass(frozen=True, slots=True)
class Loaded:
    """A company as far as it could be read.

    `broken` are the paths of what was replaced or left out, and `lost` the numbers, names and
    variables that went with it: nothing is to be said of references to them. `stood_in` are the
    paths of items that kept only their nested routes; their settings are not their author's.
    `raw` is the plan as it was written, for the places of problems, and `kept` says for each section
    which of its entries the company has.
    """

    company: Company
    problems: tuple[Problem, ...]
    broken: frozenset[str]
    lost: frozenset[str]
    stood_in: frozenset[str] = frozenset()
    raw: Any = None
    kept: Mapping[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])


def parse(text: str) -> tuple[Any, list[Problem]]:
    """Read YAML or JSON text. Raises PlanError where it is neither."""
    return source.read(text)


def load(raw: Any, apps: Mapping[str, type[AppSettings]], found: list[Problem] | None = None) -> Loaded:
    """Read a whole plan from what `parse` or JSON gave. Raises PlanError only where it is no plan at all."""
    if not isinstance(raw, dict):
        message = "a plan is a mapping with sections such as company, users and dial_plans"
        raise PlanError([Problem("", "invalid-value", message)])
    if not isinstance(raw, source.Map):
        _refuse_half_characters(raw)
    reader = _Reader(cast("dict[str, Any]", raw), apps, list(found or ()))
    company = reader.company()
    return Loaded(
        company,
        tuple(reader.problems),
        frozenset(reader.broken),
        frozenset(reader.lost),
        frozenset(reader.stood_in),
        reader.raw,
        reader.kept,
    )


class _Reader:
    def __init__(self, raw: dict[str, Any], apps: Mapping[str, type[AppSettings]], problems: list[Problem]) -> None:
        self.raw = raw
        self.apps = apps
        self.problems = problems
        # Of a key that stands twice, one value is gone: whatever only that one had is not missing.
        self.broken: set[str] = {problem.path for problem in problems}
        self.lost: set[str] = set()
        self.stood_in: set[str] = set()
        self.kept: dict[str, tuple[int, ...]] = {}

    def company(self) -> Company:
        for section in self.raw:
            if section != "company" and section not in SECTIONS:
                hint = did_you_mean(section, ["company", *SECTIONS])
                self.say((section,), "unknown-field", f'a plan has no section "{section}"{hint}')
                self.lose(self.raw[section])
        settings = self.settings()
        company_id = settings.id or _made_id(settings.name)
        sections = {name: tuple(self.section(name, model)) for name, model in SECTIONS.items()}
        sections["dial_plans"] = tuple(
            plan.model_copy(update={"id": plan.id or _made_id(company_id, plan.name)})
            for plan in cast("tuple[DialPlan, ...]", sections["dial_plans"])
        )
        return Company.model_construct(None, id=company_id, settings=settings, **sections)

    def settings(self) -> CompanySettings:
        if "company" not in self.raw:
            self.say((), "missing-field", "a plan needs a section company with at least a name")
        elif settings := self.model(CompanySettings, self.raw["company"], ("company",)):
            return settings
        return CompanySettings(name="?")

    def section(self, name: str, model: type[S]) -> list[S]:
        entries: Any = self.raw.get(name)
        if entries is None:
            return []
        if not isinstance(entries, list):
            self.say((name,), "invalid-value", f"{name} is a list: begin each entry with a dash")
            return []
        read: dict[int, S] = {}
        for index, entry in enumerate(cast("list[Any]", entries)):
            keys = (name, index)
            raw = self.with_routes(model, entry, keys)
            stand_in = STAND_INS.get(model) if isinstance(entry, dict) else None
            if value := self.model(model, raw, keys, entry, stand_in=stand_in):
                read[index] = value
            else:
                self.lose(entry)
        self.kept[name] = tuple(read)
        return list(read.values())

    def lose(self, raw: Any) -> None:
        """Take note of the words in what cannot be read: what refers to one of them is not wrong as well."""
        waiting = [raw]
        while waiting:
            value = waiting.pop()
            if isinstance(value, dict):
                waiting += cast("dict[str, Any]", value).values()
            elif isinstance(value, list):
                waiting += cast("list[Any]", value)
            elif isinstance(value, (str, int, float)):
                self.lost.add(getattr(value, "source", None) or str(value))

    def with_routes(self, model: type[Settings], entry: Any, keys: Keys) -> Any:
        """The entry with its routes read."""
        if not isinstance(entry, dict):
            return entry
        fields = dict(cast("dict[str, Any]", entry))
        for name in route_fields(model) & fields.keys():
            fields[name] = self.route(fields[name], (*keys, name))
        for name in route_mappings(model) & fields.keys():
            if isinstance(routes := fields[name], dict):
                fields[name] = {
                    str(key): self.route(route, (*keys, name, str(key)))
                    for key, route in cast("dict[Any, Any]", routes).items()
                }
        if model is IvrMenu and isinstance(fields.get("contexts"), dict):
            contexts = cast("dict[str, Any]", fields["contexts"])
            fields["contexts"] = {
                str(name): self.context(raw, (*keys, "contexts", name)) for name, raw in contexts.items()
            }
        return fields

    def context(self, raw: Any, keys: Keys) -> Any:
        fields = self.with_routes(Context, raw, keys)
        if not isinstance(fields, dict):
            return fields
        fields = cast("dict[str, Any]", fields)
        if isinstance(presses := fields.get("keys"), dict):
            fields["keys"] = {
                key: self.key(value, (*keys, "keys", key)) for key, value in cast("dict[str, Any]", presses).items()
            }
        return self.model(Context, fields, keys, raw) or Context()

    def key(self, raw: Any, keys: Keys) -> Key:
        if raw is None or isinstance(raw, list):
            return Key(route=self.route(raw, keys), plain=True)
        if isinstance(raw, dict) and "plain" in raw:
            self.say((*keys, "plain"), "unknown-field", "a key has a label and a route")
        return self.model(Key, self.with_routes(Key, raw, keys), keys, raw) or Key()

    def route(self, raw: Any, keys: Keys) -> Route:
        if raw is None:
            return Route()
        if not isinstance(raw, list):
            self.say(keys, "invalid-value", "a route is a list of apps: begin each with a dash")
            return Route()
        if len(keys) > source.MAX_DEPTH:
            self.say(keys, "invalid-value", f"more than {source.MAX_DEPTH} lists and mappings in each other")
            return Route()
        items = (self.item(entry, (*keys, index)) for index, entry in enumerate(cast("list[Any]", raw)))
        return Route(tuple(item if item else Item(_Unread()) for item in items))

    def item(self, raw: Any, keys: Keys) -> Item | None:
        if isinstance(raw, str) and raw in self.apps:
            self.say(keys, "invalid-value", f"write {raw} with its settings: {{{raw}: {{}}}}")
            return None
        if not isinstance(raw, dict):
            self.say(keys, "invalid-value", 'an item is one app with its settings, as in: - connect: {to: "201"}')
            return None
        fields = cast("dict[str, Any]", raw)
        note = fields.get("note", "")
        if not isinstance(note, str):
            self.say((*keys, "note"), "invalid-value", "a note is text")
            note = ""
        names = [name for name in fields if name != "note"]
        unknown = [name for name in names if name not in self.apps]
        for name in unknown:
            self.say((*keys, name), "unknown-app", f'there is no app "{name}"{did_you_mean(name, self.apps)}')
        if len(names) != 1 or unknown:
            if len(names) > 1 and not unknown:
                self.say(
                    keys, "invalid-value", f"one item holds one app, here are {listed(names)}; give each its own dash"
                )
            elif not names:
                self.say(keys, "missing-field", "an item needs an app")
            self.broken.add(join(*keys))
            self.lose(fields)
            for name in names:  # routes inside are still read, for their own mistakes
                if app := self.apps.get(name):
                    self.with_routes(app, fields[name], (*keys, name))
            return None
        return self.app(names[0], fields[names[0]], (*keys, names[0]), note)

    def app(self, name: str, raw: Any, keys: Keys, note: str) -> Item | None:
        model = self.apps[name]
        fields = self.with_routes(model, {} if raw is None else raw, keys)
        app = self.model(model, fields, keys, raw, stand_in=model.example)
        return Item(app, note) if app else None

    def model(
        self, model: type[S], fields: Any, keys: Keys, raw: Any = None, *, stand_in: dict[str, Any] | None = None
    ) -> S | None:
        """Read settings. What is wrong is said, left out, and (with a stand-in) replaced: the rest can be used."""
        try:
            # By the names of the file only: `otherwise` is Python's word for `else`, not the plan's.
            return model.model_validate(fields, by_alias=True, by_name=False)
        except ValidationError as error:
            errors = error.errors(include_url=False)
        self.broken.add(join(*keys))
        # A list of which nothing is left after its mistakes is not empty as well.
        mistaken = {details["loc"][:end] for details in errors for end in range(len(details["loc"]))}
        errors = [details for details in errors if details["type"] != "too_short" or details["loc"] not in mistaken]
        for details in errors:
            self.say_of(model, details, keys, fields if raw is None else raw)
        given = cast("dict[str, Any]", fields) if isinstance(fields, dict) else {}
        wrong = {details["loc"][0] for details in errors if details["loc"]}
        if isinstance(raw, dict):
            self.lose([value for name, value in cast("dict[str, Any]", raw).items() if name in wrong])
        routes = route_fields(model) | route_mappings(model)
        rest = {name: value for name, value in given.items() if name not in wrong}
        example = {name: value for name, value in (stand_in or {}).items() if name not in routes}
        bare = {**example, **{name: value for name, value in given.items() if name in routes}}
        for candidate in (rest, {**example, **rest}, bare):
            try:
                read = model.model_validate(candidate, by_alias=True, by_name=False)
            except ValidationError:
                continue
            if candidate is bare:
                self.stood_in.add(join(*keys))
                if isinstance(raw, dict):
                    self.lose([value for name, value in cast("dict[str, Any]", raw).items() if name not in routes])
            return read
        return None

    def say_of(self, model: type[Settings], details: ErrorDetails, keys: Keys, raw: Any) -> None:
        kind = details["type"]
        code = _CODES.get(kind) or (kind if kind in _OWN_CODES else "invalid-value")
        # Pydantic adds a step for the branch of a union, which is no key of the file.
        inside = _real_keys(raw, details["loc"])
        if kind == "extra_forbidden":
            names = [info.alias or name for name, info in model.model_fields.items()]
            word = str(details["loc"][-1])
            message = f'there is no setting "{word}"{did_you_mean(word, names)}'
        elif kind == "missing":
            message = f'"{details["loc"][-1]}" is missing'
            inside = inside[:-1] if inside and inside[-1] == details["loc"][-1] else inside
        else:
            message = _words(details)
        self.say((*keys, *inside), code, message)

    def say(self, keys: Keys, code: str, message: str) -> None:
        path = join(*keys)
        self.broken.add(path)
        self.problems.append(Problem(path, code, message, "error", *source.place(self.raw, keys)))


class _Unread(AppSettings):
    """Stands where an item could not be read."""

    app_name = "unread"
    exits = ("next",)
    example = {}


def _refuse_half_characters(raw: Any) -> None:
    """JSON can hold lone surrogates, which nothing after it can write down. Raises PlanError."""
    with suppress(TypeError, ValueError, RecursionError):  # UnicodeEncodeError is a ValueError
        json.dumps(raw, ensure_ascii=False).encode()
        return  # nearly every plan; where it is none, the way below says where
    waiting: list[tuple[Keys, Any]] = [((), raw)]
    while waiting:
        keys, value = waiting.pop()
        if isinstance(value, dict):
            mapping = cast("dict[Any, Any]", value)
            waiting += [(keys, key) for key in mapping]
            waiting += [((*keys, key), inner) for key, inner in mapping.items()]
        elif isinstance(value, list):
            waiting += [((*keys, index), inner) for index, inner in enumerate(cast("list[Any]", value))]
        elif isinstance(value, str) and not value.isascii() and source.has_half_character(value):
            path = join(*keys).encode(errors="replace").decode()
            raise PlanError([Problem(path, "invalid-value", "half a character (a lone surrogate) in this text")])


def _made_id(*names: str) -> str:
    """An id that stays the same for as long as the names do."""
    return hashlib.blake2b(json.dumps(names).encode(), digest_size=16).hexdigest()


def _real_keys(raw: Any, location: tuple[int | str, ...]) -> Keys:
    keys: list[PathKey] = []
    for step in location:
        if isinstance(raw, dict):
            if step not in raw and step != location[-1]:
                continue
            raw = cast("dict[Any, Any]", raw).get(step)
        elif isinstance(raw, list):
            if not isinstance(step, int) or step >= len(cast("list[Any]", raw)):
                continue
            raw = cast("list[Any]", raw)[step]
        else:
            break
        keys.append(step)
    return tuple(keys)


# Patterns of fields in words. One that is missing here is shown as it is.
_FORMS = {
    "^[A-Z]{2}$": "a country is two capitals (ISO 3166); write NL",
    "^[0-9a-f]{32}$": "an id is 32 digits 0-9 and a-f; leave it out to have one made",
    r"^[^@\s<>,;]+@[^@\s<>,;]+$": "not an address of mail; write info@example.nl",
    "^[A-Za-z0-9_-]{1,40}$": "letters, digits, - and _ only, at most 40",
    r"^[A-Za-z0-9.:\[\]-]{1,253}$": "not a host; write sip.provider.example or 192.0.2.1",
    r"^[^\s;\\\"']{1,128}$": "no spaces, quotes, backslashes or semicolons, and at most 128 long",
    r"^[A-Za-z0-9_.-]{1,64}$": "letters, digits, dots, - and _ only, at most 64",
    "^[0-9]{1,4}$": "one to four digits",
    r"^([0-9]{4,10}|secret:[A-Za-z0-9_.-]+)$": "a PIN is four to ten digits, or secret:NAME",
    "^[0-9*#]$": "a telephone has the keys 0 to 9, * and #",
    "^(nl|en)$": "must be nl or en",
    "^[A-Za-z0-9_+-]{1,40}$": "the name of a voice is letters, digits, _, + and -",
    r"^[A-Za-z0-9_][A-Za-z0-9_ .-]{0,120}$": "the name of a sound file, without a folder; write gesloten.wav",
    "^[0-9]{1,4}[dhm]$": "not a length of time; write 30d, 12h or 45m",
    r"^[A-Za-z_][A-Za-z0-9_]{0,63}(\.(status|reason|ms))?$": "not the name of a variable; write klant or klant.status",
}


def _words(details: ErrorDetails) -> str:
    """Pydantic's message in the words of somebody who writes a plan."""
    context = details.get("ctx", {})
    match details["type"]:
        case "greater_than_equal":
            return f"must be at least {context['ge']:g}"
        case "less_than_equal":
            return f"must be at most {context['le']:g}"
        case "greater_than":
            return f"must be more than {context['gt']:g}"
        case "literal_error":
            return f"must be {context['expected']}"
        case "string_type":
            return "must be text"
        case "tuple_type" | "list_type":
            return "must be a list"
        case "model_type" | "dict_type" | "model_attributes_type":
            return "must be a mapping of settings"
        case "too_short" | "string_too_short":
            return "must not be empty"
        case "too_long" | "string_too_long":
            return f"must be at most {context['max_length']} long"
        case "float_parsing" | "float_type" | "finite_number":
            return "must be a number, such as 2 or 2.5"
        case "int_parsing" | "int_type" | "int_from_float":
            return "must be a whole number"
        case "bool_parsing" | "bool_type":
            return "must be true or false"
        case "string_pattern_mismatch":
            return _FORMS.get(context["pattern"], f"not in the form that is needed here: {context['pattern']}")
        case _:
            message = details["msg"]
            return message[0].lower() + message[1:]
