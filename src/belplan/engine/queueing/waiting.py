"""What a caller in a queue goes through: a greeting, music, what is announced, and an agent in the end."""

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import datetime
from math import ceil
from typing import cast

from belplan.dialplan.company import Queue
from belplan.dialplan.fields import Prompt
from belplan.engine import ringing
from belplan.engine.call import Call
from belplan.engine.leg import NORMAL, Music
from belplan.engine.listening import play_through, tell_heard
from belplan.engine.queueing.line_up import Exit
from belplan.engine.queueing.lines import Queues
from belplan.engine.queueing.place import Place, Served

SAYS = {
    "nl": {
        "next": "U bent als eerste aan de beurt.",
        "position": "U bent nummer {position} in de wachtrij.",
        "minute": "De wachttijd is ongeveer een minuut.",
        "minutes": "De wachttijd is ongeveer {minutes} minuten.",
        "hour": "De wachttijd is langer dan een uur.",
    },
    "en": {
        "next": "You are next in line.",
        "position": "You are number {position} in the queue.",
        "minute": "The waiting time is about one minute.",
        "minutes": "The waiting time is about {minutes} minutes.",
        "hour": "The waiting time is more than an hour.",
    },
}


async def wait(call: Call, queue: Queue, *, longest: float | None = None, since: datetime | None = None) -> str:
    """Let the caller wait for an agent, let them talk, and end the call after that.

    Gives the exit: answered, full, timeout or nobody; by full and nobody the call is left as it was. `longest`
    is most seconds of waiting, beside the queue's own. `since` is when a caller came who gets back their old place.
    """
    call.detail["queue"] = queue.number
    if ringer := cast("ringing.Ringer | None", call.services.get(ringing.Ringer)):
        return await ringer.wait(call, queue)
    if "talks_to" in call.kept:
        return await ringing.talk_on(call)
    if call.again:
        since = since or call.since  # whoever waited when the engine died keeps their place
    leave = await _wait(call, queue, longest, since)
    call.detail["left"] = leave
    return leave


async def _wait(call: Call, queue: Queue, longest: float | None, since: datetime | None) -> str:
    place = call.use(Queues).line(call.company).join(call, queue, longest=longest, since=since)
    if not isinstance(place, Place):
        return place
    call.outcome = "queued"
    began = call.clock.monotonic()
    call.detail["place"] = place.position
    try:
        async with place:
            await call.caller.answer()
            if queue.greeting and (since is None or call.again) and "greeted" not in call.kept:
                await play_through(call, call.spoken(queue.greeting))
            await call.keep(greeted=True)
            place.ready()
            outcome = await _pass_the_time(call, place)
    except BaseException:
        if place.served:  # the caller went in the moment between the answer and the conversation
            await place.served.leg.hang_up(NORMAL)
        raise
    finally:
        call.detail["waited_ms"] = round((call.clock.monotonic() - began) * 1000, 1)
    if not isinstance(outcome, Served):
        call.outcome = ""
        return outcome
    await ringing.talk(call, queue.number, outcome.phone, outcome.leg)
    return "answered"


async def _pass_the_time(call: Call, place: Place) -> Served | Exit:
    """Music and announcements until it is decided what comes of the caller."""
    entertaining = asyncio.create_task(_entertain(call, place))
    try:
        await asyncio.wait((place.outcome, entertaining), return_when=asyncio.FIRST_COMPLETED)
        if not place.outcome.done():
            entertaining.result()  # it never ends but by an error: most likely the caller has gone
    finally:
        entertaining.cancel()
        await asyncio.wait((entertaining,))
    return place.outcome.result()


async def _entertain(call: Call, place: Place) -> None:
    queue = place.queue
    announces = queue.announcement or queue.announce_position or queue.announce_wait
    heard = 0.0  # seconds of the music
    # Whoever is put through at once need not hear which place they have.
    if not place.rings:
        await _say(call, _reckoned(call, place))
    while True:
        heard += await _music(call, Music(_file(queue), heard), queue.announce_every if announces else None)
        if queue.announcement:
            await _say(call, [call.spoken(queue.announcement)])
        await _say(call, _reckoned(call, place))


async def _say(call: Call, prompts: "list[Prompt] | Iterator[Prompt]") -> None:
    for prompt in prompts:
        tell_heard(call, prompt)
        async with call.caller.playing(prompt) as playing:
            await playing.finished()


async def _music(call: Call, music: Music, seconds: float | None) -> float:
    """Play music for so many seconds, or for ever; a tone where it cannot be played. How long it was."""
    began = call.clock.monotonic()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            for sound in (music, "waiting"):
                tell_heard(call, sound)
                async with call.caller.playing(sound) as playing:
                    await playing.finished()
    return call.clock.monotonic() - began


def _reckoned(call: Call, place: Place) -> Iterator[Prompt]:
    """Which place the caller has and how long it may take, as far as the queue tells that."""
    queue, language = place.queue, call.company.settings.language
    says = SAYS[language]
    if queue.announce_position and (position := place.position):
        yield Prompt(say=says["next" if position == 1 else "position"].format(position=position), language=language)
    if queue.announce_wait and (seconds := place.expected_wait) is not None:
        minutes = max(1, ceil(seconds / 60))
        word = "minute" if minutes == 1 else "minutes" if minutes <= 60 else "hour"
        yield Prompt(say=says[word].format(minutes=minutes), language=language)


def _file(queue: Queue) -> str:
    return "" if queue.music == "default" else queue.music
