"""A drill: what callers would have met, and could meet, with a customer's server down, slow or answering rubbish."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.text import Text

from belplan.dialplan.company import Company
from belplan.engine.cdr import CallRecord
from belplan.ladder import who
from belplan.proof import Proof, prove
from belplan.proof.world import Failing
from belplan.replay.compare import Replayed, replay, slower
from belplan.replay.faults import failing, named
from belplan.replay.past import Fault
from belplan.replay.tell import print_replayed


@dataclass(frozen=True, slots=True)
class Drill:
    """What came of it: for calls of the past, and for all ways, beside those without the fault."""

    company: Company
    replayed: Replayed | None
    usual: Proof
    failing: Proof

    @property
    def silenced(self) -> list[str]:
        """The numbers that can be rung otherwise, and now not."""
        now = {one.number for one in self.failing.reached}
        return [one.number for one in self.usual.reached if one.number not in now]

    def as_json(self) -> dict[str, Any]:
        """One document."""
        return {
            "calls": self.replayed.as_json() if self.replayed else None,
            "later": slower(self.replayed.compared)[0] if self.replayed else None,
            "no_longer_rung": self.silenced,
            "usual": self.usual.as_json(),
            "failing": self.failing.as_json(),
        }


def drill(company: Company, paths: frozenset[str], fault: Fault, records: Sequence[CallRecord] | None = None) -> Drill:
    """Let webhooks, by path, fail in one way: in calls of the past, and on every way that there is."""
    replayed = None if records is None else replay(company, records, faulty=failing(paths, fault))
    said = {path: _left_by(fault, app) for path, app in named(company).items() if path in paths}
    return Drill(company, replayed, prove(company), prove(company, failing=said))


def _left_by(fault: Fault, app: Any) -> Failing:
    if fault.seconds >= app.timeout:
        return Failing(("timeout",))
    if fault.slower:
        return Failing()  # it may still be in time
    if fault.text is None:
        return Failing(("error",))
    return Failing(("error",)) if app.extract else Failing(("ok",), fault.text)


def print_drill(console: Console, found: Drill) -> None:
    """For people: the calls first, then every way."""
    if found.replayed:
        console.print(Text("Calls of the past", style="bold"))
        print_replayed(console, found.replayed)
    console.print(Text("Every way", style="bold"))
    proof = found.failing
    if proof.unfinished:
        console.print(Text(f"  not finished: {proof.unfinished}", style="yellow"))
        return
    for number in found.silenced:
        name = who(found.company, number) if number else "other numbers"
        console.print(Text(f"  {name}: no longer rung", style="yellow"))
    known = {(one.path, one.exit) for one in found.usual.nobody}
    for one in proof.nobody:
        more = "" if (one.path, one.exit) in known else " (never without the fault)"
        console.print(Text(f"  {one.path or 'the end of the plan'} → {one.exit}: nobody is rung{more}", style="yellow"))
    for rule in proof.rules:
        if rule.verdict != "proven":
            console.print(Text(f"  ✗ {rule.rule.title}: {rule.why}", style="red"))
    rung = ", ".join(who(found.company, one.number) for one in proof.reached if one.number)
    console.print(Text(f"  still rung: {rung or 'nobody'}", style="dim"))
