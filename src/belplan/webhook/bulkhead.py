"""Room for requests: so many of one company, so many in all, the rest waits its turn or is told at once."""

import asyncio
from collections import OrderedDict, defaultdict, deque

from belplan.webhook.exchange import ExchangeError


class Bulkhead:
    """Slots. A company that fills its own never takes another's; when all are taken, companies take turns."""

    def __init__(self, per_company: int, total: int, waiting_per_company: int) -> None:
        self._per_company = per_company
        self._total = total
        self._waiting = waiting_per_company
        self._in_flight: defaultdict[str, int] = defaultdict(int)
        self._taken = 0
        self._queues: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def taken(self) -> int:
        """Requests in flight, of all companies."""
        return self._taken

    def of(self, company: str) -> int:
        """Requests in flight of one company."""
        return self._in_flight.get(company, 0)

    async def enter(self, company: str) -> None:
        """Take a slot, to be given back with `leave`; wait for one as long as the caller's own deadline allows.

        Raises ExchangeError("busy") when too many of this company wait already.
        """
        if company in self._queues or not self._free(company):
            await self._wait(company)
        else:
            self._take(company)

    def _free(self, company: str) -> bool:
        return self._taken < self._total and self._in_flight.get(company, 0) < self._per_company

    def _take(self, company: str) -> None:
        self._taken += 1
        self._in_flight[company] += 1

    def leave(self, company: str) -> None:
        """Give the slot back, to whoever waits."""
        self._taken -= 1
        self._in_flight[company] -= 1
        if not self._in_flight[company]:
            del self._in_flight[company]
        self._admit()

    async def _wait(self, company: str) -> None:
        queue = self._queues.setdefault(company, deque())
        if len(queue) >= self._waiting:
            raise ExchangeError("busy", "too many webhooks of this company are under way")
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self.leave(company)  # the slot came in the very moment that the caller hung up
            else:
                queue.remove(turn)
                if not queue and self._queues.get(company) is queue:
                    del self._queues[company]
            raise

    def _admit(self) -> None:
        """Give free slots to those that wait, a company at a time."""
        for company in list(self._queues):
            if self._taken >= self._total:
                return
            if self._in_flight.get(company, 0) >= self._per_company:
                continue
            queue = self._queues[company]
            # Whoever was cancelled in this very moment takes itself out of the queue; its turn goes to the next.
            turn = next((waiting for waiting in queue if not waiting.done()), None)
            if turn is None:
                continue
            queue.remove(turn)
            self._take(company)
            turn.set_result(None)
            if queue:
                self._queues.move_to_end(company)
            else:
                del self._queues[company]
