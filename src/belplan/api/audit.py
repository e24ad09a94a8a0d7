"""The log of who changed what. It is only ever read."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from belplan.api.fields import Limit, NumberCursor, Page, moment
from belplan.api.identity import MayAdminister, Operator, WithParts
from belplan.store.audit import Entry

router = APIRouter(tags=["audit"])


class EntryShown(BaseModel):
    """One act: who did what to what, and when."""

    number: int
    company: str | None
    at: datetime
    who: str
    what: str
    target: str
    detail: dict[str, Any]


class Whole(BaseModel):
    """Whether the log is as it was written. `broken_at` is the first entry that was altered, or follows a gap."""

    whole: bool
    broken_at: int | None


@router.get("/companies/{company}/audit")
async def audit(
    access: MayAdminister, parts: WithParts, limit: Limit = 50, cursor: NumberCursor = None
) -> Page[EntryShown]:
    """What was done in a company, the newest first."""
    return _page(await parts.audit.entries(access.id, before=cursor, limit=limit + 1), limit)


@router.get("/audit")
async def everything(
    who: Operator, parts: WithParts, limit: Limit = 50, cursor: NumberCursor = None
) -> Page[EntryShown]:
    """What was done in the whole installation."""
    return _page(await parts.audit.entries(None, before=cursor, limit=limit + 1), limit)


@router.get("/audit/check")
async def check(who: Operator, parts: WithParts) -> Whole:
    """Whether anybody altered the log."""
    broken = await parts.audit.broken_at()
    return Whole(whole=broken is None, broken_at=broken)


def _page(entries: list[Entry], limit: int) -> Page[EntryShown]:
    items = [
        EntryShown(
            number=one.number,
            company=one.company,
            at=moment(one.at),
            who=one.who,
            what=one.what,
            target=one.target,
            detail=one.detail,
        )
        for one in entries[:limit]
    ]
    return Page(items=items, next=str(items[-1].number) if len(entries) > limit else None)
