"""Every spot that calls can come to, and with which values: the fixpoint of all steps.

Calls that come to one spot are looked at together, and spots in the order in which a call passes them, so
that what was told apart in a branch is together again below it.
"""

import heapq
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from belplan.engine.call import MAX_WEBHOOKS
from belplan.engine.walker import MAX_STEPS
from belplan.proof.state import Cube, Spot, contains, merged
from belplan.proof.steps import Edge, Steps

_MOST_CUBES = 4000  # at one spot; a plan that tells apart more is not looked through to the end
_DEEPEST = 40  # routes in each other, menus in menus included


class UnfinishedError(Exception):
    """There was no time to look at every way; the message says how far it came."""


@dataclass(slots=True)
class Graph:
    """What was found. `edges` are the steps from each spot, one for each way out, whatever the values."""

    steps: Steps
    starts: tuple[tuple[str, Spot], ...]
    cubes: dict[Spot, list[Cube]] = field(default_factory=dict[Spot, list[Cube]])
    edges: dict[Spot, dict[Edge, list[Cube]]] = field(default_factory=dict[Spot, dict[Edge, list[Cube]]])

    def following(self, spot: Spot) -> Iterable[Edge]:
        return self.edges.get(spot, {})

    def walked(self) -> set[str]:
        """The paths of all items that some call comes to."""
        return {edge.path for edges in self.edges.values() for edge in edges if edge.path}

    def ends(self) -> Iterator[tuple[Spot, Edge]]:
        """The steps by which calls are over, each with where it is taken."""
        for spot, edges in self.edges.items():
            yield from ((spot, edge) for edge in edges if edge.spot.over)

    def circles(self) -> frozenset[Spot]:
        """The spots that a call can come back to."""
        return frozenset(spot for group in _components(self) for spot in group)


def explore(
    steps: Steps,
    numbers: Iterable[str],
    *,
    deadline: float,
    follow: Callable[[Edge], bool] = lambda edge: True,
) -> Graph:
    """Look at every way of every call to some numbers. Raises UnfinishedError after `deadline` (time.monotonic).

    Ways are not looked at beyond a step that `follow` says no to.
    """
    graph = Graph(steps, tuple((number, steps.enter(number)) for number in numbers))
    fixpoint = _Fixpoint(graph, deadline, follow)
    for _, spot in graph.starts:
        fixpoint.arrive(spot, steps.world.start())
    fixpoint.run()
    while limited := list(_limits(graph) - fixpoint.limited):
        fixpoint.limited |= set(limited)
        for spot in limited:
            for cube in graph.cubes[spot]:
                fixpoint.take(spot, steps.limited(spot, cube))
        fixpoint.run()
    return graph


class _Fixpoint:
    def __init__(self, graph: Graph, deadline: float, follow: Callable[[Edge], bool]) -> None:
        self.graph = graph
        self.limited: set[Spot] = set()
        self._deadline = deadline
        self._follow = follow
        self._full = graph.steps.world.full
        self._order = _reading_order(graph.steps)
        self._waiting: dict[Spot, list[Cube]] = defaultdict(list)
        self._heap: list[tuple[tuple[float, ...], int, Spot]] = []
        self._count = 0

    def arrive(self, spot: Spot, cube: Cube) -> None:
        """Calls come to a spot, in a cube."""
        if spot.over:
            return
        known = self.graph.cubes.setdefault(spot, [])
        if any(contains(one, cube, self._full) for one in known):
            return
        if spot not in self._waiting:
            self._count += 1
            heapq.heappush(self._heap, (self._key(spot), self._count, spot))
        self._waiting[spot].append(cube)

    def run(self) -> None:
        """Take steps until nothing new is found."""
        while self._heap:
            if time.monotonic() > self._deadline:
                raise UnfinishedError(f"{len(self.graph.cubes)} places were looked at, and there are more")
            _, _, spot = heapq.heappop(self._heap)
            if len(spot.stack) > _DEEPEST:
                raise UnfinishedError(f"at {spot.stack[-1].path} routes lead into each other without an end")
            known = self.graph.cubes[spot]
            new = merged(self._waiting.pop(spot), self._full)
            known += new
            if len(known) > _MOST_CUBES:
                raise UnfinishedError(
                    f"at {spot.stack[-1].path} there are too many combinations of values to tell apart"
                )
            self.graph.edges.setdefault(spot, {})
            for cube in new:
                for edge in self.graph.steps.after(spot, cube):
                    self.take(spot, edge)
            if len(known) > len(new):
                self.graph.cubes[spot] = merged(known, self._full)

    def take(self, spot: Spot, edge: Edge) -> None:
        self.graph.edges[spot].setdefault(edge.bare(), []).append(edge.came)
        if self._follow(edge):
            self.arrive(edge.spot, edge.cube)

    def _key(self, spot: Spot) -> tuple[float, ...]:
        order = self._order
        return (*(order.get((frame.path, frame.item), -1.0) for frame in spot.stack), float("inf"))


