"""The people of a company: who they are there, invitations, and how they come in again."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import uuid4

import structlog
from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field
from starlette.background import BackgroundTask

from belplan.api.fields import Asked, Mail, Name, Password, moment
from belplan.api.identity import Access, MayAdminister, Role, WithParts, with_passwords
from belplan.api.parts import Parts
from belplan.api.problems import ApiError, not_found
from belplan.api.signing_in import Attempts
from belplan.engine.mail import Letter
from belplan.store.companies import TakenError, UnknownError
from belplan.store.database import DatabaseAwayError
from belplan.store.people import Membership, Person, Purpose

router = APIRouter(tags=["people"])
_log = structlog.get_logger()
_PEOPLE = "/companies/{company}/people"

PersonId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Extension = Annotated[str | None, Field(pattern="^[0-9]{1,6}$", description="Their own internal number.")]

_ONCE = {"nl": "De link werkt één keer, een dag lang.", "en": "The link is good once, for a day."}
TEXTS = {
    "nl": {
        "invitation": ("Uitnodiging voor Belplan", "Kies hier uw wachtwoord:"),
        "reset": ("Nieuw wachtwoord voor Belplan", "Kies hier een nieuw wachtwoord:"),
    },
    "en": {
        "invitation": ("Invitation to Belplan", "Choose your password here:"),
        "reset": ("A new password for Belplan", "Choose a new password here:"),
    },
}


class PersonShown(BaseModel):
    """Somebody in a company. `signs_in` is false until they followed their invitation."""

    id: str
    name: str
    email: str
    role: str
    extension: str | None
    signs_in: bool
    second_factor: bool
    created: datetime


class People(BaseModel):
    """The people of a company."""

    items: list[PersonShown]


class Invitation(Asked):
    """Somebody to be invited."""

    email: Mail
    name: Name
    role: Role
    extension: Extension = None


class Place(Asked):
    """What somebody is in the company."""

    role: Role
    extension: Extension = None


class Invited(BaseModel):
    """The link that whoever was invited follows, and whether it was mailed. It is shown only now."""

    id: str
    link: str
    mailed: bool


class Link(BaseModel):
    """A link that is good once, for a day, and whether it was mailed."""

    link: str
    mailed: bool


class Forgot(Asked):
    """Somebody who forgot their password."""

    email: Annotated[str, Field(max_length=254)]


class Follow(Asked):
    """What follows # in a link of an invitation or a reset, and the password that was chosen."""

    token: Annotated[str, Field(max_length=200)]
    password: Password


@router.get(_PEOPLE)
async def people(access: MayAdminister, parts: WithParts) -> People:
    """Everybody in the company, by name."""
    return People(items=[_shown(person, there) for person, there in await parts.people.members(access.id)])


@router.post(_PEOPLE, status_code=201)
async def invite(asked: Invitation, access: MayAdminister, parts: WithParts) -> Invited:
    """Invite somebody. Whether they are known here already does not show."""
    _in_person(access)
    try:
        person = await parts.people.add(asked.email, asked.name, password=None)
    except TakenError:
        person = await parts.people.by_email(asked.email)
    if await parts.people.membership(person.id, access.id):
        raise ApiError(409, "taken", "They are in this company already.")
    await parts.people.join(person.id, access.id, asked.role, asked.extension)
    await parts.audit.write(access.name, "person.invited", company=access.id, target=asked.email, role=asked.role)
    link, mailed = await _link(parts, "invitation", person)
    return Invited(id=person.id, link=link, mailed=mailed)


@router.put(_PEOPLE + "/{person}")
async def change(person: PersonId, asked: Place, access: MayAdminister, parts: WithParts) -> PersonShown:
    """Change what somebody is in the company. It counts from their next request on."""
    _in_person(access)
    found, before = await _member(parts, access, person)
    await _keep_an_administrator(parts, access, found, before, asked.role)
    await parts.people.join(person, access.id, asked.role, asked.extension)
    await parts.audit.write(access.name, "person.role", company=access.id, target=found.email, role=asked.role)
    return _shown(found, Membership(access.id, access.company.name, asked.role, asked.extension))


