"""What the API works with, given to it by whoever joins the server."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from belplan.dialplan.company import Company
from belplan.store.audit import Audit
from belplan.store.companies import Companies
from belplan.store.database import Database
from belplan.store.people import People
from belplan.store.secrets import CompanySecrets
from belplan.store.vault import Vault
from belplan.webhook import Policy


class NotTakenError(Exception):
    """The exchange could not be told of a change now. It is tried again."""


class Calls(Protocol):
    """The exchange, as far as people and programs steer it."""

    @property
    def ready(self) -> bool:
        """Whether calls can be taken."""
        ...

    async def use(self, company: Company) -> None:
        """Take calls with this version of a company from now on. Raises NotTakenError."""
        ...

    async def renew(self, company: str) -> None:
        """A secret of a company has changed: phones and trunks that use it are told. Tried until it works."""
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
    secrets: CompanySecrets
    audit: Audit
    calls: Calls
    policy: Policy
    sample: Callable[[], dict[str, Any]]  # the plan of the sample company
    url: str = ""  # what people have in their browsers, for links in mails; https makes cookies secure
    page: Path | None = None  # the folder of the built page
    sip: str = ""  # where phones register: host and port
    readiness: dict[str, bool] = field(default_factory=dict[str, bool])
