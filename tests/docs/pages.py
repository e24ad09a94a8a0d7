"""The code blocks of the documentation, and what is to be done with each.

A block with a title is a file of its page. `console` is run, in the page's own folder; the lines below a command must
be in what it prints. YAML without a title is a plan, or items of a route; Python is compiled; JSON is read. A comment
before a block, `<!-- not run: why -->`, leaves it out.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(
    r"(?:<!-- not run: (?P<why>[^\n]+?) -->\n)?^(?P<indent> *)```(?P<language>\w*)(?: title=\"(?P<title>[^\"]+)\")?\n"
    r"(?P<text>.*?)^(?P=indent)```",
    re.DOTALL | re.MULTILINE,
)
GENERATED = {"apps.md", "cli.md", "plan.md", "api.md"}  # written from the code, and tested with it


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, its file where it is one, and why it is not run where it is not."""

    line: int
    language: str
    title: str
    text: str
    why: str

    def commands(self) -> list[tuple[str, list[str]]]:
        """The commands of a console block, and lines that each must print."""
        found: list[tuple[str, list[str]]] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            elif found and line.strip() and line.strip() != "…":
                found[-1][1].append(line.strip())
        return found


def pages() -> list[Path]:
    """Everything that people read."""
    folders = [
        path for path in (ROOT / "docs").rglob("*.md") if path.name not in GENERATED and path.parent.name != "adr"
    ]
    return [ROOT / "README.md", *sorted(folders)]


def blocks(page: Path) -> list[Block]:
    """The blocks of a page, from top to bottom."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            text.count("\n", 0, found.start("language")) + 1,
            found["language"],
            found["title"] or "",
            re.sub(f"^{found['indent']}", "", found["text"], flags=re.MULTILINE),
            found["why"] or "",
        )
        for found in _BLOCK.finditer(text)
    ]
