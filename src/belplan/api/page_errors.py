"""Errors that the page meets in a browser, for the log: where in our own code, and nothing that somebody typed."""

import re
from typing import Annotated

import structlog
from fastapi import APIRouter, Request
from pydantic import Field

from belplan.api.edge import Pace
from belplan.api.fields import Asked

router = APIRouter(tags=["page"])

PER_MINUTE = 10  # of one browser
ALL_PER_MINUTE = 120

# A place in our own script, and the kind of error; what an error says may have names and numbers in it.
_PLACE = re.compile(r"/assets/([A-Za-z0-9_.-]{1,60}\.js):(\d{1,7}):(\d{1,7})")
_KIND = re.compile(r"\s*(?:Uncaught )?([A-Z][A-Za-z]{2,30}(?:Error|Exception))\b")
_NAME = re.compile(r"[0-9a-f-]{8,}|\d{2,}|%[0-9A-Fa-f]{2}|[^A-Za-z0-9/_-]")

_log = structlog.get_logger()


class PageError(Asked):
    """What went wrong, as the browser has it. Only its kind, its places and the kind of page are logged."""

    message: Annotated[str, Field(max_length=1000)] = ""
    stack: Annotated[str, Field(max_length=5000)] = ""
    path: Annotated[str, Field(max_length=500)] = ""


@router.post("/page-errors", status_code=204)
async def page_error(asked: PageError, request: Request) -> None:
    """Report an error of the page. What is too many is dropped."""
    paces: tuple[Pace, Pace] = request.app.state.page_errors
    client = request.client.host if request.client else ""
    if paces[0].wait("", client) > 0 or paces[1].wait("", "everybody") > 0:
        return
    kind = _KIND.match(asked.message) or _KIND.match(asked.stack)
    places = [":".join(found.groups()) for found in list(_PLACE.finditer(asked.stack))[:6]]
    _log.error("page.failed", kind=kind[1] if kind else "Error", at=places, page=page_of(asked.path))


def page_of(path: str) -> str:
    """The kind of page: `/c/plans`, without ids and what people have named."""
    words = [word for word in path.split("/") if word and not _NAME.search(word)]
    return "/" + "/".join(words[:2])