@router.delete(_PEOPLE + "/{person}", status_code=204)
async def remove(person: PersonId, access: MayAdminister, parts: WithParts) -> Response:
    """Take somebody out of the company, with their tokens there. Who is nowhere else is gone altogether."""
    _in_person(access)
    found, before = await _member(parts, access, person)
    await _keep_an_administrator(parts, access, found, before, "")
    await parts.people.leave(person, access.id)
    if not found.operator and not await parts.people.memberships(person):
        await parts.people.remove(person)
    await parts.audit.write(access.name, "person.removed", company=access.id, target=found.email)
    return Response(status_code=204)


@router.post(_PEOPLE + "/{person}/reset", status_code=201)
async def reset(person: PersonId, access: MayAdminister, parts: WithParts) -> Link:
    """Make a link with which somebody chooses a new password."""
    _in_person(access)
    found, _ = await _member(parts, access, person)
    if found.operator or len(await parts.people.memberships(person)) > 1:
        # Else who administers one company could come into another.
        raise ApiError(409, "elsewhere", "They work in other companies too: they ask for a new password themselves.")
    link, mailed = await _link(parts, "reset", found)
    await parts.audit.write(access.name, "person.reset", company=access.id, target=found.email)
    return Link(link=link, mailed=mailed)


@router.post("/reset", status_code=202, response_class=Response)
async def forgot(asked: Forgot, request: Request, parts: WithParts) -> Response:
    """Have a link mailed with which a new password is chosen. The answer is the same for everybody."""
    with_passwords(parts)
    resets: Attempts = request.app.state.resets
    resets.admit(asked.email, request.client.host if request.client else "")
    # After the answer, which comes as soon to whoever is not known.
    return Response(status_code=202, background=BackgroundTask(_mail_reset, parts, asked.email))


async def _mail_reset(parts: Parts, email: str) -> None:
    try:
        person = await parts.people.by_email(email)
        if person.signs_in:
            await _link(parts, "reset", person)
    except UnknownError:
        pass
    except DatabaseAwayError as error:
        _log.error("reset.not_sent", reason=str(error))


@router.post("/links", status_code=204)
async def follow(asked: Follow, parts: WithParts) -> Response:
    """Choose the password that an invitation or a reset asked for. All sessions of the person end."""
    with_passwords(parts)
    purposes: tuple[Purpose, Purpose] = ("invitation", "reset")
    for purpose in purposes:
        person = await parts.people.follow(purpose, asked.token)
        if not person:
            continue
        if purpose == "invitation" and (await parts.people.get(person)).signs_in:
            raise ApiError(409, "taken", "You have a password already: sign in with it.")
        await parts.people.set_password(person, asked.password)
        return Response(status_code=204)
    raise ApiError(403, "link", "The link is not good, or no longer.")


async def _link(parts: Parts, purpose: Purpose, person: Person) -> tuple[str, bool]:
    token = await parts.people.link(purpose, person.id)
    link = f"{parts.url}/{purpose}#{token}"
    subject, text = TEXTS[person.language][purpose]
    body = f"{text} {link}\n\n{_ONCE[person.language]}"
    letter = Letter(f"{purpose}-{uuid4().hex}", (person.email,), subject, body, datetime.now(UTC))
    return link, parts.post(letter)


async def _member(parts: Parts, access: Access, person: str) -> tuple[Person, Membership]:
    there = await parts.people.membership(person, access.id)
    if there is None:
        raise not_found()
    return await parts.people.get(person), there


async def _keep_an_administrator(parts: Parts, access: Access, person: Person, before: Membership, role: str) -> None:
    if before.role != "administrator" or role == "administrator" or access.who.person.operator:
        return
    others = [one for one, there in await parts.people.members(access.id) if there.role == "administrator"]
    if not any(one.id != person.id for one in others):
        raise ApiError(409, "last-administrator", "A company keeps one administrator: name another one first.")


def _in_person(access: Access) -> None:
    if access.who.token:
        raise ApiError(403, "not-allowed", "A token cannot let people in; sign in.")


def _shown(person: Person, there: Membership) -> PersonShown:
    return PersonShown(
        id=person.id,
        name=person.name,
        email=person.email,
        role=there.role,
        extension=there.extension,
        signs_in=person.signs_in,
        second_factor=person.second_factor is not None,
        created=moment(person.created),
    )
