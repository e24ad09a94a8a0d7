"""Points at which this process can be made to die, to show that no call is lost by it.

`BELPLAN_FAULT=webhook.asked:3` ends it, as `kill -9` does, when it comes to that point for the third time;
`webhook.asked:3:0.2` does so 0.2 s later. Several, with commas between, are for as many engines, one after the other;
one that is empty is for one that lives. Where the variable is not set, a point is an empty function.
"""

import os
import signal
import threading
from collections.abc import Callable
from typing import Literal, get_args

Point = Literal[
    "call.arrived",
    "journal.before",
    "journal.after",
    "webhook.asked",
    "webhook.answered",
    "prompt.playing",
    "menu.reading",
    "phone.dialled",
    "phone.answered",
    "talk.begins",
    "talk.goes_on",
    "recording.begun",
    "call.hung_up",
    "record.written",
    "adopting.begun",
    "adopting.read",
    "call.resumed",
]
POINTS: tuple[Point, ...] = get_args(Point)

_VARIABLE = "BELPLAN_FAULT"


def _nothing(name: Point) -> None:
    pass


def _armed(told: str) -> Callable[[Point], None]:
    lives = [_one(each) for each in told.split(",")]

    def point(name: Point) -> None:
        if _life < len(lives):
            lives[_life](name)

    return point


def _one(told: str) -> Callable[[Point], None]:
    if not told:
        return _nothing
    wanted, times, after = (*told.split(":"), *("1", "0")[told.count(":") :])[:3]
    if wanted not in POINTS:
        raise ValueError(f"{_VARIABLE}: there is no point {wanted!r}; there are {', '.join(POINTS)}")
    left, seconds = int(times), float(after)

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def point(name: Point) -> None:
        nonlocal left
        if name == wanted:
            left -= 1
            if left == 0 and seconds:
                threading.Timer(seconds, die).start()
            elif left == 0:
                die()

    return point


_life = 0


def begin(life: int) -> None:
    """This process is that engine, from 0 on."""
    global _life
    _life = life


point: Callable[[Point], None] = _armed(told) if (told := os.environ.get(_VARIABLE)) else _nothing
"""Die here, where that was asked for."""
