"""What happens to calls, as facts that others may watch: a ladder on a terminal, a live wall, a record."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

What = Literal["arrived", "step", "left", "heard", "dialled", "rings", "answered", "ended"]


@dataclass(frozen=True, slots=True)
class Event:
    """One fact about one call. `at` is in seconds of the loop's time; what `facts` holds depends on `what`.

    arrived: caller_number, callee_number, dial_plan. step: app. left: app, exit, duration_ms and the
    app's own detail. heard: sound. dialled, rings, answered: number (and phone, where it is one).
    ended: outcome, cause.
    """

    what: What
    call_id: str
    at: float
    path: str = ""
    facts: dict[str, Any] = field(default_factory=dict[str, Any])


Watcher = Callable[[Event], None]


class Events:
    """Tells every watcher. A watcher that fails is its own problem, never the call's."""

    def __init__(self, *watchers: Watcher) -> None:
        self._watchers = list(watchers)

    def watch(self, watcher: Watcher) -> None:
        self._watchers.append(watcher)

    def tell(self, event: Event) -> None:
        for watcher in self._watchers:
            try:
                watcher(event)
            except Exception:
                _log.exception("watcher.failed", event=event.what)
