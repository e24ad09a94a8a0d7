"""The proof of a company: every way of every call, and what follows from them."""

import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from belplan.dialplan.company import Company
from belplan.dialplan.rules import Circumstance
from belplan.proof.call import Shown, shown
from belplan.proof.explore import Graph, UnfinishedError, explore
from belplan.proof.judge import Judged, judge
from belplan.proof.search import find, longest, longest_call
from belplan.proof.state import Cube
from belplan.proof.steps import Edge, Steps
from belplan.proof.when import circumstances
from belplan.proof.world import Failing, World

LONGEST_CALL = 4 * 3600.0  # seconds for which a call may go on and meet a change of times
BUDGET = 60.0  # seconds
_LONGEST_SEARCH = 10.0  # seconds; after that the bound is told, which perhaps no call comes to
_KEY = re.compile(r"\.keys\.(.)")


@dataclass(frozen=True, slots=True)
class Reached:
    """Somebody who can be rung: `when` in words, at which items, and how many calls at least show it."""

    number: str
    phones: tuple[str, ...]
    when: tuple[str, ...]
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about some ways: where they end, and a call that shows it, where one was found."""

    path: str
    exit: str
    call: Shown | None


@dataclass(slots=True)
class Proof:
    """What is true of every call of a company. Times are in seconds; `inf` where nothing bounds them.

    `unfinished` says why not all was looked at: then nothing is proven.
    """

    company: Company
    took: float = 0.0
    unfinished: str = ""
    places: int = 0
    reached: list[Reached] = field(default_factory=list[Reached])
    nobody: list[Finding] = field(default_factory=list[Finding])
    silent: list[Finding] = field(default_factory=list[Finding])
    unwalked: list[str] = field(default_factory=list[str])
    longest: float = 0.0
    longest_call: Shown | None = None
    longest_at: str = ""
    silence: float = 0.0
    silence_at: str = ""
    rules: list[Judged] = field(default_factory=list[Judged])
    graph: Graph | None = None

    def as_json(self) -> dict[str, Any]:
        """One document; a time without a bound is null."""
        return {
            "finished": not self.unfinished,
            "unfinished": self.unfinished or None,
            "took_s": round(self.took, 3),
            "places": self.places,
            "reached": [
                {"number": one.number, "phones": one.phones, "when": one.when, "paths": one.paths}
                for one in self.reached
            ],
            "nobody": [_finding(one) for one in self.nobody],
            "silent": [_finding(one) for one in self.silent],
            "unreachable": self.unwalked,
            "longest": {"seconds": _bounded(self.longest), "path": self.longest_at, "call": _call(self.longest_call)},
            "silence": {"seconds": _bounded(self.silence), "path": self.silence_at},
            "rules": [
                {"name": one.rule.title, "verdict": one.verdict, "why": one.why, "call": _call(one.call)}
                for one in self.rules
            ],
        }


def _bounded(seconds: float) -> float | None:
    return None if seconds == float("inf") else round(seconds, 3)


def _finding(found: Finding) -> dict[str, Any]:
    return {"path": found.path, "exit": found.exit, "call": _call(found.call)}


def _call(call: Shown | None, plan: str = "PLAN") -> dict[str, Any] | None:
    if call is None:
        return None
    return {
        "command": call.command(plan),
        "seconds": _bounded(call.seconds),
        "trace": [{"path": path, "exit": leave} for path, leave in call.steps],
        "shown": call.walked is not None,
    }


def world_of(company: Company, first: date | None = None, failing: Mapping[str, Failing] | None = None) -> World:
    """Everything that a company's plans and rules ask about, cut into classes."""
    tests = [test for rule in company.rules if rule.when for _, test in rule.when.tests]
    world = World(
        company,
        also=[test for test in tests if _compares(test)],
        targets=[target for rule in company.rules if (target := rule.target)],
        times=[test.time for test in tests if test.time],
        first=first or date.today(),
        failing=failing,
    )
    world.moments.allow(LONGEST_CALL)
    return world


def _compares(test: Circumstance) -> bool:
    return test.time is None and test.diversion is None


def entrances(company: Company, world: World) -> list[str]:
    """A number for each way into the company: one of each plan, all where the plan asks which was called."""
    found: list[str] = []
    for plan in company.dial_plans:
        numbers = [*plan.external_numbers, *([plan.internal_number] if plan.internal_number else [])]
        chosen = numbers if world.by_entrance else numbers[:1]
        found += [company.canonical(number) for number in chosen]
    return [*found, *(user.number for user in company.users if user.route.items)]


