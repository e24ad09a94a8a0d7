"""A company: its numbers, people, groups, times and dial plans. One plan file describes one company."""

import hashlib
from datetime import datetime
from functools import cached_property
from ipaddress import ip_network
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, PrivateAttr, field_validator, model_validator

from belplan.dialplan import numbers
from belplan.dialplan.fields import (
    SOUND_FILE,
    ClockTime,
    Country,
    Date,
    FullDate,
    InternalNumber,
    Name,
    Prompt,
    Settings,
    Text,
    refuse,
)
from belplan.dialplan.route import Route
from belplan.dialplan.rules import Rule

Strategy = Literal["all", "in_order", "round_robin", "longest_idle"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Language = Literal["nl", "en"]
HexId = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
Seconds = Annotated[float, Field(gt=0, le=86400)]
Mail = Annotated[str, Field(pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+$", max_length=254)]


class Trunk(Settings):
    """A way to and from the outside telephone network."""

    name: Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,40}$")]
    host: Annotated[
        str, Field(description="Host name or address of the provider.", pattern=r"^[A-Za-z0-9.:\[\]-]{1,253}$")
    ]
    port: Annotated[int, Field(ge=1, le=65535)] = 5060
    transport: Literal["udp", "tcp", "tls"] = "udp"
    username: Annotated[Text | None, Field(pattern=r"^[^\s;\\\"']{1,128}$")] = None
    password: Annotated[Text | None, Field(min_length=1, max_length=200)] = None
    register_there: Annotated[bool, Field(alias="register", description="Register there, and take calls that way.")] = (
        False
    )
    inbound_from: Annotated[
        tuple[Text, ...], Field(description="Calls from these addresses are taken without digest.")
    ] = ()
    numbers: Annotated[tuple[Text, ...], Field(description="Numbers that may be shown as caller to the outside.")] = ()
    channels: Annotated[int, Field(description="Most calls at once.", ge=1, le=10000)] = 10

    @field_validator("inbound_from")
    @classmethod
    def _networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            try:
                ip_network(network, strict=False)
            except ValueError:
                raise refuse("invalid-value", f'"{network}" is not an address or network; write 192.0.2.0/24') from None
        return networks

    @model_validator(mode="after")
    def _can_register(self) -> Self:
        if self.register_there and not (self.username and self.password):
            raise refuse("missing-field", "to register, a trunk needs a username and a password")
        return self


class Phone(Settings):
    """A telephone of a user: one SIP account."""

    username: Annotated[Text, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    password: Annotated[Text, Field(min_length=1, max_length=200)]


class User(Settings):
    """Somebody who can be called at an internal number."""

    name: Name
    number: InternalNumber
    email: Mail | None = None
    phones: tuple[Phone, ...] = ()
    route: Annotated[Route, Field(description="Personal dial plan; no webhook here.")] = Route()


class RingGroup(Settings):
    """Several users behind one number."""

    name: Name
    number: InternalNumber
    members: Annotated[tuple[InternalNumber, ...], Field(min_length=1)]
    strategy: Strategy = "all"
    timeout: Annotated[Seconds, Field(description="Seconds that each ring lasts.")] = 20


class Agent(Settings):
    """Who takes calls from a queue: a user, or somebody outside. Level 1 is tried first."""

    user: Annotated[InternalNumber | None, Field(description="Number of a user.")] = None
    number: Annotated[
        Text | None, Field(description="An outside number; whoever answers there takes the call with key 1.")
    ] = None
    level: Annotated[int, Field(ge=1, le=99)] = 1

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.user is None) == (self.number is None):
            raise refuse("missing-field", 'give either "user" (an internal number) or "number" (an outside one)')
        return self


class Queue(Settings):
    """Callers who wait in order for an agent."""

    name: Name
    number: InternalNumber
    agents: tuple[Agent, ...] = ()
    strategy: Strategy = "all"
    level_timeout: Annotated[Seconds, Field(description="Seconds before the next level joins.")] = 30
    max_waiting: Annotated[int, Field(ge=1, le=1000)] = 10
    max_wait: Seconds = 600
    wrap_up: Annotated[float, Field(ge=0, le=3600, description="Seconds of rest for an agent after a call.")] = 5
    ring_time: Annotated[Seconds, Field(description="Seconds that an agent's phone rings for one caller.", le=600)] = 20
    retry_after: Annotated[
        float, Field(ge=1, le=3600, description="Seconds of rest for an agent who was rung and did not come.")
    ] = 10
    pause_after: Annotated[
        int | None, Field(description="Calls missed in a row after which an agent is paused.", ge=1, le=100)
    ] = None
    greeting: Prompt | None = None
    music: Annotated[Text, Field(pattern=SOUND_FILE, description="A sound file of the company, or default.")] = (
        "default"
    )
    announce_every: Annotated[Seconds, Field(description="Seconds of music between what is announced.", ge=5)] = 30
    announcement: Prompt | None = None
    announce_position: Annotated[bool, Field(description="Tell callers which one in the queue they are.")] = False
    announce_wait: Annotated[bool, Field(description="Tell callers how long it may take.")] = False


class VoicemailBox(Settings):
    """Where callers leave a message."""

    name: Name
    number: InternalNumber
    email: tuple[Mail, ...] = ()
    greeting: Annotated[Prompt | None, Field(description="Heard before the beep; a usual one, when absent.")] = None
    max_length: Annotated[Seconds, Field(description="Seconds that a message lasts at most.", le=3600)] = 180
    silence: Annotated[
        float, Field(description="Seconds without a word after which the message ends.", ge=1, le=60)
    ] = 10
    keep_days: Annotated[int, Field(description="Days after which a message is deleted.", ge=1, le=3650)] = 30
    language: Annotated[Language | None, Field(description="What it speaks; the company's, when absent.")] = None
    users: Annotated[
        tuple[InternalNumber, ...], Field(description="Whose box it is: they need not say which they listen to.")
    ] = ()
    pin: Annotated[
        Text | None,
        Field(
            description="Digits that open it on any phone, or secret:NAME; without, only its users' own phones do.",
            pattern=r"^([0-9]{4,10}|secret:[A-Za-z0-9_.-]+)$",
        ),
    ] = None


class _Span(Settings):
    """From one moment to a later one. Times before `from` belong to no day: split what passes midnight."""

    start: str
    to: str

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start > self.to or (self.start == self.to and ":" in self.to):
            midnight = "; write what passes midnight as two" if ":" in self.to else ""
            raise refuse("invalid-time", f"{self.start} does not come before {self.to}{midnight}")
        return self


class Weekdays(_Span):
    """Hours on days of the week."""

    days: Annotated[tuple[Day, ...], Field(min_length=1)]
    start: Annotated[ClockTime, Field(alias="from")] = "00:00"
    to: ClockTime = "24:00"


class SpecialDate(_Span):
    """One date, or the same date of every year."""

    on: Date
    start: Annotated[ClockTime, Field(alias="from")] = "00:00"
    to: ClockTime = "24:00"


class Period(_Span):
    """From one date up to and including another."""

    start: Annotated[FullDate, Field(alias="from")]
    to: FullDate


class TimeCondition(Settings):
    """Named times: any of the parts makes it hold."""

    name: Name
    weekdays: tuple[Weekdays, ...] = ()
    holidays: Annotated[Country | None, Field(description="Public holidays of a country, moving ones included.")] = None
    dates: tuple[SpecialDate, ...] = ()
    periods: tuple[Period, ...] = ()


class Diversion(Settings):
    """A switch that people turn on and off. At most one of a group is on."""

    name: Name
    code: Annotated[Text, Field(pattern="^[0-9]{1,4}$")]
    group: Name | None = None


class PhoneBookEntry(Settings):
    """A name for a number."""

    number: Text
    name: Name


class Key(Settings):
    """What a key of a menu does."""

    label: Text = ""
    route: Route = Route()
    # The file may hold the route alone: then paths into it have no `.route`.
    plain: Annotated[bool, Field(exclude=True)] = False


class Context(Settings):
    """One state of a menu: what is said, and where the keys lead."""

    timeout: Annotated[Seconds, Field(description="Seconds without a key before the no_input route.", le=60)] = 5
    tries: Annotated[
        int,
        Field(description="How often the start is walked when no key or a wrong one is pressed.", ge=1, le=10),
    ] = 1
    start: Route = Route()
    keys: dict[Annotated[str, Field(pattern="^[0-9*#]$")], Key] = {}
    invalid: Route = Route()
    no_input: Route = Route()


class IvrMenu(Settings):
    """A menu that callers steer with keys."""

    name: Name
    start: Annotated[Name, Field(description="Name of the first context.")]
    contexts: Annotated[dict[str, Context], Field(min_length=1)]


class DialPlan(Settings):
    """One internal number, any number of external numbers, and one route."""

    name: Name
    id: HexId = ""
    internal_number: InternalNumber | None = None
    external_numbers: tuple[Text, ...] = ()
    route: Route = Route()


NumberKind = Literal["fixed", "mobile", "freephone", "shared_cost", "premium", "personal", "other", "unknown"]


class OutsideCalls(Settings):
    """Which outside numbers the company's phones may call, and a webhook may name. Emergency numbers always."""

    countries: Annotated[
        tuple[Country, ...], Field(description="Countries that may be called; the company's own is always one of them.")
    ] = ()
    kinds: Annotated[tuple[NumberKind, ...], Field(description="Kinds of number that may be called.")] = (
        "fixed",
        "mobile",
        "freephone",
    )
    at_once: Annotated[int, Field(description="Most calls of phones to the outside at once.", ge=0, le=10000)] = 10
    per_hour: Annotated[int, Field(description="Most of them within an hour.", ge=0, le=100000)] = 100


class CompanySettings(Settings):
    """The section `company` of a plan file."""

    name: Name
    id: Annotated[HexId | None, Field(description="Made from the name, when absent.")] = None
    country: Annotated[Country, Field(description="How national numbers are read; ISO 3166.")] = "NL"
    timezone: str = "Europe/Amsterdam"
    language: Annotated[Language, Field(description="Language of prompts and speech.")] = "nl"
    last_resort: Annotated[Text | None, Field(description="Rung instead of dropping a caller.")] = None
    outside_calls: Annotated[OutsideCalls, Field(description="Which outside numbers may be called.")] = OutsideCalls()
    keep_recordings: Annotated[int, Field(description="Days that recorded conversations are kept.", ge=1, le=3650)] = 90
    keep_calls_days: Annotated[
        int | None, Field(description="Days after which the records of calls are removed.", ge=1, le=3650)
    ] = None
    debug_until: Annotated[
        Text | None,
        Field(description="Until this moment (2026-12-01T18:00) the trace shows what webhooks sent and received."),
    ] = None

    @field_validator("debug_until")
    @classmethod
    def _moment(cls, text: str | None) -> str | None:
        try:
            return text if text is None else datetime.fromisoformat(text).isoformat()
        except ValueError:
            raise refuse("invalid-time", "not a moment; write 2026-12-01T18:00") from None

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise refuse("invalid-time", f'"{zone}" is no time zone; write Europe/Amsterdam') from None
        return zone

    @field_validator("country")
    @classmethod
    def _known_country(cls, country: str) -> str:
        if not numbers.knows(country):
            raise refuse("invalid-value", f'"{country}" is no country code (ISO 3166); write NL')
        return country


Destination = User | RingGroup | Queue | VoicemailBox | DialPlan


class Company(Settings):
    """A whole company, checked: what calls walk through. It never changes; a new version is a new one."""

    id: HexId
    settings: CompanySettings
    trunks: tuple[Trunk, ...] = ()
    users: tuple[User, ...] = ()
    ring_groups: tuple[RingGroup, ...] = ()
    queues: tuple[Queue, ...] = ()
    voicemail_boxes: tuple[VoicemailBox, ...] = ()
    time_conditions: tuple[TimeCondition, ...] = ()
    diversions: tuple[Diversion, ...] = ()
    phone_book: tuple[PhoneBookEntry, ...] = ()
    ivr_menus: tuple[IvrMenu, ...] = ()
    dial_plans: tuple[DialPlan, ...] = ()
    rules: tuple[Rule, ...] = ()

    _number: int = PrivateAttr(0)

    @property
    def number(self) -> int:
        """The number under which this version was published; 0 where it has none."""
        return self._number

    def numbered(self, number: int) -> Self:
        """This version, published under a number."""
        self._number = number
        return self

    _source: str = PrivateAttr("")

    @property
    def source(self) -> str:
        """The text that it was read from; "" where it was made otherwise."""
        return self._source

    def read_from(self, source: str) -> None:
        """Say what it was read from. Once, by who has read it."""
        self._source = source

    @cached_property
    def version(self) -> str:
        """Which version of the company this is: the same text has the same, and no other has."""
        return hashlib.sha256(self._source.encode(errors="surrogatepass")).hexdigest()[:20] if self._source else ""

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.settings.timezone)

    @cached_property
    def internal(self) -> dict[str, Destination]:
        """Everything that has an internal number, by that number."""
        found: dict[str, Destination] = {plan.internal_number: plan for plan in self.dial_plans if plan.internal_number}
        for section in (self.voicemail_boxes, self.queues, self.ring_groups, self.users):
            found |= {entry.number: entry for entry in section}
        return found

    @cached_property
    def external(self) -> dict[str, DialPlan]:
        """The dial plans by their external numbers, in the one form of a number."""
        return {self.canonical(number): plan for plan in self.dial_plans for number in plan.external_numbers}

    @cached_property
    def menus(self) -> dict[str, IvrMenu]:
        return {menu.name: menu for menu in self.ivr_menus}

    @cached_property
    def plans(self) -> dict[str, DialPlan]:
        """The dial plans by name."""
        return {plan.name: plan for plan in self.dial_plans}

    @cached_property
    def places(self) -> dict[tuple[str, str], int]:
        """Where in its section a dial plan or menu (by name) and a user (by number) stands."""
        named = {("dial_plans", plan.name): index for index, plan in enumerate(self.dial_plans)}
        named |= {("ivr_menus", menu.name): index for index, menu in enumerate(self.ivr_menus)}
        return named | {("users", user.number): index for index, user in enumerate(self.users)}

    @cached_property
    def switches(self) -> dict[str, Diversion]:
        """The diversions by name."""
        return {diversion.name: diversion for diversion in self.diversions}

    @cached_property
    def times(self) -> dict[str, TimeCondition]:
        """The time conditions by name."""
        return {condition.name: condition for condition in self.time_conditions}

    @cached_property
    def accounts(self) -> dict[str, User]:
        """The users by the SIP accounts of their phones."""
        return {phone.username: user for user in self.users for phone in user.phones}

    @cached_property
    def names(self) -> dict[str, str]:
        """The phone book: names by number in its one form."""
        return {self.canonical(entry.number): entry.name for entry in self.phone_book}

    @cached_property
    def seats(self) -> dict[str, dict[str, int]]:
        """The agents of each queue with their levels, by the queue's number. An outside number is in its one form."""
        return {
            queue.number: {agent.user or self.canonical(agent.number or ""): agent.level for agent in queue.agents}
            for queue in self.queues
        }

    def debugs(self, now: datetime) -> bool:
        """Whether traces may show, for now, what webhooks send and receive. It ends by itself."""
        if not self.settings.debug_until:
            return False
        until = datetime.fromisoformat(self.settings.debug_until)
        return now < (until if until.tzinfo else until.replace(tzinfo=self.zone))

    def canonical(self, number: str) -> str:
        """A number in its one form, as this company reads it; its own internal numbers stay as they are."""
        digits = numbers.bare(number)
        return digits if digits in self.internal else numbers.canonical(number, self.settings.country)

    def telephone(self, number: str) -> str:
        """The same, and for a SIP account of one of the company's phones its user's internal number."""
        user = self.accounts.get(number.strip())
        return user.number if user else self.canonical(number)

    def destination(self, number: str) -> Destination | None:
        """What a number of this company, internal or external, reaches. None where it is not the company's."""
        digits = self.canonical(number)
        return self.internal.get(digits) or self.external.get(digits)

    def may_call(self, number: str) -> bool:
        """Whether an outside number (in its one form) is one that this company's rules let through."""
        settings = self.settings
        if numbers.is_emergency(number, settings.country):
            return True
        rules = settings.outside_calls
        countries = {settings.country, *rules.countries}
        return numbers.kind_of(number) in rules.kinds and numbers.country_of(number) in countries

    def user(self, number: str) -> User | None:
        """The user with this internal number."""
        found = self.internal.get(number)
        return found if isinstance(found, User) else None
