"""Pages that are written from the code: `python scripts/pages.py` (`make docs`).

docs/cli.md and docs/belplan.1 are the command line as it describes itself; docs/architecture.svg is the contract of
layers in pyproject.toml, which `make check` enforces.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from html import escape
from pathlib import Path

from belplan import __version__
from belplan.cli import app

sys.path.insert(0, str(Path(__file__).parent))
from api_page import api
from plan_page import plan_file

ROOT = Path(__file__).parents[1]

WORDS = {  # what each part is for, in a few words
    "cli": "commands",
    "demo": "everything on one machine",
    "installation": "what a server is made of",
    "steering": "people change what runs",
    "server": "joins the parts",
    "api": "REST, one module per resource",
    "scenarios": "tests of plans",
    "rehearsal": "plays either side of a webhook",
    "storage": "database and key, opened",
    "drill": "a failing server, rehearsed",
    "gradual": "a version for some of the callers",
    "examination": "scenarios, replay, proof, drill: on a server",
    "why": "why a call went there",
    "replay": "walks a recorded call again",
    "proof": "every way through a plan",
    "simulation": "a call without a telephone",
    "trial": "one webhook for real",
    "reference": "pages from the apps",
    "migration": "plans from other exchanges",
    "compiled": "a plan, ready to be walked",
    "event_webhooks": "tells what happens",
    "data_register": "which data goes where",
    "live": "calls under way",
    "tracing": "calls, for OpenTelemetry",
    "options": "what the server was told",
    "background": "tasks beside the calls",
    "memory": "what a company remembers",
    "ladder": "a call, drawn",
    "apps": "steps of a route",
    "drivers": "Asterisk, simulator",
    "store": "what is kept",
    "mail": "letters out",
    "engine": "walks a call",
    "webhook": "asks a customer's server",
    "prompts": "sounds and speech",
    "dialplan": "plans as data, no I/O",
    "settings": "this machine's",
    "supervisor": "keeps an engine running",
    "unattended": "records of calls without an engine",
    "watchdog": "what systemd is told",
    "receiver": "answers webhooks",
    "signing": "signatures",
}


def command_line() -> str:
    """The page of the command line. Its usage lines are no commands to run."""
    text = app.generate_docs(heading_level=1).replace("```console", "```text")
    text = text.replace("# belplan\n", "# Command line\n\nWritten from the commands themselves (`make docs`).\n", 1)
    text = text.replace("(#belplan-install-completion)", "(#belplan---install-completion)")
    return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE).rstrip() + "\n"


def manual() -> str:
    """The same as a manual page, for `man belplan`."""
    lines = [
        f'.TH BELPLAN 1 "" "belplan {__version__}" "User Commands"', ".SH NAME",
        "belplan \\- an open dial-plan server", ".SH SYNOPSIS", ".B belplan", ".I COMMAND", "[OPTIONS]", ".SH COMMANDS",
    ]  # fmt: skip
    lines += _roff(command_line())
    lines += [
        ".SH ENVIRONMENT", "BELPLAN_DATA and its like, and BELPLAN_SECRET_NAME for", ".B secret:NAME", "in a plan.",
        ".SH EXIT STATUS", "0 when all is well, 1 when there are problems, 2 when something cannot be read.",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _roff(markdown: str) -> Iterator[str]:
    """The parts of the page that a manual page needs: each command with its usage and parameters."""
    inside, fenced = False, False
    for line in markdown.splitlines():
        if found := re.match(r"#{2,} (belplan .*)", line):
            inside = True
            yield f".SS {_plain(found[1])}"
        elif not inside or not line.strip() or line.startswith("**"):
            continue
        elif line.startswith("```"):
            fenced = not fenced
            yield ".nf" if fenced else ".fi"
        elif found := re.match(r"\* (?:\[)?`([^`]*)`(?:\]\([^)]*\))?:? ?(.*)", line):
            yield from (".TP", f".B {_plain(found[1])}", _plain(found[2]) or "\\&")
        else:
            yield _plain(line)


def _plain(text: str) -> str:
    text = re.sub(r"\*\*|\*(?=\[)|(?<=\])\*|`", "", text).replace("\\", "\\\\").replace("-", "\\-")
    return "\\&" + text if text[:1] in (".", "'") else text


def architecture() -> str:
    """The layers, from outside in: what is above may import what is below, never the other way round."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = [[part.strip(" ()") for part in layer.split("|")] for layer in contracts[0]["layers"]]
    width, high, gap, across = 960, 58, 8, 12
    height = len(layers) * (high + gap) + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" role="img">',
        "<title>The layers of Belplan: each imports only what is below it</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for row, names in enumerate(layers):
        each = (width - 40 - across * (len(names) - 1)) / len(names)
        top = 20 + row * (high + gap)
        for column, name in enumerate(names):
            left = 20 + column * (each + across)
            middle = left + each / 2
            box = f'x="{left:.0f}" y="{top}" width="{each:.0f}" height="{high}" rx="6"'
            said = f'x="{middle:.0f}" text-anchor="middle"'
            parts += [
                f'<rect {box} fill="#e0f2f1" stroke="#00796b"/>',
                f'<text {said} y="{top + 25}" font-size="17" font-weight="bold">{escape(name)}</text>',
                f'<text {said} y="{top + 45}" font-size="12">{escape(WORDS.get(name, ""))}</text>',
            ]
    return "\n".join([*parts, "</svg>"]) + "\n"


PAGES = {
    "cli.md": command_line,
    "plan.md": plan_file,
    "api.md": api,
    "belplan.1": manual,
    "architecture.svg": architecture,
}

if __name__ == "__main__":
    for name, write in PAGES.items():
        (ROOT / "docs" / name).write_text(write(), encoding="utf-8")
