"""The draft of a company's plan: what people work on until they publish it."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import Field

from belplan.api import plans
from belplan.api.fields import Asked
from belplan.api.identity import MayEdit, MayRead, WithParts
from belplan.api.plans import DraftShown, Examination, IfMatch, Plan
from belplan.api.problems import ApiError, shown
from belplan.dialplan import written
from belplan.dialplan.load import parse
from belplan.dialplan.problem import PlanError
from belplan.dialplan.rewritten import rewritten

router = APIRouter(prefix="/companies/{company}", tags=["plan"])

YAML = "application/yaml"  # RFC 9512
_FILE: dict[str, Any] = {"content": {YAML: {}}}


class PlanGiven(Asked):
    """A plan."""

    plan: Annotated[Plan, Field()]


@router.get("/draft")
async def draft(access: MayRead, response: Response, parts: WithParts) -> DraftShown:
    """The draft, what is wrong with it, and its ETag."""
    found = await parts.companies.draft(access.id)
    response.headers["ETag"] = plans.etag(found)
    return await plans.draft_shown(parts, access.company, found)


@router.put("/draft", max_body_size=plans.LARGEST_PLAN)
async def save_draft(
    asked: PlanGiven, access: MayEdit, response: Response, parts: WithParts, if_match: IfMatch = None
) -> DraftShown:
    """Keep a draft, problems and all. 412 where somebody else was first: `current` is theirs."""
    kept = await plans.save(parts, access, asked.plan, if_match)
    response.headers["ETag"] = plans.etag(kept)
    return await plans.draft_shown(parts, access.company, kept)


@router.get("/draft/plan.yaml", response_class=Response, responses={200: _FILE})
async def export(access: MayRead, parts: WithParts) -> Response:
    """The draft as a plan file. What did not change since a file was imported keeps its text, comments and all."""
    found = await parts.companies.draft(access.id)
    text = await asyncio.to_thread(rewritten, found.source or "", found.plan)
    named = {"ETag": plans.etag(found), "Content-Disposition": 'attachment; filename="plan.yaml"'}
    return Response(text, media_type=f"{YAML}; charset=utf-8", headers=named)


@router.put(
    "/draft/plan.yaml",
    max_body_size=plans.LARGEST_PLAN,
    openapi_extra={"requestBody": {"required": True, **_FILE}},
)
async def import_file(
    access: MayEdit, request: Request, response: Response, parts: WithParts, if_match: IfMatch = None
) -> DraftShown:
    """Make a plan file (YAML or JSON) the draft. Secrets in it are kept apart; its id becomes this company's."""
    try:
        text = (await request.body()).decode("utf-8-sig")
        raw, found = await asyncio.to_thread(parse, text)
    except UnicodeDecodeError:
        raise ApiError(400, "malformed", "A plan file is UTF-8 text.") from None
    except PlanError as error:
        raise ApiError(422, "invalid", "That is no plan file.", problems=error.problems) from None
    if found or not isinstance(raw, dict):
        raise ApiError(
            422, "invalid", "That is no plan file.", "A plan is a mapping with a section company.", problems=found
        )
    plan = await asyncio.to_thread(written.plain, raw)
    kept = await plans.save(parts, access, plan, if_match, source=text)
    response.headers["ETag"] = plans.etag(kept)
    return await plans.draft_shown(parts, access.company, kept)


@router.post("/check", max_body_size=plans.LARGEST_PLAN)
async def check(asked: PlanGiven, access: MayRead, parts: WithParts) -> Examination:
    """Say what is wrong with a plan. Nothing is kept."""
    plans.own(access.company, asked.plan) if isinstance(asked.plan.get("company", {}), dict) else None
    examined = await plans.look_at(parts, access.company, asked.plan)
    return Examination(problems=[shown(problem) for problem in examined.problems], scope=examined.scope)
