"""What the API works with, given to it by whoever joins the server."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from belplan.dialplan.company import Company
from belplan.engine.mail import Letter
from belplan.engine.state import State
from belplan.examination.jobs import Jobs
from belplan.gradual.rollouts import Rollouts
from belplan.gradual.shadows import Shadows
from belplan.live import Live
from belplan.settings import Provider
from belplan.store.answers import Answers
from belplan.store.audit import Audit
from belplan.store.call_recordings import CallRecordings
from belplan.store.companies import Companies
from belplan.store.database import Database
from belplan.store.event_webhooks import EventWebhooks
from belplan.store.people import People
from belplan.store.phone_book import PhoneBooks
from belplan.store.prompts import CompanyPrompts
from belplan.store.records import Records
from belplan.store.scenarios import Scenarios
from belplan.store.second_factor import SecondFactors
from belplan.store.secrets import CompanySecrets
from belplan.store.spool import Spool
from belplan.store.tokens import Tokens
from belplan.store.vault import Vault
from belplan.store.voicemail import DiskBoxes
from belplan.webhook import Policy
from belplan.webhook.origins import Health


class NotTakenError(Exception):
    """The exchange could not be told of a change now. It is tried again."""


AgentDoes = Literal["log_in", "log_out", "pause", "resume"]


@dataclass(frozen=True, slots=True)
class AgentNow:
    """An agent of a queue. `standing` is in, out, break or missed."""

    number: str
    level: int
    standing: str
    engaged: bool


@dataclass(frozen=True, slots=True)
class QueueNow:
    """A queue: the ids of the calls that wait, in order, and its agents."""

    number: str
    name: str
    waiting: list[str]
    agents: list[AgentNow]


class NotItsOwnError(Exception):
    """A browser's telephone says what it may not say. The text says why."""


class SipLine(Protocol):
    """A browser's telephone, connected."""

    async def send(self, message: str) -> None:
        """Pass on what it says. Raises NotItsOwnError, and ConnectionError where Asterisk is gone."""
        ...

    async def receive(self) -> str | None:
        """What it is told next; None where Asterisk is gone."""
        ...


@dataclass(frozen=True, slots=True)
class BrowserPhone:
    """A SIP account for a browser. `connect` makes it, for as long as its block runs, and raises NotTakenError."""

    account: str
    password: str = field(repr=False)
    connect: Callable[[], AbstractAsyncContextManager[SipLine]]


class Calls(Protocol):
    """The exchange, as far as people and programs steer it."""

    @property
    def ready(self) -> bool:
        """Whether calls can be taken."""
        ...

    @property
    def queued(self) -> int:
        """How many callers wait in the queues of all companies."""
        ...

    def time_commands(self, took: Callable[[float], None]) -> None:
        """Have this told how many seconds Asterisk took for each command."""
        ...

    async def use(self, company: Company) -> None:
        """Take calls with this version of a company from now on. Raises NotTakenError."""
        ...

    async def share(self, version: Company, share: int) -> None:
        """Let `share` percent of a company's callers have this version from now on. Raises OSError."""
        ...

    def unshare(self, company: str) -> None:
        """Let all of them have the live version again."""
        ...

    async def renew(self, company: str) -> None:
        """A secret of a company has changed: phones and trunks that use it are told. Tried until it works."""
        ...

    @property
    def state(self) -> State | None:
        """What people have switched. None where no calls are taken."""
        ...

    def company(self, company: str) -> Company | None:
        """The live version of a company. None where nothing of it is published."""
        ...

    def queues(self, company: str) -> list[QueueNow]:
        """Who waits and who works in the queues of a company."""
        ...

    def agent(self, company: str, queue: str, agent: str, do: AgentDoes) -> None:
        """An agent comes to work in a queue, or goes. Raises LookupError where the queue has no such agent."""
        ...

    def health(self, company: str) -> list[Health]:
        """How a company's webhooks fare, by origin."""
        ...

    async def hang_up(self, call: str) -> bool:
        """End a call under way. False where there is none of this id."""
        ...

    async def phones(self, company: str) -> dict[str, bool]:
        """Whether a telephone is registered, for each SIP account of a company. Raises NotTakenError."""
        ...

    async def connect(self, company: str, user: str, number: str) -> str:
        """Ring a user's phones, and have whoever answers call the number. Raises NotTakenError, LookupError.

        The id is of the leg.
        """
        ...

    def browser_phone(self, company: str, user: str, caller: str) -> BrowserPhone:
        """A telephone in a browser: a user's (a number of the live version), or, for "", a caller outside.

        Raises LookupError, and NotTakenError where it cannot be: the user has no phone, or no calls are taken.
        """
        ...

    async def drop(self, company: str) -> None:
        """Take no more calls for a company. Raises NotTakenError."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything behind the API."""

    database: Database
    vault: Vault
    companies: Companies
    people: People
    second_factors: SecondFactors
    tokens: Tokens
    secrets: CompanySecrets
    audit: Audit
    calls: Calls
    live: Live
    records: Records
    boxes: DiskBoxes
    recordings: CallRecordings
    books: PhoneBooks
    prompts: CompanyPrompts
    event_webhooks: EventWebhooks
    scenarios: Scenarios
    jobs: Jobs  # examinations under way
    answers: Answers
    shadows: Shadows
    rollouts: Rollouts
    policy: Policy
    post: Callable[[Letter], bool]  # has a mail sent soon; False where no mail is sent
    sample: Callable[[], dict[str, Any]]  # the plan of the sample company
    spools: Mapping[str, Spool] = field(default_factory=dict[str, Spool])  # lines on their way to the database
    per_minute: int = 0  # requests of one person or program; 0 is without limit
    url: str = ""  # what people have in their browsers, for links in mails; https makes cookies secure
    provider: Provider | None = None  # with which people may sign in
    passwords: bool = True  # whether they may with a password
    page: Path | None = None  # the folder of the built page
    stopping: asyncio.Event = field(default_factory=asyncio.Event)  # streams end
    sip: str = ""  # where phones register: host and port
