"""Where the contract of the leg port is played: a caller, phones, and a driver between them."""

from typing import Protocol

from belplan.dialplan.fields import Prompt
from belplan.drivers.simulator import Reaction
from belplan.engine.leg import Driver, Leg, Shown, Target

SHOWN = Shown("31612345678", "Pieter Janssen")


class Phone(Protocol):
    """A telephone that is called."""

    target: Target

    async def rings(self) -> None:
        """Wait until it rings."""
        ...

    async def stops(self) -> str:
        """Wait until it no longer rings, without an answer. What it was told: "elsewhere", or "" for nothing."""
        ...


class Stage(Protocol):
    """One caller and their surroundings."""

    driver: Driver
    sound: Prompt  # a second long, and more

    async def call(self) -> Leg:
        """Somebody calls; their leg."""
        ...

    async def sees(self, what: str) -> None:
        """Wait until the caller is told of `ringing`, `answered` or `ended`."""
        ...

    async def press(self, keys: str) -> None:
        """The caller presses keys, one after the other."""
        ...

    async def leave(self) -> None:
        """The caller hangs up."""
        ...

    async def phone(self, does: Reaction, *, places: int = 1) -> Phone:
        """A phone that does so when it rings. At all but the first of its `places` it only rings.

        One that does "failed" is registered nowhere.
        """
        ...

    async def nothing_left(self) -> None:
        """Wait until nothing of any call is left: no leg, no connection between legs."""
        ...
