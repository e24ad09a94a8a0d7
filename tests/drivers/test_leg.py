"""What a driver promises the engine (belplan.engine.leg), on every driver."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from typing import Any

import pytest

from belplan.drivers.simulator import Reaction
from belplan.engine.leg import ABSENT, BUSY, NO_ANSWER, NORMAL, REJECTED, Leg, LegEndedError, Music, PhoneTarget
from tests.drivers.stage import SHOWN, Phone, Stage

ANSWERS = Reaction("answer", after=0.2)
RINGS = Reaction("no_answer")


async def test_ringing_and_then_an_answer(stage: Stage):
    caller = await stage.call()
    await caller.ring()
    await stage.sees("ringing")
    assert not caller.answered
    await caller.answer()
    await stage.sees("answered")
    assert caller.answered
    await caller.ring()  # does nothing any more
    await caller.hang_up()
    await stage.sees("ended")
    assert await caller.ended() == NORMAL
    await stage.nothing_left()


async def test_answering_and_hanging_up_twice_is_harmless(stage: Stage):
    caller = await stage.call()
    await caller.answer()
    await caller.answer()
    await caller.hang_up()
    await caller.hang_up(BUSY)
    assert await caller.ended() == NORMAL
    await stage.nothing_left()


async def test_keys_pressed_during_a_sound_are_kept_in_order(stage: Stage):
    caller = await stage.call()
    await caller.answer()
    await stage.sees("answered")
    assert not caller.digit_waiting
    async with caller.playing(stage.sound):
        await stage.press("4*2#")
        await caller.digit_pressed()
        assert caller.digit_waiting
    assert [await caller.read_digit() for _ in range(4)] == ["4", "*", "2", "#"]
    assert not caller.digit_waiting
    await caller.hang_up()
    await stage.nothing_left()


async def test_a_key_that_comes_while_somebody_waits_for_it(stage: Stage):
    caller = await stage.call()
    await caller.answer()
    await stage.sees("answered")
    reading = asyncio.ensure_future(caller.read_digit())
    await stage.press("7")
    assert await reading == "7"
    await caller.hang_up()
    await stage.nothing_left()


async def test_a_sound_before_the_answer_is_played_to_its_end(stage: Stage):
    caller = await stage.call()
    async with caller.playing(stage.sound) as playing:
        assert await playing.finished()
    assert not caller.answered
    await caller.hang_up(BUSY)
    await stage.sees("ended")
    await stage.nothing_left()


async def test_sounds_one_after_the_other_each_end_with_their_block(stage: Stage):
    caller = await stage.call()
    await caller.answer()
    for tone in ("ringing", "waiting", "busy", "congestion"):
        async with caller.playing(tone):
            await asyncio.sleep(0.05)  # a tone goes on and on; the block does not wait for it
    async with caller.playing(stage.sound) as playing:
        assert await playing.finished()
    await caller.hang_up()
    await stage.nothing_left()


async def test_music_goes_on_until_its_block_ends(stage: Stage):
    caller = await stage.call()
    await caller.answer()
    for music in ("music", Music(since=4.9), Music("wacht.mp3", since=1234.5)):
        async with caller.playing(music) as playing:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await playing.finished()
    assert not caller.digit_waiting


async def test_hanging_up_during_a_sound(stage: Stage):
    caller = await stage.call()
    await caller.answer()
    await stage.sees("answered")
    async with caller.playing(stage.sound) as playing:
        await stage.leave()
        with pytest.raises(LegEndedError):
            await playing.finished()
    assert await caller.ended() == NORMAL
    await stage.nothing_left()


async def test_hanging_up_while_a_phone_rings(stage: Stage):
    phone = await stage.phone(RINGS)
    caller = await stage.call()
    await caller.ring()
    await stage.sees("ringing")
    ended = asyncio.ensure_future(caller.ended())
    async with dial(stage, caller, phone) as dialling:
        answered = asyncio.ensure_future(dialling.answered())
        await phone.rings()
        await stage.leave()
        assert await ended == NORMAL
        answered.cancel()
        await asyncio.wait((answered,))
    assert await phone.stops() == ""
    await stage.nothing_left()


@pytest.mark.parametrize(
    ("does", "cause"), [("busy", BUSY), ("no_answer", NO_ANSWER), ("reject", REJECTED), ("failed", ABSENT)]
)
async def test_a_phone_that_does_not_answer(stage: Stage, does: Any, cause: int):
    phone = await stage.phone(Reaction(does, after=0.1))
    caller = await stage.call()
    await caller.ring()
    began = asyncio.get_running_loop().time()
    async with dial(stage, caller, phone, timeout=1.0) as dialling:
        with pytest.raises(LegEndedError) as ended:
            await dialling.answered()
    assert ended.value.cause == cause
    assert await dialling.leg.ended() == cause
    lasted = asyncio.get_running_loop().time() - began
    assert 1.0 <= lasted < 1.3 if does == "no_answer" else lasted < 1.0
    await caller.hang_up(cause)
    await stage.nothing_left()


async def test_a_phone_that_nobody_has(stage: Stage):
    caller = await stage.call()
    unknown = await stage.phone(Reaction("failed"))
    for username in (unknown.target.username, "no such phone)"):
        target = unknown.target if username == unknown.target.username else PhoneTarget(username)
        async with stage.driver.dial("x", target, caller=caller, shown=SHOWN, timeout=5) as dialling:
            with pytest.raises(LegEndedError):
                await dialling.answered()
        if not hasattr(stage, "calls"):
            break  # the simulator knows only the phones that it was told of
    await caller.hang_up(ABSENT)
    await stage.nothing_left()


async def test_the_first_place_that_answers_stops_the_others(stage: Stage):
    phone = await stage.phone(ANSWERS, places=3)
    caller = await stage.call()
    await caller.ring()
    async with dial(stage, caller, phone) as dialling:
        await dialling.answered()
    assert dialling.leg.answered
    if places := getattr(phone, "places", ()):  # the simulator has no more than one
        assert len(places) == 2
        assert await phone.stops() == "elsewhere"
    await caller.answer()
    await dialling.leg.hang_up()
    await caller.hang_up()
    await stage.nothing_left()


async def test_the_first_of_two_phones_that_answers_stops_the_other(stage: Stage):
    quick, slow = await stage.phone(ANSWERS), await stage.phone(RINGS)
    caller = await stage.call()
    await caller.answer()
    async with dial(stage, caller, slow, "slow"), dial(stage, caller, quick, "quick") as dialling:
        await slow.rings()
        await dialling.answered()
    assert await slow.stops() == "elsewhere"
    await dialling.leg.hang_up()
    await caller.hang_up()
    await stage.nothing_left()


async def test_they_talk_until_the_callee_leaves(stage: Stage):
    phone = await stage.phone(Reaction("answer", after=0.1, talks=0.5))
    caller = await stage.call()
    callee = await connected(stage, caller, phone)
    assert await stage.driver.talk(caller, callee) is callee
    async with caller.playing(stage.sound):
        pass  # still there
    await caller.hang_up()
    await stage.nothing_left()


async def test_they_talk_until_the_caller_leaves(stage: Stage):
    phone = await stage.phone(ANSWERS)
    caller = await stage.call()
    callee = await connected(stage, caller, phone)
    talking = asyncio.ensure_future(stage.driver.talk(caller, callee))
    await asyncio.sleep(0)
    await stage.press("5")
    assert await caller.read_digit() == "5"  # also in a conversation
    await stage.leave()
    assert await talking is caller
    async with callee.playing("busy"):
        pass
    await callee.hang_up()
    await stage.nothing_left()


async def test_an_ended_leg_says_so(stage: Stage):
    caller = await stage.call()
    await caller.answer()
    await caller.hang_up()

    async def play() -> None:
        async with caller.playing(stage.sound):
            pass

    commands: tuple[Callable[[], Awaitable[object]], ...] = (
        caller.ring, caller.answer, play, caller.read_digit, caller.digit_pressed,
    )  # fmt: skip
    for command in commands:
        if command == caller.ring and not hasattr(caller, "channel"):
            continue
        with pytest.raises(LegEndedError) as ended:
            await command()
        assert ended.value.cause == NORMAL
    with pytest.raises(LegEndedError):
        await stage.driver.talk(caller, caller)
    await stage.nothing_left()


async def test_a_task_that_is_cancelled_at_any_await_leaves_nothing(stage: Stage):
    phone = await stage.phone(Reaction("answer", after=0.05))
    steps = 0
    finished = False
    while not finished:
        steps += 1
        caller = await stage.call()
        finished = await cancelled_at(steps, whole_call(stage, caller, phone, f"call-{steps}"))
        await caller.hang_up()
        await stage.nothing_left()
        if hasattr(stage, "calls"):
            await stage.sees("ended")
        else:
            break
    assert steps > 5 or not hasattr(stage, "calls")


async def whole_call(stage: Stage, caller: Leg, phone: Phone, leg_id: str) -> None:
    await caller.ring()
    async with caller.playing("waiting"), dial(stage, caller, phone, leg_id) as dialling:
        await dialling.answered()
    try:
        await caller.answer()
        async with caller.playing(stage.sound), asyncio.timeout(0.05):
            await stage.driver.talk(caller, dialling.leg)
    except TimeoutError:
        pass
    finally:
        await dialling.leg.hang_up()


async def cancelled_at(step: int, work: Awaitable[None]) -> bool:
    """Run this, cancelled at its n-th await. True where it came to its end before."""
    task = asyncio.ensure_future(_Counted(work, step))
    await asyncio.wait((task,))
    if task.cancelled():
        return False
    task.result()
    return True


class _Counted:
    def __init__(self, work: Awaitable[None], step: int) -> None:
        self._work = work
        self._left = step

    def __await__(self) -> Generator[Any, Any, None]:
        steps = self._work.__await__()
        thrown: BaseException | None = None
        while True:
            try:
                waits_for = steps.throw(thrown) if thrown else next(steps)
            except StopIteration:
                return
            self._left -= 1
            if self._left == 0:
                task = asyncio.current_task()
                assert task
                task.cancel()
            try:
                yield waits_for
                thrown = None
            except BaseException as error:
                thrown = error


def dial(stage: Stage, caller: Leg, phone: Phone, leg_id: str = "phone", timeout: float = 10.0):
    return stage.driver.dial(leg_id, phone.target, caller=caller, shown=SHOWN, timeout=timeout)


async def connected(stage: Stage, caller: Leg, phone: Phone) -> Leg:
    """The phone's leg, both answered."""
    await caller.ring()
    async with dial(stage, caller, phone) as dialling:
        await dialling.answered()
    await caller.answer()
    await stage.sees("answered")
    return dialling.leg
