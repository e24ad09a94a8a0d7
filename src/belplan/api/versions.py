"""The versions of a company's plan: published, compared, rolled back."""

import asyncio
import json
from datetime import datetime
from typing import Annotated, Any, Literal

import structlog
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from belplan.api import examinations, plans
from belplan.api.examinations import Examination
from belplan.api.fields import Asked, Limit, Note, NumberCursor, Page, moment
from belplan.api.identity import Access, MayEdit, MayRead, WithParts
from belplan.api.parts import NotTakenError, Parts
from belplan.api.plans import Difference, IfMatch, Plan
from belplan.api.problems import ApiError
from belplan.compiled import published
from belplan.dialplan.company import Company
from belplan.dialplan.difference import difference
from belplan.examination.jobs import LONGEST
from belplan.gradual.rollouts import NotGradualError, refuse_other_lines
from belplan.store.companies import StaleError, Version

router = APIRouter(prefix="/companies/{company}/versions", tags=["plan"])

Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="Number of a version.")]

_log = structlog.get_logger()


class VersionShown(BaseModel):
    """A published plan. `live` is the one that calls walk."""

    number: int
    author: str
    at: datetime
    note: str
    live: bool
    plan: Plan | None = None
    taken: bool = True
    """False where the exchange could not be told yet; it is tried again by itself."""
    share: int | None = None
    """How many percent of the callers have it, where that is not all or none."""


class Publish(Asked):
    """What people will want to know of a version later."""

    note: Note = ""
    share: Annotated[int, Field(ge=1, le=100, description="How many percent of the callers have it at first.")] = 100


@router.get("")
async def versions(
    access: MayRead, parts: WithParts, limit: Limit = 50, cursor: NumberCursor = None
) -> Page[VersionShown]:
    """The versions, the newest first."""
    found = await parts.companies.versions(access.id, before=cursor, limit=limit + 1)
    items = [_shown(access, version) for version in found[:limit]]
    return Page(items=items, next=str(items[-1].number) if len(found) > limit else None)


@router.post("", status_code=201)
async def publish(asked: Publish, access: MayEdit, parts: WithParts, if_match: IfMatch = None) -> VersionShown:
    """Publish the draft: from now on calls walk it. 409 with the problems where it has errors."""
    plans.refuse_file(access.company)
    draft = await parts.companies.draft(access.id)
    if if_match is not None and plans.revision_of(if_match) != draft.revision:
        raise plans.was_first(StaleError(draft, None))
    examined = await plans.look_at(parts, access.company, draft.plan)
    if examined.company is None:
        errors = examined.errors
        raise ApiError(409, "plan-problems", "The draft has problems; nothing was published.", problems=errors)
    if await parts.scenarios.required(access.id):
        await _refuse_failing(parts, access, draft.plan)
    gradual = asked.share < 100
    if gradual:
        _refuse_not_gradual(parts, access, draft.plan)
    try:
        version = await parts.companies.publish(
            access.id, draft.plan, access.name, asked.note, seen=draft.revision, source=draft.source, live=not gradual
        )
    except StaleError as stale:
        raise plans.was_first(stale) from None
    await parts.rollouts.end(access.id, "back", f"version {version.number} was published")
    if gradual:
        return await _for_some(parts, access, version, asked.share)
    return await _goes_live(parts, access, version, "version.published")


@router.get("/{number}")
async def version(number: Number, access: MayRead, parts: WithParts) -> VersionShown:
    """One version, with its plan."""
    return _shown(access, await parts.companies.version(access.id, number))


@router.get("/{number}/difference")
async def differences(
    number: Number,
    access: MayRead,
    parts: WithParts,
    to: Annotated[Annotated[int, Field(ge=1, le=2**31 - 1)] | Literal["draft"], Query(description="Number, or draft.")],
) -> list[Difference]:
    """What changed from this version to another one, or to the draft."""
    before = await plans.plan_at(parts, access.id, number)
    after = await plans.plan_at(parts, access.id, to)
    return [plans.as_shown(change) for change in await asyncio.to_thread(difference, before, after)]


