"""One's own account: password and second factor."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from pyotp.totp import TOTP

from belplan.api.fields import Asked, Password
from belplan.api.identity import SignedIn, Who, WithParts
from belplan.api.parts import Parts
from belplan.api.problems import ApiError
from belplan.store.second_factor import new_factor, right_step

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


class Again(Asked):
    """One's password, once more."""

    password: Old


class SecondFactorShown(BaseModel):
    """Whether there is a second factor, and how many recovery codes were not used yet."""

    on: bool
    recovery_codes: int


class RecoveryCodes(BaseModel):
    """Codes for when the app is lost, each good once in its place. They are shown only now."""

    codes: list[str]


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


@router.get("/second-factor")
async def second_factor(who: SignedIn, parts: WithParts) -> SecondFactorShown:
    """One's own second factor."""
    left = await parts.second_factors.codes_left(who.person.id)
    return SecondFactorShown(on=who.person.second_factor is not None, recovery_codes=left)


@router.put("/second-factor")
async def confirm(asked: Confirmed, who: SignedIn, parts: WithParts) -> RecoveryCodes:
    """From now on a code of the app, or one of these recovery codes, is asked for when one signs in."""
    await _again(parts, who, asked.password)
    if right_step(TOTP(asked.secret), asked.code) is None:
        raise ApiError(422, "code", "That is not the code that the app makes now; look whether its clock is right.")
    codes = await parts.second_factors.set(who.person, asked.secret)
    await parts.audit.write(who.name, "second_factor.set", target=who.person.email)
    return RecoveryCodes(codes=codes)


@router.post("/recovery-codes")
async def renew_codes(asked: Again, who: SignedIn, parts: WithParts) -> RecoveryCodes:
    """New recovery codes; those from before are good no more. 409 without a second factor."""
    await _again(parts, who, asked.password)
    if who.person.second_factor is None:
        raise ApiError(409, "no-second-factor", "There is no second factor that they could stand in for.")
    codes = await parts.second_factors.renew_codes(who.person.id)
    await parts.audit.write(who.name, "recovery_codes.renewed", target=who.person.email)
    return RecoveryCodes(codes=codes)


@router.delete("/second-factor", status_code=204)
async def without(asked: Again, who: SignedIn, parts: WithParts) -> Response:
    """Go without a second factor again."""
    await _again(parts, who, asked.password)
    await parts.second_factors.remove(who.person)
    await parts.audit.write(who.name, "second_factor.removed", target=who.person.email)
    return Response(status_code=204)


async def _again(parts: Parts, who: Who, password: str) -> None:
    """Whoever found an open browser does not know the password. Raises ApiError."""
    if who.token:
        raise ApiError(403, "not-allowed", "A token cannot change an account; sign in.")
    if await parts.people.check_password(who.person.email, password) is None:
        raise ApiError(403, "credentials", "That is not the password.")
