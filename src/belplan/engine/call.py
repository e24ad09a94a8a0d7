"""A call: who calls whom, where in the plan it is, and the leg of the caller. It stays small."""

import asyncio
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from re import Match
from secrets import token_hex
from typing import Any, Literal, TypeVar, cast

from belplan.dialplan import numbers
from belplan.dialplan.company import Company, DialPlan
from belplan.dialplan.fields import PLACEHOLDER, Prompt
from belplan.engine import journal
from belplan.engine.clock import Clock
from belplan.engine.entrance import Feature
from belplan.engine.events import Event, Events, What
from belplan.engine.fault import point
from belplan.engine.leg import NORMAL, Driver, Leg
from belplan.engine.phone_book import Names
from belplan.engine.position import Place
from belplan.engine.variables import Variables

T = TypeVar("T")

TELEPHONES = frozenset({"caller_number", "callee_number", "dp_ex_number"})  # of the call data
MOMENTS = frozenset({"event_time", "call_start_time"})
MAX_SPOKEN = 1000  # characters, after variables were filled in: about a minute
MAX_WEBHOOKS = 20  # a plan that asks more often in one call goes in circles


class LimitError(Exception):
    """The call goes in circles: it is taken out of its plan, to the company's last resort."""


@dataclass(slots=True)
class Call:
    """One caller on the way through the dial plans of one company.

    Numbers are in their one form (E.164 digits, or internal); `caller_number` is "" when withheld.
    `plan` is None where a user, group or queue was called directly. `services` are what apps need
    beside the exchange itself, by type: the sender of webhooks, say.
    """

    company: Company
    plan: DialPlan | None
    caller: Leg
    driver: Driver
    clock: Clock
    caller_number: str
    callee_number: str
    caller_name: str = ""
    sip_call_id: str = ""
    feature: Feature | None = None  # what a phone has dialled, where that stands in no plan
    version: str = ""  # of the company's plan: the call keeps it, whatever engine takes it up
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    rta_call_id: str = field(default_factory=lambda: f"{token_hex(6)}-{token_hex(6)}")
    services: Mapping[type, object] = field(default_factory=dict[type, object])
    events: Events = field(default_factory=Events)
    variables: Variables = field(default_factory=Variables)
    began_in: str = field(init=False)  # the name of its first dial plan
    arrived: datetime = field(init=False)
    entered: datetime = field(init=False)  # when it came into this dial plan
    since: datetime = field(init=False)  # when the step under way began; the same when it is done again
    phase: Literal["start", "route", "end"] = "start"  # which part of the walk it is in
    position: list[Place] = field(default_factory=list[Place])  # before the step under way
    counts: tuple[int, int, int] = (0, 0, 0)  # steps, legs and webhooks then
    again: bool = False  # the step under way is done again: its engine died
    kept: dict[str, Any] = field(default_factory=dict[str, Any])  # what the step under way has achieved; see `keep`
    path: str = ""  # the item it is at
    detail: dict[str, Any] = field(default_factory=dict[str, Any])  # what the app at `path` has to tell
    personal: set[str] = field(default_factory=set[str])  # users whose personal dial plan it has walked
    in_menu_start: bool = False  # a key ends what is being played
    recorded: bool = False  # conversations from now on are
    recordings: list[str] = field(default_factory=list[str])  # their names
    transferred_by: str = ""  # the colleague who sent it on, and gets it back where nobody answers
    prefix: str = ""  # before the caller on the phones that ring
    early: dict[str, asyncio.Task[Any]] = field(default_factory=dict[str, asyncio.Task[Any]])  # by the path of its item
    early_from: dict[str, int] = field(default_factory=dict[str, int])  # how many webhooks there were before each
    steps: int = 0  # walked so far
    legs: int = 0  # dialled so far
    webhooks: int = 0  # asked so far
    outcome: str = ""  # how it ended, once an app has decided that
    cause: int | None = None  # with which we ended it; None while it goes on, or where the caller hung up
    connected_to: str | None = None
    answered_by: str | None = None

    def __post_init__(self) -> None:
        self.began_in = self.plan.name if self.plan else ""
        self.arrived = self.entered = self.since = self.clock.now()

    async def note(self) -> None:
        """Have what is decided so far written down, before what comes next."""
        point("journal.before")
        await self.caller.note(partial(journal.written, self))
        point("journal.after")

    async def keep(self, **facts: Any) -> None:
        """Write down what the step under way has achieved: its `kept` when another engine does it again.

        Facts are what JSON can hold: small, no secrets.
        """
        self.kept |= facts
        await self.note()

    @property
    def phonebook_name(self) -> str:
        """The caller's name in the company's phone book."""
        return self.name_of(self.caller_number)

    def name_of(self, number: str) -> str:
        """The name of a number in the company's phone book."""
        if name := self.company.names.get(number, ""):
            return name
        book = cast("Names | None", self.services.get(Names))
        return book.name(self.company.id, number) if book else ""

    def use(self, service: type[T]) -> T:
        """The service of this type."""
        return cast("T", self.services[service])

    def tell(self, what: What, **facts: Any) -> None:
        """Let the watchers know."""
        self.events.tell(Event(what, self.id, self.clock.monotonic(), self.path, facts))

    def enter(self, plan: DialPlan) -> None:
        """Go on in another dial plan: it has numbers, a start time and variables of its own."""
        self.plan = plan
        self.entered = self.clock.now()
        self.variables.begin()

    async def hang_up(self, cause: int = NORMAL) -> None:
        """End the call from our side. Before an answer it is refused with this cause."""
        self.cause = cause
        await self.caller.hang_up(cause)

    def call_data(self) -> dict[str, str]:
        """The twelve fields of a webhook request, in the manual's order, always all, always text."""
        external = [self.company.canonical(number) for number in self.plan.external_numbers] if self.plan else []
        return {
            "com_id": self.company.id,
            "dp_id": self.plan.id if self.plan else "",
            "dp_in_number": (self.plan.internal_number if self.plan else None) or "",
            "dp_ex_number": self.callee_number if self.callee_number in external else next(iter(external), ""),
            "callee_number": self.callee_number,
            "caller_number": self.caller_number,
            "uuid": self.id,
            "phonebook_caller_name": self.phonebook_name,
            "event_time": _milliseconds(self.clock.now()),
            "call_start_time": _milliseconds(self.entered),
            "rta_call_id": self.rta_call_id,
            "sip_call_id": self.sip_call_id,
        }

    def value(self, name: str) -> str | None:
        """A variable, or a call datum of this name. None where it is not set."""
        found = self.variables.get(name)
        return self.call_data().get(name) if found is None else found

    def fill(self, text: str, encode: Callable[[str], str] = str) -> str:
        """Put values in the place of `{name}`; what is not set becomes nothing."""
        return PLACEHOLDER.sub(lambda match: encode(self.value(match[1]) or ""), text) if "{" in text else text

    def spoken(self, prompt: Prompt) -> Prompt:
        """A prompt with values in the place of `{name}`, in the company's language where it names none.

        Telephone numbers of the call data are as people write them (`06 12345678`), moments `2026-01-13T14:05`.
        """
        return Prompt.model_construct(
            say=None if prompt.say is None else PLACEHOLDER.sub(self._written, prompt.say)[:MAX_SPOKEN],
            language=prompt.language or self.company.settings.language,
            voice=prompt.voice,
            file=prompt.file,
        )

    def _written(self, found: Match[str]) -> str:
        name = found[1]
        value = self.value(name) or ""
        if name in TELEPHONES:
            return numbers.spoken_form(self.company.telephone(value), self.company.settings.country)
        if name in MOMENTS and value:
            return f"{datetime.fromtimestamp(int(value) / 1000, self.company.zone):%Y-%m-%dT%H:%M}"
        return value

    def next_leg_id(self, number: str) -> str:
        """An id for the next leg, at this number: the same step of the same call always has the same one."""
        self.legs += 1
        return f"{self.id}-{self.legs}-{number}"

    def count_webhook(self) -> int:
        """Its number in the call. Raises LimitError where the call has asked too often."""
        self.webhooks += 1
        if self.webhooks > MAX_WEBHOOKS:
            raise LimitError(f"more than {MAX_WEBHOOKS} webhooks in one call")
        return self.webhooks


def _milliseconds(moment: datetime) -> str:
    return str(round(moment.timestamp() * 1000))
