"""What the world did in one call of the past: what servers said, which keys were pressed, what phones did.

Each thing that happened is given once, in its turn. What never happened in that call raises UnknownError:
the past cannot answer, and nothing is guessed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from belplan.dialplan.route import AppSettings
from belplan.engine.cdr import CallRecord, Step

RINGING = frozenset({"answered", "busy", "no_answer", "failed", "abandoned", "transferred"})
_MORE = 0.25  # seconds by which a limit is really longer than what was waited


class UnknownError(BaseException):
    """The past cannot say what would have happened. No Exception: an app that meets it has not crashed.

    `subject` is what about: webhook, phone, key or app; `name` is which.
    """

    def __init__(self, subject: str, name: str, why: str) -> None:
        super().__init__(why)
        self.subject = subject
        self.name = name


@dataclass(frozen=True, slots=True)
class Fault:
    """What a customer's server does instead of what it did. `seconds` go by first, `text` is what it says then.

    Without a text it refuses; `slower` adds the seconds to those that it took.
    """

    seconds: float = 0.0
    text: str | None = None
    slower: bool = False


Faulty = Callable[[AppSettings, str], Fault | None]
"""The fault of a webhook, by its settings and its path. None where it does as it did."""


class Past:
    """One call's past, used up while it is walked again."""

    def __init__(self, record: CallRecord) -> None:
        self.record = record
        self._used: set[int] = set()

    @property
    def patience(self) -> float | None:
        """Seconds from the arrival after which the caller hung up. None where the caller waited for an end."""
        last = self.record.trace[-1] if self.record.trace else None
        if self.record.outcome not in ("abandoned", "queued"):
            return None
        return (last.started_ms + last.duration_ms) / 1000 if last else 0.0

    def use(self, step: Step) -> Step:
        """This happened now, and does not happen again."""
        self._used.add(self._index(step))
        return step

    def webhook(self, app: AppSettings, path: str) -> Step | None:
        """How this webhook was answered: the one with these settings, else with its variables, else at its place."""
        asked = [step for step in self._left() if step.app == "webhook"]
        names = {name for name, _ in app.sets()}
        return (
            next((step for step in asked if step.item == app.mark), None)
            or next((step for step in asked if names & {step.detail.get("variable"), *step.values}), None)
            or next((step for step in asked if step.path == path and not step.detail.get("variable")), None)
        )

    def ring(self, number: str) -> Step | None:
        """How ringing this number went."""
        return next((step for step in self._left() if step.detail.get("to") == number and step.exit in RINGING), None)

    def queue(self, number: str) -> Step | None:
        """How waiting in this queue went."""
        return next((step for step in self._left() if step.detail.get("queue") == number), None)

    def key(self, menu: str, context: str, timeout: float) -> str:
        """The key that was pressed in a menu."""
        for step in self._left():
            if step.detail.get("menu") == menu and step.detail.get("context") == context and step.app == "menu":
                if step.exit == "no_input" and timeout > step.duration_ms / 1000 + _MORE:
                    why = f"nothing was pressed for {step.duration_ms / 1000:.1f} s, and now it waits {timeout:g} s"
                    raise UnknownError("key", menu, why)
                return self.use(step).exit
        raise UnknownError("key", menu, f"the call was not in the menu {menu} ({context}) then")

    def same(self, app: AppSettings) -> Step | None:
        """What an item with the same settings came to."""
        return next((step for step in self._left() if step.item == app.mark), None)

    def told(self, app: str, item: str) -> Step | None:
        """The last step of an app that had these settings, whether it was used or not."""
        return next((step for step in self.record.trace if step.app == app and step.item == item), None)

    def is_last(self, step: Step) -> bool:
        return bool(self.record.trace) and self.record.trace[-1] is step

    def _left(self) -> Iterator[Step]:
        return (step for index, step in enumerate(self.record.trace) if index not in self._used)

    def _index(self, step: Step) -> int:
        return next(index for index, one in enumerate(self.record.trace) if one is step)


def answer_in(step: Step, timeout: float) -> Step | None:
    """The answer of a webhook that waits so long. None where it would have waited longer than it did then."""
    took = step.duration_ms / 1000
    if step.exit == "timeout" and timeout > took + _MORE:
        return None
    return step
