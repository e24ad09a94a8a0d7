"""A proof as people read it on a terminal."""

from rich.console import Console
from rich.text import Text

from belplan.dialplan.company import Company
from belplan.ladder import who
from belplan.proof.call import Shown
from belplan.proof.judge import Judged
from belplan.proof.prove import Finding, Proof

_MARKS = {"proven": ("✓", "green"), "refuted": ("✗", "red"), "open": ("?", "yellow")}


def print_proof(console: Console, proof: Proof, plan: str) -> None:
    """The whole proof; `plan` is how the plan file is named in commands."""
    company = proof.company
    if proof.unfinished:
        console.print(Text(f"not finished: {proof.unfinished}", style="yellow"))
        return
    console.print(Text("Who can be rung", style="bold"))
    for one in proof.reached:
        name = who(company, one.number) if one.number else "any outside number"
        for index, when in enumerate(one.when):
            console.print(
                Text.assemble(f"  {name if not index else '':<28} ", (when, "dim" if when == "always" else ""))
            )
    _findings(console, company, "Ways that ring nobody", proof.nobody, plan)
    _findings(console, company, "Ways that end in silence", proof.silent, plan)
    if proof.unwalked:
        console.print(Text("Items that no call comes to", style="bold"))
        for path in proof.unwalked:
            console.print(Text(f"  {path}", style="yellow"))
    console.print(Text("The longest", style="bold"))
    console.print(Text(f"  wait     {_seconds(proof.longest)}{_at(proof.longest_at)}"))
    _call(console, proof.longest_call, plan)
    console.print(Text(f"  silence  {_seconds(proof.silence)}{_at(proof.silence_at)}"))
    if proof.rules:
        console.print(Text("Rules", style="bold"))
    for rule in proof.rules:
        _rule(console, rule, plan)
    console.print(Text(f"every way was looked at: {proof.places} places, in {proof.took:.2f} s", style="dim"))


def _findings(console: Console, company: Company, title: str, findings: list[Finding], plan: str) -> None:
    if not findings:
        return
    console.print(Text(title, style="bold"))
    for found in findings:
        console.print(Text(f"  {found.path or 'the end of the plan'} → {found.exit}", style="yellow"))
        _call(console, found.call, plan)


def _rule(console: Console, judged: Judged, plan: str) -> None:
    mark, style = _MARKS[judged.verdict]
    why = f": {judged.why}" if judged.why else ""
    message = f" {judged.rule.message}" if judged.rule.message and judged.verdict == "refuted" else ""
    console.print(Text.assemble("  ", (mark, style), f" {judged.rule.title}", (f"{why}{message}", "dim")))
    _call(console, judged.call, plan)


def _call(console: Console, call: Shown | None, plan: str) -> None:
    if call and call.walked:
        console.print(Text(f"      {call.command(plan)}", style="cyan"))
    elif call:
        way = ", ".join(f"{path.rpartition('.')[2]} → {leave}" for path, leave in call.steps)
        console.print(Text(f"      {way}", style="dim"))


def _seconds(seconds: float) -> str:
    return "without a limit" if seconds == float("inf") else f"{seconds:.1f} s"


def _at(path: str) -> str:
    return f", at {path}" if path else ""
