"""A conversation: two parties talk until one leaves. Either may be a colleague who transfers the other.

Blind: the colleague's phone names a number; the other party goes on there, and comes back to the colleague where
nobody answers. Attended: the colleague talks to somebody on a second line, and gives them the first.
"""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

from belplan.dialplan.company import Company, Language
from belplan.engine.call import Call
from belplan.engine.entrance import Entrance, entrance
from belplan.engine.leg import Leg, Shown, Transfer
from belplan.engine.lines import lines_of

WITHHELD: dict[Language, str] = {"nl": "Anoniem", "en": "Anonymous"}


class TransferredError(Exception):
    """The call goes on elsewhere. Not an error: it takes the walk out of whatever it was in."""

    def __init__(self, to: Entrance, by: str) -> None:
        super().__init__(f"transferred to {to.number}")
        self.to = to
        self.by = by


class Conversation:
    """Two parties, each with their number: the SIP account or internal number of a colleague, else an outside one."""

    def __init__(self, call: Call, callee: Leg, callee_number: str, *, picked_up: bool = False) -> None:
        self._call = call
        self._lines = lines_of(call)
        self._callee = callee
        self._numbers = {call.caller.id: call.caller_number, callee.id: callee_number}
        self._names = {call.caller.id: _name_of_caller(call)}
        self._picked_up = picked_up
        self._swapped = asyncio.Event()

    async def run(self) -> None:
        """Let them talk until one leaves. Raises TransferredError, and LegEndedError where one is gone already."""
        with self._known():
            # What phones show was decided before they rang. One that rang for somebody else, or took a call, learns it.
            if self._picked_up or self._call.transferred_by:
                self._show(self._call.caller)
            if self._picked_up:
                self._show(self._callee)
            while True:
                end = await self._talk()
                if isinstance(end, Transfer):
                    await self._transfer(end)
                elif end:
                    return

    async def hang_up(self) -> None:
        """The party who is not the caller leaves."""
        await self._callee.hang_up()

    def of(self, company: Company) -> bool:
        """Whether it is a call of this company."""
        return self._call.company.id == company.id

    def swap(self, old: Leg, new: Leg, number: str, name: str) -> None:
        """Put another party in the place of one."""
        self._lines.conversations.pop(old.id, None)
        self._numbers[new.id], self._names[new.id] = number, name
        if self._call.caller is old:
            self._call.caller = new
        else:
            self._callee = new
        self._show(self._call.caller)
        self._show(self._callee)
        self._swapped.set()

    @contextmanager
    def _known(self) -> Generator[None]:
        try:
            yield
        finally:
            for leg in (self._call.caller, self._callee):
                if self._lines.conversations.get(leg.id) is self:
                    del self._lines.conversations[leg.id]

    async def _talk(self) -> Leg | Transfer | None:
        """Whoever left, or what they ask for; None where there is another party now."""
        call = self._call
        self._lines.conversations |= {call.caller.id: self, self._callee.id: self}
        record = ""
        if call.recorded:
            record = f"call-{call.company.id}-{call.id}-{len(call.recordings) + 1}"
            call.recordings.append(record)
        talking = asyncio.ensure_future(call.driver.talk(call.caller, self._callee, record=record))
        swapped = asyncio.ensure_future(self._swapped.wait())
        try:
            await asyncio.wait((talking, swapped), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (talking, swapped):
                task.cancel()
            await asyncio.gather(talking, swapped, return_exceptions=True)
        if self._swapped.is_set():
            self._swapped.clear()
            return None
        return talking.result()

    async def _transfer(self, asked: Transfer) -> None:
        """Do as a party's phone asks, or tell it that it cannot be done: then they talk on."""
        company, by = self._call.company, asked.by
        colleague = self._colleague(company, by)
        number = asked.number
        if colleague and asked.to:
            if (other := self._lines.conversations.get(asked.to.id)) and other is not self and other.of(company):
                await self._join(other, asked.to, by)
                return
            if waiting := self._lines.calls(asked.to):
                # Whom they wanted to ask has not answered yet: they ring for the other party instead.
                number = waiting.call.callee_number
        to = entrance(company, number, colleague) if colleague and number else None
        if to is None or not _open_to_transfers(company, to):
            await by.transferred(False)
            return
        if asked.to:
            await asked.to.hang_up()
        await self._leave(by)
        self._call.detail |= {"transferred_to": to.number, "transferred_by": colleague}
        raise TransferredError(to, colleague)

    async def _join(self, other: "Conversation", line: Leg, by: Leg) -> None:
        """The party who stays goes on in another conversation, in the place of the colleague's second line."""
        stays = self._other(by)
        await self._leave(by)
        other.swap(line, stays, self._numbers[stays.id], self._names.get(stays.id, ""))
        await line.hang_up()
        # This call is the one that they came with: it lasts as long as they do.
        await stays.ended()

    async def _leave(self, by: Leg) -> None:
        """A colleague leaves; whoever stays is the caller from now on."""
        stays = self._other(by)
        await by.transferred(True)
        if self._call.caller is by:
            self._call.caller, self._callee = stays, by
            self._call.caller_number = self._numbers[stays.id]
            self._call.caller_name = ""
        await by.hang_up()

    def _show(self, leg: Leg) -> None:
        """Have a colleague's phone show who is at the other side. The outside is told no more than when it rang."""
        company = self._call.company
        if not self._colleague(company, leg):
            return
        other = self._other(leg)
        number = self._numbers[other.id]
        if user := company.user(self._colleague(company, other)):
            leg.show(Shown(user.number, user.name))
        elif number:
            leg.show(Shown(number, self._names.get(other.id) or self._call.name_of(number)))
        else:
            leg.show(Shown("anonymous", WITHHELD[company.settings.language]))

    def _other(self, leg: Leg) -> Leg:
        return self._callee if leg is self._call.caller else self._call.caller

    def _colleague(self, company: Company, leg: Leg) -> str:
        """The internal number of a party of the company; "" for others, who transfer nobody."""
        number = self._numbers[leg.id]
        user = company.accounts.get(number) or company.user(number)
        return user.number if user else ""


def _name_of_caller(call: Call) -> str:
    name = call.phonebook_name or call.caller_name
    return f"{call.prefix} {name or call.caller_number}" if call.prefix else name


def _open_to_transfers(company: Company, to: Entrance) -> bool:
    return to.feature is None or (to.feature.kind == "outside" and company.may_call(to.number))
