"""What happens now: calls, phones and webhooks of a company, as a picture and as a stream of events."""

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from starlette.requests import HTTPConnection

from belplan.api.fields import Asked, moment
from belplan.api.identity import Access, MayOperate, MayRead, MayWatch, Needs, WithParts, who_of_socket
from belplan.api.parts import NotTakenError, Parts
from belplan.api.problems import ApiError, not_found
from belplan.live import Live, Minute
from belplan.store.database import DatabaseAwayError

router = APIRouter(prefix="/companies/{company}", tags=["live"])

KEEP_ALIVE = 15.0  # seconds of quiet after which something is said, so that nothing in between closes the connection
LOOK_AGAIN = 20.0  # seconds between looks whether whoever watches still may
MOST_READERS = 20  # of one company at once


class LiveCallShown(BaseModel):
    """A call under way. `path` and `app` say where in its plan it is."""

    uuid: str
    since: datetime
    caller_number: str
    callee_number: str
    dial_plan: str
    path: str
    app: str
    heard: str
    ringing: list[str]
    answered_by: str | None


class PhoneNow(BaseModel):
    """A SIP account, and whether a telephone is registered for it."""

    account: str
    registered: bool


class WebhookNow(BaseModel):
    """A server that webhooks ask."""

    origin: str
    breaker: str
    open_for: float | None
    counts: dict[str, int]
    p50: float | None
    p95: float | None
    p99: float | None
    clock_skew: float | None


class MinuteShown(BaseModel):
    """What came of a webhook in one minute."""

    at: datetime
    results: dict[str, int]
    p50: float | None
    p95: float | None


class WebhookHealth(BaseModel):
    """One webhook of the plans that was asked within the last hour. Durations in ms, errors by reason."""

    path: str
    asked: int
    results: dict[str, int]
    p50: float | None
    p95: float | None
    p99: float | None
    minutes: list[MinuteShown]


class Webhooks(BaseModel):
    """The webhooks of a company, and the servers behind them with their breakers."""

    items: list[WebhookHealth]
    origins: list[WebhookNow]


class WaitingShown(BaseModel):
    """A caller in a queue."""

    call: str
    caller_number: str
    since: datetime | None


class AgentShown(BaseModel):
    """An agent. `standing` is in, out, break, or missed (paused for not answering)."""

    number: str
    name: str
    level: int
    standing: str
    engaged: bool


class QueueShown(BaseModel):
    """A queue now: who waits, in order, and who works."""

    number: str
    name: str
    waiting: list[WaitingShown]
    agents: list[AgentShown]


class Now(BaseModel):
    """A company now. `queues` are in the order of the plan."""

    calls: list[LiveCallShown]
    queues: list[QueueShown]
    phones: list[PhoneNow]
    webhooks: list[WebhookNow]


class Click(Asked):
    """Who wants to call whom: `user` is an internal number; their phone rings first."""

    user: Annotated[str, Field(pattern="^[0-9]{1,6}$")]
    number: Annotated[str, Field(pattern="^[+]?[0-9 *#()-]{1,40}$")]


class Clicked(BaseModel):
    """The leg that rings at the user's."""

    leg: str


@router.get("/live")
async def live(access: MayWatch, parts: WithParts) -> Now:
    """Calls, phones and webhooks now."""
    try:
        phones = await parts.calls.phones(access.id)
    except NotTakenError:
        phones = {}
    return Now(
        calls=_calls(parts.live, access.id),
        queues=_queues(parts, access.id),
        phones=[PhoneNow(account=name, registered=there) for name, there in phones.items()],
        webhooks=_origins(parts, access.id),
    )


