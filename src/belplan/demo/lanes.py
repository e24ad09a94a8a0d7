"""The live ladder: who sends what to whom, drawn as lanes with arrows, a line as it happens."""

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from rich.console import Console
from rich.text import Text

Lane = Literal["caller", "Belplan", "CRM", "phones"]
LANES: dict[Lane, int] = {"caller": 3, "Belplan": 15, "CRM": 26, "phones": 37}  # columns
WIDTH = 41  # of the lanes
TIME = 9  # of the time before them
NARROWEST = 24  # of the text beside them


@dataclass(slots=True)
class Lanes:
    """Draws on a console. `clock` gives seconds; each ladder counts from its own beginning."""

    console: Console
    clock: Callable[[], float]
    silent: Lane | None = None  # its lane is broken off
    _began: float = 0.0

    def begin(self, title: str) -> None:
        """Begin a ladder: its title, and the names of the lanes."""
        self._began = self.clock()
        names = [" "] * (WIDTH + 4)
        for lane, column in LANES.items():
            start = max(0, column - len(lane) // 2)
            names[start : start + len(lane)] = lane
        self.console.print()
        self.console.print(Text(title, style="bold"))
        self.console.print(Text(" " * TIME + "".join(names).rstrip(), style="dim"))

    def arrow(self, origin: Lane, target: Lane, text: str, style: str = "") -> None:
        """One sends something to another."""
        first, last = sorted((LANES[origin], LANES[target]))
        cells = self._cells()
        for column in range(first + 1, last):
            cells[column] = "┼" if cells[column] != " " else "─"
        right = LANES[origin] < LANES[target]
        cells[first], cells[last] = ("├", "▶") if right else ("◀", "┤")
        self._print(cells, range(first, last + 1), text, style or "cyan")

    def both_ways(self, one: Lane, other: Lane, text: str, style: str) -> None:
        """Something goes both ways."""
        first, last = sorted((LANES[one], LANES[other]))
        cells = self._cells()
        for column in range(first + 1, last):
            cells[column] = "┿" if cells[column] != " " else "━"
        cells[first], cells[last] = "◀", "▶"
        self._print(cells, range(first, last + 1), text, style)

    def point(self, lane: Lane, text: str, style: str = "", mark: str = "●") -> None:
        """Something happens at one of them."""
        cells = self._cells()
        cells[LANES[lane]] = mark
        self._print(cells, range(LANES[lane], LANES[lane] + 1), text, style)

    def aside(self, text: str) -> None:
        """Something to look at, beside the lanes."""
        for line in textwrap.wrap(text, self._room):
            self._print_beside(line, "dim")

    def _cells(self) -> list[str]:
        cells = [" "] * WIDTH
        for lane, column in LANES.items():
            cells[column] = " " if lane == self.silent else "│"
        return cells

    @property
    def _room(self) -> int:
        """Columns for the text."""
        return max(NARROWEST, self.console.width - TIME - WIDTH - 1)

    def _print(self, cells: list[str], drawn: range, text: str, style: str) -> None:
        first, *rest = textwrap.wrap(text, self._room) or [""]
        line = Text(f"{self.clock() - self._began:7.3f}  ", style="dim")
        lanes = Text("".join(cells), style="dim")
        lanes.stylize(f"not dim {style}".strip(), drawn.start, drawn.stop)
        line.append_text(lanes)
        line.append(f" {first}", style=f"not dim {style}" if style else "not dim")
        self.console.print(line)
        for more in rest:
            self._print_beside(more, f"not dim {style}".strip())

    def _print_beside(self, text: str, style: str) -> None:
        self.console.print(Text(" " * TIME + "".join(self._cells()), style="dim").append(f" {text}", style=style))
