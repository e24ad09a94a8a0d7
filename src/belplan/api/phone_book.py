"""The phone book of a company: names for the numbers of callers. It is not part of the plan, and counts at once."""

import asyncio
import csv
import io
import re
from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from belplan.api import plans
from belplan.api.fields import Asked, Limit, Name, Page
from belplan.api.identity import Access, MayEdit, MayWatch, WithParts
from belplan.api.parts import Parts
from belplan.api.problems import ApiError
from belplan.dialplan import numbers
from belplan.store.phone_book import MOST, is_number

router = APIRouter(prefix="/companies/{company}/phone-book", tags=["phone book"])

LARGEST = 32 << 20  # bytes of an import

_UNFOLD = re.compile(r"\r?\n[ \t]")  # RFC 6350 3.2
_KINDS = {"text/csv": "csv", "text/vcard": "vcard", "text/x-vcard": "vcard"}

Number = Annotated[str, Path(pattern=r"^[+0-9 ().-]{1,40}$", description="In any notation.")]


class Entry(BaseModel):
    """A name for a number, in its one form (E.164 digits)."""

    number: str
    name: str


class EntryGiven(Asked):
    """A name."""

    name: Name


class Imported(BaseModel):
    """What came of an import. `skipped` are lines without a number or a name, by their number in the file."""

    entries: int
    taken: int
    skipped: Annotated[list[int], Field(max_length=100)]


@router.get("")
async def entries(
    access: MayWatch,
    parts: WithParts,
    search: Annotated[str, Query(max_length=100, description="Part of a name or a number.")] = "",
    limit: Limit = 50,
    cursor: Annotated[str, Query(pattern="^[0-9]{0,40}$", description="`next` of the page before.")] = "",
) -> Page[Entry]:
    """The entries, by number."""
    found = await parts.books.page(access.id, search=search.replace("\0", ""), after=cursor, limit=limit + 1)
    items = [Entry(number=number, name=name) for number, name in found[:limit]]
    return Page(items=items, next=items[-1].number if len(found) > limit else None)


@router.put("/{number}")
async def put(number: Number, asked: EntryGiven, access: MayEdit, parts: WithParts) -> Entry:
    """Name a number."""
    canonical = numbers.canonical(number, await plans.country_of(parts, access.id))
    if not is_number(canonical):
        raise ApiError(
            422, "invalid", "That is no telephone number.", "Write digits, with + and the country or without."
        )
    await _keep(parts, access, {canonical: asked.name})
    return Entry(number=canonical, name=asked.name)


@router.delete("/{number}", status_code=204)
async def remove(number: Number, access: MayEdit, parts: WithParts) -> Response:
    """Take a number out."""
    await parts.books.remove(access.id, numbers.canonical(number, await plans.country_of(parts, access.id)))
    return Response(status_code=204)


@router.post(
    "/import",
    max_body_size=LARGEST,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {kind: {"schema": {"type": "string"}} for kind in ("text/csv", "text/vcard")},
        }
    },
)
async def import_file(
    access: MayEdit,
    request: Request,
    parts: WithParts,
    replace: Annotated[bool, Query(description="In the place of everything that is there.")] = False,
) -> Imported:
    """Take entries from a file: CSV (number and name, in whichever columns) or vCard."""
    kind = _KINDS.get(request.headers.get("content-type", "").split(";")[0].strip().lower())
    if kind is None:
        raise ApiError(415, "media-type", "Send text/csv or text/vcard.")
    try:
        text = (await request.body()).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ApiError(400, "malformed", "The file is not UTF-8 text.") from None
    country = await plans.country_of(parts, access.id)
    try:
        found, skipped = await asyncio.to_thread(_read, text, kind, country)
    except csv.Error as error:
        raise ApiError(422, "invalid", "That is no CSV.", str(error)) from None
    count = await _keep(parts, access, found, replace=replace)
    await parts.audit.write(access.name, "phone_book.imported", company=access.id, entries=len(found))
    return Imported(entries=count, taken=len(found), skipped=skipped[:100])


async def _keep(parts: Parts, access: Access, entries: dict[str, str], *, replace: bool = False) -> int:
    try:
        return await parts.books.put(access.id, entries, replace=replace)
    except ValueError as error:
        raise ApiError(422, "too-many", f"A phone book holds {MOST} entries.", str(error)) from None


def _read(text: str, kind: str, country: str) -> tuple[dict[str, str], list[int]]:
    found: dict[str, str] = {}
    skipped: list[int] = []
    for line, number, name in _csv(text) if kind == "csv" else _vcards(text):
        digits = numbers.canonical(number, country)
        name = " ".join("".join(c if c.isprintable() else " " for c in name).split())[:200]
        if is_number(digits) and len(digits) >= 2 and name:
            found[digits] = name
        else:
            skipped.append(line)
    return found, skipped


def _csv(text: str) -> Iterator[tuple[int, str, str]]:
    """Lines of two columns and more: the number is the one that is mostly digits, whichever comes first."""
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text[:4096], ",;\t")
    except csv.Error:
        dialect = csv.excel
    csv.field_size_limit(1 << 16)
    for line, row in enumerate(csv.reader(io.StringIO(text, newline=""), dialect), 1):
        cells = [cell.strip() for cell in row if cell.strip()]
        number = next((cell for cell in cells if re.fullmatch(r"[+0-9][0-9 ().\-/]{1,39}", cell)), "")
        name = next((cell for cell in cells if cell != number), "")
        if cells and not (line == 1 and not number):  # the first line may say what the columns are
            yield line, number, name


def _vcards(text: str) -> Iterator[tuple[int, str, str]]:
    """The telephone numbers of each card (RFC 6350), with its formatted name."""
    name, telephones = "", list[str]()
    for line, content in enumerate(_UNFOLD.sub("", text).splitlines(), 1):
        property_, _, value = content.partition(":")
        word = property_.split(";")[0].rpartition(".")[2].upper()
        value = re.sub(r"\\([,;\\nN])", lambda match: " " if match[1] in "nN" else match[1], value).strip()
        if word == "BEGIN":
            name, telephones = "", []
        elif word == "FN":
            name = value
        elif word == "ORG" and not name:
            name = value.replace(";", " ")
        elif word == "TEL":
            telephones.append(value.removeprefix("tel:"))
        elif word == "END":
            yield from ((line, telephone, name) for telephone in telephones)
