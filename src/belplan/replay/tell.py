"""What came of calls of the past, on a terminal."""

from rich.console import Console
from rich.text import Text

from belplan.replay.compare import Change, Replayed, slower


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
