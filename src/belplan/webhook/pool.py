"""Connections kept between requests, by company and origin: never shared between companies."""

import asyncio
from collections import OrderedDict, deque

from belplan.webhook.connection import Connection
from belplan.webhook.policy import Policy

Key = tuple[str, str]
"""Company, origin."""

DISTRUST = 300.0
"""Seconds without kept connections after a server sent bytes that nobody had asked for."""


class Pool:
    """The longest rested connection is used first, so that each has rested long enough for stray bytes to show."""

    def __init__(self, loop: asyncio.AbstractEventLoop, policy: Policy) -> None:
        self._loop = loop
        self._policy = policy
        self._resting: OrderedDict[Key, deque[Connection]] = OrderedDict()
        self._count = 0
        self._distrusted: dict[Key, float] = {}
        self._sweep: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return self._count

    def take(self, key: Key) -> Connection | None:
        """A rested connection, or None: make a new one."""
        resting = self._resting.get(key)
        while resting:
            connection = resting[0]
            if not connection.closed and self._loop.time() - connection.idle_since < self._policy.rest:
                return None
            resting.popleft()
            self._count -= 1
            if not connection.closed:
                return connection
        self._resting.pop(key, None)
        return None

    def keep(self, key: Key, connection: Connection) -> None:
        """Take a connection back, to rest until it is used again or has been idle for too long."""
        if connection.closed:
            return
        if key in self._distrusted:
            if self._loop.time() < self._distrusted[key]:
                connection.abort()
                return
            del self._distrusted[key]
        resting = self._resting.setdefault(key, deque())
        self._resting.move_to_end(key)
        connection.idle_since = self._loop.time()
        resting.append(connection)
        self._count += 1
        if len(resting) > self._policy.idle_per_origin:
            self._count -= 1
            resting.popleft().abort()
        if self._count > self._policy.idle_total:
            self._drop_oldest()
        if self._sweep is None:
            self._sweep = self._loop.call_later(self._policy.idle, self._expire)

    def distrust(self, key: Key) -> None:
        """A server of this origin sent what nobody had asked for: keep none of its connections for a while."""
        self.drop(key)
        now = self._loop.time()
        if len(self._distrusted) >= 1000:
            self._distrusted = {other: until for other, until in self._distrusted.items() if until > now}
        self._distrusted[key] = now + DISTRUST

    def drop(self, key: Key) -> None:
        """Close all connections of one company to one origin."""
        for connection in self._resting.pop(key, ()):
            self._count -= 1
            connection.abort()

    def close(self) -> None:
        """Close all."""
        for key in list(self._resting):
            self.drop(key)
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None

    def _drop_oldest(self) -> None:
        key = next(iter(self._resting))
        resting = self._resting[key]
        self._count -= 1
        resting.popleft().abort()
        if not resting:
            del self._resting[key]

    def _expire(self) -> None:
        self._sweep = None
        oldest = self._loop.time() - self._policy.idle
        for key in list(self._resting):
            resting = self._resting[key]
            while resting and (resting[0].closed or resting[0].idle_since <= oldest):
                self._count -= 1
                resting.popleft().abort()
            if not resting:
                del self._resting[key]
        if self._resting:
            next_idle = min(resting[0].idle_since for resting in self._resting.values())
            self._sweep = self._loop.call_at(next_idle + self._policy.idle, self._expire)
