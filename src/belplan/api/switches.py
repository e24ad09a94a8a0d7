"""What people switch from hour to hour: diversions, and named times that hold, or do not, for now."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import AwareDatetime, BaseModel

from belplan.api.fields import Asked
from belplan.api.identity import Access, MayOperate, MayWatch, WithParts
from belplan.api.parts import AgentDoes, Parts
from belplan.api.problems import ApiError, not_found
from belplan.dialplan import times
from belplan.dialplan.company import Company
from belplan.engine.state import State

router = APIRouter(prefix="/companies/{company}/state", tags=["state"])

Extension = Annotated[str, Path(pattern="^[0-9]{1,18}$", description="A number of the company.")]
Name = Annotated[str, Path(min_length=1, max_length=200)]


class Switched(Asked):
    """A diversion to be turned on, until a moment or until it is turned off; or off."""

    on: bool
    until: AwareDatetime | None = None


class AtWork(Asked):
    """Whether an agent takes calls of a queue; `paused` keeps them logged in without calls."""

    logged_in: bool
    paused: bool | None = None


class DiversionState(BaseModel):
    """A diversion."""

    name: str
    group: str | None
    code: str
    on: bool
    until: datetime | None


class Holding(Asked):
    """A named time that holds, or does not, for now. `holds` absent leaves it to the calendar again."""

    holds: bool | None = None
    until: AwareDatetime | None = None


class TimeState(BaseModel):
    """A named time: what its calendar says now, and what somebody said of it."""

    name: str
    holds: bool
    calendar: bool
    said: bool | None
    until: datetime | None


class Switches(BaseModel):
    """Everything that people can switch, as the live version has it."""

    diversions: list[DiversionState]
    times: list[TimeState]


@router.get("")
async def switches(access: MayWatch, parts: WithParts) -> Switches:
    """The diversions and named times of the live version."""
    company, state = _live(parts, access)
    return Switches(
        diversions=[_diversion(company, state, name) for name in company.switches],
        times=[_time(company, state, name) for name in company.times],
    )


@router.get("/diversions/{name}")
async def diversion(name: Name, access: MayWatch, parts: WithParts) -> DiversionState:
    """Whether a diversion is on."""
    company, state = _live(parts, access)
    if name not in company.switches:
        raise not_found()
    return _diversion(company, state, name)


@router.put("/diversions/{name}")
async def switch(name: Name, asked: Switched, access: MayOperate, parts: WithParts) -> DiversionState:
    """Turn a diversion on or off. The others of its group go off."""
    company, state = _live(parts, access)
    if name not in company.switches:
        raise not_found()
    state.switch(company, name, asked.on, _later(asked.until))
    await parts.audit.write(access.name, "diversion.switched", company=access.id, target=name, on=asked.on)
    parts.live.tell(access.id, "diversion", name=name, on=asked.on)
    return _diversion(company, state, name)


@router.get("/times/{name}")
async def time(name: Name, access: MayWatch, parts: WithParts) -> TimeState:
    """Whether a named time holds."""
    company, state = _live(parts, access)
    if name not in company.times:
        raise not_found()
    return _time(company, state, name)


@router.put("/times/{name}")
async def override(name: Name, asked: Holding, access: MayOperate, parts: WithParts) -> TimeState:
    """Let a named time hold, or not, for now, without touching the plan."""
    company, state = _live(parts, access)
    if name not in company.times:
        raise not_found()
    state.set_override(company, name, asked.holds, _later(asked.until) if asked.holds is not None else None)
    await parts.audit.write(access.name, "time.overridden", company=access.id, target=name, holds=asked.holds)
    parts.live.tell(access.id, "time", name=name, holds=asked.holds)
    return _time(company, state, name)


@router.put("/agents/{queue}/{agent}", status_code=204)
async def agent(queue: Extension, agent: Extension, asked: AtWork, access: MayOperate, parts: WithParts) -> Response:
    """An agent comes to work in a queue, or goes, or pauses. Who is an agent only may do so for themselves only."""
    if access.role == "agent" and agent != access.extension:
        raise ApiError(403, "not-allowed", "An agent logs in and out for themselves only.")
    # A pause logs nobody in. Nobody is offered a call between the two: nothing waits there.
    do: tuple[AgentDoes, ...] = ("log_in", "pause") if asked.paused else ("log_in",)
    try:
        for one in do if asked.logged_in else ("log_out",):
            parts.calls.agent(access.id, queue, agent, one)
    except LookupError:
        raise not_found() from None
    await parts.audit.write(access.name, "agent.standing", company=access.id, target=f"{queue}/{agent}")
    return Response(status_code=204)


def _live(parts: Parts, access: Access) -> tuple[Company, State]:
    company, state = parts.calls.company(access.id), parts.calls.state
    if company is None or state is None:
        raise ApiError(409, "not-live", "This company takes no calls: publish its plan first.")
    return company, state


def _later(until: datetime | None) -> datetime | None:
    if until is not None and until <= datetime.now(UTC):
        raise ApiError(422, "invalid", "That moment is past.")
    return until


def _diversion(company: Company, state: State, name: str) -> DiversionState:
    found = company.switches[name]
    on = state.is_on(company, name, datetime.now(UTC))
    until = state.until(company, "diversion", name) if on else None
    return DiversionState(name=name, group=found.group, code=found.code, on=on, until=until)


def _time(company: Company, state: State, name: str) -> TimeState:
    now = datetime.now(UTC)
    said = state.override(company, name, now)
    calendar = times.holds(company.times[name], now, company.zone)
    return TimeState(
        name=name,
        holds=calendar if said is None else said,
        calendar=calendar,
        said=said,
        until=state.until(company, "time", name) if said is not None else None,
    )
