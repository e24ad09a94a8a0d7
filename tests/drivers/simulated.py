"""The contract's stage on the simulator: virtual time."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from belplan.dialplan.fields import Prompt
from belplan.drivers.simulator import Reaction, SimulatedExchange, SimulatedLeg
from belplan.engine.leg import ANSWERED_ELSEWHERE, PhoneTarget, Target

STEP = 0.01  # seconds of virtual time between two looks


class SimulatedPhone:
    def __init__(self, driver: SimulatedExchange, target: PhoneTarget) -> None:
        self.target = target
        self._driver = driver

    @property
    def _leg(self) -> SimulatedLeg | None:
        """The last leg to it."""
        dialled = [target for target, _ in self._driver.dialled]
        here = [leg for target, leg in zip(dialled, self._driver.legs, strict=True) if target == self.target]
        return here[-1] if here else None

    async def rings(self) -> None:
        while not self._leg:
            await asyncio.sleep(STEP)

    async def stops(self) -> str:
        assert self._leg
        cause = await self._leg.ended()
        assert not self._leg.answered
        return "elsewhere" if cause == ANSWERED_ELSEWHERE else ""


@dataclass
class SimulatedStage:
    driver: SimulatedExchange
    reactions: dict[Target, Reaction]
    caller: SimulatedLeg
    sound = Prompt(say="Een zin die meer dan een seconde duurt.")

    async def call(self) -> SimulatedLeg:
        return self.caller

    async def sees(self, what: str) -> None:
        seen = {
            "ringing": lambda: self.caller.rang,
            "answered": lambda: self.caller.answered,
            "ended": lambda: self.caller.gone,
        }[what]
        while not seen():
            await asyncio.sleep(STEP)

    async def press(self, keys: str) -> None:
        self.caller.press(keys)

    async def leave(self) -> None:
        self.caller.leave()

    async def phone(self, does: Reaction, *, places: int = 1) -> SimulatedPhone:
        target = PhoneTarget(f"phone-{len(self.reactions)}")
        self.reactions[target] = does
        return SimulatedPhone(self.driver, target)

    async def nothing_left(self) -> None:
        while not all(leg.gone for leg in [self.caller, *self.driver.legs]):
            await asyncio.sleep(STEP)


@asynccontextmanager
async def simulated() -> AsyncGenerator[SimulatedStage]:
    reactions: dict[Target, Reaction] = {}
    yield SimulatedStage(SimulatedExchange(reactions.__getitem__), reactions, SimulatedLeg("caller"))
