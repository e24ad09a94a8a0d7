"""The entries of the draft, one by one: for programs that add a user or change a group without the whole plan."""

import copy
from collections.abc import Callable
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel

from belplan.api import plans
from belplan.api.fields import Asked
from belplan.api.identity import Access, MayEdit, MayRead, WithParts
from belplan.api.parts import Parts
from belplan.api.plans import IfMatch
from belplan.api.problems import ApiError, PlanProblem, not_found, shown

router = APIRouter(prefix="/companies/{company}", tags=["entries"])

Section = Literal[
    "users",
    "ring-groups",
    "queues",
    "voicemail-boxes",
    "time-conditions",
    "diversions",
    "trunks",
    "ivr-menus",
    "dial-plans",
]
KEYS = {"users": "number", "ring_groups": "number", "queues": "number", "voicemail_boxes": "number"}
"""What tells the entries of a section apart: `name`, unless it says otherwise here."""

Key = Annotated[
    str, Path(min_length=1, max_length=200, description="Number of a user, group, queue or box; else name.")
]


class EntryGiven(Asked):
    """An entry, as the plan file has it."""

    entry: dict[str, Any]


class EntryShown(BaseModel):
    """An entry, and what is to be said of the draft with it."""

    key: str
    entry: dict[str, Any]
    problems: list[PlanProblem] = []


class Entries(BaseModel):
    """The entries of a section, in the order of the plan."""

    items: list[EntryShown]


@router.get("/draft/{section}")
async def entries(section: Section, access: MayRead, response: Response, parts: WithParts) -> Entries:
    """The entries of a section of the draft, with the draft's ETag."""
    draft = await parts.companies.draft(access.id)
    response.headers["ETag"] = plans.etag(draft)
    return Entries(items=[EntryShown(key=_key(section, one), entry=one) for one in _entries(draft.plan, section)])


@router.get("/draft/{section}/{key}")
async def entry(section: Section, key: Key, access: MayRead, response: Response, parts: WithParts) -> EntryShown:
    """One entry."""
    draft = await parts.companies.draft(access.id)
    response.headers["ETag"] = plans.etag(draft)
    found = next((one for one in _entries(draft.plan, section) if _key(section, one) == key), None)
    if found is None:
        raise not_found()
    return EntryShown(key=key, entry=found)


@router.put("/draft/{section}/{key}")
async def put(
    section: Section,
    key: Key,
    asked: EntryGiven,
    access: MayEdit,
    response: Response,
    parts: WithParts,
    if_match: IfMatch = None,
) -> EntryShown:
    """Add an entry, or put it in the place of the one there is."""
    given = {**asked.entry, _field(section): key}

    def change(found: list[dict[str, Any]]) -> None:
        at = next((index for index, one in enumerate(found) if _key(section, one) == key), len(found))
        found[at : at + 1] = [given]

    plan = await _changed(parts, access, section, response, if_match, change)
    found = next(one for one in _entries(plan, section) if _key(section, one) == key)
    examined = await plans.look_at(parts, access.company, plan)
    return EntryShown(key=key, entry=found, problems=[shown(problem) for problem in examined.problems])


@router.delete("/draft/{section}/{key}", status_code=204)
async def remove(
    section: Section, key: Key, access: MayEdit, response: Response, parts: WithParts, if_match: IfMatch = None
) -> None:
    """Take an entry out. 409 where others of the plan need it: they are named."""
    draft = await parts.companies.draft(access.id)
    left = [one for one in _entries(draft.plan, section) if _key(section, one) != key]
    if len(left) == len(_entries(draft.plan, section)):
        raise not_found()
    before = await plans.look_at(parts, access.company, draft.plan)
    after = await plans.look_at(parts, access.company, {**draft.plan, _section(section): left})
    known = {problem.message for problem in before.errors}
    needed = [problem for problem in after.errors if problem.message not in known]
    if needed:
        raise ApiError(409, "in-use", "Others of the plan need it.", problems=needed)

    def change(found: list[dict[str, Any]]) -> None:
        found[:] = left

    await _changed(parts, access, section, response, if_match or plans.etag(draft), change)


async def _changed(
    parts: Parts,
    access: Access,
    section: Section,
    response: Response,
    if_match: str | None,
    change: Callable[[list[dict[str, Any]]], None],
) -> dict[str, Any]:
    draft = await parts.companies.draft(access.id)
    plan = copy.deepcopy(draft.plan)
    found = _entries(plan, section)
    change(found)
    plan[_section(section)] = found
    kept = await plans.save(parts, access, plan, if_match or plans.etag(draft))
    response.headers["ETag"] = plans.etag(kept)
    return kept.plan


def _section(section: Section) -> str:
    return section.replace("-", "_")


def _field(section: Section) -> str:
    return KEYS.get(_section(section), "name")


def _key(section: Section, entry: dict[str, Any]) -> str:
    return str(entry.get(_field(section), ""))


def _entries(plan: dict[str, Any], section: Section) -> list[dict[str, Any]]:
    found: Any = plan.get(_section(section))
    return [one for one in cast("list[Any]", found if isinstance(found, list) else []) if isinstance(one, dict)]