@router.get("/webhooks")
async def webhooks(access: MayRead, parts: WithParts) -> Webhooks:
    """How the webhooks fare: the last hour of each, and the breakers."""
    items = [_health(path, minutes) for path, minutes in parts.live.webhooks(access.id).items() if minutes]
    return Webhooks(items=sorted(items, key=lambda item: item.path), origins=_origins(parts, access.id))


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def events(access: MayWatch, parts: WithParts, request: Request) -> StreamingResponse:
    """Server-Sent Events: `arrived`, `step`, `left`, `heard`, `dialled`, `answered`, `queue`, `ended`, each with its
    call; `registration` of an account whose telephone comes or goes, within 5 s. Whoever reads too slowly is cut off,
    and gets `live` anew; so is, within 20 s, whoever may no longer watch."""
    _room(parts.live, access.id)
    return StreamingResponse(
        _stream(parts.live, access.id, parts, request),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


@router.websocket("/events/socket")
async def socket(socket: WebSocket, company: Annotated[str, Path(pattern="^[0-9a-f]{32}$")]) -> None:
    """The same events over a WebSocket, one JSON document each."""
    parts: Parts = socket.app.state.parts
    try:
        access = await _may_watch(socket, parts, company)
        _room(parts.live, access.id)
    except ApiError as error:
        await socket.close(4000 + error.body["status"])
        return
    await socket.accept()
    with parts.live.reader(access.id) as reader:
        leaving = asyncio.ensure_future(_until_gone(socket))
        forbidden = asyncio.ensure_future(_until_forbidden(socket, parts, company))
        try:
            while not (reader.lost or leaving.done() or forbidden.done() or parts.stopping.is_set()):
                event = await reader.next(1.0)
                if event:
                    await socket.send_json(event)
        except WebSocketDisconnect:
            pass
        finally:
            leaving.cancel()
            forbidden.cancel()
    if not leaving.done():
        await socket.close(4403 if forbidden.done() else 1013 if reader.lost else 1001)


@router.post("/live/{call}/hang-up", status_code=204)
async def hang_up(
    call: Annotated[str, Path(pattern="^[0-9a-fA-F-]{36}$")], access: MayOperate, parts: WithParts
) -> None:
    """End a call under way."""
    if call not in parts.live.calls.get(access.id, {}) or not await parts.calls.hang_up(call):
        raise not_found()
    await parts.audit.write(access.name, "call.hung_up", company=access.id, target=call)


@router.post("/calls", status_code=202)
async def click_to_call(asked: Click, access: MayOperate, parts: WithParts) -> Clicked:
    """Ring somebody's phone; when they answer, it calls the number. An agent may only use their own phone."""
    if access.role == "agent" and asked.user != access.extension:
        raise ApiError(403, "not-allowed", "An agent calls from their own phone only.")
    number = "".join(character for character in asked.number if character in "+0123456789*#")
    try:
        return Clicked(leg=await parts.calls.connect(access.id, asked.user, number))
    except LookupError:
        raise not_found() from None
    except NotTakenError as error:
        raise ApiError(409, "no-phone", "The call could not be begun.", str(error)) from None


async def _stream(live: Live, company: str, parts: Parts, request: Request) -> AsyncGenerator[str]:
    forbidden = asyncio.ensure_future(_until_forbidden(request, parts, company))
    try:
        with live.reader(company) as reader:
            yield "retry: 1000\n\n"
            quiet = 0.0
            while not (reader.lost or forbidden.done() or parts.stopping.is_set()):
                event = await reader.next(1.0)
                if event:
                    quiet = 0.0
                    data = json.dumps(event, ensure_ascii=False)
                    yield f"id: {event['id']}\nevent: {event['what']}\ndata: {data}\n\n"
                elif (quiet := quiet + 1.0) >= KEEP_ALIVE:
                    quiet = 0.0
                    yield ": nothing happened\n\n"
    finally:
        forbidden.cancel()


async def _may_watch(connection: HTTPConnection, parts: Parts, company: str) -> Access:
    return await Needs("live")(await who_of_socket(connection, parts), parts, company)


async def _until_forbidden(connection: HTTPConnection, parts: Parts, company: str) -> None:
    """Until whoever watches is signed out, removed, or has lost the right."""
    while True:
        await asyncio.sleep(LOOK_AGAIN)
        try:
            await _may_watch(connection, parts, company)
        except ApiError:
            return
        except DatabaseAwayError:
            continue  # nobody can have been removed


async def _until_gone(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


def _room(live: Live, company: str) -> None:
    if live.readers(company) >= MOST_READERS:
        raise ApiError(429, "too-many", "Too many watch this company already.", headers={"Retry-After": "30"})


def _calls(live: Live, company: str) -> list[LiveCallShown]:
    return [
        LiveCallShown(
            uuid=one.uuid,
            since=moment(one.since),
            caller_number=one.caller,
            callee_number=one.callee,
            dial_plan=one.dial_plan,
            path=one.path,
            app=one.app,
            heard=one.heard,
            ringing=one.ringing,
            answered_by=one.answered_by,
        )
        for one in live.calls.get(company, {}).values()
    ]


def _queues(parts: Parts, company: str) -> list[QueueShown]:
    calls, found = parts.live.calls.get(company, {}), parts.calls.company(company)
    users = {user.number: user.name for user in found.users} if found else {}
    return [
        QueueShown(
            number=queue.number,
            name=queue.name,
            waiting=[
                WaitingShown(
                    call=one,
                    caller_number=calls[one].caller if one in calls else "",
                    since=moment(calls[one].since) if one in calls else None,
                )
                for one in queue.waiting
            ],
            agents=[
                AgentShown(
                    number=agent.number,
                    name=users.get(agent.number, ""),
                    level=agent.level,
                    standing=agent.standing,
                    engaged=agent.engaged,
                )
                for agent in queue.agents
            ],
        )
        for queue in parts.calls.queues(company)
    ]


def _origins(parts: Parts, company: str) -> list[WebhookNow]:
    return [
        WebhookNow(
            origin=one.origin,
            breaker=one.breaker,
            open_for=one.open_for,
            counts=dict(one.counts),
            p50=one.p50,
            p95=one.p95,
            p99=one.p99,
            clock_skew=one.clock_skew,
        )
        for one in parts.calls.health(company)
    ]


def _health(path: str, minutes: list[Minute]) -> WebhookHealth:
    durations = sorted(value for minute in minutes for value in minute.durations)
    results: dict[str, int] = {}
    for minute in minutes:
        for word, count in minute.results.items():
            results[word] = results.get(word, 0) + count
    return WebhookHealth(
        path=path,
        asked=sum(results.values()),
        results=results,
        p50=_share(durations, 0.50),
        p95=_share(durations, 0.95),
        p99=_share(durations, 0.99),
        minutes=[
            MinuteShown(
                at=moment(minute.at * 60_000),
                results=dict(minute.results),
                p50=_share(sorted(minute.durations), 0.50),
                p95=_share(sorted(minute.durations), 0.95),
            )
            for minute in minutes
        ],
    )


def _share(ordered: list[float], share: float) -> float | None:
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1) if ordered else None
