"""A draft on its way to all callers: walked as a shadow of the live version, then published for a share of them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from belplan.api import plans, versions
from belplan.api.fields import Asked, moment
from belplan.api.identity import MayEdit, MayRead, WithParts
from belplan.api.problems import ApiError
from belplan.gradual.rollouts import Rollout
from belplan.gradual.rule import Tally
from belplan.gradual.shadows import Shadow, TooManyError

router = APIRouter(prefix="/companies/{company}", tags=["gradual"])


class Group(BaseModel):
    """Calls that would have gone elsewhere in the same way: how many, and the ids of some."""

    was: str
    now: str
    at: str
    count: int
    calls: list[str]


class ShadowShown(BaseModel):
    """What would have come of calls in the draft as it was when the shadow began."""

    on: bool
    since: datetime | None = None
    author: str = ""
    calls: int = 0
    same: int = 0
    differ: int = 0
    unknown: int = 0
    skipped: int = 0
    """Calls that were not looked at, because too many came at once."""
    changes: list[Group] = []
    unanswered: list[Group] = []


class Calls(BaseModel):
    """Calls since a rollout began, and those that came to nobody and to no voicemail."""

    calls: int
    failed: int


class RolloutShown(BaseModel):
    """A version that `share` percent of the callers have. `back`: it was taken back, for a `reason`."""

    state: Literal["none", "running", "finished", "back"]
    version: int | None = None
    share: int = 0
    since: datetime | None = None
    author: str = ""
    reason: str = ""
    new: Calls | None = None
    old: Calls | None = None


class Share(Asked):
    """How many percent of the callers. 100 is all: it becomes the live version."""

    share: Annotated[int, Field(ge=1, le=100)]


@router.get("/shadow")
async def shadow(access: MayRead, parts: WithParts) -> ShadowShown:
    """What has come of calls in the shadow by now."""
    return _shadow(parts.shadows.get(access.id))


@router.put("/shadow")
async def begin_shadow(access: MayEdit, parts: WithParts) -> ShadowShown:
    """Have every call that ends walked through the draft too, as it is now, with what it met. Nobody notices."""
    plan = await plans.whole(parts, access, draft=True)
    handle = "" if access.company.from_file else access.company.handle
    try:
        begun = await parts.shadows.begin(access.id, plan, handle, access.name)
    except TooManyError:
        raise ApiError(409, "too-many", "There are as many shadows as this server may have.") from None
    await parts.audit.write(access.name, "shadow.begun", company=access.id)
    return _shadow(begun)


@router.delete("/shadow", status_code=204)
async def end_shadow(access: MayEdit, parts: WithParts) -> None:
    """End the shadow."""
    await parts.shadows.end(access.id)
    await parts.audit.write(access.name, "shadow.ended", company=access.id)


@router.get("/rollout")
async def rollout(access: MayRead, parts: WithParts) -> RolloutShown:
    """The last version that went to some of the callers first, and how its calls fare."""
    return _rollout(parts.rollouts.get(access.id))


@router.put("/rollout")
async def widen(asked: Share, access: MayEdit, parts: WithParts) -> RolloutShown:
    """Let more of the callers have the version, or fewer, or all of them."""
    found = parts.rollouts.get(access.id)
    if found is None or not found.running:
        raise ApiError(409, "no-rollout", "No version is for some of the callers only now.")
    if asked.share < 100:
        await parts.rollouts.widen(access.id, asked.share)
    else:
        await parts.companies.make_live(access.id, found.row.version)
        await versions.go_live(parts, access.id)
        await parts.rollouts.end(access.id, "finished")
    target = str(found.row.version)
    await parts.audit.write(access.name, "rollout.share", company=access.id, target=target, share=asked.share)
    return _rollout(parts.rollouts.get(access.id))


@router.delete("/rollout", status_code=204)
async def back(access: MayEdit, parts: WithParts) -> None:
    """Let all callers have the live version again."""
    found = parts.rollouts.get(access.id)
    if found and found.running:
        await parts.rollouts.end(access.id, "back", access.name)
        await parts.audit.write(access.name, "rollout.back", company=access.id, target=str(found.row.version))


def _shadow(found: Shadow | None) -> ShadowShown:
    if found is None:
        return ShadowShown(on=False)
    counts = found.verdicts
    groups: dict[str, Any] = {"changes": found.shown("differs"), "unanswered": found.shown("unknown")}
    return ShadowShown(
        on=True,
        since=moment(found.row.began),
        author=found.row.author,
        calls=counts.total(),
        same=counts["same"],
        differ=counts["differs"],
        unknown=counts["unknown"],
        skipped=found.skipped,
        **groups,
    )


def _rollout(found: Rollout | None) -> RolloutShown:
    if found is None:
        return RolloutShown(state="none")
    row = found.row
    return RolloutShown(
        state=row.state,
        version=row.version,
        share=row.share,
        since=moment(row.began),
        author=row.author,
        reason=row.reason,
        new=_calls(found.new),
        old=_calls(found.old),
    )


def _calls(tally: Tally) -> Calls:
    return Calls(calls=tally.calls, failed=tally.failed)
