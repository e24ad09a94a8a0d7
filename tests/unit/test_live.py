"""Whoever watches is told which telephones come and go, and nobody looks where nobody watches."""

import asyncio

from belplan.engine.clock import VirtualLoop
from belplan.live import LOOK_AT_PHONES, Live


def test_a_telephone_that_comes_and_goes_is_told_to_its_own_company():
    asked, there = [], {"anna": False}

    async def phones(companies):
        asked.append(sorted(companies))
        return {"one": dict(there)} if "one" in companies else {}

    async def watch():
        live = Live()
        looking = asyncio.ensure_future(live.follow_phones(phones))
        await asyncio.sleep(3 * LOOK_AT_PHONES)
        assert asked == []
        told = []
        with live.reader("one") as one, live.reader("two") as two:
            for there["anna"] in (False, True, True, False):
                await asyncio.sleep(LOOK_AT_PHONES)
                while event := await one.next(0):
                    told.append((event["what"], event["account"], event["registered"]))
            assert await two.next(0) is None
        looking.cancel()
        assert asked
        return told

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        told = runner.run(watch())
    assert told == [("registration", "anna", True), ("registration", "anna", False)]
