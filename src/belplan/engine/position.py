"""Where a call is in its plans: a stack of routes, each with the item that comes next.

It is data: it can be written down, and found again from the paths alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from belplan.dialplan.company import Company, Context
from belplan.dialplan.route import Item, Route

_CONTEXT = re.compile(r"ivr_menus\[[0-9]+\]\.contexts\.(.*)\.start", re.DOTALL)
_STEP = re.compile(r"\[(?P<index>[0-9]+)\]\.(?P<app>[a-z_]+)")


@dataclass(slots=True)
class Frame:
    """A route being walked. `scope` says whether leaving it leaves a plan, a menu, or just a nested route."""

    path: str
    route: Route
    index: int = 0
    scope: Literal["plan", "menu", "user", "key", ""] = ""
    name: str = ""  # of the menu or user
    context: Context | None = None  # whose keys are read when this, its start route, is at its end
    tries: int = 1  # of that start route, this one included

    def next(self) -> tuple[str, Item] | None:
        """The item that comes next and its path; None at the end. Steps past it."""
        if self.index >= len(self.route.items):
            return None
        item = self.route.items[self.index]
        path = f"{self.path}[{self.index}].{item.app.app_name}"
        self.index += 1
        return path, item

    def next_name(self) -> str:
        """The app that comes next."""
        return self.route.items[self.index].app.app_name


class Place(NamedTuple):
    """A frame as it is written down: enough to find it in the plan again."""

    path: str
    comes_next: int
    scope: str
    name: str
    reads_keys: bool  # those of a menu's context, at its end
    tries: int


def places(stack: list[Frame]) -> list[Place]:
    """A stack, written down."""
    return [Place(one.path, one.index, one.scope, one.name, one.context is not None, one.tries) for one in stack]


def find_stack(company: Company, written: list[Place], feature: list[Frame]) -> list[Frame]:
    """The stack that was written down. Raises LookupError where the company has no such place.

    `feature` is the route that stands in no plan, for a call that began there.
    """
    stack: list[Frame] = []
    for place in written:
        frame = _find(company, place, stack, feature)
        if frame.path != place.path or place.comes_next > len(frame.route.items):
            raise LookupError(place.path)
        frame.index, frame.tries = place.comes_next, place.tries
        if not place.reads_keys:
            frame.context = None
        stack.append(frame)
    return stack


def _find(company: Company, place: Place, below: list[Frame], feature: list[Frame]) -> Frame:
    match place.scope:
        case "plan":
            return plan_frame(company, place.name)
        case "user":
            return user_frame(company, place.name)
        case "menu":
            return menu_frame(company, place.name, _CONTEXT.sub(r"\1", place.path))
        case _:
            if not below:
                return next(frame for frame in feature if frame.path == place.path)
            return _nested(company, place, below[-1])


def _nested(company: Company, place: Place, around: Frame) -> Frame:
    """The route of an exit of the item that `around` is past, or of a key of the menu that it begins."""
    if around.index and around.index <= len(around.route.items):
        item = around.route.items[around.index - 1]
        path = f"{around.path}[{around.index - 1}].{item.app.app_name}"
        for _, setting, route in item.app.routes():
            if place.path == f"{path}.{setting}":
                return Frame(place.path, route)
    if around.scope == "menu":
        path = around.path.removesuffix(".start")
        context = menu_frame(company, around.name, _CONTEXT.sub(r"\1", around.path)).context
        if context is None:
            raise LookupError(place.path)
        for leave in (*context.keys, "invalid", "no_input"):
            if (keyed := key_frame(path, context, leave)) and keyed.path == place.path:
                return keyed
    raise LookupError(place.path)


def plan_frame(company: Company, name: str) -> Frame:
    """The beginning of a dial plan."""
    index = company.places["dial_plans", name]
    return Frame(f"dial_plans[{index}].route", company.dial_plans[index].route, scope="plan", name=name)


def user_frame(company: Company, number: str) -> Frame:
    """The beginning of a user's personal dial plan."""
    index = company.places["users", number]
    return Frame(f"users[{index}].route", company.users[index].route, scope="user", name=number)


def menu_frame(company: Company, name: str, context: str = "") -> Frame:
    """The beginning of a context of a menu; of its first one where none is named."""
    index = company.places["ivr_menus", name]
    menu = company.ivr_menus[index]
    found = menu.contexts[context or menu.start]
    path = f"ivr_menus[{index}].contexts.{context or menu.start}.start"
    return Frame(path, found.start, scope="menu", name=name, context=found, tries=found.tries)


def key_frame(path: str, context: Context, leave: str) -> Frame | None:
    """The route behind a key, or behind `invalid` and `no_input`. None where there is none."""
    if key := context.keys.get(leave):
        return Frame(f"{path}.keys.{leave}" + ("" if key.plain else ".route"), key.route, scope="key")
    route = {"invalid": context.invalid, "no_input": context.no_input}.get(leave, Route())
    return Frame(f"{path}.{leave}", route, scope="key") if route.items else None


def early_items(frame: Frame) -> Iterator[tuple[str, Item]]:
    """The items of a route, and of those in it, whose work may begin at once; each with its path."""
    if not frame.route.early:  # most plans have none: no call looks through them
        return
    for index, item in enumerate(frame.route.items):
        path = f"{frame.path}[{index}].{item.app.app_name}"
        if item.app.starts_early:
            yield path, item
        for _, setting, route in item.app.routes():
            yield from early_items(Frame(f"{path}.{setting}", route))


def locate(company: Company, path: str) -> list[Frame]:
    """The stack of a call that comes to the item at `path` next. Raises LookupError where there is no such item."""
    stack = _base(company, path)
    rest = path[len(stack[-1].path) :] if stack else path
    while step := _STEP.match(rest):
        frame, rest = stack[-1], rest[step.end() :]
        frame.index = int(step["index"])
        if not rest and frame.index < len(frame.route.items) and frame.next_name() == step["app"]:
            return stack
        found = frame.next()
        if not found or found[1].app.app_name != step["app"]:
            break
        for _, setting, route in found[1].app.routes():
            if re.match(rf"\.{re.escape(setting)}\[", rest):
                stack.append(Frame(f"{found[0]}.{setting}", route))
                rest = rest.removeprefix(f".{setting}")
    raise LookupError(f"there is no item at {path}; write it as in dial_plans[0].route[1].webhook")


def _base(company: Company, path: str) -> list[Frame]:
    """The frames of the dial plan, user or menu that `path` begins with, down to a route that it goes on in."""
    for plan in company.dial_plans:
        if path.startswith((frame := plan_frame(company, plan.name)).path + "["):
            return [frame]
    for user in company.users:
        if path.startswith((frame := user_frame(company, user.number)).path + "["):
            return [frame]
    for menu in company.ivr_menus:
        for name, context in menu.contexts.items():
            frame = menu_frame(company, menu.name, name)
            if path.startswith(frame.path + "["):
                return [frame]
            for leave in (*context.keys, "invalid", "no_input"):
                keyed = key_frame(frame.path.removesuffix(".start"), context, leave)
                if keyed and path.startswith(keyed.path + "["):
                    frame.index, frame.context = len(frame.route.items), None
                    return [frame, keyed]
    return []
