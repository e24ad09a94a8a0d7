"""What is remembered of each company's use of each origin: its breaker, its figures, its manners."""

from collections import Counter, OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

import structlog

from belplan.webhook.breaker import Breaker, State
from belplan.webhook.policy import Policy
from belplan.webhook.pool import Key

log = structlog.stdlib.get_logger()

MAX_CLOCK_SKEW = 300.0
"""Seconds. Standard Webhooks libraries refuse a timestamp that is more than five minutes off."""
CLOCK_EVERY = 60.0
MAX_ORIGINS = 10_000
LATENCIES = 512
"""Exchanges that the percentiles are taken over: the latest of each origin."""


@dataclass(frozen=True, slots=True)
class Health:
    """How one company's webhooks to one origin fare. Latencies in milliseconds, None before the first answer."""

    company: str
    origin: str
    breaker: State
    open_for: float | None
    """Seconds that the breaker has been open."""
    counts: Mapping[str, int]
    """Tries by what came of them: ok, timeout, or the reason."""
    p50: float | None
    p95: float | None
    p99: float | None
    clock_skew: float | None
    """Seconds that the server's clock is ahead of ours, by its Date header. Beyond 300 receivers refuse our
    signatures."""


@dataclass(slots=True)
class Origin:
    """The memory of one origin for one company."""

    breaker: Breaker
    counts: Counter[str] = field(default_factory=Counter[str])
    latencies: deque[float] = field(default_factory=lambda: deque[float](maxlen=LATENCIES))
    clock_skew: float | None = None
    clock_read_at: float = float("-inf")

    def answered(self, ms: float, date: bytes | None, now: float) -> None:
        """The server answered within `ms`; once in a while its clock (RFC 9110 6.6.1) is compared with ours."""
        self.latencies.append(ms)
        if date is None or abs(now - self.clock_read_at) < CLOCK_EVERY:
            return
        self.clock_read_at = now
        try:
            self.clock_skew = parsedate_to_datetime(date.decode("latin-1")).timestamp() - now
        except (ValueError, OverflowError):
            return
        if abs(self.clock_skew) > MAX_CLOCK_SKEW:
            log.warning(
                "webhook.clock", skew_s=round(self.clock_skew), hint="receivers refuse signatures; set the clock"
            )


class Origins:
    """All of them, the least recently used forgotten beyond MAX_ORIGINS."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._origins: OrderedDict[Key, Origin] = OrderedDict()

    def __getitem__(self, key: Key) -> Origin:
        origin = self._origins.get(key)
        if origin is None:
            origin = self._origins[key] = Origin(Breaker(self._policy))
            if len(self._origins) > MAX_ORIGINS:
                self._origins.popitem(last=False)
        else:
            self._origins.move_to_end(key)
        return origin

    def health(self, now: float) -> list[Health]:
        """A snapshot, by company and origin."""
        return [self._health(key, origin, now) for key, origin in sorted(self._origins.items())]

    def _health(self, key: Key, origin: Origin, now: float) -> Health:
        company, url = key
        latencies = sorted(origin.latencies)
        breaker = origin.breaker
        return Health(
            company=company,
            origin=url,
            breaker=breaker.state,
            open_for=now - breaker.opened_at if breaker.state == "open" else None,
            counts=dict(origin.counts),
            p50=_percentile(latencies, 0.50),
            p95=_percentile(latencies, 0.95),
            p99=_percentile(latencies, 0.99),
            clock_skew=origin.clock_skew,
        )


def _percentile(ordered: list[float], share: float) -> float | None:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None
