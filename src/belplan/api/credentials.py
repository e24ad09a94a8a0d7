"""Secrets of a company, which are written and never read, and the SIP accounts of its phones."""

from typing import Annotated, Any, cast

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from belplan.api import plans
from belplan.api.fields import Asked
from belplan.api.identity import MayAdminister, MayEdit, MayRead, WithParts
from belplan.api.problems import not_found
from belplan.dialplan.credentials import PREFIX, password
from belplan.engine.companies import account

router = APIRouter(prefix="/companies/{company}", tags=["secrets"])

SecretName = Annotated[str, Path(pattern="^[A-Za-z0-9_.-]{1,200}$", description="What follows `secret:` in a plan.")]


class SecretShown(BaseModel):
    """A secret that is there."""

    name: str
    set: bool = True


class SecretsShown(BaseModel):
    """The names of a company's secrets."""

    items: list[SecretShown]


class SecretGiven(Asked):
    """The value of a secret."""

    value: Annotated[str, Field(min_length=1, max_length=4000)]


class PhoneShown(BaseModel):
    """A phone in the draft. It signs in at `sip` with `account`; `password_set` says whether it has a password."""

    user: str
    number: str
    username: str
    account: str
    password_set: bool


class Phones(BaseModel):
    """The phones of a company, and the server that they register with."""

    sip: str
    items: list[PhoneShown]


class NewPassword(BaseModel):
    """A phone's new password: shown only now. Phones that have the old one are out at once."""

    account: str
    password: str


@router.get("/secrets")
async def secrets(access: MayEdit, parts: WithParts) -> SecretsShown:
    """Which secrets there are. Their values are never shown."""
    return SecretsShown(items=[SecretShown(name=name) for name in parts.secrets.names(access.id)])


@router.put("/secrets/{name}")
async def set_secret(name: SecretName, asked: SecretGiven, access: MayEdit, parts: WithParts) -> SecretShown:
    """Set a secret. Calls have it at once."""
    await parts.secrets.set(access.id, {name: asked.value})
    await parts.audit.write(access.name, "secret.set", company=access.id, target=name)
    await parts.calls.renew(access.id)
    return SecretShown(name=name)


@router.delete("/secrets/{name}", status_code=204)
async def remove_secret(name: SecretName, access: MayAdminister, parts: WithParts) -> Response:
    """Forget a secret."""
    await parts.secrets.remove(access.id, name)
    await parts.audit.write(access.name, "secret.removed", company=access.id, target=name)
    return Response(status_code=204)


@router.get("/phones")
async def phones(access: MayRead, parts: WithParts) -> Phones:
    """The phones in the draft, with the SIP accounts that they sign in with."""
    draft = await parts.companies.draft(access.id)
    handle = "" if access.company.from_file else access.company.handle
    items = [
        PhoneShown(
            user=str(user.get("name", "")),
            number=str(user.get("number", "")),
            username=str(phone.get("username", "")),
            account=account(handle, str(phone.get("username", ""))) if handle else str(phone.get("username", "")),
            password_set=parts.secrets.find(access.id, _secret(phone)) is not None,
        )
        for user, phone in _phones(draft.plan)
    ]
    return Phones(sip=parts.sip, items=items)


@router.post("/phones/{username}/password")
async def new_password(
    username: Annotated[str, Path(pattern="^[A-Za-z0-9_.-]{1,64}$")], access: MayEdit, parts: WithParts
) -> NewPassword:
    """Give a phone a new password."""
    draft = await parts.companies.draft(access.id)
    plans.refuse_file(access.company)
    phone = next((phone for _, phone in _phones(draft.plan) if phone.get("username") == username), None)
    if phone is None or not (name := _secret(phone)):
        raise not_found()
    made = password()
    await parts.secrets.set(access.id, {name: made})
    await parts.audit.write(access.name, "phone.password", company=access.id, target=username)
    await parts.calls.renew(access.id)
    return NewPassword(account=account(access.company.handle, username), password=made)


def _phones(plan: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    def mappings(value: Any) -> list[dict[str, Any]]:
        return [one for one in cast("list[Any]", value if isinstance(value, list) else []) if isinstance(one, dict)]

    return [(user, phone) for user in mappings(plan.get("users")) for phone in mappings(user.get("phones"))]


def _secret(phone: dict[str, Any]) -> str:
    text = phone.get("password")
    return text.removeprefix(PREFIX) if isinstance(text, str) and text.startswith(PREFIX) else ""