def prove(
    company: Company,
    *,
    budget: float = BUDGET,
    first: date | None = None,
    failing: Mapping[str, Failing] | None = None,
) -> Proof:
    """Look at every way of every call, for `budget` seconds at most. `first` is the first day of the calendar.

    `failing` says of webhooks, by path, how alone they are left.
    """
    began = time.monotonic()
    proof = Proof(company)
    deadline = began + budget
    world = world_of(company, first, failing)
    try:
        graph = explore(Steps(world), entrances(company, world), deadline=deadline)
    except UnfinishedError as error:
        proof.unfinished = str(error)
        proof.took = time.monotonic() - began
        return proof
    proof.graph = graph
    proof.places = len(graph.cubes)
    walked = graph.walked()
    proof.unwalked = [spot.path for top in world.tops for spot in top.everything if spot.path not in walked]
    proof.reached = list(_reached(world, graph))
    proof.nobody = list(_ending(world, graph, deadline, lambda edge: not edge.spot.rung and edge.spot.phase == "ended"))
    proof.silent = list(_ending(world, graph, deadline, _in_silence))
    _measure(proof, world, graph, deadline)
    proof.rules = [judge(world, graph, rule, deadline) for rule in company.rules]
    proof.took = time.monotonic() - began
    return proof


def _in_silence(edge: Edge) -> bool:
    """The plan came to its end, and its caller has heard no word and nobody was rung."""
    return edge.spot.phase == "ended" and not edge.path and not edge.spot.spoken and not edge.spot.rung


def _reached(world: World, graph: Graph) -> Iterator[Reached]:
    cubes: dict[str, dict[str, list[Cube]]] = defaultdict(lambda: defaultdict(list))
    phones: dict[str, tuple[str, ...]] = {}
    paths: dict[str, dict[str, None]] = defaultdict(dict)
    for edges in graph.edges.values():
        for edge, came in edges.items():
            if edge.ring:
                key = _KEY.search(edge.path)
                cubes[edge.ring.to][key[1] if key else ""] += came
                phones[edge.ring.to] = edge.ring.phones
                paths[edge.ring.to][edge.path] = None
    for number in sorted(cubes):
        when = [
            f"{words}, with key {key}" if key else words
            for key, came in cubes[number].items()
            for words in circumstances(world, came)
        ]
        yield Reached(number, phones[number], tuple(when), tuple(paths[number]))


def _ending(world: World, graph: Graph, deadline: float, is_such: Callable[[Edge], bool]) -> Iterator[Finding]:
    """The ends of some ways, each item once, with the shortest call that comes there."""
    last_of: dict[str, None] = {}
    for _, edge in graph.ends():
        if is_such(edge):
            last_of[f"{edge.path} {edge.exit}"] = None
    for name in last_of:
        path, _, leave = name.rpartition(" ")

        def leads(edge: Edge, path: str = path, leave: str = leave) -> bool:
            return edge.spot.over and edge.path == path and edge.exit == leave and is_such(edge)

        node = find(graph, lambda node: True, leads, deadline=deadline)
        call = shown(world, node) if node else None
        where = call.steps[-1][0] if call and call.steps and not path else path
        yield Finding(where, leave, call)


def _measure(proof: Proof, world: World, graph: Graph, deadline: float) -> None:
    """The longest a caller waits before somebody answers or it is over, and the longest silence."""
    most, way, best = longest(graph, lambda edge: edge.seconds)
    proof.longest = most
    proof.longest_at = _where(way)
    if most < float("inf"):
        node = longest_call(graph, best, min(deadline, time.monotonic() + _LONGEST_SEARCH))
        if node:
            proof.longest = node.seconds
            proof.longest_at = _where([one.edge for one in node.way() if one.edge])
            proof.longest_call = shown(world, node, slow=True)
    proof.silence, way, _ = longest(
        graph, lambda edge: edge.quiet if edge.quiet else 0.0 if edge.seconds == 0 else None
    )
    proof.silence_at = _where([edge for edge in way if edge.quiet])


def _where(way: Sequence[Edge]) -> str:
    """The step of a way that takes longest."""
    return max(way, key=lambda edge: edge.seconds).path if way else ""
