"""The simulated exchange: rings phones that react as a script says."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
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
    Transfer,
)


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a phone does when it rings. `after` and `talks` are seconds: until it reacts, and of conversation.

    `keys` are pressed in turn, each when the phone is next waited for; "" lets it be waited for in vain.
    After `talks` seconds it `transfers` the other party to a number, where there is one; refused, it talks on.
    """

    does: Literal["answer", "busy", "no_answer", "reject", "failed"] = "answer"
    after: float = 2.0
    talks: float = 60.0
    keys: tuple[str, ...] = ()
    transfers: str = ""


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
        self._talks: dict[str, Reaction] = {}

    @asynccontextmanager
    async def dial(
        self, leg_id: str, target: Target, *, caller: Leg, shown: Shown, timeout: float
    ) -> AsyncGenerator[SimulatedDialling]:
        reaction = self._react(target)
        leg = SimulatedLeg(leg_id, reaction.keys)
        self.dialled.append((target, shown))
        self.rang_at.append(leg.now())
        self.legs.append(leg)
        self._talks[leg_id] = reaction
        try:
            yield SimulatedDialling(leg, reaction, timeout)
        except BaseException:
            if leg.answered:
                leg.leave(NORMAL)  # nobody has it
            raise
        finally:
            if not leg.answered:
                taken = caller.answered or (isinstance(caller, SimulatedLeg) and caller.taken)
                leg.leave(ANSWERED_ELSEWHERE if taken else NORMAL)

    async def talk(self, caller: Leg, callee: Leg, *, record: str = "") -> Leg | Transfer:
        """The callee hangs up, or transfers, after the length of conversation that its reaction has."""
        legs = [leg for leg in (caller, callee) if isinstance(leg, SimulatedLeg)]
        if len(legs) != 2:
            raise TypeError("a simulated exchange connects simulated legs")
        if any(leg.gone for leg in legs):
            raise LegEndedError
        began = legs[0].now()
        try:
            reaction = self._talks.get(callee.id, Reaction(talks=float("inf")))
            await one_gone(legs, reaction.talks)
            if not any(leg.gone for leg in legs):
                if reaction.transfers:
                    self._talks[callee.id] = replace(reaction, transfers="")
                    return Transfer(callee, reaction.transfers)
                await callee.hang_up(NORMAL)
            return next(leg for leg in legs if leg.gone)
        finally:
            for leg in legs:
                leg.ear.listened(began, leg.now())

    def picked_up(self, caller: Leg, callee: Leg) -> None:
        if isinstance(caller, SimulatedLeg):
            caller.taken = True
