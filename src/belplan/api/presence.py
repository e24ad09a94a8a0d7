"""Where in the draft people are at work, so that two do not change one card unseen. Known here only, for a moment."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from belplan.api.fields import Asked
from belplan.api.identity import MayEdit
from belplan.api.problems import ApiError

router = APIRouter(prefix="/companies/{company}", tags=["plan"])

KEPT = 12.0  # seconds without a word after which somebody is not there any more: two askings of the page, and some
MOST = 200  # of one company


class Place(Asked):
    """Where somebody is: the path of an item, or "" for nowhere in particular."""

    path: Annotated[str, Field(max_length=500)]


class Other(BaseModel):
    """Somebody else, and where they are."""

    name: str
    path: str


class Others(BaseModel):
    """Everybody else who is at work in this draft."""

    items: list[Other]


@dataclass
class Places:
    """Who is where, by company and session: (name, path, until when on the monotonic clock)."""

    there: dict[str, dict[str, tuple[str, str, float]]] = field(
        default_factory=dict[str, dict[str, tuple[str, str, float]]]
    )

    def come(self, company: str, session: str, name: str, path: str) -> None:
        """Somebody is there. Beyond `MOST` nobody more is noted."""
        now = time.monotonic()
        found = {one: place for one, place in self.there.get(company, {}).items() if place[2] > now}
        if session in found or len(found) < MOST:
            found[session] = (name, path, now + KEPT)
        self.there[company] = found

    def others(self, company: str, session: str) -> Iterator[tuple[str, str]]:
        """Everybody but this session."""
        for one, (name, path, _) in self.there.get(company, {}).items():
            if one != session:
                yield name, path


@router.put("/draft/place")
async def place(asked: Place, access: MayEdit, request: Request) -> Others:
    """Say where in the draft one is at work, every five seconds or so, and hear where others are."""
    if not access.who.session:
        raise ApiError(403, "not-allowed", "A place in the draft is for somebody who is signed in.")
    places: Places = request.app.state.places
    places.come(access.id, access.who.session, access.who.person.name, asked.path)
    return Others(items=[Other(name=name, path=path) for name, path in places.others(access.id, access.who.session)])
