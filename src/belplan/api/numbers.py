"""What is kept about a number, whole, for whoever asks for it (GDPR, article 15); and where a company's data goes."""

import asyncio
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse
from pydantic import BaseModel
from starlette.background import BackgroundTask

from belplan.api.calls import canonical_number, name_of
from belplan.api.identity import MayAdminister, MayRead, WithParts
from belplan.api.problems import ApiError
from belplan.data_register import flows

router = APIRouter(prefix="/companies/{company}", tags=["privacy"])

Zip: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}
}


class FlowShown(BaseModel):
    """Data of callers that goes to one place, and what of the plan (or which event) sends it."""

    kind: Literal["webhook", "email", "voicemail", "event-webhook"]
    to: str
    fields: list[str]
    items: list[str]
    encrypted: bool | None


class DataRegister(BaseModel):
    """Where data of callers goes, and for how many days what is kept here is kept (0: until it is removed)."""

    items: list[FlowShown]
    keep_calls_days: int
    keep_recordings_days: int
    keep_voicemail_days: int


@router.get("/data-register")
async def data_register(access: MayRead, parts: WithParts) -> DataRegister:
    """Which data of callers the live version and the event webhooks send where."""
    company = parts.calls.company(access.id)
    if company is None:
        raise ApiError(409, "not-published", "Nothing of this company is published yet.")
    hooks = [(one.url, one.events) for one in await parts.event_webhooks.all(access.id) if one.active]
    found = await asyncio.to_thread(flows, company, hooks)
    return DataRegister(
        items=[FlowShown.model_validate(one.as_json()) for one in found],
        keep_calls_days=company.settings.keep_calls_days or 0,
        keep_recordings_days=company.settings.keep_recordings,
        keep_voicemail_days=max((box.keep_days for box in company.voicemail_boxes), default=0),
    )


@router.get("/about-number", response_class=FileResponse, responses=Zip)
async def about_number(
    access: MayAdminister,
    parts: WithParts,
    number: Annotated[str, Query(min_length=1, max_length=64, description="In any notation.")],
) -> FileResponse:
    """Everything about a number in one ZIP file: calls, recordings, voicemail, what was told of it, its name."""
    canonical = await canonical_number(parts, access.id, number)
    calls = [
        document
        for uuid in await parts.records.of_number(access.id, canonical)
        if (found := await parts.records.get(access.id, uuid)) and (document := found[1])
    ]
    messages = [
        one for box in parts.boxes.of(access.id).values() for one in box if one.draft.caller_number == canonical
    ]
    told = [json.loads(one.body) for one in await parts.event_webhooks.about(access.id, canonical)]
    about: dict[str, Any] = {
        "number": canonical,
        "name": name_of(parts, access.id, canonical),
        "calls": calls,
        "told": told,
    }
    company = parts.calls.company(access.id)
    if company and parts.calls.state and (last := parts.calls.state.last_spoke(company, canonical)):
        about["spoke_last_with"] = {"user": last[0], "at": last[1].isoformat()}
    about["voicemail"] = [
        {"file": f"voicemail/{one.id}.wav", "box": one.draft.box, "at": one.draft.began.isoformat()} for one in messages
    ]

    def write() -> Path:
        with tempfile.NamedTemporaryFile(prefix="belplan-", suffix=".zip", delete=False) as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                for call in calls:
                    for recording in parts.recordings.of(access.id, call["call"]["uuid"]):
                        archive.write(recording, f"recordings/{recording.name}")
                for one in messages:
                    if one.sound.exists():
                        archive.write(one.sound, f"voicemail/{one.id}.wav")
                archive.writestr("about.json", json.dumps(about, ensure_ascii=False, indent=1))
            return Path(file.name)

    path = await asyncio.to_thread(write)
    await parts.audit.write(access.name, "records.exported", company=access.id, target="", calls=len(calls))
    return FileResponse(
        path, media_type="application/zip", filename="about-number.zip", background=BackgroundTask(path.unlink)
    )
