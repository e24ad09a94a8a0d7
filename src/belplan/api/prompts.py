"""The sound files of a company that its plan plays: uploaded, listened to, renamed. What is there counts at once."""

import asyncio
import re
import tempfile
import wave
from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as InPath
from pydantic import BaseModel, Field

from belplan.api import plans, sounds
from belplan.api.fields import Asked, moment
from belplan.api.identity import MayEdit, MayRead, WithParts
from belplan.api.parts import Parts
from belplan.api.problems import ApiError
from belplan.dialplan.problem import Problem
from belplan.prompts.audio import SoundError, convert
from belplan.store.prompts import PromptRow

router = APIRouter(prefix="/companies/{company}/prompts", tags=["prompts"])

LARGEST = 20 << 20  # bytes of an upload
LONGEST = 600.0  # seconds
AT_ONCE = asyncio.Semaphore(2)  # conversions

_NAME = r"^[A-Za-z0-9_][A-Za-z0-9_ .-]{0,115}\.wav$"  # what a plan may name

PromptName = Annotated[str, InPath(pattern=_NAME, description="As plans name it: `welkom.wav`.")]


class PromptShown(BaseModel):
    """A sound file. `size` in bytes of what is played; `used_in` are the paths of the draft that name it."""

    name: str
    seconds: float
    size: int
    author: str
    at: datetime
    used_in: list[str] = []


class PromptsShown(BaseModel):
    """The sound files of a company, by name. `missing` are those that the draft names and that are not there."""

    items: list[PromptShown]
    missing: list[str]


class NewName(Asked):
    """How it is to be called."""

    name: Annotated[str, Field(pattern=_NAME)]


@router.get("")
async def prompts(access: MayRead, parts: WithParts) -> PromptsShown:
    """The sound files, and where the draft plays them."""
    named = sounds.named_in((await parts.companies.draft(access.id)).plan)
    items = [_shown(row, named.get(row.name, [])) for row in await parts.prompts.all(access.id)]
    return PromptsShown(items=items, missing=sorted(await parts.prompts.missing(access.id, set(named))))


@router.post(
    "", status_code=201, max_body_size=LARGEST, openapi_extra={"requestBody": {"required": True, "content": {
        kind: {"schema": {"type": "string", "format": "binary"}}
        for kind in ("audio/wav", "audio/mpeg", "audio/ogg", "audio/webm", "application/octet-stream")}}},
)  # fmt: skip
async def upload(
    access: MayEdit,
    request: Request,
    parts: WithParts,
    name: Annotated[str, Query(min_length=1, max_length=200, description="`Welkom.mp3`: it becomes `Welkom.wav`.")],
    replace: Annotated[bool, Query(description="In the place of the one of that name.")] = False,
) -> PromptShown:
    """Upload a sound: WAV, MP3, Ogg or what a browser records, up to 20 MB and 10 minutes.

    It is brought to the level and the form of telephone speech once, here. 409 where there is one of that name.
    """
    plans.refuse_file(access.company)
    body = await request.body()
    if not body:
        raise ApiError(422, "invalid", "There is no sound in the request.")
    async with AT_ONCE:
        try:
            sound, seconds = await asyncio.to_thread(_converted, body)
        except SoundError as error:
            raise ApiError(422, "sound", "The file cannot be used as a sound.", f"It {error}.") from None
    try:
        row = await parts.prompts.put(access.id, file_name(name), sound, seconds, access.name, replace=replace)
    except ValueError as error:
        raise ApiError(422, "too-many", "There are too many sounds.", str(error)) from None
    await parts.audit.write(access.name, "prompt.uploaded", company=access.id, target=row.name)
    return _shown(row, sounds.named_in((await parts.companies.draft(access.id)).plan).get(row.name, []))


@router.get("/{name}", response_class=Response, responses=sounds.described("audio/wav"))
async def listen(name: PromptName, access: MayRead, request: Request, parts: WithParts) -> Response:
    """The sound as callers hear it: WAV. A part of it where a Range is asked for."""
    _, sound = await parts.prompts.sound(access.id, name)
    return sounds.answer(request, sound, "audio/wav")


@router.put("/{name}")
async def rename(name: PromptName, asked: NewName, access: MayEdit, parts: WithParts) -> NewName:
    """Give it another name. 409 where a plan uses it, or where there is one of that name."""
    await _refuse_used(parts, access.id, access.company.live, name)
    await parts.prompts.rename(access.id, name, asked.name)
    await parts.audit.write(access.name, "prompt.renamed", company=access.id, target=name, name=asked.name)
    return asked


@router.delete("/{name}", status_code=204)
async def remove(name: PromptName, access: MayEdit, parts: WithParts) -> Response:
    """Delete it. 409 where the draft or the live version plays it: the places are named."""
    await _refuse_used(parts, access.id, access.company.live, name)
    await parts.prompts.remove(access.id, name)
    await parts.audit.write(access.name, "prompt.removed", company=access.id, target=name)
    return Response(status_code=204)


def file_name(text: str) -> str:
    """A name that a plan may have, from that of an uploaded file: `Wélkom (2).mp3` is `W_lkom _2_.wav`."""
    stem = re.sub(r"[^A-Za-z0-9_ .-]+", "_", Path(text.replace("\\", "/")).name.rpartition(".")[0] or text)
    return f"{stem.strip(' .-')[:110].rstrip() or 'sound'}.wav"


async def _refuse_used(parts: Parts, company: str, live: int | None, name: str) -> None:
    """Raises ApiError (409) where the draft or the live version names a sound."""
    uses: list[str] = sounds.named_in((await parts.companies.draft(company)).plan).get(name, [])
    if live:
        version = (await parts.companies.version(company, live)).plan or {}
        uses += [path for path in sounds.named_in(version).get(name, []) if path not in uses]
    if uses:
        problems = [Problem(path, "in-use", f"plays {name}") for path in uses]
        raise ApiError(409, "in-use", "A plan plays this sound.", problems=problems)


def _converted(body: bytes) -> tuple[bytes, float]:
    """A sound as the exchange plays it, and its seconds. Raises SoundError. Blocks."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "sound"
        convert(body, target)
        wide = target.with_name("sound.wav16")
        with wave.open(str(wide), "rb") as file:
            seconds = file.getnframes() / file.getframerate()
        if seconds > LONGEST:
            raise SoundError(f"is longer than {LONGEST / 60:g} minutes")
        return wide.read_bytes(), round(seconds, 2)


def _shown(row: PromptRow, used: list[str]) -> PromptShown:
    return PromptShown(
        name=row.name, seconds=row.seconds, size=row.size, author=row.author, at=moment(row.at), used_in=used
    )
