"""Items, contexts, menus and dial plans that no call can come to."""

from collections.abc import Sequence

from belplan.dialplan.check.findings import Findings
from belplan.dialplan.check.moves import Entrance, Moves
from belplan.dialplan.places import Keys, Spot, Top


def check_reach(findings: Findings, everything: Sequence[Top]) -> None:
    """Refuse what stands below an item that no call goes on from; warn of what nothing leads to."""
    moves = Moves(findings)
    for top in everything:
        _ends(findings, moves, top, top.spots)
    led_to: dict[Entrance, None] = {}
    within: dict[tuple[int, str], set[str]] = {}
    for top in everything:
        for spot in top.everything:
            target = moves.target(top, spot)
            if target is None:
                continue
            if top.in_menu and target.kind == "start" and target.owner == top.owner:
                within.setdefault((top.owner, top.context), set()).add(target.context)
            elif (top.kind, top.owner) != (target.kind, target.owner):
                led_to[target] = None
    _check_contexts(findings, within)
    _check_entrances(findings, led_to)


def _ends(findings: Findings, moves: Moves, top: Top, spots: Sequence[Spot]) -> bool:
    """Whether no call comes to the end of a route. The first item that none comes to is a problem."""
    last: Spot | None = None
    for spot in spots:
        if last:
            message = f"no call comes here: none goes on below {last.path}; move this above it, or take it out"
            findings.say(spot.keys, "unreachable", message)
            break
        ended = {branch.exit: _ends(findings, moves, top, branch.spots) for branch in spot.branches}
        closed = any(ended.values()) and all(
            leave in spot.app.closing or ended.get(leave) for leave in spot.app.ways_out()
        )
        if closed or spot.app.ends or moves.leaves(top, spot):
            last = spot
    return last is not None


def _check_contexts(findings: Findings, within: dict[tuple[int, str], set[str]]) -> None:
    for index, menu in enumerate(findings.company.ivr_menus):
        if menu.start not in menu.contexts:
            continue
        reached = {menu.start}
        waiting = [menu.start]
        while waiting:
            more = within.get((index, waiting.pop()), set()) - reached
            reached |= more
            waiting += more
        for name in menu.contexts:
            if name not in reached and not findings.lost(name):
                keys: Keys = (*findings.entry("ivr_menus", index), "contexts", name)
                message = f"no call comes to this context: lead to it with goto: {{context: {name}}}, or take it out"
                findings.say(keys, "unreachable", message, "warning")


def _check_entrances(findings: Findings, led_to: dict[Entrance, None]) -> None:
    """Menus and dial plans that no number and no item leads to."""
    company = findings.company
    menus = {target.owner for target in led_to if target.kind == "start"}
    plans = {target.owner for target in led_to if target.kind == "dial_plan"}
    for index, menu in enumerate(company.ivr_menus):
        if index not in menus and not findings.lost(menu.name):
            message = f"no call comes to this menu: lead to it with menu: {{name: {menu.name}}}"
            findings.say(findings.entry("ivr_menus", index), "unreachable", message, "warning")
    for index, plan in enumerate(company.dial_plans):
        if index not in plans and not (plan.internal_number or plan.external_numbers or findings.lost(plan.name)):
            message = "no call comes to this dial plan: give it a number, or lead to it with goto"
            findings.say(findings.entry("dial_plans", index), "unreachable", message, "warning")
