"""Whether a call that was walked took a way that the proof knows: how the one is held to the other."""

from belplan.engine.cdr import CallRecord
from belplan.proof.explore import Graph
from belplan.proof.state import Cube, Spot
from belplan.proof.steps import LAST_RESORT, Steps


def strays(graph: Graph, record: CallRecord) -> str | None:
    """The first step of a call that no way has. None where the proof knows its whole way.

    The call went to a dial plan or a personal route of the same version. Raises LookupError for another one.
    """
    steps = graph.steps
    limited = {spot for spot, edges in graph.edges.items() if any(edge.limit for edge in edges)}
    start = steps.enter(record.callee_number)
    here: list[tuple[Spot, Cube]] = [(start, steps.world.start())]
    for step in record.trace:
        if step.exit in ("abandoned", "transferred"):
            return None  # whoever has answered may send the caller anywhere; no plan says where
        if step.exit == "limit" or (step.path == LAST_RESORT and not any(spot.phase == "end" for spot, _ in here)):
            here = [
                (edge.spot, edge.cube) for spot, cube in here if spot in limited for edge in [steps.limited(spot, cube)]
            ]
        if step.exit == "limit":
            continue
        after: dict[tuple[Spot, Cube], None] = {}
        for spot, cube in here:
            if spot.over:
                continue
            for edge in steps.after(spot, cube):
                other_key = (
                    step.app == "menu" and edge.exit == "invalid" and step.exit not in _named_keys(steps, step.path)
                )
                if edge.path != step.path or (edge.exit != step.exit and not other_key):
                    continue
                if edge.ring and step.detail.get("to") and edge.ring.to not in ("", step.detail["to"]):
                    continue
                if edge.spot in graph.edges or edge.spot.over:
                    after[edge.spot, edge.cube] = None
        if not after:
            return f"{step.path} → {step.exit}"
        here = list(after)
    return None


def _named_keys(steps: Steps, path: str) -> frozenset[str]:
    """The ways out of a wait for a key that have a name of their own."""
    context = steps.context_at(path)
    return frozenset({*context.keys, "no_input"}) if context else frozenset()
