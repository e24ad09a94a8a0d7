"""Examinations of a plan: scenarios, replay, proof, drill, learned answers. Each is a job, started and then fetched."""

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import AwareDatetime, BaseModel, Field

from belplan.api import plans
from belplan.api.fields import Asked
from belplan.api.identity import Access, MayRead, WithParts
from belplan.api.parts import Parts
from belplan.api.problems import ApiError, not_found
from belplan.examination.jobs import Job, State, TooManyError
from belplan.store.records import Wanted

router = APIRouter(prefix="/companies/{company}/examinations", tags=["examinations"])

AT_ONCE = 0.3  # seconds for which an answer waits, so that short examinations come finished
OVER_CALLS = ("replay", "drill", "answers")

What = Literal["scenarios", "replay", "proof", "drill", "answers"]
ExaminationId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="Id of an examination.")]


class Examination(Asked):
    """What to find out about the draft, or about the live version.

    `from`, `to` and `most` say which calls are replayed, the newest first. A drill is told its `fault`, the `seconds`
    of a slow server, and which `webhooks`, by variable or path; all, where none is named.
    """

    what: What
    draft: bool = True
    since: Annotated[AwareDatetime | None, Field(alias="from")] = None
    until: Annotated[AwareDatetime | None, Field(alias="to")] = None
    most: Annotated[int, Field(ge=1, le=50_000)] = 10_000
    budget: Annotated[float, Field(ge=1, le=300, description="Seconds for a proof.")] = 60.0
    fault: Literal["down", "slow", "rubbish"] = "down"
    seconds: Annotated[float, Field(ge=0, le=60)] = 0.0
    webhooks: Annotated[list[Annotated[str, Field(max_length=1000)]], Field(max_length=200)] = []


class ExaminationShown(BaseModel):
    """An examination. `done` of `of` calls or scenarios; `result` is the JSON of the command of that name."""

    id: str
    what: str
    state: State
    done: int
    of: int | None
    result: dict[str, Any] | None
    error: str | None


@router.post("", status_code=202)
async def start(asked: Examination, access: MayRead, parts: WithParts) -> ExaminationShown:
    """Begin an examination. Fetch it until it is no longer running; it is kept for ten minutes."""
    if asked.what in OVER_CALLS and "records" not in access.rights:
        raise ApiError(403, "not-allowed", "A role with the right “records” is needed to look at calls.")
    plan = await plans.whole(parts, access, draft=asked.draft)
    job = await begin(parts, access, asked, plan)
    await job.finished(AT_ONCE)
    return _shown(job)


@router.get("/{examination}")
async def examination(examination: ExaminationId, access: MayRead, parts: WithParts) -> ExaminationShown:
    """How far an examination is, and what it found."""
    return _shown(_get(parts, access, examination))


@router.delete("/{examination}", status_code=204)
async def stop(examination: ExaminationId, access: MayRead, parts: WithParts) -> None:
    """Stop an examination, or throw its result away."""
    parts.jobs.stop(_get(parts, access, examination))


async def begin(parts: Parts, access: Access, asked: Examination, plan: dict[str, Any]) -> Job:
    """Start an examination of a plan without errors. Raises ApiError (409)."""
    over_calls = asked.what in OVER_CALLS
    task: dict[str, Any] = {
        "what": asked.what,
        "plan": json.dumps(plan),
        # Calls were recorded with the names that phones have on the exchange; scenarios have those of the plan.
        "handle": access.company.handle if over_calls and not access.company.from_file else "",
        "budget": asked.budget,
        "fault": asked.fault,
        "seconds": asked.seconds,
        "webhooks": asked.webhooks,
    }
    records, of = None, None
    if asked.what == "scenarios":
        kept = await parts.scenarios.all(access.id)
        task["scenarios"] = [{"id": one.id, "scenario": one.scenario} for one in kept]
        of = len(kept)
    elif over_calls:
        wanted = Wanted(since=plans.ms(asked.since), until=plans.ms(asked.until))
        of = min(asked.most, await parts.records.count(access.id, wanted))
        records = parts.records.whole(access.id, wanted, asked.most)
    try:
        return parts.jobs.start(access.id, task, records, of)
    except TooManyError:
        message = "So many examinations of this company are under way that another one must wait."
        raise ApiError(409, "too-many", message) from None


def _get(parts: Parts, access: Access, examination: str) -> Job:
    found = parts.jobs.get(access.id, examination)
    if found is None or (found.what in OVER_CALLS and "records" not in access.rights):
        raise not_found()
    return found


def _shown(job: Job) -> ExaminationShown:
    return ExaminationShown(
        id=job.id, what=job.what, state=job.state, done=job.done, of=job.of, result=job.result, error=job.error
    )
