"""Ringing a phone: a channel for each place where it has registered; the first that answers is the leg."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any, ClassVar

from belplan.drivers.asterisk import causes
from belplan.drivers.asterisk.adopting import LEG
from belplan.drivers.asterisk.ari import AriError, Event, RefusedError, segment
from belplan.drivers.asterisk.leg import AsteriskLeg, Exchange, plain
from belplan.engine.leg import (
    ABSENT,
    ANSWERED_ELSEWHERE,
    NO_ANSWER,
    NORMAL,
    OUT_OF_ORDER,
    TEMPORARY_FAILURE,
    LegEndedError,
    Shown,
)

# Our own timer ends the ringing. Asterisk's is for the case that we are no longer there.
GRACE = 2.0  # seconds


@dataclass(slots=True, eq=False)
class Contact:
    """One place where a phone rings: a channel."""

    channel: str
    endpoint: str
    making: "asyncio.Task[None] | None" = None
    started: asyncio.Event = field(default_factory=asyncio.Event)
    cause: int | None = None  # it has ended
    earlier: str = ""  # its state, where it was made before this process began

    @property
    def uri(self) -> str:
        return f"channels/{segment(self.channel)}"


class DialledLeg(AsteriskLeg):
    """The leg of a phone that is rung. Until it answers, it is all channels that ring."""

    def __init__(self, exchange: Exchange, leg_id: str, *, caller: AsteriskLeg) -> None:
        super().__init__(exchange, leg_id, language=caller.language)
        self.company = caller.company
        self.contacts: list[Contact] = []

    def won(self, contact: Contact) -> None:
        """This one answered; the others stop."""
        self.channel = contact.channel
        self._answered = True
        self.exchange.ari.listeners[contact.channel] = self.on_event
        self.exchange.lines[contact.channel] = self
        self._remove_all(ANSWERED_ELSEWHERE, but=contact)
        self.changed()

    def remove(self, cause: int) -> None:
        if self.answered:
            super().remove(cause)
        else:
            self._remove_all(cause)

    def forget(self) -> None:
        super().forget()
        for contact in self.contacts:
            self._forget(contact)

    def hang_up_all(self) -> None:
        """None of them has answered, and none is wanted any more."""
        self._remove_all(NORMAL)

    def _remove_all(self, cause: int, but: Contact | None = None) -> None:
        for contact in self.contacts:
            if contact is not but:
                self.stop(contact, cause)

    def stop(self, contact: Contact, cause: int) -> None:
        """Have one of its channels hung up, also one that is still being made."""
        self._forget(contact)
        if (contact.making or contact.earlier) and contact.cause is None:
            self.exchange.errands.remove(f"{contact.uri}?reason_code={cause}", contact.channel, contact.making)

    def _forget(self, contact: Contact) -> None:
        self.exchange.ari.listeners.pop(contact.channel, None)
        self.exchange.lines.pop(contact.channel, None)


class ContactLine:
    """What a contact's channel tells: events, and the comparison after the connection was lost."""

    def __init__(self, dialling: "AsteriskDialling", contact: Contact) -> None:
        self._dialling = dialling
        self._contact = contact

    def on_event(self, event: Event) -> None:
        contact = self._contact
        match event["type"]:
            case "StasisStart":
                contact.started.set()
            case "Dial":
                if event["dialstatus"] == "ANSWER":
                    self._dialling.answers(contact)
            case "ChannelDestroyed":
                self._dialling.contact_ends(contact, causes.heard(event["cause"]))
            case _:
                pass

    def found(self, state: str) -> None:
        self._contact.started.set()
        if state == "Up":
            self._dialling.answers(self._contact)

    def missing(self) -> None:
        # One that was never seen may yet be made; one that was is gone, by the timeout or by its own choice.
        if self._contact.started.is_set():
            self._dialling.contact_ends(self._contact, NO_ANSWER)


def claim(leg_id: str, caller: AsteriskLeg) -> list[Contact]:
    """The channels of this leg that are there since before this process began. Nobody else gets them any more."""
    mine = [one for one in caller.earlier if one == leg_id or one.startswith(f"{leg_id}.")]
    return [Contact(channel, "", earlier=caller.earlier.pop(channel)) for channel in mine]


def find(exchange: Exchange, leg_id: str, caller: AsteriskLeg) -> DialledLeg | None:
    """A leg that has answered before this process began. None where it is gone."""
    contacts = claim(leg_id, caller)
    answered = next((contact for contact in contacts if contact.earlier == "Up"), None)
    leg = DialledLeg(exchange, leg_id, caller=caller)
    leg.contacts = contacts
    if answered is None:
        leg.hang_up_all()
        return None
    leg.won(answered)
    caller.talks_to = leg
    return leg


