"""Who asks, and what they may do.

People sign in with a cookie, and send on every write a token that only our own page can read (`GET /session`); programs
send a bearer token, which is never more than its scopes and what its maker may do now. What somebody may not see looks
exactly like what there is not.
"""

import hmac
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from fastapi import Depends, Path, Request, Response
from starlette.requests import HTTPConnection

from belplan.api.parts import Parts
from belplan.api.problems import ApiError, not_found
from belplan.store.companies import CompanyRow, UnknownError
from belplan.store.people import LONGEST, Membership, Person
from belplan.store.tokens import Token

Role = Literal["administrator", "editor", "agent", "read-only"]
Right = Literal["member", "live", "read", "records", "operate", "edit", "listen", "administer"]

RIGHTS: dict[str, frozenset[str]] = {
    "operator": frozenset(get_args(Right)),
    "administrator": frozenset(get_args(Right)),
    "editor": frozenset({"member", "live", "read", "records", "operate", "edit"}),
    "agent": frozenset({"member", "live", "operate"}),
    "read-only": frozenset({"member", "live", "read", "records"}),
}
"""live: calls, queues and phones now. read: plans and versions. records: who called. operate: switches, agents, calls.
edit: the draft and publishing. listen: recorded calls, and the voicemail of others. administer: people, tokens,
secrets, the audit log."""

SAFE = ("GET", "HEAD", "OPTIONS")
COOKIES = ("__Host-belplan", "belplan")  # over TLS, and on plain loopback

CompanyId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="Id of a company.")]


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who has shown who they are."""

    person: Person
    session: str = ""
    token: Token | None = None

    @property
    def name(self) -> str:
        """How versions and the audit log name them."""
        return f"{self.person.name} ({self.token.name})" if self.token else self.person.name

    def rights(self, role: str) -> frozenset[str]:
        """What they may do where they have this role: with a token, no more than its scopes."""
        return RIGHTS[role] & {"member", *self.token.scopes} if self.token else RIGHTS[role]


@dataclass(frozen=True, slots=True)
class Access:
    """Somebody in a company, with what they may do there."""

    who: Who
    company: CompanyRow
    role: str
    rights: frozenset[str]
    extension: str | None = None

    @property
    def id(self) -> str:
        """The company's id."""
        return self.company.id

    @property
    def name(self) -> str:
        return self.who.name


def parts_of(request: Request) -> Parts:
    """What the API works with."""
    return request.app.state.parts


WithParts = Annotated[Parts, Depends(parts_of)]


def cookie_name(parts: Parts) -> str:
    """The session's cookie: bound to this host (RFC 6265bis 4.1.3.2) where there is TLS."""
    return COOKIES[0] if parts.url.startswith("https://") else COOKIES[1]


async def keep_session(parts: Parts, person: Person, response: Response) -> str:
    """Begin a session, and have the browser keep it: its token."""
    token = await parts.people.sign_in(person.id)  # always a new one: nobody can have planted it
    response.set_cookie(
        cookie_name(parts),
        token,
        max_age=LONGEST // 1000,
        path="/",
        httponly=True,
        secure=parts.url.startswith("https://"),
        samesite="strict",
    )
    return token


def with_passwords(parts: Parts) -> None:
    """Raises ApiError where nobody signs in with a password."""
    if not parts.passwords:
        raise ApiError(403, "no-passwords", "People sign in with their identity provider here, not with a password.")


def csrf(parts: Parts, session: str) -> str:
    """What a page sends along with every write of this session."""
    return parts.vault.digest("csrf", session)[:32]


async def who(request: Request, parts: WithParts) -> Who:
    """Who asks. Raises ApiError (401, 403)."""
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and text:
        found = await parts.tokens.find(text.strip())
        if found is None:
            raise ApiError(401, "not-signed-in", "The token is not known, or no longer good.", headers=_CHALLENGE)
        token, person = found
        return Who(person, token=token)
    session = request.cookies.get(cookie_name(parts), "")
    person = await parts.people.session(session) if session else None
    if person is None:
        raise ApiError(401, "not-signed-in", "Sign in first.", headers=_CHALLENGE)
    if request.method not in SAFE:
        sent = request.headers.get("x-csrf-token", "")
        if not hmac.compare_digest(sent.encode(), csrf(parts, session).encode()):
            raise ApiError(403, "csrf", "The header X-CSRF-Token is missing or wrong; it is in GET /session.")
    return Who(person, session)


async def who_of_socket(socket: HTTPConnection, parts: Parts) -> Who:
    """Who opens a WebSocket: by cookie, as a page does (it comes from our own origin), or by token. Raises ApiError."""
    kind, _, text = socket.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and (found := await parts.tokens.find(text.strip())):
        return Who(found[1], token=found[0])
    session = socket.cookies.get(cookie_name(parts), "")
    person = await parts.people.session(session) if session else None
    if person is None:
        raise ApiError(401, "not-signed-in", "Sign in first.")
    return Who(person, session)


_CHALLENGE = {"WWW-Authenticate": "Bearer"}

SignedIn = Annotated[Who, Depends(who)]


async def operator(who: SignedIn) -> Who:
    """The operator of the installation, in person. Raises ApiError."""
    if not who.person.operator or who.token:
        raise ApiError(403, "not-allowed", "Only the operator of this installation may do that.")
    return who


Operator = Annotated[Who, Depends(operator)]


class Needs:
    """Whoever asks must be a member of the company in the path, and may do this there."""

    def __init__(self, right: Right) -> None:
        self.right = right

    async def __call__(self, who: SignedIn, parts: WithParts, company: CompanyId) -> Access:
        access = await _access(who, parts, company)
        if self.right not in access.rights:
            raise ApiError(403, "not-allowed", f"A role with the right “{self.right}” is needed for that.")
        return access


async def _access(who: Who, parts: Parts, company: str) -> Access:
    if who.token and who.token.company != company:
        raise not_found()
    try:
        row = await parts.companies.get(company)
    except UnknownError:
        raise not_found() from None
    membership: Membership | None = await parts.people.membership(who.person.id, company)
    role = "operator" if who.person.operator else membership.role if membership else ""
    if not role:
        raise not_found()
    return Access(who, row, role, who.rights(role), membership.extension if membership else None)


Member = Annotated[Access, Depends(Needs("member"))]
MayWatch = Annotated[Access, Depends(Needs("live"))]
MayRead = Annotated[Access, Depends(Needs("read"))]
MaySeeRecords = Annotated[Access, Depends(Needs("records"))]
MayOperate = Annotated[Access, Depends(Needs("operate"))]
MayEdit = Annotated[Access, Depends(Needs("edit"))]
MayListen = Annotated[Access, Depends(Needs("listen"))]
MayAdminister = Annotated[Access, Depends(Needs("administer"))]
