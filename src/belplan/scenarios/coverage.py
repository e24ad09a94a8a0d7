"""What scenarios do not try: items of a plan that no call of theirs comes to, and ways out of them that none takes."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from belplan.dialplan.company import Company
from belplan.dialplan.places import tops
from belplan.engine.cdr import CallRecord
from belplan.proof.explore import UnfinishedError, explore
from belplan.proof.prove import entrances, world_of
from belplan.proof.steps import Edge, Steps

BUDGET = 30.0  # seconds
_BROKEN_OFF = "limit"
# What these leave by `failed` is a fault of the server, a full disk or a file that is gone: no scenario has those.
_NEVER_FAIL = frozenset({"announce", "voicemail", "record", "email", "collect"})


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a company's routes some calls walk.

    `exits` counts the ways out that some call can take at all, as the proof knows them; what is in `unreachable` no
    call can try. A key that a menu does not have is the way out `invalid`. `unfinished` says why the ways out could
    not be counted.
    """

    company: Company
    items: int
    exits: int
    unwalked: tuple[str, ...]
    untaken: tuple[tuple[str, str], ...]
    unreachable: tuple[str, ...] = ()
    unfinished: str = ""

    @property
    def whole(self) -> bool:
        """Whether every item that can be reached is walked, and left by every way out that it has."""
        return not (self.unwalked or self.untaken or self.unfinished)

    def as_json(self) -> dict[str, Any]:
        """One document."""
        return {
            "company": self.company.settings.name,
            "items": self.items,
            "never": list(self.unwalked),
            "unreachable": list(self.unreachable),
            "exits": self.exits,
            "never_left": [{"path": path, "exit": leave} for path, leave in self.untaken],
            "unfinished": self.unfinished or None,
        }


def cover(company: Company, records: Iterable[CallRecord], budget: float = BUDGET) -> Coverage:
    """What of a company's plans these calls walked. `budget` seconds are given to finding the ways out."""
    every = [spot.path for top in tops(company) for spot in top.everything]
    steps = [(step.path, step.exit) for record in records for step in record.trace]
    walked = {path for path, _ in steps}
    try:
        ways, reached = _ways_out(company, budget)
    except UnfinishedError as unfinished:
        missing = tuple(path for path in every if path not in walked)
        return Coverage(company, len(every), 0, missing, (), (), str(unfinished))
    taken = {(path, leave if (path, leave) in ways else "invalid") for path, leave in steps}
    order = {path: index for index, path in enumerate(every)}
    untaken = sorted(ways - taken, key=lambda way: (order.get(way[0], len(order)), way))
    return Coverage(
        company,
        len(every),
        len(ways),
        tuple(path for path in every if path in reached and path not in walked),
        tuple((path, leave) for path, leave in untaken if path in walked or path not in order),
        tuple(path for path in every if path not in reached and path not in walked),
    )


def _ways_out(company: Company, budget: float) -> tuple[set[tuple[str, str]], set[str]]:
    """Every way out of an item that some call can take, and the items that calls come to. Raises UnfinishedError."""
    world = world_of(company)
    deadline = time.monotonic() + budget
    graph = explore(Steps(world), entrances(company, world), deadline=deadline, follow=_can_be_tried)
    edges = {edge for following in graph.edges.values() for edge in following if edge.path and _can_be_tried(edge)}
    return {(edge.path, edge.exit) for edge in edges}, {edge.path for edge in edges}


def _can_be_tried(edge: Edge) -> bool:
    if edge.exit == _BROKEN_OFF:
        return False
    return edge.exit != "failed" or edge.path.rpartition(".")[2] not in _NEVER_FAIL
