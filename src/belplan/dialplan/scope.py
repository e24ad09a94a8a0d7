"""Which variables can be read where.

In a dial plan scope is lexical. An item sees what is set above it in its own route, by nested
routes above it too; what is set above the items that it is nested in; and, in a route that hangs on
an exit of the item that sets it, that one. It sees nothing that is set below it, in another route of
the same item, in another dial plan, or in a menu. A personal route sees no variables.

A menu is a scope of its own. In one context the Start route stands above the routes of the keys, of
`invalid` and of `no_input`. What is set in another place of the menu, from where a `goto` can bring
the call back here, *may* be set. So may what the call carries from the dial plan or menu that a
`menu` item took it from.

The call data can be read everywhere, and `klant.status`, `klant.reason` and `klant.ms` wherever
`klant` can.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from belplan.dialplan.company import Company
from belplan.dialplan.places import Spot, Top, tops

Node = tuple[int, str]  # a menu, and the name of one of its contexts


def visible(company: Company, path: str) -> frozenset[str]:
    """The variables that stand above a place for certain: what an editor offers there, beside the call data.

    `path` is of an item, of anything in it, or of the free place below the last item of a route:
    `dial_plans[0].route[2].condition`, `dial_plans[0].route[5]`, `dial_plans[0].route[2].condition.then[0]`.
    """
    return _at(company, path)[0]


def perhaps_visible(company: Company, path: str) -> frozenset[str]:
    """The variables that a call may have set, or not, when it comes to a place in a menu."""
    return _at(company, path)[1]


def _at(company: Company, path: str) -> tuple[frozenset[str], frozenset[str]]:
    everything = tops(company)
    scopes = Scopes(company, everything)
    for top in everything:
        if not _within(path, top.path):
            continue
        found = frozenset[str](scopes.above(top))
        for slot, spot, seen in lexical(top, scopes.above(top)):
            if _within(path, slot):  # nested places come later: the last one is the innermost
                found = frozenset(seen)
                if spot and any(_within(path, f"{spot.path}.{setting}") for setting in spot.app.hanging().values()):
                    found |= {name for name, _ in spot.sets}
        return found, scopes.perhaps(top) - found
    return frozenset(), frozenset()


def _within(path: str, place: str) -> bool:
    return path.startswith(place) and path[len(place) : len(place) + 1] in ("", ".", "[")


def lexical(top: Top, above: Mapping[str, str]) -> Iterator[tuple[str, Spot | None, Mapping[str, str]]]:
    """Walk a route from top to bottom, nested routes too: each place, its item, and the variables set above it.

    The last place of every route has no item yet. The variables, each with the path of what sets it,
    are one mapping that changes as the walk goes on.
    """
    return _walk(top.path, top.spots, dict(above))


def _walk(path: str, spots: Sequence[Spot], seen: dict[str, str]) -> Iterator[tuple[str, Spot | None, dict[str, str]]]:
    for index, spot in enumerate(spots):
        yield f"{path}[{index}]", spot, seen
        for name, _ in spot.sets:
            seen.setdefault(name, spot.path)
        if spot.branches:
            below: dict[str, str] = {}
            for branch in spot.branches:
                before = len(seen)
                yield from _walk(branch.path, branch.spots, seen)
                # The other routes of this item do not see what this one set; what follows the item does.
                while len(seen) > before:
                    name, setter = seen.popitem()
                    below.setdefault(name, setter)
            seen.update(below)
    yield f"{path}[{len(spots)}]", None, seen


@dataclass(frozen=True, slots=True)
class _Door:
    """Where a call goes into a menu, and the variables that stand above that place in its dial plan."""

    top: Top
    menu: int
    returns: bool
    seen: frozenset[str]


class Scopes:
    """What the routes of a company begin with."""

    def __init__(self, company: Company, everything: Sequence[Top]) -> None:
        self._menus = {menu.name: index for index, menu in reversed(list(enumerate(company.ivr_menus)))}
        self._sets = {top: frozenset(name for spot in top.everything for name, _ in spot.sets) for top in everything}
        self._starts = {(top.owner, top.context): top for top in everything if top.kind == "start"}
        self._own = self._set_before([top for top in everything if top.in_menu])
        self._carried = self._carried_into(company, [door for top in everything for door in self._doors(top)])

    def above(self, top: Top) -> Mapping[str, str]:
        """The variables that are set before a route begins, each with the path of what sets it."""
        if not top.in_menu or top.kind == "start":
            return {}
        start = self._starts[top.owner, top.context]
        return {name: spot.path for spot in start.everything for name, _ in spot.sets}

    def perhaps(self, top: Top) -> frozenset[str]:
        """The variables that may be set before a route of a menu begins."""
        if not top.in_menu:
            return frozenset()
        return self._own[top.owner, top.context] | self._carried[top.owner]

    def _set_before(self, routes: Sequence[Top]) -> Mapping[Node, frozenset[str]]:
        """What each context of a menu may begin with, from other contexts of it that a goto leads from."""
        ways: dict[Node, list[tuple[Node, frozenset[str]]]] = defaultdict(list)
        for top in routes:
            node = (top.owner, top.context)
            adds = self._sets[top] | self._sets[self._starts[node]]
            for context in {ref.name for spot in top.everything for ref in spot.app.refers() if ref.kind == "context"}:
                if (top.owner, context) in self._starts:
                    ways[node].append(((top.owner, context), adds))
        before: dict[Node, frozenset[str]] = defaultdict(frozenset)
        waiting = list(ways)
        while waiting:
            node = waiting.pop()
            for target, adds in ways[node]:
                if more := (before[node] | adds) - before[target]:
                    before[target] |= more
                    waiting.append(target)
        return before

    def _doors(self, top: Top) -> Iterator[_Door]:
        for _, spot, seen in lexical(top, {}):
            for ref in spot.app.refers() if spot else ():
                if spot and ref.kind == "menu" and ref.name in self._menus:
                    # A goto to a menu leaves the menu it comes from, and forgets what that one set.
                    here = frozenset(seen) if top.kind == "dial_plan" else frozenset[str]()
                    yield _Door(top, self._menus[ref.name], not spot.app.final, here)

    def _carried_into(self, company: Company, doors: Sequence[_Door]) -> Sequence[frozenset[str]]:
        carried = [frozenset[str]() for _ in company.ivr_menus]
        between = [door for door in doors if door.top.in_menu]
        for door in doors:
            carried[door.menu] |= door.seen
            if door.top.in_menu and door.returns:
                node = (door.top.owner, door.top.context)
                carried[door.menu] |= self._own[node] | self._sets[door.top] | self._sets[self._starts[node]]
        grown = True
        while grown:
            grown = False
            for door in between:
                if more := carried[door.top.owner] - carried[door.menu]:
                    carried[door.menu] |= more
                    grown = True
        return carried
