"""Slots: given back in every way that a caller can leave."""

import asyncio

import pytest

from belplan.webhook.bulkhead import Bulkhead
from belplan.webhook.exchange import ExchangeError


def test_a_caller_who_hangs_up_in_the_moment_of_its_turn_gives_the_slot_on():
    async def main() -> None:
        bulkhead = Bulkhead(1, 10, 10)
        await bulkhead.enter("a")
        first, second = (asyncio.create_task(bulkhead.enter("a")) for _ in range(2))
        await asyncio.sleep(0)
        bulkhead.leave("a")  # the slot is the first one's now, though it has not run yet
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await asyncio.wait_for(second, 1)
        assert bulkhead.taken == bulkhead.of("a") == 1
        bulkhead.leave("a")
        assert bulkhead.taken == bulkhead.of("a") == 0

    asyncio.run(main())


def test_one_more_than_may_wait_is_told_at_once():
    async def main() -> None:
        bulkhead = Bulkhead(1, 10, 1)
        await bulkhead.enter("a")
        waiting = asyncio.create_task(bulkhead.enter("a"))
        await asyncio.sleep(0)
        with pytest.raises(ExchangeError, match="busy"):
            await bulkhead.enter("a")
        await bulkhead.enter("b")
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        bulkhead.leave("a")
        bulkhead.leave("b")
        assert bulkhead.taken == 0

    asyncio.run(main())


def test_whoever_came_first_goes_first_within_a_company():
    async def main() -> None:
        bulkhead = Bulkhead(1, 10, 10)
        order: list[int] = []

        async def call(number: int) -> None:
            await bulkhead.enter("a")
            order.append(number)
            await asyncio.sleep(0)
            bulkhead.leave("a")

        await asyncio.gather(*(call(number) for number in range(8)))
        assert order == list(range(8))

    asyncio.run(main())
