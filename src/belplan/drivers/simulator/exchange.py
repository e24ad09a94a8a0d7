"""The simulated exchange: rings phones that react as a script says."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from belplan.drivers.simulator.leg import SimulatedLeg, one_gone
from belplan.engine.leg import (
    ABSENT,
    ANSWERED_ELSEWHERE,
    BUSY,
    NO_ANSWER,
    NORMAL,
    REJECTED,
    Leg,
    LegEndedError,
    Shown,
    Target,
)


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a phone does when it rings. `after` and `talks` are seconds: until it reacts, and of conversation.

    `keys` are pressed in turn, each when the phone is next waited for; "" lets it be waited for in vain.
    """

    does: Literal["answer", "busy", "no_answer", "reject", "failed"] = "answer"
    after: float = 2.0
    talks: float = 60.0
    keys: tuple[str, ...] = ()


_ENDS = {"busy": BUSY, "reject": REJECTED, "failed": ABSENT}


class SimulatedDialling:
    """A simulated phone that is being rung."""

    def __init__(self, leg: SimulatedLeg, reaction: Reaction, timeout: float) -> None:
        self.leg = leg
        self.reaction = reaction
        self._timeout = timeout

    async def answered(self) -> None:
        reaction = self.reaction
        if reaction.does in ("failed", "busy"):
            self.leg.leave(_ENDS[reaction.does])
        elif reaction.does == "no_answer" or reaction.after >= self._timeout:
            await self.leg.lasts(self._timeout)
            self.leg.leave(NO_ANSWER)
        else:
            await self.leg.lasts(reaction.after)
            if reaction.does == "reject":
                self.leg.leave(REJECTED)
        self.leg.check()
        self.leg.answered = True


class SimulatedExchange:
    """A driver without telephones. `react` says what each phone does; `dialled` keeps whom it has rung.

    `rang_at` has the loop's time of each, beside `dialled`.
    """

    def __init__(self, react: Callable[[Target], Reaction] = lambda _: Reaction()) -> None:
        self._react = react
        self.dialled: list[tuple[Target, Shown]] = []
        self.rang_at: list[float] = []
        self.legs: list[SimulatedLeg] = []
        self._talks: dict[str, float] = {}

    @asynccontextmanager
    async def dial(
        self, leg_id: str, target: Target, *, caller: Leg, shown: Shown, timeout: float
    ) -> AsyncGenerator[SimulatedDialling]:
        reaction = self._react(target)
        leg = SimulatedLeg(leg_id, reaction.keys)
        self.dialled.append((target, shown))
        self.rang_at.append(leg.now())
        self.legs.append(leg)
        self._talks[leg_id] = reaction.talks
        try:
            yield SimulatedDialling(leg, reaction, timeout)
        except BaseException:
            if leg.answered:
                leg.leave(NORMAL)  # nobody has it
            raise
        finally:
            if not leg.answered:
                leg.leave(ANSWERED_ELSEWHERE if caller.answered else NORMAL)

    async def talk(self, caller: Leg, callee: Leg) -> Leg:
        """The callee hangs up after the length of conversation that its reaction has."""
        legs = [leg for leg in (caller, callee) if isinstance(leg, SimulatedLeg)]
        if len(legs) != 2:
            raise TypeError("a simulated exchange connects simulated legs")
        if any(leg.gone for leg in legs):
            raise LegEndedError
        began = legs[0].now()
        try:
            await one_gone(legs, self._talks.get(callee.id, float("inf")))
            if not any(leg.gone for leg in legs):
                await callee.hang_up(NORMAL)
            return next(leg for leg in legs if leg.gone)
        finally:
            for leg in legs:
                leg.ear.listened(began, leg.now())