def _reading_order(steps: Steps) -> dict[tuple[str, int], float]:
    """The place of each item when a plan is read from top to bottom, by route and index; and of a route's end."""
    found: dict[tuple[str, int], float] = {}
    lengths: dict[str, int] = {}
    at = 0.0
    for top in steps.world.tops:
        for spot in top.everything:
            route, _, index = spot.slot.rpartition("[")
            at += 1
            found[route, int(index[:-1])] = at
            lengths[route] = int(index[:-1]) + 1
        for route, length in lengths.items():
            found.setdefault((route, length), at + 0.5)
    return found


def _limits(graph: Graph) -> set[Spot]:
    """Where a call may have taken more steps, or asked more webhooks, than a call may."""
    circles = graph.circles()
    found: set[Spot] = set()
    counted: dict[Spot, tuple[int, int]] = {}
    for spot in _in_order(graph, circles):
        steps, webhooks = counted.setdefault(spot, (0, 0))
        for edge in graph.following(spot):
            before = counted.get(edge.spot, (0, 0))
            counted[edge.spot] = (max(before[0], steps + 1), max(before[1], webhooks + edge.webhooks))
        asked = max((edge.webhooks for edge in graph.following(spot)), default=0)
        if steps >= MAX_STEPS or (asked and webhooks + asked > MAX_WEBHOOKS):
            found.add(spot)
    # Beyond a circle nobody counts: a call may have gone round often.
    beyond, waiting = set(circles), list(circles)
    while waiting:
        for edge in graph.following(waiting.pop()):
            if edge.spot not in beyond:
                beyond.add(edge.spot)
                waiting.append(edge.spot)
    return {spot for spot in found | beyond if spot.phase == "walk" and spot in graph.edges}


def _in_order(graph: Graph, circles: frozenset[Spot]) -> list[Spot]:
    """The spots before those that they lead to, as far as calls go in no circles."""
    arrows: dict[Spot, int] = defaultdict(int)
    for edges in graph.edges.values():
        for edge in edges:
            arrows[edge.spot] += 1
    ready = [spot for spot in graph.edges if not arrows[spot]]
    order: list[Spot] = []
    while ready:
        spot = ready.pop()
        order.append(spot)
        for edge in graph.following(spot):
            arrows[edge.spot] -= 1
            if not arrows[edge.spot] and edge.spot in graph.edges:
                ready.append(edge.spot)
    return order


def _components(graph: Graph) -> Iterator[list[Spot]]:
    """The groups of spots that lead to each other (Tarjan 1972), without recursion."""
    index: dict[Spot, int] = {}
    low: dict[Spot, int] = {}
    path: list[Spot] = []
    on_path: set[Spot] = set()
    for root in graph.edges:
        if root in index:
            continue
        work: list[tuple[Spot, Iterator[Edge]]] = [(root, iter(graph.following(root)))]
        index[root] = low[root] = len(index)
        path.append(root)
        on_path.add(root)
        while work:
            spot, edges = work[-1]
            for edge in edges:
                below = edge.spot
                if below not in graph.edges:
                    continue
                if below not in index:
                    index[below] = low[below] = len(index)
                    path.append(below)
                    on_path.add(below)
                    work.append((below, iter(graph.following(below))))
                    break
                if below in on_path:
                    low[spot] = min(low[spot], index[below])
            else:
                work.pop()
                if work:
                    above = work[-1][0]
                    low[above] = min(low[above], low[spot])
                if low[spot] == index[spot]:
                    group: list[Spot] = []
                    while not group or group[-1] != spot:
                        group.append(path.pop())
                        on_path.discard(group[-1])
                    if len(group) > 1 or any(edge.spot == spot for edge in graph.following(spot)):
                        yield group
