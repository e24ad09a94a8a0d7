"""What somebody who answers calls needs: the names of the company's numbers, and the calls of their own telephone.

Neither shows what the plan says: who may not read it still sees who is at 201, and whom they spoke to.
"""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from belplan.api.calls import CallShown, Cursor, shown_page
from belplan.api.fields import Limit, Page
from belplan.api.identity import Access, MayWatch, Member, WithParts
from belplan.api.parts import Parts
from belplan.api.problems import ApiError
from belplan.dialplan.company import Company
from belplan.dialplan.route import Route
from belplan.store.records import Wanted

router = APIRouter(prefix="/companies/{company}", tags=["live"])


class Named(BaseModel):
    """Something of the company with an internal number."""

    name: str
    number: str


class Colleague(Named):
    """A user, and the SIP accounts of their phones, by which `live` says whether they are there."""

    accounts: list[str]


class QueueNamed(Named):
    """A queue, and the internal numbers of its agents."""

    agents: list[str]


class PlanNamed(BaseModel):
    """A dial plan: what it is called and by which numbers it is reached."""

    name: str
    internal_number: str | None
    external_numbers: list[str]


class SwitchNamed(BaseModel):
    """A diversion. At most one of a group is on."""

    name: str
    group: str | None


class Directory(BaseModel):
    """The names of everything that has a number, in the live version; empty before the first is published."""

    name: Annotated[str, Field(description="Of the company.")]
    country: Annotated[str, Field(description="How national numbers are read; ISO 3166.")] = "NL"
    version: int = 0
    users: list[Colleague] = []
    ring_groups: list[Named] = []
    queues: list[QueueNamed] = []
    voicemail_boxes: list[Named] = []
    dial_plans: list[PlanNamed] = []
    diversions: list[SwitchNamed] = []
    own_diversions: Annotated[list[str], Field(description="Those in one's own personal dial plan.")] = []


@router.get("/directory")
async def directory(access: MayWatch, parts: WithParts) -> Directory:
    """Who and what is at which number."""
    live = parts.calls.company(access.id)
    return _directory(live, access.extension or "") if live else Directory(name=access.company.name)


@router.get("/own-calls")
async def own_calls(access: Member, parts: WithParts, limit: Limit = 50, cursor: Cursor = None) -> Page[CallShown]:
    """The calls that one's own telephone made, was called for, or answered; the newest first.

    Somebody without an extension in the company has none.
    """
    if access.who.token:
        raise ApiError(403, "not-allowed", "A token has no telephone.")
    if not access.extension:
        return Page(items=[])
    return await shown_page(parts, access.id, Wanted(of=_own_numbers(parts, access)), limit, cursor)


def _own_numbers(parts: Parts, access: Access) -> tuple[str, ...]:
    """As records name whoever has the extension: by it, and by the accounts of their phones."""
    live = parts.calls.company(access.id)
    user = live.user(access.extension or "") if live else None
    return (access.extension or "", *(phone.username for phone in (user.phones if user else ())))


def _diversions(route: Route) -> Iterator[str]:
    for item in route:
        yield from (one.name for one in item.app.refers() if one.kind == "diversion")
        for _, _, nested in item.app.routes():
            yield from _diversions(nested)


def _directory(company: Company, extension: str) -> Directory:
    own = company.user(extension)
    return Directory(
        name=company.settings.name,
        country=company.settings.country,
        version=company.number,
        users=[
            Colleague(name=user.name, number=user.number, accounts=[phone.username for phone in user.phones])
            for user in company.users
        ],
        ring_groups=[Named(name=one.name, number=one.number) for one in company.ring_groups],
        queues=[
            QueueNamed(name=one.name, number=one.number, agents=[agent.user for agent in one.agents if agent.user])
            for one in company.queues
        ],
        voicemail_boxes=[Named(name=one.name, number=one.number) for one in company.voicemail_boxes],
        dial_plans=[
            PlanNamed(
                name=one.name,
                internal_number=one.internal_number,
                external_numbers=list(one.external_numbers),
            )
            for one in company.dial_plans
        ],
        diversions=[SwitchNamed(name=one.name, group=one.group) for one in company.diversions],
        own_diversions=list(dict.fromkeys(_diversions(own.route))) if own else [],
    )
