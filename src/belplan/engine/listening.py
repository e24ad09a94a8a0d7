"""What the caller hears, and when it stops."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from belplan.engine.call import Call
from belplan.engine.fault import point
from belplan.engine.leg import Leg, Sound, Tone

FIRST_DIGIT = 8.0  # seconds that callers get for the first digit of a number that they are asked for


def tell_heard(call: Call, sound: Sound) -> None:
    """Say in the call's events what its caller hears now."""
    call.tell("heard", sound=str(sound))


async def play_through(call: Call, sound: Sound) -> bool:
    """Play to the end; in the start of a menu, until a key is pressed. False where it could not be played."""
    if call.in_menu_start:
        return await play_until_key(call, sound)
    tell_heard(call, sound)
    async with call.caller.playing(sound) as playing:
        point("prompt.playing")
        return await playing.finished()


async def play_until_key(call: Call, sound: Sound) -> bool:
    """Play until a key is pressed, not at all where one is waiting to be read. False where it could not be played."""
    if call.caller.digit_waiting:
        return True
    tell_heard(call, sound)
    return await until_key(call.caller, sound)


async def until_key(leg: Leg, sound: Sound) -> bool:
    """Play to any party until it presses a key. False where it could not be played."""
    async with leg.playing(sound) as playing:
        point("prompt.playing")
        finished = asyncio.ensure_future(playing.finished())
        pressed = asyncio.ensure_future(leg.digit_pressed())
        try:
            await asyncio.wait((finished, pressed), return_when=asyncio.FIRST_COMPLETED)
            return finished.result() if finished.done() else True
        finally:
            finished.cancel()
            pressed.cancel()
            # What they raise is the leg's end, which the walk learns of anyway.
            await asyncio.gather(finished, pressed, return_exceptions=True)


async def key_after(call: Call, sound: Sound, within: float) -> str:
    """The key that is pressed while a sound is heard, or within so many seconds after it; "" where there is none."""
    await play_until_key(call, sound)
    return await _key(call, within)


async def digits_after(call: Call, sound: Sound, *, most: int, first: float = FIRST_DIGIT, between: float = 4.0) -> str:
    """Digits that are pressed while a sound is heard or after it, up to the key # or `most` of them.

    `first` and `between` are the seconds until the first and each further one. `*` begins anew.
    """
    digits = ""
    key = await key_after(call, sound, first)
    while key and key != "#":
        digits = digits + key if key.isdigit() else ""
        if len(digits) == most:
            break
        key = await _key(call, between)
    return digits


async def _key(call: Call, within: float) -> str:
    try:
        async with asyncio.timeout(within):
            return await call.caller.read_digit()
    except TimeoutError:
        return ""


async def forget_keys(call: Call) -> None:
    """Take away what was pressed before anybody asked."""
    while call.caller.digit_waiting:
        await call.caller.read_digit()


@asynccontextmanager
async def hearing(call: Call, tone: Tone) -> AsyncGenerator[None]:
    """Let the caller hear that something is under way: ringing where the call was not answered, else a tone."""
    if not call.caller.answered:
        await call.caller.ring()
        tell_heard(call, "ringing")
        yield
        return
    tell_heard(call, tone)
    async with call.caller.playing(tone):
        yield
