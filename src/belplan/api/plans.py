"""A company's plan as the API shows and takes it: the draft with what is wrong with it and what it changes."""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal, cast

from fastapi import Header
from pydantic import BaseModel, Field

from belplan.api import sounds
from belplan.api.identity import Access
from belplan.api.parts import Parts
from belplan.api.problems import ApiError, PlanProblem, shown
from belplan.compiled import Examined, examine
from belplan.dialplan import numbers
from belplan.dialplan.company import Company
from belplan.dialplan.credentials import take_out
from belplan.dialplan.difference import Change, difference
from belplan.dialplan.problem import Problem
from belplan.dialplan.rewritten import rewritten
from belplan.store.companies import CompanyRow, Draft, StaleError, UnknownError

LARGEST_PLAN = 16 << 20  # bytes

Plan = Annotated[dict[str, Any], Field(description="The plan file as JSON.")]
IfMatch = Annotated[str | None, Header(description="The ETag of the draft that was changed.")]


class DraftShown(BaseModel):
    """The draft of a company's plan.

    `base` is the version it began from (0: none), `changes` how much differs from it. `scope` are the variables
    above each place of a route, by its path: `dial_plans[0].route[2]`.
    """

    plan: Plan
    base: int
    changes: int
    problems: list[PlanProblem]
    scope: dict[str, list[str]]


class Difference(BaseModel):
    """One difference between two plans. Of something that moved, `before` and `after` are paths."""

    path: str
    kind: Literal["added", "removed", "changed", "moved"]
    before: Any = None
    after: Any = None


class Examination(BaseModel):
    """What is to be said of a plan."""

    problems: list[PlanProblem]
    scope: dict[str, list[str]]


async def look_at(parts: Parts, company: CompanyRow, plan: dict[str, Any]) -> Examined:
    """Check a plan as one of this company, in a thread."""

    def known(name: str) -> bool:
        return parts.secrets.find(company.id, name) is not None

    handle = "" if company.from_file else company.handle
    examined = await asyncio.to_thread(examine, plan, parts.policy, known, handle)
    named = {} if company.from_file else sounds.named_in(plan)
    if missing := await parts.prompts.missing(company.id, set(named)):
        silent = [
            Problem(path, "missing-file", f'the sound "{name}" is not there; upload it', "warning")
            for name in sorted(missing)
            for path in named[name]
        ]
        return replace(examined, problems=(*examined.problems, *silent))
    return examined


async def draft_shown(parts: Parts, company: CompanyRow, draft: Draft) -> DraftShown:
    """The draft with everything that is to be said of it."""
    examined = await look_at(parts, company, draft.plan)
    base = await _plan_of(parts, company.id, draft.base)
    return DraftShown(
        plan=draft.plan,
        base=draft.base,
        changes=len(await asyncio.to_thread(difference, base, draft.plan)),
        problems=[shown(problem) for problem in examined.problems],
        scope=examined.scope,
    )


async def save(
    parts: Parts, access: Access, plan: dict[str, Any], if_match: str | None, source: str | None = None
) -> Draft:
    """Keep a draft. Its secrets go where secrets are kept. Raises ApiError (409, 412, 428)."""
    refuse_file(access.company)
    seen = revision_of(if_match)
    if not isinstance(plan.get("company", {}), dict):
        raise ApiError(422, "invalid", "The section company of a plan is a mapping.")
    own(access.company, plan)
    secrets = take_out(plan)
    if secrets and source:
        source = await asyncio.to_thread(rewritten, source, plan)
        if any(secret in source for secret in secrets.values()):  # in a comment
            source = None
    await parts.secrets.set(access.id, secrets)
    try:
        draft = await parts.companies.save(access.id, plan, access.name, seen=seen, source=source)
    except StaleError as stale:
        raise was_first(stale) from None
    name = plan["company"].get("name")
    if isinstance(name, str) and 0 < len(name) <= 200 and name != access.company.name:
        await parts.companies.rename(access.id, name)
    return draft


def own(company: CompanyRow, plan: dict[str, Any]) -> None:
    """Whatever a plan says, it is this company's."""
    settings = plan.setdefault("company", {})
    settings["id"] = company.id
    settings.setdefault("name", company.name)


def etag(draft: Draft) -> str:
    """The draft's ETag."""
    return f'"{draft.revision}"'


def revision_of(if_match: str | None) -> int:
    """The revision that somebody saw. Raises ApiError (428, 412)."""
    if if_match is None:
        raise ApiError(428, "if-match", "Say which draft you changed: send its ETag as If-Match.")
    text = if_match.strip().removeprefix("W/").strip('"')
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ApiError(412, "conflict", "That is no ETag of this draft; get it again.")
    return int(text)


def was_first(stale: StaleError) -> ApiError:
    """Somebody else changed the draft: what it is now, and where it differs from what was seen."""
    seen = stale.seen.plan if stale.seen else {}
    return ApiError(
        412,
        "conflict",
        f"{stale.current.author} changed the draft meanwhile.",
        headers={"ETag": etag(stale.current)},
        current=stale.current.plan,
        changed=[change.path for change in difference(seen, stale.current.plan)],
    )


async def country_of(parts: Parts, company: str) -> str:
    """How a company's national numbers are read. Raises UnknownError."""
    settings: Any = (await parts.companies.draft(company)).plan.get("company")
    country: Any = cast("dict[str, Any]", settings).get("country") if isinstance(settings, dict) else None
    return country if isinstance(country, str) and numbers.knows(country) else "NL"


def refuse_file(company: CompanyRow) -> None:
    """A plan that is a file is changed in its file. Raises ApiError."""
    if company.from_file:
        raise ApiError(
            409, "plan-from-file", "The plan of this company is a file; change it there, and it is read again."
        )


async def plan_at(parts: Parts, company: str, which: int | Literal["draft"]) -> dict[str, Any]:
    """The plan of a version, or the draft. Raises UnknownError."""
    if which == "draft":
        return (await parts.companies.draft(company)).plan
    return (await parts.companies.version(company, which)).plan or {}


async def whole(parts: Parts, access: Access, *, draft: bool) -> dict[str, Any]:
    """The draft, or the plan of the live version, without errors. Raises ApiError (409)."""
    return (await compiled(parts, access, draft=draft))[0]


async def compiled(parts: Parts, access: Access, *, draft: bool) -> tuple[dict[str, Any], Company]:
    """The same, with its company. Raises ApiError (409)."""
    if draft:
        plan = (await parts.companies.draft(access.id)).plan
    elif access.company.live:
        plan = (await parts.companies.version(access.id, access.company.live)).plan or {}
    else:
        raise ApiError(409, "not-published", "Nothing of this company is published yet.")
    examined = await look_at(parts, access.company, plan)
    if examined.company is None:
        errors = examined.errors
        raise ApiError(409, "plan-problems", "The plan has problems; no call can walk it.", problems=errors)
    return plan, examined.company


def ms(when: datetime | None) -> int | None:
    """A moment as the database has it."""
    return None if when is None else max(0, min(round(when.timestamp() * 1000), 2**53))


async def _plan_of(parts: Parts, company: str, number: int) -> dict[str, Any]:
    try:
        return await plan_at(parts, company, number) if number else {}
    except UnknownError:
        return {}


def as_shown(change: Change) -> Difference:
    """A difference, as the API says it."""
    return Difference(path=change.path, kind=change.kind, before=change.before, after=change.after)
