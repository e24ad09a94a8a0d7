"""What happens to calls, as facts that others may watch: a ladder on a terminal, a live wall, a record."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import structlog

What = Literal["arrived", "resumed", "step", "left", "heard", "dialled", "answered", "queue", "ended"]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Event:
    """One fact about one call. `at` is in seconds of the loop's time; what `facts` holds depends on `what`.

    arrived, resumed (after its engine died): caller_number, callee_number, dial_plan, company, began (loop's time),
    at (seconds since 1970), steps (so far). step: app. left: app, item, exit, began, duration_ms, detail, values.
    heard: sound. dialled: number, target. answered: number, target, to (the destination). ended: outcome, cause.
    queue: queue, change (joined, offered, missed, answered, left; log_in, log_out, pause, resume), agent, waiting
    (how many now), exit; `call_id` is "" for what people do who are in no call,
    with the id of their company.
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
                _log.exception("watcher.failed", what=event.what, call=event.call_id)
