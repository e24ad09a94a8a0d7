"""A circuit breaker for one company's use of one origin: a server that is down costs callers no waiting."""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from belplan.webhook.exchange import ExchangeError
from belplan.webhook.policy import Policy

State = Literal["closed", "open"]


@dataclass(slots=True)
class Breaker:
    """Opens after failures, then lets one request through now and again to see. Times are the event loop's, in
    seconds."""

    policy: Policy
    state: State = "closed"
    in_a_row: int = 0
    opened_at: float = 0.0
    _next_probe: float = 0.0
    _probing: bool = False
    # (second, asked, failed), oldest first: the window in whole seconds, however many requests fall in one.
    _seconds: deque[list[int]] = field(default_factory=deque[list[int]])

    def enter(self, now: float) -> None:
        """Ask to send. Raises ExchangeError("open") unless it is closed, or it is time for a probe."""
        if self.state == "closed":
            return
        if self._probing or now < self._next_probe:
            wait = max(0.0, self._next_probe - now)
            raise ExchangeError("open", f"that server failed too often; it is tried again in {wait:.1f} s")
        self._probing = True
        self._next_probe = now + self.policy.probe_every

    def succeeded(self, now: float) -> bool:
        """It answered. True when that closed the breaker."""
        self._probing = False
        self.in_a_row = 0
        if self.state == "open":
            self.state = "closed"
            self._seconds.clear()
            return True
        self._count(now, failed=0)
        return False

    def failed(self, now: float) -> bool:
        """It failed: no answer, 5xx or 429. True when that opened the breaker."""
        self._probing = False
        self.in_a_row += 1
        if self.state == "open":
            self._next_probe = max(self._next_probe, now + self.policy.probe_every)
            return False
        asked, failed = self._count(now, failed=1)
        policy = self.policy
        if self.in_a_row < policy.failures_in_a_row and not (asked >= policy.breaker_least and failed * 2 >= asked):
            return False
        self.state = "open"
        self.opened_at = now
        self._next_probe = now + policy.probe_every
        return True

    def left(self) -> None:
        """The request ended without a verdict: the caller hung up, or it never left the house."""
        self._probing = False

    def _count(self, now: float, *, failed: int) -> tuple[int, int]:
        second = int(now)
        seconds = self._seconds
        while seconds and seconds[0][0] <= second - self.policy.breaker_window:
            seconds.popleft()
        if not seconds or seconds[-1][0] != second:
            seconds.append([second, 0, 0])
        seconds[-1][1] += 1
        seconds[-1][2] += failed
        if not failed:
            return 0, 0
        return sum(entry[1] for entry in seconds), sum(entry[2] for entry in seconds)