class AsteriskDialling:
    """A phone that is being rung. See belplan.engine.leg.Dialling."""

    def __init__(
        self, exchange: Exchange, leg_id: str, target: "Ringable", *, caller: AsteriskLeg, shown: Shown, timeout: float
    ) -> None:
        self.leg = DialledLeg(exchange, leg_id, caller=caller)
        self._exchange = exchange
        self._target = target
        self._caller = caller
        self._shown = shown
        self._timeout = timeout
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(timeout, self.fails, NO_ANSWER)
        self.leg.contacts = claim(leg_id, caller)
        for contact in self.leg.contacts:
            self._listen(contact).found(contact.earlier)
        self._ringing = loop.create_task(self._ring())

    async def answered(self) -> None:
        while not self.leg.answered:
            self.leg.check()
            await self.leg.change()
        self.leg.check()

    def stop(self, *, nobody_has_it: bool = False) -> None:
        """The ringing is over: what was not answered stops, and what was where nobody has the leg."""
        self._timer.cancel()
        self._ringing.cancel()
        if not self.leg.answered:
            # RFC 3326 2: a phone that is told so does not show a missed call.
            other = self._caller.talks_to
            self.fails(ANSWERED_ELSEWHERE if other and not other.gone else NORMAL)
        elif nobody_has_it and not self.leg.gone:
            self.leg.remove(NORMAL)
            self.leg.ends(NORMAL)
        else:
            self._caller.talks_to = self.leg

    def answers(self, contact: Contact) -> None:
        if self.leg.answered or self.leg.gone:
            return  # too late: its channel is being removed
        self._timer.cancel()
        self.leg.won(contact)

    def contact_ends(self, contact: Contact, cause: int) -> None:
        contact.cause = cause if contact.cause is None else contact.cause
        ends = [one.cause for one in self.leg.contacts if one.cause is not None]
        if len(ends) == len(self.leg.contacts):
            self.fails(causes.most_telling(ends))

    def fails(self, cause: int) -> None:
        """Nobody answers, and this is why."""
        if not self.leg.answered and not self.leg.gone:
            self.leg.remove(cause)
            self.leg.ends(cause)

    async def _ring(self) -> None:
        """Ring everywhere, or go on with what rings since before this process began."""
        try:
            self.leg.check()
            self._caller.check()
            if not self.leg.contacts and self._timeout > 0:
                endpoints = await self._target.endpoints(self._exchange, self._caller)
                if not endpoints:
                    self.fails(ABSENT)
                    return
                first, *others = endpoints
                self.leg.contacts = [Contact(self.leg.id, first)]
                self.leg.contacts += [Contact(f"{self.leg.id}.{n}", one) for n, one in enumerate(others, 2)]
            await asyncio.gather(*(self._ring_at(contact) for contact in self.leg.contacts))
        except LegEndedError as end:
            self.fails(end.cause)
        except AriError as error:
            failure = await self._caller.failure(error)
            self.fails(failure.cause)

    def _listen(self, contact: Contact) -> "ContactLine":
        line = ContactLine(self, contact)
        self._exchange.ari.listeners[contact.channel] = line.on_event
        self._exchange.lines[contact.channel] = line
        return line

    async def _ring_at(self, contact: Contact) -> None:
        if self.leg.answered or self.leg.gone:
            return
        exchange = self._exchange
        if contact.earlier and contact.earlier != "Down":
            return  # it was dialled
        if not contact.earlier:
            self._listen(contact)
            contact.making = exchange.errands.run(self._make(contact))
        try:
            if contact.making:
                await asyncio.shield(contact.making)
            # Dialling one that is not in Stasis yet is refused (409).
            await contact.started.wait()
            timeout = ceil(self._timeout + GRACE)
            await exchange.ari.command("POST", f"{contact.uri}/dial?timeout={timeout}")
        except AriError as error:
            if isinstance(error, RefusedError) and not contact.started.is_set():
                # 500 is "Allocation failed": there is nothing to ring. Otherwise it is the caller who is gone.
                nothing = ABSENT if isinstance(self._target, RingablePhone) else OUT_OF_ORDER
                self.contact_ends(contact, nothing if error.status == 500 else TEMPORARY_FAILURE)
            elif isinstance(error, RefusedError) and error.status == 409 and contact.earlier:
                pass  # it was dialled, and does not ring yet
            elif contact.cause is None:
                self.leg.stop(contact, TEMPORARY_FAILURE)
                self.contact_ends(contact, TEMPORARY_FAILURE)

    def _make(self, contact: Contact) -> Coroutine[Any, Any, None]:
        body = {
            "endpoint": contact.endpoint,
            "app": self._exchange.ari.app,
            "appArgs": f"{LEG},{self._caller.channel}",
            "channelId": contact.channel,
            "originator": self._caller.channel,
            "variables": display(self._shown) | self._target.variables,
        }
        return self._exchange.ari.command("POST", "channels/create", body)


@dataclass(frozen=True, slots=True)
class RingablePhone:
    """A phone, by its endpoint: every place where it has registered."""

    endpoint: str
    browsers: Sequence[str] = ()  # endpoints that ring with it
    # A transfer moves nobody by itself: the engine is asked.
    variables: ClassVar[dict[str, str]] = {"PJSIP_TRANSFER_HANDLING()": "ari-only"}

    async def endpoints(self, exchange: Exchange, caller: AsteriskLeg) -> Sequence[str]:
        # Asterisk rings only one of a phone's registrations by itself.
        asked = [f"PJSIP_DIAL_CONTACTS({endpoint})" for endpoint in (self.endpoint, *self.browsers)]
        variables = (f"{caller.uri}/variable?variable={segment(contacts)}" for contacts in asked)
        answers = await asyncio.gather(*(exchange.ari.command("GET", variable) for variable in variables))
        return [contact for answer in answers for contact in answer["value"].split("&") if contact]


@dataclass(frozen=True, slots=True)
class RingableLine:
    """A number outside, over the endpoint of a trunk."""

    endpoint: str
    number: str
    variables: ClassVar[dict[str, str]] = {}

    async def endpoints(self, exchange: Exchange, caller: AsteriskLeg) -> Sequence[str]:
        return [f"PJSIP/{self.number}@{self.endpoint}"]


Ringable = RingablePhone | RingableLine


def display(shown: Shown) -> dict[str, Any]:
    """Variables for a channel, so that its phone shows this as the caller. With neither it says anonymous."""
    # `i`: the phone learns it from the INVITE, not once more from an update.
    shows = {"CONNECTEDLINE(name,i)": plain(shown.name), "CONNECTEDLINE(num,i)": shown.number}
    return {variable: value for variable, value in shows.items() if value}
