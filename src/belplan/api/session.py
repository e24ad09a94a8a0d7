"""Signing in and out, and the first administrator."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from belplan.api.companies import NewCompany, make_company, refuse_settings
from belplan.api.fields import Asked, Mail, Name, Password
from belplan.api.identity import COOKIES, SignedIn, Who, WithParts, csrf, keep_session, with_passwords
from belplan.api.parts import Parts
from belplan.api.problems import ApiError
from belplan.api.signing_in import Attempts
from belplan.store.people import Person

router = APIRouter(tags=["session"])


class Needed(BaseModel):
    """Whether the first administrator is still to be made."""

    needed: bool


class FirstCompany(NewCompany):
    """The first company of an installation."""


class Setup(Asked):
    """The first administrator and the first company. `token` is what follows # in the one-time link."""

    token: Annotated[str, Field(max_length=200)]
    name: Name
    email: Mail
    password: Password
    company: FirstCompany
    sample: Literal["demo", "empty"] = "empty"


class Credentials(Asked):
    """What somebody signs in with. `code` is of their second factor, where they have one, or a recovery code."""

    email: Annotated[str, Field(max_length=254)]
    password: Annotated[str, Field(max_length=200)]
    code: Annotated[str | None, Field(pattern="^([0-9]{6}|[A-Za-z2-7]{5}-?[A-Za-z2-7]{5})$")] = None


class Self(BaseModel):
    """Whoever is signed in. `role` is operator, or what they are in their first company."""

    id: str
    name: str
    email: str
    role: str
    language: str
    second_factor: bool


class OwnCompany(BaseModel):
    """A company that somebody works in, what they may do there, and their own internal number."""

    id: str
    name: str
    role: str
    rights: list[str]
    extension: str | None


class SessionShown(BaseModel):
    """A session. `csrf` goes into the header X-CSRF-Token of every write."""

    user: Self
    companies: list[OwnCompany]
    csrf: str


@router.get("/setup")
async def setup_needed(parts: WithParts) -> Needed:
    """Whether this installation has nobody yet."""
    return Needed(needed=not await parts.people.anybody())


@router.post("/setup", status_code=201)
async def set_up(asked: Setup, response: Response, parts: WithParts) -> SessionShown:
    """Make the operator, who is the first administrator, and the first company. Needs the one-time link."""
    await refuse_settings(parts, asked.company)
    if await parts.people.anybody() or await parts.people.follow("setup", asked.token) is None:
        raise ApiError(
            403, "link", "The link is not good, or no longer.", "Start the server again: it prints a new one."
        )
    language = asked.company.language
    person = await parts.people.add(asked.email, asked.name, password=asked.password, operator=True, language=language)
    plan: dict[str, Any] = parts.sample() if asked.sample == "demo" else {}
    made = await make_company(parts, asked.company, person.name, plan)
    await parts.people.join(person.id, made.id, "administrator")
    await parts.audit.write(person.name, "installation.set_up", company=made.id, target=made.name)
    return await _signed_in(parts, person, response)


@router.post("/session", status_code=201)
async def sign_in(asked: Credentials, request: Request, response: Response, parts: WithParts) -> SessionShown:
    """Sign in."""
    with_passwords(parts)
    attempts: Attempts = request.app.state.attempts
    client = request.client.host if request.client else ""
    attempts.admit(asked.email, client)
    person = await parts.people.check_password(asked.email, asked.password)
    if person is None:
        raise ApiError(401, "credentials", "The address and the password do not belong together.")
    if person.second_factor is not None:
        kind = await parts.second_factors.check(person, asked.code) if asked.code else None
        if kind is None:
            raise ApiError(401, "code", "The code of the second factor is needed." if not asked.code else "Wrong code.")
        if kind == "recovery":
            await parts.audit.write(person.name, "recovery_code.used", target=person.email)
    attempts.succeeded(asked.email, client)
    return await _signed_in(parts, person, response)


@router.get("/session")
async def session(found: SignedIn, parts: WithParts) -> SessionShown:
    """Who is signed in, and where they work."""
    return await _shown(parts, found)


@router.delete("/session", status_code=204)
async def sign_out(found: SignedIn, response: Response, parts: WithParts) -> None:
    """End the session."""
    if found.session:
        await parts.people.sign_out(found.session)
    for name in COOKIES:
        response.delete_cookie(name, path="/")


async def _signed_in(parts: Parts, person: Person, response: Response) -> SessionShown:
    return await _shown(parts, Who(person, await keep_session(parts, person, response)))


async def _shown(parts: Parts, found: Who) -> SessionShown:
    person = found.person
    memberships = await parts.people.memberships(person.id)
    extensions = {one.company: one.extension for one in memberships}
    if person.operator:
        places = [(row.id, row.name, "operator") for row in await parts.companies.all()]
    else:
        places = [(one.company, one.company_name, one.role) for one in memberships]
    companies = [
        OwnCompany(
            id=company,
            name=name,
            role=role,
            rights=sorted(found.rights(role)),
            extension=extensions.get(company),
        )
        for company, name, role in places
    ]
    if found.token:
        companies = [one for one in companies if one.id == found.token.company]
    role = "operator" if person.operator else companies[0].role if companies else ""
    return SessionShown(
        user=Self(
            id=person.id,
            name=person.name,
            email=person.email,
            role=role,
            language=person.language,
            second_factor=person.second_factor is not None,
        ),
        companies=companies,
        csrf=csrf(parts, found.session) if found.session else "",
    )
