"""The browser as a telephone: an account for a session, and its SIP over a WebSocket of ours."""

import asyncio
import contextlib
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Request, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, Field

from belplan.api.fields import Asked
from belplan.api.identity import Access, MayOperate, Needs, WithParts, who_of_socket
from belplan.api.parts import BrowserPhone, NotItsOwnError, NotTakenError, Parts, SipLine
from belplan.api.problems import ApiError, not_found

router = APIRouter(prefix="/companies/{company}", tags=["live"])
socket_router = APIRouter(include_in_schema=False)

KEPT = 60.0  # seconds that an account without a connection can be connected
MOST = 4  # accounts of one session
LOOK_AGAIN = 20.0  # seconds between looks whether the session is still there

_log = structlog.get_logger()


class BrowserPhoneAsked(Asked):
    """Whose telephone the browser is: a user's, by number; or, without one, that of a caller outside."""

    user: Annotated[str, Field(max_length=20)] = ""
    caller: Annotated[str, Field(pattern=r"^\+?[0-9]{3,20}$", description="The number that it calls from.")] = (
        "+31201234567"
    )


class BrowserPhoneMade(BaseModel):
    """A SIP account, for this session, at the WebSocket `path` of this server. It goes when its connection does."""

    username: str
    password: str
    path: str
    number: str


@dataclass(eq=False, slots=True)
class Account:
    """An account, and whoever asked for it."""

    phone: BrowserPhone
    session: str
    company: str
    until: float  # on the monotonic clock, while it has no connection
    connection: "asyncio.Task[None] | None" = None


@dataclass
class Accounts:
    """Those that can be connected, or are."""

    there: dict[str, Account] = field(default_factory=dict[str, Account])

    def add(self, account: Account) -> None:
        """Keep it, and forget those that nobody connected. Raises ApiError where the session has too many."""
        now = time.monotonic()
        self.there = {name: one for name, one in self.there.items() if one.connection or one.until > now}
        mine = [name for name, one in self.there.items() if one.session == account.session and not one.connection]
        if sum(one.session == account.session for one in self.there.values()) >= MOST:
            if not mine:
                raise ApiError(429, "too-many", "This session has too many telephones already; close one.")
            del self.there[mine[0]]
        self.there[account.phone.account] = account


@router.post("/browser-phones", status_code=201)
async def browser_phone(
    asked: BrowserPhoneAsked, access: MayOperate, parts: WithParts, request: Request
) -> BrowserPhoneMade:
    """Make this browser a telephone for as long as its session is there: a user's, or a caller's from outside.

    An agent may only be their own phone. A caller from outside is for whoever may edit the plan, to try it.
    """
    if not access.who.session:
        raise ApiError(403, "not-allowed", "A browser's telephone is for somebody who is signed in.")
    if access.role == "agent" and asked.user != access.extension:
        raise ApiError(403, "not-allowed", "An agent has their own phone only.")
    if not asked.user and "edit" not in access.rights:
        raise ApiError(403, "not-allowed", "Only whoever may edit the plan may call it as from outside.")
    try:
        phone = parts.calls.browser_phone(access.id, asked.user, asked.caller)
    except LookupError:
        raise ApiError(404, "no-user", f"Nobody has the number {asked.user} in the published version.") from None
    except NotTakenError as error:
        raise ApiError(409, "no-phone", "The browser cannot be a telephone now.", str(error)) from None
    accounts: Accounts = request.app.state.browser_phones
    accounts.add(Account(phone, access.who.session, access.id, time.monotonic() + KEPT))
    return BrowserPhoneMade(
        username=phone.account,
        password=phone.password,
        path=f"/sip?account={phone.account}",
        number=asked.user or asked.caller,
    )


@socket_router.websocket("/sip")
async def sip(socket: WebSocket, account: str = "") -> None:
    """SIP over WebSocket (RFC 7118), of an account of the same session."""
    parts: Parts = socket.app.state.parts
    found = socket.app.state.browser_phones.there.get(account)
    try:
        access = await _still(socket, parts, found)
    except ApiError as error:
        await socket.close(4000 + error.body["status"])
        return
    assert found is not None  # noqa: S101 - _still refuses it
    if found.connection:  # the browser lost it before we did
        found.connection.cancel()
        await asyncio.wait((found.connection,))
    if "sip" not in socket.scope.get("subprotocols", ()):
        await socket.close(1002)
        return
    found.connection = asyncio.current_task()
    code = 1001
    try:
        async with found.phone.connect() as line:
            await socket.accept("sip")
            _log.info("browser_phone.connected", company=access.id, account=account)
            code = await _pass_on(socket, line, parts, found)
    except NotTakenError as error:
        _log.warning("browser_phone.not_connected", account=account, reason=str(error))
        code = 1013
    finally:
        found.connection, found.until = None, time.monotonic() + KEPT
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # it is closed
            await socket.close(code)


async def _pass_on(socket: WebSocket, line: SipLine, parts: Parts, account: Account) -> int:
    """Both ways, until one is gone, or the session is. The code to close with."""

    async def up() -> int:
        try:
            while True:
                await line.send(await socket.receive_text())
        except (WebSocketDisconnect, KeyError, ConnectionError):
            return 1001
        except NotItsOwnError as error:
            _log.warning("browser_phone.refused", account=account.phone.account, reason=str(error))
            return 1008

    async def down() -> int:
        while (message := await line.receive()) is not None:
            await socket.send_text(message)
        return 1012

    async def watch() -> int:
        while not parts.stopping.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN):
                    await parts.stopping.wait()
            try:
                await _still(socket, parts, account)
            except ApiError:
                return 4401
        return 1001

    return await _first(up(), down(), watch())


async def _first(*work: Coroutine[Any, Any, int]) -> int:
    tasks = [asyncio.create_task(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(iter(done)).result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _still(socket: WebSocket, parts: Parts, account: Account | None) -> Access:
    """Whoever opened the WebSocket, as the account's own. Raises ApiError."""
    who = await who_of_socket(socket, parts)
    if (
        account is None
        or account.session != who.session
        or (not account.connection and account.until < time.monotonic())
    ):
        raise not_found()
    return await Needs("operate")(who, parts, account.company)
