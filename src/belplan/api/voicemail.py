"""Voicemail: the boxes that somebody may listen to, and their messages.

A user has the boxes that name them; who may listen to those of others has all of the company.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel

from belplan.api import sounds
from belplan.api.fields import Asked
from belplan.api.identity import Access, MayWatch, WithParts
from belplan.api.parts import Parts
from belplan.api.problems import not_found
from belplan.engine.voicemail.boxes import Message

router = APIRouter(prefix="/companies/{company}/voicemail", tags=["voicemail"])

Box = Annotated[str, Path(pattern="^[0-9]{1,6}$", description="Internal number of a box.")]
MessageId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="Id of a message.")]


class BoxShown(BaseModel):
    """A box: how many messages it has, and how many of them nobody has heard."""

    number: str
    name: str
    messages: int
    new: int


class BoxesShown(BaseModel):
    """The boxes that whoever asks may listen to, by number."""

    items: list[BoxShown]


class MessageShown(BaseModel):
    """A message. `caller_number` is "" where it was withheld."""

    id: str
    at: datetime
    caller_number: str
    caller_name: str
    seconds: float
    heard: bool


class MessagesShown(BaseModel):
    """The messages of a box, the newest first."""

    items: list[MessageShown]


class Heard(Asked):
    """Somebody has listened to it."""

    heard: Literal[True]


@dataclass(frozen=True, slots=True)
class _Boxes:
    names: Mapping[str, str]  # of the boxes that somebody may listen to, by number
    messages: Mapping[str, list[Message]]


@router.get("")
async def boxes(access: MayWatch, parts: WithParts) -> BoxesShown:
    """The boxes that whoever asks may listen to: their own, or all with the right to listen."""
    found = _boxes(parts, access)
    items = [
        BoxShown(
            number=number,
            name=name,
            messages=len(found.messages.get(number, ())),
            new=sum(not message.heard for message in found.messages.get(number, ())),
        )
        for number, name in sorted(found.names.items())
    ]
    return BoxesShown(items=items)


@router.get("/{box}")
async def messages(box: Box, access: MayWatch, parts: WithParts) -> MessagesShown:
    """The messages of a box."""
    return MessagesShown(items=[_shown(parts, one) for one in _messages(parts, access, box)])


@router.get("/{box}/{message}.mp3", response_class=Response, responses=sounds.described("audio/mpeg"))
async def listen(box: Box, message: MessageId, access: MayWatch, request: Request, parts: WithParts) -> Response:
    """A message as MP3. A part of it where a Range is asked for. It does not count as heard: say so with PUT."""
    found = _message(parts, access, box, message)
    return sounds.answer(request, await sounds.as_mp3(found.sound), "audio/mpeg")


@router.put("/{box}/{message}")
async def mark_heard(box: Box, message: MessageId, asked: Heard, access: MayWatch, parts: WithParts) -> MessageShown:
    """Keep that somebody has listened to it: phones do not count it as new any more."""
    parts.boxes.mark_heard(_message(parts, access, box, message))
    return _shown(parts, _message(parts, access, box, message))


@router.delete("/{box}/{message}", status_code=204)
async def remove(box: Box, message: MessageId, access: MayWatch, parts: WithParts) -> Response:
    """Delete a message and its sound for good."""
    parts.boxes.delete(_message(parts, access, box, message))
    await parts.audit.write(access.name, "voicemail.removed", company=access.id, target=box)
    return Response(status_code=204)


def _boxes(parts: Parts, access: Access) -> _Boxes:
    company, messages = parts.calls.company(access.id), parts.boxes.of(access.id)
    names = {box.number: box.name for box in company.voicemail_boxes} if company else {}
    if "listen" in access.rights:
        # A box that the plan has no longer keeps its messages for their days.
        return _Boxes({number: some[0].draft.box_name for number, some in messages.items()} | names, messages)
    if access.who.token or company is None or not access.extension:
        return _Boxes({}, {})
    own = {box.number for box in company.voicemail_boxes if access.extension in box.users}
    return _Boxes({number: names[number] for number in own}, messages)


def _messages(parts: Parts, access: Access, box: str) -> list[Message]:
    found = _boxes(parts, access)
    if box not in found.names:
        raise not_found()
    return found.messages.get(box, [])


def _message(parts: Parts, access: Access, box: str, message: str) -> Message:
    found = next((one for one in _messages(parts, access, box) if one.id == message), None)
    if found is None:
        raise not_found()
    return found


def _shown(parts: Parts, message: Message) -> MessageShown:
    draft = message.draft
    return MessageShown(
        id=message.id,
        at=draft.began,
        caller_number=draft.caller_number,
        caller_name=parts.books.name(draft.company, draft.caller_number) or draft.caller_name,
        seconds=round(message.seconds, 1),
        heard=message.heard,
    )
