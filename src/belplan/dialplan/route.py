"""A route: items that a call walks from top to bottom, some with routes of their own hanging on an exit.

An item is an app with its settings. What the app *does* is the engine's; here stands what can be
said of it beforehand: its ways out, the variables it sets and reads, whom it may ring.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import blake2s
from typing import Any, ClassVar, Literal, Self, get_args, get_origin

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from belplan.dialplan.fields import Prompt, Settings

Kind = Literal["number", "menu", "time", "diversion", "queue", "voicemail", "dial_plan", "context"]


@dataclass(frozen=True, slots=True)
class Reference:
    """Something of the company that an item names: `Reference("menu", "keuze", "name")`."""

    kind: Kind
    name: str
    field: str  # the setting that names it, for the path of a problem


@dataclass(frozen=True, slots=True)
class Reading:
    """A variable that an item reads, in which of its settings."""

    variable: str
    field: str
    telephone: bool = False  # compared as a telephone number


class AppSettings(Settings):
    """What a dial plan knows of an app. Each app of a route is one subclass, in one file under `apps/`."""

    app_name: ClassVar[str]
    """The word that stands in the plan file."""

    exits: ClassVar[tuple[str, ...]]
    """The ways out, in the order they are explained."""

    branches: ClassVar[dict[str, str]] = {}
    """Which setting, as the file names it, holds the route that hangs on an exit: `{"true": "then"}`."""

    example: ClassVar[dict[str, Any]]
    """Settings that load, for the documentation and the tests."""

    closing: ClassVar[frozenset[str]] = frozenset({"answered"})
    """Exits after which the call is over: whoever was answered has talked."""

    personal: ClassVar[bool] = True
    """Whether it may stand in a user's own dial plan."""

    overwrites: ClassVar[bool] = False
    """Whether it may set a variable that another item of the plan sets as well."""

    final: ClassVar[bool] = False
    """Whether a call never goes on below it."""

    ready: ClassVar[bool] = True
    """False while the app is only read and checked: a call that reaches it goes on below."""

    @cached_property
    def mark(self) -> str:
        """Tells its settings, without the routes in it, from all others: two versions of a plan with the same item."""
        model = type(self)
        nested = {_attribute(model, setting) for setting in (*route_fields(model), *route_mappings(model))}
        said = self.model_dump(mode="json", by_alias=True, exclude=nested, exclude_defaults=True)
        return blake2s(json.dumps([self.app_name, said], sort_keys=True).encode(), digest_size=6).hexdigest()

    def routes(self) -> Iterator[tuple[str, str, "Route"]]:
        """The nested routes, as (exit, setting, route). Absent ones are left out."""
        for leave in self.hanging():
            if branch := self.branch(leave):
                yield leave, *branch

    def branch(self, leave: str) -> "tuple[str, Route] | None":
        """The route that hangs on an exit, with the setting it stands in. None where the call falls through."""
        setting = self.hanging().get(leave)
        if setting is None:
            return None
        route = self.route_in(setting)
        return (setting, route) if route.items else None

    def ways_out(self) -> tuple[str, ...]:
        """The exits of this item: those of its app, unless its author names them (the cases of a switch)."""
        return self.exits

    def hanging(self) -> Mapping[str, str]:
        """`branches` of this item: those of its app, unless its author names the exits. `cases.vip` is in a mapping."""
        return self.branches

    def route_in(self, setting: str) -> "Route":
        """The route in a setting, by the name it has in the file."""
        name, _, key = setting.partition(".")
        found: Any = getattr(self, _attribute(type(self), name))
        return found[key] if key else found

    def sets(self) -> tuple[tuple[str, str], ...]:
        """Variables that may be set after this item, each with the setting that names it."""
        return ()

    def reads(self) -> tuple[Reading, ...]:
        """Variables that this item reads."""
        return ()

    def refers(self) -> tuple[Reference, ...]:
        """Things of the company that this item names."""
        return ()

    def prompts(self) -> Iterator[Prompt]:
        """What this item may say, as the plan has it: texts may hold `{name}` still."""
        if isinstance(self, Prompt):
            yield self
        for name in type(self).model_fields:
            if isinstance(value := getattr(self, name), Prompt):
                yield value

    @property
    def starts_early(self) -> bool:
        """Whether its work may begin when the call enters the plan, before the call comes to it."""
        return False

    def waits(self) -> bool:
        """Whether it takes time that a caller notices: what keeps a circle of goto from spinning."""
        return False

    @property
    def ends(self) -> bool:
        """Whether a call never goes on below it, whatever happens."""
        return self.final


@dataclass(frozen=True, slots=True)
class Item:
    """One app in a route, with the note that people gave it."""

    app: AppSettings
    note: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """Items from top to bottom."""

    items: tuple[Item, ...] = field(default=())
    early: bool = field(init=False, compare=False, repr=False)
    """Whether the work of any item, also of a nested route, may begin before the call comes to it."""

    def __post_init__(self) -> None:
        nested = (route for item in self.items for _, _, route in item.app.routes())
        early = any(item.app.starts_early for item in self.items) or any(route.early for route in nested)
        object.__setattr__(self, "early", early)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        # Routes are read by belplan.dialplan.load, which knows the apps; a model only ever gets them ready made.
        return core_schema.is_instance_schema(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "array", "items": {"type": "object"}, "format": "route"}


@cache
def route_fields(model: type[Settings]) -> frozenset[str]:
    """The settings of a model that hold a route, by the names they have in the file."""
    return frozenset(
        info.alias or name
        for name, info in model.model_fields.items()
        if info.annotation is Route or (Route in get_args(info.annotation) and get_origin(info.annotation) is not dict)
    )


@cache
def route_mappings(model: type[Settings]) -> frozenset[str]:
    """The settings of a model that hold routes by name: the cases of a switch."""
    return frozenset(
        info.alias or name
        for name, info in model.model_fields.items()
        if get_origin(info.annotation) is dict and get_args(info.annotation)[1] is Route
    )


@cache
def _attribute(model: type[Settings], setting: str) -> str:
    """The attribute behind a setting's name in the file (`else` is a word of Python's)."""
    return next(name for name, info in model.model_fields.items() if setting in (info.alias, name))


class Registry(dict[str, type[AppSettings]]):
    """The apps that exist, by name."""

    def add(self, *apps: type[AppSettings]) -> Self:
        for app in apps:
            self[app.app_name] = app
        return self
