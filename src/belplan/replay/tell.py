"""What came of calls of the past, on a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from belplan.replay.compare import Change, Replayed, slower
from belplan.replay.learned import Learned

_MOST_VALUES = 20


def print_replayed(console: Console, found: Replayed) -> None:
    """Counts, and each change with the calls that show it."""
    console.print(Text(str(found), style="bold"))
    for change in found.changes:
        _print(console, change, "yellow")
    if found.unanswered:
        console.print(Text("What the past cannot answer", style="bold"))
    for change in found.unanswered:
        _print(console, change, "dim")
    later, most = slower(found.compared)
    if later:
        console.print(Text(f"{later} of them ring later than they did, {most:.1f} s at most", style="dim"))


def _print(console: Console, change: Change, style: str) -> None:
    console.print(Text.assemble(f"{change.count:6}  ", (f"{change.was} → {change.now}", style)))
    if change.at:
        console.print(Text(f"        {change.at}", style="dim"))
    more = ", …" if change.count > len(change.calls) else ""
    console.print(Text(f"        {', '.join(uuid[:8] for uuid in change.calls)}{more}", style="dim"))


def print_learned(console: Console, found: Sequence[Learned]) -> None:
    """Each webhook: what it answers, with counts, and how long it takes."""
    for webhook in found:
        exits = ", ".join(f"{count} {leave}" for leave, count in webhook.exits.most_common()) or "never asked"
        console.print(Text.assemble((webhook.path, "bold"), f"  {exits}"))
        for name, values in webhook.values.items():
            for value in values[:_MOST_VALUES]:
                text = " ".join(value.text.split())
                shown = f"“{text[:60]}{'…' if len(text) > 60 else ''}”"
                said = value.handled_by or "no branch"
                hint = f"; {value.hint}" if value.hint else ""
                style = "dim" if value.handled_by else "yellow"
                console.print(Text.assemble(f"{value.count:6}  {name} = {shown}  ", (f"{said}{hint}", style)))
            if len(values) > _MOST_VALUES:
                console.print(Text(f"        and {len(values) - _MOST_VALUES} other values", style="dim"))
        if webhook.answered_within is not None:
            line = f"{webhook.timeout:g} s: {webhook.answered_within:.1%} answered"
            if webhook.advice is not None:
                line += f"; {webhook.advice:g} s: {webhook.advised:.1%}"
            console.print(Text(f"        {line}; beyond {webhook.seen:.1f} s nobody has waited", style="dim"))
