"""Event webhooks: servers of a company that are told what happens to its calls, and what came of telling them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from belplan.api.fields import Asked, Limit, Page, moment
from belplan.api.identity import MayAdminister, WithParts
from belplan.api.parts import Parts
from belplan.api.problems import ApiError
from belplan.event_webhooks import happened
from belplan.store.database import now
from belplan.store.event_webhooks import HOUR, Delivery, EventWebhook
from belplan.webhook import check_url

router = APIRouter(prefix="/companies/{company}/event-webhooks", tags=["event webhooks"])

EventName = Literal["call.started", "call.answered", "call.ended", "call.missed", "voicemail.received"]
Hook = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="Id of an event webhook.")]
DeliveryId = Annotated[str, Path(pattern="^msg_[0-9a-f]{32}$", description="The `webhook-id` of a delivery.")]
Url = Annotated[str, Field(min_length=8, max_length=2000, description="http or https; POSTed to.")]
Events = Annotated[list[EventName], Field(min_length=1, max_length=5)]


class EventWebhookGiven(Asked):
    """Where to tell which events."""

    url: Url
    events: Events


class EventWebhookChanged(EventWebhookGiven):
    """The same, and whether anything is told at all."""

    active: bool = True


class EventWebhookShown(BaseModel):
    """An event webhook. It is switched off (`active`) by people, or by its server with 410 Gone."""

    id: str
    url: str
    events: list[str]
    active: bool
    created: datetime


class EventWebhookMade(EventWebhookShown):
    """A new one. `secret` (Standard Webhooks) checks signatures, and is shown only now."""

    secret: str


class EventWebhooksShown(BaseModel):
    """The event webhooks of a company, the oldest first."""

    items: list[EventWebhookShown]


class NewSecret(BaseModel):
    """The new secret, shown only now. Until `old_until` everything is signed with the old one too."""

    secret: str
    old_until: datetime | None


class DeliveryShown(BaseModel):
    """An event on its way, or told. `state` is waiting, delivered, or failed (given up).

    `next_try` is when it is tried again; `status` is that of the last answer, `reason` why the last try failed.
    """

    id: str
    event: str
    at: datetime
    state: Literal["waiting", "delivered", "failed"]
    attempts: int
    tried: datetime | None
    next_try: datetime | None
    status: int | None
    reason: str
    body: str


class Sent(BaseModel):
    """What is sent: the `webhook-id` of its delivery."""

    id: str


@router.get("")
async def event_webhooks(access: MayAdminister, parts: WithParts) -> EventWebhooksShown:
    """The event webhooks."""
    return EventWebhooksShown(items=[_shown(one) for one in await parts.event_webhooks.all(access.id)])


@router.post("", status_code=201)
async def add(asked: EventWebhookGiven, access: MayAdminister, parts: WithParts) -> EventWebhookMade:
    """Have a server told of events, from now on. Its signing secret is in the answer, once."""
    _check(parts, asked.url)
    try:
        made, secret = await parts.event_webhooks.add(access.id, asked.url, list(dict.fromkeys(asked.events)))
    except ValueError as error:
        raise ApiError(422, "too-many", "There are too many event webhooks.", str(error)) from None
    await parts.audit.write(access.name, "event_webhook.added", company=access.id, target=made.id)
    return EventWebhookMade(**_shown(made).model_dump(), secret=secret)


@router.put("/{hook}")
async def change(hook: Hook, asked: EventWebhookChanged, access: MayAdminister, parts: WithParts) -> EventWebhookShown:
    """Change it, switch it off or on. What waited meanwhile is told then, up to three days late."""
    _check(parts, asked.url)
    events = list(dict.fromkeys(asked.events))
    await parts.event_webhooks.change(access.id, hook, asked.url, events, active=asked.active)
    await parts.audit.write(access.name, "event_webhook.changed", company=access.id, target=hook)
    return _shown(next(one for one in await parts.event_webhooks.all(access.id) if one.id == hook))


@router.delete("/{hook}", status_code=204)
async def remove(hook: Hook, access: MayAdminister, parts: WithParts) -> Response:
    """Tell it nothing any more, nor what was still to be told."""
    await parts.event_webhooks.remove(access.id, hook)
    await parts.audit.write(access.name, "event_webhook.removed", company=access.id, target=hook)
    return Response(status_code=204)


@router.post("/{hook}/secret")
async def renew_secret(
    hook: Hook,
    access: MayAdminister,
    parts: WithParts,
    keep_hours: Annotated[
        int, Query(ge=0, le=168, description="How long the old one signs too; 0 where somebody else knows it.")
    ] = 24,
) -> NewSecret:
    """A new signing secret. The old one signs too for a while, so that nothing is refused while it is put in place."""
    secret, until = await parts.event_webhooks.renew_secret(access.id, hook, keep_hours * HOUR)
    await parts.audit.write(access.name, "event_webhook.secret", company=access.id, target=hook)
    return NewSecret(secret=secret, old_until=moment(until) if until else None)


@router.post("/{hook}/test", status_code=202)
async def send_test(hook: Hook, access: MayAdminister, parts: WithParts) -> Sent:
    """Send it an event `test`, signed as all are. What comes of it is in its deliveries."""
    if hook not in {one.id for one in await parts.event_webhooks.all(access.id)}:
        raise ApiError(404, "not-found", "There is nothing here by that name.")
    event = happened("test", access.id, f"{hook} {now()}", {"company": access.id})
    (made,) = await parts.event_webhooks.put([event], only=hook) or [""]
    return Sent(id=made)


@router.get("/{hook}/deliveries")
async def deliveries(
    hook: Hook,
    access: MayAdminister,
    parts: WithParts,
    limit: Limit = 50,
    cursor: Annotated[
        str | None, Query(pattern="^[0-9]{1,16}_msg_[0-9a-f]{32}$", description="`next` of the page before.")
    ] = None,
) -> Page[DeliveryShown]:
    """What it was told, and is still to be told, the newest first; kept for a week."""
    before = None
    if cursor:
        at, _, last = cursor.partition("_")
        before = (int(at), last)
    found = await parts.event_webhooks.deliveries(access.id, hook, limit=limit + 1, before=before)
    items = found[:limit]
    more = f"{items[-1].at}_{items[-1].id}" if len(found) > limit else None
    return Page(items=[_delivery(one) for one in items], next=more)


@router.post("/{hook}/deliveries/{delivery}/again", status_code=202)
async def send_again(hook: Hook, delivery: DeliveryId, access: MayAdminister, parts: WithParts) -> Sent:
    """Send it again now, under the same id, and for three days where that fails."""
    await parts.event_webhooks.again(access.id, hook, delivery)
    return Sent(id=delivery)


def _check(parts: Parts, url: str) -> None:
    if wrong := check_url(url, parts.policy):
        raise ApiError(422, "invalid-url", "Nothing can be sent there.", wrong)


def _shown(one: EventWebhook) -> EventWebhookShown:
    return EventWebhookShown(
        id=one.id, url=one.url, events=list(one.events), active=one.active, created=moment(one.created)
    )


def _delivery(one: Delivery) -> DeliveryShown:
    over: dict[str, Any] = {"state": "delivered" if one.delivered else "failed" if one.due is None else "waiting"}
    return DeliveryShown(
        **over,
        id=one.id,
        event=one.event,
        at=moment(one.at),
        attempts=one.attempts,
        tried=moment(one.tried) if one.tried else None,
        next_try=moment(one.due) if one.due else None,
        status=one.status,
        reason=one.reason,
        body=one.body,
    )
