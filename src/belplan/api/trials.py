"""Trying a plan without a telephone: test calls on the simulator, and single webhooks that are really sent."""

import asyncio
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from belplan import simulation, trial
from belplan.api import plans
from belplan.api.edge import Pace
from belplan.api.fields import Asked
from belplan.api.identity import Access, MayRead, WithParts
from belplan.api.parts import Parts
from belplan.api.problems import ApiError
from belplan.dialplan.company import Company
from belplan.drivers.simulator import Reaction, Reply
from belplan.engine.clock import VirtualLoop
from belplan.engine.secrets import Secrets
from belplan.webhook import Webhooks
from belplan.webhook.exchange import Answer
from belplan.why import why

router = APIRouter(prefix="/companies/{company}", tags=["trials"])

AT_ONCE = asyncio.Semaphore(4)
PER_MINUTE = 120  # of one company: each may send webhooks, and this is no way to look for open ports

Number = Annotated[str, Field(max_length=100)]
Does = Literal["answer", "busy", "no_answer", "failed"]


class Fails(Asked):
    """A webhook that gives no answer: too late, or an error (a connection that is broken off)."""

    exit: Literal["timeout", "error"]


class TestCall(Asked):
    """A call to be walked. `from` "" is withheld. `press` are keys in turn; `answers` says what phones do, by number;
    `replies` what webhooks answer, or how they fail, by variable or path: others are really sent."""

    to: Number
    from_: Annotated[Number, Field(alias="from")] = "0612345678"
    at: datetime | None = None
    press: Annotated[str, Field(pattern="^[0-9*#]{0,200}$")] = ""
    hang_up_after: Annotated[float | None, Field(ge=0, le=86400)] = None
    answers: Annotated[
        dict[Number, Does | Annotated[list[Does], Field(min_length=1, max_length=50)]], Field(max_length=200)
    ] = {}
    replies: Annotated[dict[str, Annotated[str, Field(max_length=65536)] | Fails], Field(max_length=200)] = {}
    draft: bool = True


class WebhookTest(Asked):
    """A webhook to be sent for real, as for a call from this number."""

    path: Annotated[str, Field(max_length=1000)]
    from_: Annotated[Number, Field(alias="from")] = "0612345678"
    draft: bool = True


class Why(BaseModel):
    """A few sentences for people."""

    nl: str
    en: str


class CallSaid(BaseModel):
    """Which call it was."""

    uuid: str
    caller_number: str
    callee_number: str
    dial_plan: str


class StepShown(BaseModel):
    """One step on the way. Times in ms."""

    path: str
    app: str
    exit: str
    started_ms: float
    duration_ms: float
    detail: dict[str, Any]


class Walked(BaseModel):
    """What became of a call: the same as `belplan call --json`, and why."""

    call: CallSaid
    outcome: str
    cause: int
    connected_to: str | None
    answered_by: str | None
    variables: dict[str, str]
    heard: list[str]
    trace: list[StepShown]
    why: Why


class WayStep(BaseModel):
    """A step that a call would take after the webhook."""

    path: str
    app: str
    exit: str


class Tried(BaseModel):
    """What a webhook answered: the same as `belplan webhook test --json`. Phases in ms."""

    path: str
    exit: str
    status: int | None
    reason: str | None
    detail: str
    phases: dict[str, float]
    value: str | None
    variables: dict[str, str]
    way: list[WayStep]
    outcome: str
    connected_to: str | None


def _reply(told: str | Fails) -> Reply:
    if isinstance(told, str):
        return Reply(Answer("ok", told.strip(), status=200))
    if told.exit == "timeout":
        return Reply(Answer("timeout"), delay=float("inf"))
    return Reply(Answer("error", reason="reset"))


@router.post("/test-calls")
async def test_call(asked: TestCall, access: MayRead, request: Request, parts: WithParts) -> Walked:
    """Walk a call through the draft, or through the live version, without a telephone. 120 a minute, half of
    them at once."""
    slowly(request, access)
    company, _, seen = await walked(parts, access, asked)
    return Walked.model_validate({**seen.record.as_json(), "why": await asyncio.to_thread(why, company, seen.record)})


async def walked(
    parts: Parts, access: Access, asked: TestCall
) -> tuple[Company, simulation.Caller, simulation.Observation]:
    """A call that was walked: through what, by whom, and everything that was seen. Raises ApiError (409, 422)."""
    _, company = await plans.compiled(parts, access, draft=asked.draft)
    at = asked.at
    caller = simulation.Caller(
        to=asked.to,
        number=asked.from_,
        keys=asked.press,
        hang_up_after=asked.hang_up_after,
        at=at.replace(tzinfo=company.zone) if at and not at.tzinfo else at,
        reactions={
            number: [Reaction(does)] if isinstance(does, str) else [Reaction(word) for word in does]
            for number, does in asked.answers.items()
        },
        replies={name: [_reply(told)] for name, told in asked.replies.items()},
    )
    services: dict[type, object] = {Secrets: parts.secrets}

    async def walk() -> simulation.Observation:
        async with Webhooks(parts.policy) as sender:
            return await simulation.observe(company, caller, sender, services=services)

    try:
        return company, caller, await _in_thread(walk)
    except ValueError as error:
        raise ApiError(422, "invalid", "The call cannot be walked.", str(error)) from None


@router.post("/webhook-tests")
async def webhook_test(asked: WebhookTest, access: MayRead, request: Request, parts: WithParts) -> Tried:
    """Send one webhook for real, through the guard of this server: its phases, and the way that the call would take.

    It counts among the test calls.
    """
    if "operate" not in access.rights:
        raise ApiError(403, "not-allowed", "A role with the right “operate” is needed to send something.")
    slowly(request, access)
    _, company = await plans.compiled(parts, access, draft=asked.draft)

    async def attempt() -> trial.Trial:
        async with Webhooks(parts.policy) as sender:
            return await trial.try_webhook(company, asked.path, asked.from_, sender, parts.secrets)

    try:
        return Tried.model_validate((await _in_thread(attempt)).as_json())
    except LookupError:
        raise ApiError(404, "not-found", "There is no webhook at that path.") from None


def slowly(request: Request, access: Access) -> None:
    """Count a test call of a company. Raises ApiError (429)."""
    pace: Pace = request.app.state.trials
    if (wait := pace.wait("", access.id)) > 0:
        headers = {"Retry-After": str(int(wait) + 1)}
        raise ApiError(429, "too-many", "Too many test calls in this company; wait a moment.", headers=headers)


async def _in_thread(work: Any) -> Any:
    """Run it on a loop of virtual time, in a thread of its own: real calls go on meanwhile."""

    def run() -> Any:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(work())

    async with AT_ONCE:
        return await asyncio.to_thread(run)
