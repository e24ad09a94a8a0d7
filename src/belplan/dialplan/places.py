"""Every item of a company with the place where it stands, read once for all that look through a whole plan."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from belplan.dialplan.company import Company
from belplan.dialplan.problem import Key, join
from belplan.dialplan.route import AppSettings, Route

Keys = tuple[Key, ...]
TopKind = Literal["dial_plan", "user", "start", "key", "invalid", "no_input"]

_STEP = re.compile(r"[^.\[\]]+")


@dataclass(slots=True, eq=False)
class Spot:
    """An item where it stands: `dial_plans[0].route[2].condition`."""

    keys: Keys
    path: str
    app: AppSettings
    sets: tuple[tuple[str, str], ...]  # variables, each with the setting that names it
    branches: "tuple[Branch, ...]" = ()

    @property
    def slot(self) -> str:
        """The path of the place in the route, whichever app is in it: `dial_plans[0].route[2]`."""
        return self.path[: -len(self.app.app_name) - 1]


@dataclass(slots=True, eq=False)
class Branch:
    """A route that hangs on an exit of an item."""

    exit: str
    path: str
    spots: list[Spot]


@dataclass(slots=True, eq=False)
class Top:
    """A route that stands in no other: of a dial plan, a user, or in a context of a menu."""

    kind: TopKind
    path: str
    owner: int  # which of the company's dial plans, users or menus
    context: str = ""  # of the menu
    spots: list[Spot] = field(default_factory=list[Spot])
    everything: list[Spot] = field(default_factory=list[Spot])  # nested ones too, from top to bottom

    @property
    def in_menu(self) -> bool:
        return self.kind not in ("dial_plan", "user")


def tops(company: Company, kept: Mapping[str, tuple[int, ...]] | None = None) -> list[Top]:
    """All routes of a company, in the order of a plan file.

    `kept` are the indexes in the file, where entries of it were left out.
    """
    return list(_tops(company, kept or {}))


def inner_keys(setting: str) -> Keys:
    """The keys of a setting within its item: `all[0].variable` is ("all", 0, "variable")."""
    return tuple(int(step) if step.isdigit() else step for step in _STEP.findall(setting))


def _tops(company: Company, kept: Mapping[str, tuple[int, ...]]) -> Iterator[Top]:
    def place(section: str, index: int) -> Keys:
        return section, kept[section][index] if section in kept else index

    for index, user in enumerate(company.users):
        yield _top("user", (*place("users", index), "route"), user.route, index)
    for index, menu in enumerate(company.ivr_menus):
        for name, context in menu.contexts.items():
            keys = (*place("ivr_menus", index), "contexts", name)
            yield _top("start", (*keys, "start"), context.start, index, name)
            for digit, key in context.keys.items():
                inside = () if key.plain else ("route",)
                yield _top("key", (*keys, "keys", digit, *inside), key.route, index, name)
            yield _top("invalid", (*keys, "invalid"), context.invalid, index, name)
            yield _top("no_input", (*keys, "no_input"), context.no_input, index, name)
    for index, plan in enumerate(company.dial_plans):
        yield _top("dial_plan", (*place("dial_plans", index), "route"), plan.route, index)


def _top(kind: TopKind, keys: Keys, route: Route, owner: int, context: str = "") -> Top:
    top = Top(kind, join(*keys), owner, context)
    top.spots = _spots(route, keys, top.path, top.everything)
    return top


def _spots(route: Route, keys: Keys, path: str, everything: list[Spot]) -> list[Spot]:
    spots: list[Spot] = []
    for index, item in enumerate(route.items):
        app = item.app
        spot = Spot((*keys, index, app.app_name), f"{path}[{index}].{app.app_name}", app, app.sets())
        spots.append(spot)
        everything.append(spot)
        if app.branches:
            spot.branches = tuple(
                Branch(leave, (below := f"{spot.path}.{name}"), _spots(nested, _in(spot, name), below, everything))
                for leave, name, nested in app.routes()
            )
    return spots


def _in(spot: Spot, setting: str) -> Keys:
    """The keys of a route's setting: of `cases.vip`, two; what follows the first dot is its author's own word."""
    name, dot, key = setting.partition(".")
    return (*spot.keys, name, key) if dot else (*spot.keys, name)