@router.post("/{number}/restore", status_code=201)
async def restore(number: Number, access: MayEdit, parts: WithParts) -> VersionShown:
    """Publish an old version anew, under a new number; the draft becomes the same."""
    plans.refuse_file(access.company)
    old = await parts.companies.version(access.id, number)
    examined = await plans.look_at(parts, access.company, old.plan or {})
    if examined.company is None:
        errors = examined.errors
        raise ApiError(409, "plan-problems", "That version has problems now; nothing was published.", problems=errors)
    version = await parts.companies.restore(access.id, number, access.name, f"↶ {number}: {old.note}".strip(": "))
    await parts.rollouts.end(access.id, "back", f"version {version.number} was published")
    return await _goes_live(parts, access, version, "version.restored")


def _compiled(access: Access, plan: dict[str, Any], number: int) -> Company:
    return published(json.dumps(plan), "" if access.company.from_file else access.company.handle, number)


def _refuse_not_gradual(parts: Parts, access: Access, plan: dict[str, Any]) -> None:
    """Raises ApiError (409) where a plan cannot be for some callers only."""
    live = parts.calls.company(access.id)
    if live is None:
        raise ApiError(409, "not-gradual", "Nothing is published yet: the first version is for all callers.")
    try:
        refuse_other_lines(live, _compiled(access, plan, 0))
    except NotGradualError as error:
        raise ApiError(409, "not-gradual", "This cannot be for some callers only.", str(error)) from None


async def _for_some(parts: Parts, access: Access, version: Version, share: int) -> VersionShown:
    live = parts.calls.company(access.id)
    if live is None:
        raise ApiError(409, "not-gradual", "Nothing is published any more.")
    new = await asyncio.to_thread(_compiled, access, version.plan or {}, version.number)
    await parts.rollouts.begin(live, new, share, access.name)
    target = str(version.number)
    await parts.audit.write(
        access.name, "version.shared", company=access.id, target=target, note=version.note, share=share
    )
    return _shown(access, version).model_copy(update={"live": False, "plan": None, "share": share})


async def _refuse_failing(parts: Parts, access: Access, plan: dict[str, Any]) -> None:
    """Every scenario must pass. Raises ApiError (409)."""
    job = await examinations.begin(parts, access, Examination(what="scenarios"), plan)
    await job.finished(LONGEST)
    parts.jobs.stop(job)
    if job.result is None:
        raise ApiError(409, "scenarios-fail", "The scenarios could not be played; nothing was published.", job.error)
    if failed := [one for one in job.result["scenarios"] if not one["passed"]]:
        names = ", ".join(f"“{one['name']}”" for one in failed[:3]) + (" …" if len(failed) > 3 else "")
        message = f"{len(failed)} of {len(job.result['scenarios'])} scenarios fail; nothing was published."
        raise ApiError(409, "scenarios-fail", message, names, failed=failed)


async def _goes_live(parts: Parts, access: Access, version: Version, what: str) -> VersionShown:
    await parts.audit.write(access.name, what, company=access.id, target=str(version.number), note=version.note)
    taken = True
    try:
        await go_live(parts, access.id)
    except NotTakenError as error:
        _log.error("version.not_taken", company=access.id, number=version.number, reason=str(error))
        taken = False
    shown = _shown(access, version)
    return shown.model_copy(update={"live": True, "taken": taken, "plan": None})


async def go_live(parts: Parts, company: str) -> None:
    """Have the exchange take the company's live version. Raises NotTakenError."""
    row = await parts.companies.get(company)
    if row.live is None:
        return
    plan = (await parts.companies.version(company, row.live)).plan
    compiled = await asyncio.to_thread(published, json.dumps(plan), "" if row.from_file else row.handle, row.live)
    await parts.calls.use(compiled)


def _shown(access: Access, version: Version) -> VersionShown:
    return VersionShown(
        number=version.number,
        author=version.author,
        at=moment(version.at),
        note=version.note,
        live=version.number == access.company.live,
        plan=version.plan,
    )
