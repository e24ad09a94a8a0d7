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
    """A simulated phone that is being rung. It reacts at its time, whoever waits for that."""

    def __init__(self, leg: SimulatedLeg, reaction: Reaction, timeout: float) -> None:
        self.leg = leg
        self.reaction = reaction
        self._timeout = timeout
        self._began = leg.now()

    async def answered(self) -> None:
        if not self.leg.answered:
            await self._react()
        self.leg.check()
        self.leg.answered = True

    async def _react(self) -> None:
        reaction = self.reaction
        if reaction.does in ("failed", "busy"):
            self.leg.leave(_ENDS[reaction.does])
        elif reaction.does == "no_answer" or reaction.after >= self._timeout:
            await self.leg.lasts(self._timeout - self._passed)
            self.leg.leave(NO_ANSWER)
        else:
            await self.leg.lasts(reaction.after - self._passed)
            if reaction.does == "reject":
                self.leg.leave(REJECTED)

    @property
    def _passed(self) -> float:
        return self.leg.now() - self._began


class SimulatedExchange:
    """A driver without telephones. `react` says what each phone does; `dialled` keeps whom it has rung.

    `rang_at` has the loop's time of each, beside `dialled`.
    """

    def __init__(self, react: Callable[[Target], Reaction] = lambda _: Reaction()) -> None:
        self._react = react
        self.dialled: list[tuple[Target, Shown]] = []
        self.rang_at: list[float] = []
        self.legs: list[SimulatedLeg] = []
        self._dialled: dict[str, SimulatedDialling] = {}
        self._talk_until: dict[str, float] = {}
        self._transfers: set[str] = set()  # legs that have asked for theirs

    @asynccontextmanager
    async def dial(
        self, leg_id: str, target: Target, *, caller: Leg, shown: Shown, timeout: float
    ) -> AsyncGenerator[SimulatedDialling]:
        dialling = self._dialled.get(leg_id)
        if dialling is None:
            dialling = self._dialled[leg_id] = self._rings(leg_id, target, shown, timeout)
        leg = dialling.leg
        try:
            yield dialling
        except BaseException:
            if leg.answered:
                leg.leave(NORMAL)  # nobody has it
            raise
        finally:
            if not leg.answered:
                taken = caller.answered or (isinstance(caller, SimulatedLeg) and caller.taken)
                leg.leave(ANSWERED_ELSEWHERE if taken else NORMAL)

    def _rings(self, leg_id: str, target: Target, shown: Shown, timeout: float) -> SimulatedDialling:
        if timeout <= 0:
            leg = SimulatedLeg(leg_id)
            leg.leave(NO_ANSWER)
            return SimulatedDialling(leg, Reaction("no_answer"), timeout)
        reaction = self._react(target)
        leg = SimulatedLeg(leg_id, reaction.keys)
        self.dialled.append((target, shown))
        self.rang_at.append(leg.now())
        self.legs.append(leg)
        return SimulatedDialling(leg, reaction, timeout)

    async def find(self, leg_id: str, caller: Leg) -> SimulatedLeg | None:
        dialling = self._dialled.get(leg_id)
        return dialling.leg if dialling and dialling.leg.answered and not dialling.leg.gone else None

    async def talk(self, caller: Leg, callee: Leg, *, record: str = "") -> Leg | Transfer:
        """The callee hangs up, or transfers, after the length of conversation that its reaction has."""
        legs = [leg for leg in (caller, callee) if isinstance(leg, SimulatedLeg)]
        if len(legs) != 2:
            raise TypeError("a simulated exchange connects simulated legs")
        if any(leg.gone for leg in legs):
            raise LegEndedError
        began = legs[0].now()
        dialling = self._dialled.get(callee.id)
        reaction = dialling.reaction if dialling else Reaction(talks=float("inf"))
        until = self._talk_until.setdefault(callee.id, began + reaction.talks)
        try:
            await one_gone(legs, until - began)
            if not any(leg.gone for leg in legs):
                if reaction.transfers and callee.id not in self._transfers:
                    self._transfers.add(callee.id)
                    self._talk_until[callee.id] = legs[0].now() + reaction.talks
                    return Transfer(callee, reaction.transfers)
                await callee.hang_up(NORMAL)
            return next(leg for leg in legs if leg.gone)
        finally:
            for leg in legs:
                leg.ear.listened(began, leg.now())

    def picked_up(self, caller: Leg, callee: Leg) -> None:
        if isinstance(caller, SimulatedLeg):
            caller.taken = True
