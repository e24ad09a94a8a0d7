"""Circles that a call never gets out of: it moves from plan to plan, and nothing there waits for anybody.

A circle is refused when there is a way around it on which no item waits. Conditions may take either
exit: whoever meets the conditions of that way goes round at once, and for good. Announcing, ringing,
a queue and waiting for a key all take time in which a caller hears something and can hang up, so a
menu that comes back to itself for want of a key is no such circle. A webhook does not count: its
server may answer at once.
"""

from collections.abc import Iterator, Sequence

from belplan.dialplan.check.findings import Findings
from belplan.dialplan.check.moves import Entrance, Moves
from belplan.dialplan.places import Spot, Top

_MAX_TOLD = 6  # moves of a circle that a message names


def check_loops(findings: Findings, everything: Sequence[Top]) -> None:
    """Refuse each move that closes a circle in which nothing waits."""
    moves = Moves(findings)
    ways: dict[Entrance, list[tuple[Entrance, Spot]]] = {}
    for top in everything:
        # The other routes of a menu begin with a key, or with having waited for one.
        if top.kind == "dial_plan" or top.kind == "start":
            found: list[tuple[Entrance, Spot]] = []
            _at_once(moves, top, top.spots, found)
            ways[Entrance(top.kind, top.owner, top.context)] = found
    for circle in _circles(ways):
        told = [spot.path for spot in circle[-_MAX_TOLD:]]
        way = " → ".join(told if len(told) == len(circle) else ["…", *told])
        message = f"a call goes round here without end: {way}; let something in it wait, such as an announcement"
        findings.say(circle[-1].keys, "endless-loop", message)


def _at_once(moves: Moves, top: Top, spots: Sequence[Spot], found: list[tuple[Entrance, Spot]]) -> bool:
    """Collect the moves that a call may come to without waiting; True where it may come to the end of the route so."""
    for spot in spots:
        if target := moves.target(top, spot):
            found.append((target, spot))
            # A menu comes back only after it has waited for a key; the others do not come back at all.
            return False
        if spot.app.ends or spot.app.waits():
            return False
        on = {branch.exit: _at_once(moves, top, branch.spots, found) for branch in spot.branches}
        if not any(on.get(leave, True) for leave in spot.app.ways_out()):
            return False
    return True


def _circles(ways: dict[Entrance, list[tuple[Entrance, Spot]]]) -> Iterator[list[Spot]]:
    """The moves of each circle, the one that closes it last. A stack of our own: circles may be long."""
    done: set[Entrance] = set()
    for first in ways:
        if first in done:
            continue
        on_the_way = {first: 0}
        taken: list[Spot] = []
        stack = [iter(ways[first])]
        while stack:
            for target, spot in stack[-1]:
                if target in on_the_way:
                    yield [*taken[on_the_way[target] :], spot]
                elif target not in done and target in ways:
                    on_the_way[target] = len(stack)
                    taken.append(spot)
                    stack.append(iter(ways[target]))
                    break
            else:
                stack.pop()
                done.add(on_the_way.popitem()[0])
                if taken:
                    taken.pop()
