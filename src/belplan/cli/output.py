"""What commands print: problems, errors, one JSON document."""

import json
import logging
import sys
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import structlog
from cyclopts import Parameter
from rich.console import Console
from rich.text import Text

from belplan.dialplan.problem import Problem

FINE, PROBLEMS, UNREADABLE = 0, 1, 2

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print one JSON document, and nothing else.")]

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def log_to_stderr(level: int = logging.ERROR) -> None:
    """Logs are for operators; standard output is the command's own. Lines of JSON where nobody is looking."""
    look = structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _one_line,
            look,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _one_line(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What callers and plans say of themselves begins no line of its own, and moves no cursor."""
    for name, value in event.items():
        if isinstance(value, str) and not value.isprintable() and name != "exception":
            event[name] = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value)
    return event


def print_json(document: Any) -> None:
    """One JSON document on standard output."""
    print(json.dumps(document, ensure_ascii=False))


def print_problems(plan: Path, problems: Sequence[Problem], console: Console = out) -> None:
    """A line for each problem: where, what, and what to do."""
    for problem in problems:
        place = f"{plan}:{problem.line}:{problem.column}" if problem.line else str(plan)
        style = "red" if problem.severity == "error" else "yellow"
        text = Text(f"{place}: ", style="dim")
        text.append(problem.severity, style=style)
        text.append(f" {problem.path}: " if problem.path else ": ", style="bold")
        text.append(f"{problem.message} ")
        text.append(f"[{problem.code}]", style="dim")
        console.print(text)


def problems_json(problems: Sequence[Problem]) -> dict[str, Any]:
    """The document of `belplan check --json`."""
    return {
        "problems": [
            {
                "path": problem.path,
                "code": problem.code,
                "severity": problem.severity,
                "message": problem.message,
                "line": problem.line,
                "column": problem.column,
            }
            for problem in problems
        ]
    }


def fail(message: str, code: int = PROBLEMS) -> int:
    """Say on standard error what is wrong; gives the exit code."""
    err.print(Text(message, style="red"))
    return code
