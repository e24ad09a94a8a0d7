"""Companies: what an installation has, and what one is called there."""

from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from belplan.api import plans
from belplan.api.fields import Asked, Name, moment
from belplan.api.identity import RIGHTS, Member, Operator, SignedIn, WithParts
from belplan.api.parts import NotTakenError, Parts
from belplan.api.problems import ApiError
from belplan.dialplan.company import Language
from belplan.dialplan.credentials import take_out
from belplan.dialplan.fields import Country
from belplan.store.companies import CompanyRow

router = APIRouter(tags=["companies"])

_SETTINGS = {"name", "country", "timezone", "language"}


class NewCompany(Asked):
    """A company to be made. Its plan begins empty."""

    name: Name
    country: Country = "NL"
    timezone: Annotated[str, Field(max_length=64)] = "Europe/Amsterdam"
    language: Language = "nl"


class CompanyShown(BaseModel):
    """A company. `handle` comes before its SIP accounts: phone `anna` signs in as `handle-anna`."""

    id: str
    name: str
    handle: str
    role: str
    rights: list[str]
    live: int | None
    """The version that calls walk; absent before the first is published."""
    from_file: bool
    """Its plan is a file, and is changed there."""
    sip: str
    """Where its phones register."""
    created: datetime


class Companies(BaseModel):
    """The companies that somebody may see."""

    items: list[CompanyShown]


@router.get("/companies")
async def companies(who: SignedIn, parts: WithParts) -> Companies:
    """The companies that whoever asks works in; all of them for the operator."""
    roles = {one.company: one.role for one in await parts.people.memberships(who.person.id)}
    items: list[CompanyShown] = []
    for row in await parts.companies.all():
        role = "operator" if who.person.operator else roles.get(row.id, "")
        if role and (who.token is None or who.token.company == row.id):
            items.append(_shown(parts, row, role, sorted(who.rights(role))))
    return Companies(items=items)


@router.post("/companies", status_code=201)
async def add_company(asked: NewCompany, who: Operator, parts: WithParts) -> CompanyShown:
    """Make a company. Only the operator may."""
    await refuse_settings(parts, asked)
    row = await make_company(parts, asked, who.name, {})
    await parts.audit.write(who.name, "company.added", company=row.id, target=row.name)
    return _shown(parts, row, "operator", sorted(RIGHTS["operator"]))


@router.get("/companies/{company}")
async def company(access: Member, parts: WithParts) -> CompanyShown:
    """One company, and what whoever asks may do there."""
    return _shown(parts, access.company, access.role, sorted(access.rights))


@router.delete("/companies/{company}", status_code=204)
async def remove_company(company: str, who: Operator, parts: WithParts, access: Member) -> Response:
    """Remove a company: its plan, versions, records and secrets. Only the operator may."""
    plans.refuse_file(access.company)
    await parts.companies.remove(company)
    with suppress(NotTakenError):  # the exchange is told again by itself
        await parts.calls.drop(company)
    await parts.audit.write(who.name, "company.removed", company=company, target=access.company.name)
    return Response(status_code=204)


async def refuse_settings(parts: Parts, asked: NewCompany) -> None:
    """Raises ApiError where the settings of a new company are not in order."""
    row = CompanyRow("", "", asked.name, None, False, 0)
    examined = await plans.look_at(parts, row, {"company": asked.model_dump(include=_SETTINGS)})
    if examined.errors:
        raise ApiError(422, "invalid", "The settings of a company are not in order.", problems=examined.errors)


async def make_company(parts: Parts, asked: NewCompany, author: str, plan: dict[str, Any]) -> CompanyRow:
    """A new company with a draft."""
    company_id = uuid4().hex
    plan["company"] = {**plan.get("company", {}), "id": company_id, **asked.model_dump(include=_SETTINGS)}
    secrets = take_out(plan)
    row = await parts.companies.add(company_id, asked.name, plan, author)
    await parts.secrets.set(company_id, secrets)
    return row


def _shown(parts: Parts, row: CompanyRow, role: str, rights: list[str]) -> CompanyShown:
    return CompanyShown(
        id=row.id,
        name=row.name,
        handle="" if row.from_file else row.handle,
        role=role,
        rights=rights,
        live=row.live,
        from_file=row.from_file,
        sip=parts.sip,
        created=moment(row.created),
    )
