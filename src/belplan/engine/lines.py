"""Who is being rung and who talks, in all calls of one exchange: what pick-up and transfers need to know of others."""

import asyncio
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from belplan.dialplan.company import Company
from belplan.engine.call import Call
from belplan.engine.leg import Leg

if TYPE_CHECKING:
    from belplan.engine.talking import Conversation


@dataclass(frozen=True, slots=True)
class Taker:
    """Whoever picks a call up: a user's internal number, their SIP account, and the leg of their own phone."""

    number: str
    account: str
    leg: Leg


@dataclass(slots=True, eq=False)
class Ringing:
    """A call that rings: for which number, and at which users' phones."""

    call: Call
    number: str
    users: frozenset[str]
    taken: "asyncio.Future[Taker]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def taker(self) -> Taker | None:
        """Who picked it up."""
        return self.taken.result() if self.taken.done() and not self.taken.cancelled() else None

    def take(self, taker: Taker) -> bool:
        """Pick it up. False where somebody was first, a phone that rang or another taker."""
        if self.taken.done():
            return False
        self.taken.set_result(taker)
        return True


class Lines:
    """What rings and talks. One for all calls of an exchange."""

    def __init__(self) -> None:
        self._ringing: list[Ringing] = []
        self.conversations: dict[str, Conversation] = {}  # by the id of each leg in it

    @contextmanager
    def ringing(self, call: Call, number: str, users: Iterable[str]) -> Generator[Ringing]:
        """A call rings for as long as the block runs, unless somebody takes it."""
        one = Ringing(call, number, frozenset(users))
        self._ringing.append(one)
        try:
            yield one
        finally:
            self._ringing.remove(one)
            one.taken.cancel()  # does nothing where it was taken

    def calls(self, leg: Leg) -> Ringing | None:
        """What rings for the party on this leg."""
        return next((one for one in self._ringing if one.call.caller is leg), None)

    def to_pick_up(self, company: Company, user: str, number: str = "") -> Ringing | None:
        """What a user may pick up, the oldest first: only of their own company.

        With a `number`, what rings for it or at it; else what rings for a group of theirs, or at somebody in one.
        """
        groups = [group for group in company.ring_groups if user in group.members]
        numbers = {number} if number else {group.number for group in groups}
        users = {number} if number else {member for group in groups for member in group.members}
        for one in self._ringing:
            mine = one.call.company.id == company.id and not one.taken.done()
            if mine and (one.number in numbers or one.users & users):
                return one
        return None


def lines_of(call: Call) -> Lines:
    """The lines of the exchange that a call is on; of its own where there are none, as in a trial."""
    found = call.services.get(Lines)
    return found if isinstance(found, Lines) else Lines()
