"""What a driver promises of recordings (belplan.engine.leg), on every driver."""

import asyncio
import uuid

import pytest

from belplan.engine.leg import LegEndedError
from tests.drivers.stage import Stage


def name() -> str:
    return f"test-{uuid.uuid4().hex}"


async def answered(stage: Stage):
    caller = await stage.call()
    await caller.answer()
    await stage.sees("answered")
    return caller


async def test_a_recording_ends_at_its_key_which_nobody_reads_after_it(stage: Stage):
    caller = await answered(stage)
    async with caller.recording(name(), longest=30) as recording:
        await asyncio.sleep(1.2)
        await stage.press("4#")
        recorded = await recording.finished()
    assert recorded.ended_by == "key"
    assert 0.9 < recorded.seconds < 2.5
    assert not caller.digit_waiting
    await caller.hang_up()
    await stage.nothing_left()


async def test_a_recording_ends_after_its_time(stage: Stage):
    caller = await answered(stage)
    async with caller.recording(name(), longest=1) as recording:
        recorded = await recording.finished()
    assert recorded.ended_by == "longest"
    assert 0.8 < recorded.seconds < 1.5
    await caller.hang_up()
    await stage.nothing_left()


async def test_a_party_that_hangs_up_leaves_a_whole_recording(stage: Stage):
    caller = await answered(stage)
    async with caller.recording(name(), longest=30) as recording:
        await asyncio.sleep(1.2)
        await stage.leave()
        recorded = await recording.finished()
    assert recorded.ended_by == "gone"
    assert 0.9 < recorded.seconds < 2.0
    with pytest.raises(LegEndedError):
        async with caller.recording(name(), longest=30):
            pass
    await stage.nothing_left()


async def test_leaving_the_block_ends_it_and_the_next_thing_is_heard(stage: Stage):
    caller = await answered(stage)
    async with caller.recording(name(), longest=30, until="") as recording:
        await asyncio.sleep(0.5)
    recorded = await recording.finished()
    assert recorded.ended_by == "stopped"
    assert 0.2 < recorded.seconds < 1.0
    async with caller.playing(stage.sound) as playing:
        assert await playing.finished()
    await caller.hang_up()
    await stage.nothing_left()


async def test_what_was_recorded_can_be_played(stage: Stage):
    caller = await answered(stage)
    async with caller.recording(name(), longest=1) as recording:
        recorded = await recording.finished()
    began = asyncio.get_running_loop().time()
    async with caller.playing(recorded) as playing:
        assert await playing.finished()
    assert asyncio.get_running_loop().time() - began > 0.8
    await caller.hang_up()
    await stage.nothing_left()


async def test_one_that_is_under_way_is_taken_up_and_one_that_is_over_not_begun_again(stage: Stage):
    caller = await answered(stage)
    again = name()
    async with caller.recording(again, longest=2):
        await asyncio.sleep(0.5)
        async with caller.recording(again, longest=2) as second:
            recorded = await second.finished()
    assert 1.5 < recorded.seconds < 2.5
    async with caller.recording(again, longest=2) as third:
        assert (await third.finished()).seconds == recorded.seconds
    await caller.hang_up()
    await stage.nothing_left()


async def test_a_party_that_says_nothing_ends_it_by_silence(stage: Stage):
    caller = await answered(stage)
    async with caller.recording(name(), longest=30, silence=2) as recording:
        recorded = await recording.finished()
    assert recorded.ended_by == "silence"
    await caller.hang_up()
    await stage.nothing_left()
