"""A leg: one party's connection to the exchange. The port that every driver offers.

The caller is a leg, and so is each phone that is rung for them. A driver only does what it is told:
who is rung, for how long, and what is said are decided in the engine and in the apps.

Causes are those of ITU-T Q.850: 16 normal, 17 busy, 19 no answer, 20 not registered, 21 rejected …
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from belplan.dialplan.fields import Prompt

NORMAL = 16
BUSY = 17
NO_USER_RESPONDING = 18
NO_ANSWER = 19
ABSENT = 20  # subscriber absent: no phone is registered
REJECTED = 21
NUMBER_CHANGED = 22
OUT_OF_ORDER = 27
INVALID_NUMBER = 28
NO_CIRCUIT = 34
TEMPORARY_FAILURE = 41
ANSWERED_ELSEWHERE = 26  # Q.850 26, as RFC 3326 has it for "Call completed elsewhere"

Tone = Literal["ringing", "waiting", "music", "busy", "congestion", "beep"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording that has ended: why, where it is (a WAV file, 16 kHz, mono), and its length."""

    ended_by: Literal["key", "silence", "longest", "stopped", "gone", "failed"]
    file: Path
    seconds: float

    def __str__(self) -> str:
        return "recording"


@dataclass(frozen=True, slots=True)
class Music:
    """Music that goes on and on: a sound file of the company, "" is what comes with Belplan.

    It begins `since` seconds from its beginning, so that whoever was interrupted hears how it goes on.
    """

    file: str = ""
    since: float = 0.0

    def __str__(self) -> str:
        return f"music: {self.file}" if self.file else "music"


Sound = Prompt | Tone | Music | Recorded


class LegEndedError(Exception):
    """The party hung up, so it cannot be done. `cause` is Q.850's."""

    def __init__(self, cause: int = NORMAL) -> None:
        super().__init__(f"the leg has ended, cause {cause}")
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Shown:
    """What a phone that rings shows of the caller. `number` "" is withheld."""

    number: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class PhoneTarget:
    """A user's phone, by its SIP account. All its registrations ring."""

    username: str


@dataclass(frozen=True, slots=True)
class TrunkTarget:
    """A number outside (E.164 digits, or a short number), reached over a trunk."""

    trunk: str
    number: str


Target = PhoneTarget | TrunkTarget


@dataclass(frozen=True, slots=True)
class Transfer:
    """What a party's phone asks for: the other party is to go on at a `number`, or with whoever is on a second line.

    `by` and `to` are legs of that phone. It waits to be told by `Leg.transferred`.
    """

    by: "Leg"
    number: str = ""
    to: "Leg | None" = None


class Playing(Protocol):
    """A sound under way."""

    async def finished(self) -> bool:
        """Wait until it has been played to its end. False where it could not be played."""
        ...


class Recording(Protocol):
    """What a party says, being written to a file."""

    @property
    def name(self) -> str: ...

    async def finished(self) -> Recorded:
        """Wait until it has ended and its file is whole. Also once the party is gone, and after the block was left."""
        ...


class Leg(Protocol):
    """One party of a call.

    Everything but `note`, `hang_up` and `ended` raises LegEndedError once the party is gone. Nothing here
    is harmed by being done twice: answering an answered leg and hanging up an ended one do nothing.
    """

    @property
    def id(self) -> str: ...

    @property
    def answered(self) -> bool: ...

    async def note(self, written: Callable[[], str]) -> None:
        """Keep what `written` gives with the leg itself, in the place of what was there, before what comes after.

        It is there for as long as the leg is, also when this process dies; whoever takes up the leg finds it. On a
        leg that is gone, or that dies with this process, it does nothing.
        """
        ...

    async def ring(self) -> None:
        """Let the party hear ringing (SIP 180) without answering. Does nothing on an answered leg."""
        ...

    async def answer(self) -> None: ...

    def playing(self, sound: Sound) -> AbstractAsyncContextManager[Playing]:
        """Play for as long as the `async with` block runs, from the beginning, once.

        Music, and tones but the beep, go on and on. On a leg that was not answered the sound is early media (SIP 183).
        """
        ...

    def recording(
        self, name: str, *, longest: float, silence: float | None = None, until: Literal["#", "*", ""] = "#"
    ) -> AbstractAsyncContextManager[Recording]:
        """Write down what the party says, for as long as the block runs.

        It ends by itself at the key `until` (which is not kept for `read_digit`), after `longest` seconds, or after
        so many seconds of `silence`, which are cut off. It goes on when this process dies. One of the same `name`
        that is under way is taken up; one that has ended is not begun again.
        """
        ...

    async def read_digit(self) -> str:
        """Wait for the next key (0-9, *, #) that the party presses. Keys pressed before are kept, in order."""
        ...

    @property
    def digit_waiting(self) -> bool:
        """Whether a key was pressed that nobody has read yet."""
        ...

    async def digit_pressed(self) -> None:
        """Wait until a key is waiting to be read; it stays there."""
        ...

    def show(self, shown: Shown) -> None:
        """Have the party's phone show this as who it talks with now. Nobody waits until it does."""
        ...

    async def transferred(self, done: bool) -> None:
        """Tell the party's phone what came of the transfer that it asked for. One that was done hangs up by itself."""
        ...

    async def hang_up(self, cause: int = NORMAL) -> None:
        """End it. A leg that was not answered is refused with this cause."""
        ...

    async def ended(self) -> int:
        """Wait until the leg has ended, however that comes. The cause."""
        ...


class Dialling(Protocol):
    """A phone that is being rung."""

    @property
    def leg(self) -> Leg: ...

    async def answered(self) -> None:
        """Wait for the answer. Raises LegEndedError with the cause where it ends otherwise: 17 busy, 19 no answer …"""
        ...


class Driver(Protocol):
    """What an exchange that carries calls can do besides its legs."""

    def dial(
        self, leg_id: str, target: Target, *, caller: Leg, shown: Shown, timeout: float
    ) -> AbstractAsyncContextManager[Dialling]:
        """Ring a phone for at most `timeout` seconds, for as long as the block runs.

        A leg that has not been answered when the block is left stops ringing ("answered elsewhere" where
        `caller` is talking by then); an answered one stays. `leg_id` is chosen by the engine: the same
        step of the same call has the same id, so that doing it again after a crash is harmless.
        A target that cannot be rung (not registered, unknown, no line free) raises LegEndedError from
        `Dialling.answered`, never silence. One of this id that rings, or has answered, since before this process
        began is taken up; with a `timeout` of 0 none but such a one rings.
        """
        ...

    async def find(self, leg_id: str, caller: Leg) -> Leg | None:
        """A phone that was dialled for this caller and has answered, by its id. None where it is gone."""
        ...

    async def talk(self, caller: Leg, callee: Leg, *, record: str = "") -> Leg | Transfer:
        """Connect two answered legs with sound both ways, until one of them ends: that one is returned.

        The other stays up. Both do where one asks for a transfer, which is returned. A party on hold hears music.
        With a name, what both say is recorded under it; where that fails they talk all the same.
        Two who talk already are not disturbed.
        """
        ...

    def picked_up(self, caller: Leg, callee: Leg) -> None:
        """Somebody took the call on a leg of their own: phones that stop ringing for `caller` are told so."""
        ...
