"""API tokens of a company: for programs, with scopes and an end. The text of one is shown once."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from pydantic import AwareDatetime, BaseModel, Field

from belplan.api.fields import Asked, Name, moment
from belplan.api.identity import MayAdminister, WithParts
from belplan.api.problems import ApiError
from belplan.store.database import now
from belplan.store.tokens import Token

router = APIRouter(prefix="/companies/{company}/tokens", tags=["tokens"])

Scope = Literal["live", "read", "records", "operate", "edit", "listen", "administer"]


class NewToken(Asked):
    """A token to be made. Without `expires` it is good until it is revoked."""

    name: Name
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=7)]
    expires: AwareDatetime | None = None


class TokenShown(BaseModel):
    """A token, without its text."""

    id: str
    name: str
    person: str
    scopes: list[str]
    created: datetime
    expires: datetime | None


class TokenMade(TokenShown):
    """A new token. `text` goes into `Authorization: Bearer …`, and is shown only now."""

    text: str


class Tokens(BaseModel):
    """The tokens of a company."""

    items: list[TokenShown]


@router.get("")
async def tokens(access: MayAdminister, parts: WithParts) -> Tokens:
    """The tokens, the newest first."""
    return Tokens(items=[_shown(token) for token in await parts.tokens.all(access.id)])


@router.post("", status_code=201)
async def add_token(asked: NewToken, access: MayAdminister, parts: WithParts) -> TokenMade:
    """Make a token. It may never do more than whoever made it."""
    if access.who.token:
        raise ApiError(403, "not-allowed", "A token cannot make tokens; sign in.")
    expires = round(asked.expires.timestamp() * 1000) if asked.expires else None
    if expires is not None and expires <= now():
        raise ApiError(422, "invalid", "The token would have ended already.")
    scopes = tuple(dict.fromkeys(asked.scopes))
    token, text = await parts.tokens.add(access.id, access.who.person.id, asked.name, scopes, expires)
    await parts.audit.write(access.name, "token.added", company=access.id, target=token.name, scopes=list(scopes))
    return TokenMade(**_shown(token).model_dump(), text=text)


@router.delete("/{token}", status_code=204)
async def revoke(
    token: Annotated[str, Path(pattern="^[0-9a-f]{32}$")], access: MayAdminister, parts: WithParts
) -> Response:
    """End a token, at once."""
    await parts.tokens.revoke(access.id, token)
    await parts.audit.write(access.name, "token.revoked", company=access.id, target=token)
    return Response(status_code=204)


def _shown(token: Token) -> TokenShown:
    return TokenShown(
        id=token.id,
        name=token.name,
        person=token.person,
        scopes=list(token.scopes),
        created=moment(token.created),
        expires=moment(token.expires) if token.expires else None,
    )
