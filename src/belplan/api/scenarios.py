"""The scenarios of a company: written, recorded from a call, and asked for when something is published."""

import asyncio
import json
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

import yaml
from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field

from belplan.api import trials
from belplan.api.fields import Asked, Page, moment
from belplan.api.identity import Access, MayAdminister, MayEdit, MayRead, WithParts
from belplan.api.parts import Parts
from belplan.api.problems import ApiError, not_found
from belplan.api.trials import TestCall
from belplan.compiled import published
from belplan.dialplan.problem import PlanError
from belplan.dialplan.source import has_half_character
from belplan.engine.cdr import CallRecord
from belplan.examination.work import written
from belplan.scenarios.record import scenario as recorded
from belplan.store.scenarios import FullError, Kept

router = APIRouter(prefix="/companies/{company}", tags=["scenarios"])

ScenarioId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="Id of a scenario.")]
Mapping = Annotated[dict[str, Any], Field(description="A scenario, as a scenario file has it.")]


class ScenarioShown(BaseModel):
    """A scenario that is kept with the company."""

    id: str
    name: str
    scenario: Mapping
    author: str
    at: datetime


class ScenarioGiven(Asked):
    """A scenario."""

    scenario: Mapping


class Record(Asked):
    """What to make a scenario of: a call that was (`call`, its uuid), or a test call, which is walked again."""

    call: Annotated[str | None, Field(pattern="^[0-9a-fA-F-]{36}$")] = None
    test_call: TestCall | None = None
    name: Annotated[str, Field(max_length=200)] = ""


class Publishing(Asked):
    """What publishing asks for."""

    scenarios_required: bool


@router.get("/scenarios")
async def scenarios(access: MayRead, parts: WithParts) -> Page[ScenarioShown]:
    """All of them, in the order in which they came."""
    return Page(items=[_shown(one) for one in await parts.scenarios.all(access.id)])


@router.post("/scenarios", status_code=201)
async def add(asked: ScenarioGiven, access: MayEdit, parts: WithParts) -> ScenarioShown:
    """Keep a scenario with the company."""
    return await _add(parts, access, asked.scenario)


@router.post("/scenarios/record", status_code=201)
async def record(asked: Record, access: MayEdit, request: Request, parts: WithParts) -> ScenarioShown:
    """Make a scenario of a call: what happened is what is to happen from now on."""
    if (asked.call is None) is (asked.test_call is None):
        raise ApiError(422, "invalid", "Say which call: “call” or “test_call”, one of them.")
    if asked.test_call:
        trials.slowly(request, access)
        company, caller, seen = await trials.walked(parts, access, asked.test_call)
        text = await asyncio.to_thread(recorded, company, seen.record, caller, seen.asked, name=asked.name)
    else:
        if "records" not in access.rights:
            raise ApiError(403, "not-allowed", "A role with the right “records” is needed to look at calls.")
        found = await parts.records.get(access.id, (asked.call or "").lower())
        if found is None:
            raise not_found()
        text = await _of_call(parts, access, CallRecord.from_json(found[1]), asked.name)
    return await _add(parts, access, yaml.safe_load(text))


@router.put("/scenarios/{scenario}")
async def change(scenario: ScenarioId, asked: ScenarioGiven, access: MayEdit, parts: WithParts) -> ScenarioShown:
    """Put another scenario in the place of one."""
    _read(asked.scenario)
    kept = await parts.scenarios.change(access.id, scenario, asked.scenario, access.name)
    await parts.audit.write(access.name, "scenario.changed", company=access.id, target=kept.name)
    return _shown(kept)


@router.delete("/scenarios/{scenario}", status_code=204)
async def remove(scenario: ScenarioId, access: MayEdit, parts: WithParts) -> None:
    """Remove a scenario."""
    await parts.scenarios.remove(access.id, scenario)
    await parts.audit.write(access.name, "scenario.removed", company=access.id, target=scenario)


@router.get("/publishing")
async def publishing(access: MayRead, parts: WithParts) -> Publishing:
    """What publishing asks for."""
    return Publishing(scenarios_required=await parts.scenarios.required(access.id))


@router.put("/publishing")
async def require(asked: Publishing, access: MayAdminister, parts: WithParts) -> Publishing:
    """Say whether every scenario must pass before something is published."""
    await parts.scenarios.require(access.id, asked.scenarios_required)
    word = "yes" if asked.scenarios_required else "no"
    await parts.audit.write(access.name, "publishing.scenarios_required", company=access.id, target=word)
    return asked


async def _of_call(parts: Parts, access: Access, found: CallRecord, name: str) -> str:
    """A scenario file from a call that was, through the version that it walked."""
    if not found.version:
        raise ApiError(409, "version-unknown", "Nobody knows which version of the plan that call walked.")
    version = await parts.companies.version(access.id, found.version)
    handle = "" if access.company.from_file else f"{access.company.handle}-"

    def write() -> str:
        company = published(json.dumps(version.plan), "", 0)
        # On the exchange a phone has the company's handle before its name; in the plan it has not.
        caller = found.caller_number.removeprefix(handle)
        return recorded(company, replace(found, caller_number=caller), name=name)

    return await asyncio.to_thread(write)


async def _add(parts: Parts, access: Access, scenario: dict[str, Any]) -> ScenarioShown:
    _read(scenario)
    try:
        kept = await parts.scenarios.add(access.id, scenario, access.name)
    except FullError:
        raise ApiError(409, "too-many", "There are as many scenarios as a company may have; remove some.") from None
    await parts.audit.write(access.name, "scenario.added", company=access.id, target=kept.name)
    return _shown(kept)


def _read(scenario: dict[str, Any]) -> None:
    """Refuse what is no scenario, with everything that is wrong with it. Raises ApiError."""
    text = json.dumps(scenario, ensure_ascii=False)
    if has_half_character(text) or "\\u0000" in text:
        raise ApiError(422, "invalid", "Control characters and halves of characters cannot be kept.")
    try:
        written(scenario)
    except PlanError as error:
        raise ApiError(422, "invalid", "The scenario has problems.", problems=error.problems) from None


def _shown(kept: Kept) -> ScenarioShown:
    return ScenarioShown(id=kept.id, name=kept.name, scenario=kept.scenario, author=kept.author, at=moment(kept.at))
