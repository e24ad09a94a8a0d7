"""Fields of requests that stand in many of them."""

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from belplan.dialplan.source import has_half_character

T = TypeVar("T")


def _printable(text: str) -> str:
    if has_half_character(text) or any(ord(character) < 32 and character != "\n" for character in text):
        raise ValueError("control characters and halves of characters cannot be kept")
    return text


def _line(text: str) -> str:
    if "\n" in _printable(text):
        raise ValueError("one line only")
    return text.strip()


class Asked(BaseModel):
    """The body of a request: nothing unknown in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_line)]
Note = Annotated[str, Field(max_length=4000), AfterValidator(_printable)]
Mail = Annotated[
    str, Field(pattern=r"^[^@\s<>,;\x00-\x1f]+@[^@\s<>,;\x00-\x1f]+$", max_length=254), AfterValidator(_line)
]
Password = Annotated[str, Field(min_length=10, max_length=200, description="At least 10 characters.")]
Limit = Annotated[int, Query(ge=1, le=200, description="Most entries on a page.")]
NumberCursor = Annotated[int | None, Query(ge=0, le=2**53, description="`next` of the page before.")]


class Page(BaseModel, Generic[T]):
    """A part of a list. `next` is the cursor of the next part; absent at the end."""

    items: list[T]
    next: str | None = None


def moment(ms: int) -> datetime:
    """A moment of the database, as JSON writes it."""
    return datetime.fromtimestamp(ms / 1000, UTC)
