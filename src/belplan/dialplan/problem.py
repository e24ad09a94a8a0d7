"""What is wrong with a plan, where it is, and what to do about it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

Severity = Literal["error", "warning"]
Key = str | int


@dataclass(frozen=True, slots=True)
class Problem:
    """One message to the author of a plan.

    `path` is written as in `dial_plans[0].route[2].condition`; `line` and `column` count from 1,
    and are 0 where the plan did not come from a text.
    """

    path: str
    code: str
    message: str
    severity: Severity = "error"
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        place = f"{self.line}:{self.column}: " if self.line else ""
        return f"{place}{self.path or 'plan'}: {self.message} [{self.code}]"


class PlanError(Exception):
    """A plan that cannot be used. `problems` says why, all of it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def join(*keys: Key) -> str:
    """Write a path: `join("dial_plans", 0, "route")` is `dial_plans[0].route`."""
    path = ""
    for key in keys:
        if isinstance(key, int):
            path += f"[{key}]"
        elif key:
            path += f".{key}" if path else key
    return path


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` (did you mean "klant"?)`, or nothing where no known word is near."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f' (did you mean "{near[0]}"?)' if near else ""


def listed(words: Iterable[str]) -> str:
    """`GET and POST`; `a, b and c`."""
    *most, last = list(words) or [""]
    return f"{', '.join(most)} and {last}" if most else last
