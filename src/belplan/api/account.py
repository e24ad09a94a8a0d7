"""One's own account: password and second factor."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from pyotp.totp import TOTP

from belplan.api.fields import Asked, Password
from belplan.api.identity import SignedIn, Who, WithParts
from belplan.api.parts import Parts
from belplan.api.problems import ApiError
from belplan.store.people import new_factor, right_step

router = APIRouter(prefix="/account", tags=["account"])

Old = Annotated[str, Field(max_length=200, description="The password now.")]
Code = Annotated[str, Field(pattern="^[0-9]{6}$")]


class NewPassword(Asked):
    """Another password."""

    old: Old
    new: Password


class Proposed(BaseModel):
    """What an authenticator app reads (RFC 6238). It counts once a code of it was confirmed."""

    secret: str
    uri: str


class Confirmed(Asked):
    """The proposed secret, and a code that the app made with it."""

    secret: Annotated[str, Field(pattern="^[A-Z2-7]{32}$")]
    code: Code
    password: Old


class Without(Asked):
    """To go without a second factor again."""

    password: Old


@router.put("/password", status_code=204)
async def password(asked: NewPassword, who: SignedIn, parts: WithParts) -> Response:
    """Change one's password. All sessions end: sign in again."""
    await _again(parts, who, asked.old)
    await parts.people.set_password(who.person.id, asked.new)
    await parts.audit.write(who.name, "password.changed", target=who.person.email)
    return Response(status_code=204)


@router.post("/second-factor")
async def propose(who: SignedIn) -> Proposed:
    """A secret for an authenticator app. Nothing changes yet."""
    secret = new_factor()
    return Proposed(secret=secret, uri=str(TOTP(secret, name=who.person.email, issuer="Belplan").provisioning_uri()))


@router.put("/second-factor", status_code=204)
async def confirm(asked: Confirmed, who: SignedIn, parts: WithParts) -> Response:
    """From now on a code of the app is asked for when one signs in."""
    await _again(parts, who, asked.password)
    if right_step(TOTP(asked.secret), asked.code) is None:
        raise ApiError(422, "code", "That is not the code that the app makes now; look whether its clock is right.")
    await parts.people.set_factor(who.person, asked.secret)
    await parts.audit.write(who.name, "second_factor.set", target=who.person.email)
    return Response(status_code=204)


@router.delete("/second-factor", status_code=204)
async def without(asked: Without, who: SignedIn, parts: WithParts) -> Response:
    """Go without a second factor again."""
    await _again(parts, who, asked.password)
    await parts.people.set_factor(who.person, None)
    await parts.audit.write(who.name, "second_factor.removed", target=who.person.email)
    return Response(status_code=204)


async def _again(parts: Parts, who: Who, password: str) -> None:
    """Whoever found an open browser does not know the password. Raises ApiError."""
    if who.token:
        raise ApiError(403, "not-allowed", "A token cannot change an account; sign in.")
    if await parts.people.check_password(who.person.email, password) is None:
        raise ApiError(403, "credentials", "That is not the password.")
