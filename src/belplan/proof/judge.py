"""Rules of a company, proven or refuted over every way."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from belplan.dialplan.rules import Circumstance, Rule, When
from belplan.proof import questions
from belplan.proof.call import Shown, shown
from belplan.proof.explore import Graph, UnfinishedError, explore
from belplan.proof.search import Node, find, longest
from belplan.proof.state import Cube, Spot
from belplan.proof.steps import Edge
from belplan.proof.world import World

Verdict = Literal["proven", "refuted", "open"]


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a rule. `call` breaks it; `why` says what is missing where it is open, or how it is broken."""

    rule: Rule
    verdict: Verdict
    why: str = ""
    call: Shown | None = None


def judge(world: World, graph: Graph, rule: Rule, deadline: float) -> Judged:
    """Prove a rule over all ways of a graph, or find a call that breaks it."""
    try:
        return _Judge(world, graph, rule, deadline).judged()
    except UnfinishedError as error:
        return Judged(rule, "open", f"not finished: {error}")


class _Judge:
    def __init__(self, world: World, graph: Graph, rule: Rule, deadline: float) -> None:
        self._world = world
        self._graph = graph
        self._rule = rule
        self._deadline = deadline

    def judged(self) -> Judged:
        match self._rule.form:
            case "only" | "never":
                return self._never(self._rings, self._rule.form == "only")
            case "always":
                return self._always(None)
            case "within":
                return self._always(self._rule.within)
            case _:
                return self._silence(self._rule.silence_at_most or 0.0)

    # Ringing only sometimes, or never

    def _rings(self, edge: Edge) -> bool:
        target = self._rule.target or ""
        if edge.ring is None:
            return False
        numbers = (edge.ring.to, *edge.ring.phones)
        return any(number == "" or questions.is_number(self._world.company, number, target) for number in numbers)

    def _surely_rings(self, edge: Edge, target: str) -> bool:
        if edge.ring is None:
            return False
        numbers = (edge.ring.to, *(edge.ring.phones if edge.ring.surely else ()))
        return any(questions.is_number(self._world.company, number, target) for number in numbers if number)

    def _never(self, leads: Callable[[Edge], bool], unless: bool) -> Judged:
        def breaks(spot: Spot, cube: Cube) -> bool:
            return any(held is not unless for held, _ in self._circumstances(spot, cube))

        suspects = [
            (spot, edge)
            for spot, edges in self._graph.edges.items()
            for edge, cubes in edges.items()
            if leads(edge) and any(breaks(spot, cube) for cube in cubes)
        ]
        if not suspects:
            return Judged(self._rule, "proven")
        bad = {edge for _, edge in suspects}
        return self._refuted(
            self._graph,
            lambda node: self._narrowed(node, not unless) is not None,
            lambda edge: leads(edge) and edge.bare() in bad,
            f"{self._rule.target} can ring",
            want=not unless,
        )

    # Coming to somebody, always or in time

    def _achieves(self, edge: Edge) -> bool:
        happens = self._rule.always
        reach = self._rule.reach or (happens.reach if happens else None)
        if happens and happens.to:
            return self._surely_rings(edge, happens.to)
        if happens and happens.hear:
            return edge.spot.spoken
        if reach == "person":
            return edge.ring is not None
        if reach == "voicemail":
            return bool(edge.box)
        return edge.ring is not None or bool(edge.box)

    def _always(self, within: float | None) -> Judged:
        def follow(edge: Edge) -> bool:
            return not self._achieves(edge)

        numbers = [number for number, _ in self._graph.starts]
        without = explore(self._graph.steps, numbers, deadline=self._deadline, follow=follow)
        ends = [
            edge
            for spot, edge in without.ends()
            if follow(edge)
            and any(held for cube in without.edges[spot][edge] for held, _ in self._circumstances(spot, cube))
        ]
        if ends:
            bad = set(ends)
            return self._refuted(
                without,
                lambda node: self._narrowed(node, True) is not None,
                lambda edge: edge.bare() in bad,
                "a call can end without",
                follow=follow,
                want=True,
            )
        if within is None:
            return Judged(self._rule, "proven")

        # A phone that rings, rings at once: what counts is the time until it begins.
        def lasts(edge: Edge) -> float:
            return 0.0 if self._achieves(edge) else edge.seconds

        most, way, _ = longest(without, lasts)
        if most <= within:
            return Judged(self._rule, "proven", f"at most {most:.1f} s")

        def late(node: Node) -> bool:
            spent = node.seconds - (node.edge.seconds if node.edge and self._achieves(node.edge) else 0.0)
            return spent > within and self._narrowed(node, True) is not None

        why = f"it can take {most:.1f} s" if most < float("inf") else "it can take for ever"
        unknown = next((edge for edge in way if edge.seconds == float("inf")), None)
        if unknown:
            why += f": nobody knows how long {unknown.path} takes"
        return self._refuted(without, late, lambda edge: True, why, follow=follow, want=True, slow=True, timed=True)

    # Silence

    def _silence(self, most: float) -> Judged:
        def lasts(edge: Edge) -> float | None:
            return edge.quiet if edge.quiet else 0.0 if edge.seconds == 0 else None

        longest_silence, way, _ = longest(self._graph, lasts)
        if longest_silence <= most:
            return Judged(self._rule, "proven", f"at most {longest_silence:.1f} s")
        bad = {edge for edge in way if edge.quiet}
        why = "it can last for ever" if longest_silence == float("inf") else f"it can last {longest_silence:.1f} s"

        def quiet(node: Node) -> bool:
            spent, at = 0.0, node
            while at and at.edge and lasts(at.edge) is not None:
                spent += at.edge.quiet
                at = at.before
            return spent > most and self._narrowed(node, True) is not None

        where = f", at {next(iter(bad)).path}" if bad else ""
        return self._refuted(self._graph, quiet, lambda edge: edge.quiet > 0, why + where, want=True, timed=True)

    # What all have in common

    def _refuted(
        self,
        graph: Graph,
        goal: Callable[[Node], bool],
        leads: Callable[[Edge], bool],
        why: str,
        *,
        want: bool,
        follow: Callable[[Edge], bool] = lambda edge: True,
        slow: bool = False,
        timed: bool = False,
    ) -> Judged:
        node = find(graph, goal, leads, follow=follow, longest=slow, deadline=self._deadline)
        if node is None:
            return Judged(self._rule, "open", f"{why}, it seems; no call was found that shows it")
        call = shown(self._world, self._narrowed(node, want) or node, slow=slow)
        if timed and any(one.edge and float("inf") in (one.edge.seconds, one.edge.quiet) for one in node.way()):
            return Judged(self._rule, "open", why, call)
        if call.walked is None:
            return Judged(self._rule, "open", f"{why}, it seems; not shown by a call on the simulator", call)
        return Judged(self._rule, "refuted", why, call)

    def _narrowed(self, node: Node, want: bool) -> Node | None:
        """The node with only the calls that the rule speaks of, or does not speak of. None where there are none."""
        edge, before = node.edge, node.before
        if edge is None or before is None:
            return None
        for held, part in self._circumstances(before.spot, edge.came):
            if held is want:
                narrow = Edge(
                    edge.path, edge.app, edge.exit, edge.spot, edge.cube, part, edge.seconds, edge.quiet,
                    edge.ring, edge.box, edge.webhooks, edge.limit,
                )  # fmt: skip
                return Node(node.spot, node.cube, node.seconds, narrow, before, node.number)
        return None

    def _circumstances(self, spot: Spot, cube: Cube) -> Iterator[tuple[bool, Cube]]:
        """Whether the rule's `when` holds, each time with the calls of which it is so."""
        when = self._rule.when
        if when is None:
            yield True, cube
            return
        tests = [test for _, test in when.tests]
        yield from self._decided(spot, cube, tests, wants_one=bool(when.any_of))

    def _decided(
        self, spot: Spot, cube: Cube, tests: list[Circumstance | When], *, wants_one: bool
    ) -> Iterator[tuple[bool, Cube]]:
        if not tests:
            yield not wants_one, cube
            return
        for held, part in self._holds(spot, cube, tests[0]):
            if held is wants_one:
                yield held, part
            else:
                yield from self._decided(spot, part, tests[1:], wants_one=wants_one)

    def _holds(self, spot: Spot, cube: Cube, test: Circumstance) -> Iterator[tuple[bool, Cube]]:
        if test.time is not None:
            found = self._world.within(spot, cube, test.time, at_arrival=True)
        elif test.diversion is not None:
            found = self._world.switched(cube, test.diversion)
        else:
            yield from self._world.holds(spot, cube, test)
            return
        for held, part in found:
            yield held is not test.invert, part
