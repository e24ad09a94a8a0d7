"""One way through a plan, step by step: the shortest, or the longest, on which something happens."""

import heapq
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from belplan.proof.explore import Graph
from belplan.proof.state import Cube, Spot
from belplan.proof.steps import Edge

_MOST = 60_000  # steps that are tried; what was not found then is said to be possible, without a call that shows it

# Ways out that only happen on a real line: a call that shows something had better not need them.
_UNLIKELY = {("announce", "failed"), ("email", "failed")}


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A call on its way: where it is, what is known of it, and how it came there."""

    spot: Spot
    cube: Cube
    seconds: float
    edge: Edge | None = None
    before: "Node | None" = None
    number: str = ""

    def way(self) -> "list[Node]":
        """From the first step to this one."""
        nodes: list[Node] = []
        node: Node | None = self
        while node and node.edge:
            nodes.append(node)
            node = node.before
        return nodes[::-1]


Goal = Callable[[Node], bool]


def find(
    graph: Graph,
    goal: Goal,
    leads: Callable[[Edge], bool],
    *,
    follow: Callable[[Edge], bool] = lambda edge: True,
    longest: bool = False,
    deadline: float = float("inf"),
) -> Node | None:
    """A way whose last step is the goal. None where there is none, or none was found in time.

    `leads` says of a step whether it may be the last one, whatever the values: only ways to such are tried.
    """
    near = _near(graph, leads, follow)
    waiting: list[tuple[float, int, Node]] = []
    seen: dict[tuple[Spot, Cube], float] = {}
    for number, spot in graph.starts:
        waiting.append((0.0, len(waiting), Node(spot, graph.steps.world.start(), 0.0, number=number)))
    count = len(waiting)
    while waiting and count < _MOST and time.monotonic() < deadline:
        cost, _, node = heapq.heappop(waiting)
        for after in _steps(graph, node):
            edge = after.edge
            if edge is None:
                continue
            if leads(edge) and goal(after):
                return after
            if edge.spot.over or edge.spot not in near or not follow(edge):
                continue
            key = after.spot, after.cube
            if key in seen and not (longest and after.seconds > seen[key] + 0.5):
                continue
            seen[key] = after.seconds
            count += 1
            step = 50.0 if (edge.app, edge.exit) in _UNLIKELY else 1.0
            heapq.heappush(waiting, (-after.seconds if longest else cost + step, count, after))
    return None


def _steps(graph: Graph, node: Node) -> Iterator[Node]:
    for edge in graph.steps.after(node.spot, node.cube):
        yield Node(edge.spot, edge.cube, node.seconds + edge.seconds, edge, node, node.number)


def _near(graph: Graph, leads: Callable[[Edge], bool], follow: Callable[[Edge], bool]) -> set[Spot]:
    """The spots from which a step leads on that may be the last one."""
    back: dict[Spot, list[Spot]] = defaultdict(list)
    found: set[Spot] = set()
    for spot, edges in graph.edges.items():
        for edge in edges:
            if leads(edge):
                found.add(spot)
            if follow(edge):
                back[edge.spot].append(spot)
    waiting = list(found)
    while waiting:
        for spot in back[waiting.pop()]:
            if spot not in found:
                found.add(spot)
                waiting.append(spot)
    return found


Best = dict[Spot, tuple[float, list[Edge]]]
"""The longest that calls may still take from each spot, and the steps."""


def longest_call(graph: Graph, best: Best, deadline: float) -> Node | None:
    """The way that really takes longest, found by what it may at most still take (A*). None where time ran out."""
    waiting: list[tuple[float, int, Node]] = []
    for number, spot in graph.starts:
        waiting.append(
            (
                -best[spot][0] if spot in best else 0.0,
                len(waiting),
                Node(spot, graph.steps.world.start(), 0.0, number=number),
            )
        )
    heapq.heapify(waiting)
    count, seen = len(waiting), dict[tuple[Spot, Cube], float]()
    while waiting and count < _MOST and time.monotonic() < deadline:
        _, _, node = heapq.heappop(waiting)
        if node.spot.over:
            return node
        for after in _steps(graph, node):
            key = after.spot, after.cube
            if not after.spot.over and seen.get(key, -1.0) >= after.seconds:
                continue
            seen[key] = after.seconds
            count += 1
            rest = best[after.spot][0] if after.spot in best else 0.0
            heapq.heappush(waiting, (-(after.seconds + rest), count, after))
    return None


def longest(graph: Graph, seconds: Callable[[Edge], float | None]) -> tuple[float, list[Edge], Best]:
    """The longest way over steps in a row that take time, in seconds, and its steps. None ends a row.

    Whatever the values: no call takes longer, and perhaps none takes as long. A circle takes for ever. The last is
    the longest from each spot.
    """
    best: Best = {}
    top: tuple[float, list[Edge]] = (0.0, [])
    open_now: set[Spot] = set()
    for root in graph.edges:
        work = [(root, False)]
        while work:
            spot, done = work.pop()
            if done:
                open_now.discard(spot)
                best[spot] = _longest_from(graph, spot, seconds, best)
                top = max(top, best[spot], key=lambda one: one[0])
            elif spot not in best:
                if spot in open_now:
                    continue
                open_now.add(spot)
                work.append((spot, True))
                for edge in graph.following(spot):
                    if seconds(edge) is None or edge.spot not in graph.edges or edge.spot in best:
                        continue
                    if edge.spot in open_now:
                        return float("inf"), [edge], {}
                    work.append((edge.spot, False))
    return *top, best


def _longest_from(
    graph: Graph, spot: Spot, seconds: Callable[[Edge], float | None], best: Best
) -> tuple[float, list[Edge]]:
    found: tuple[float, list[Edge]] = (0.0, [])
    for edge in graph.following(spot):
        lasts = seconds(edge)
        if lasts is None:
            continue
        rest, way = best.get(edge.spot, (0.0, []))
        if lasts + rest > found[0]:
            found = lasts + rest, [edge, *way]
    return found
