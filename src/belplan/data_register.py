"""Which data of callers a plan sends where: the part of a register of processing (GDPR, article 30) that it decides."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from belplan.apps.email import Email
from belplan.apps.webhook import Webhook
from belplan.dialplan.company import Company
from belplan.dialplan.fields import CALL_DATA, placeholders
from belplan.dialplan.places import tops

Kind = Literal["webhook", "email", "voicemail", "event-webhook"]

# What a note, a mail with a message, and an event (docs/events.md) say of a caller.
NOTE = ("caller_number", "phonebook_caller_name", "callee_number", "event_time")
MESSAGE = ("caller_number", "phonebook_caller_name", "event_time", "recording")
EVENT = ("uuid", "caller_number", "phonebook_caller_name", "callee_number", "call_start_time")


@dataclass(frozen=True, slots=True)
class Flow:
    """Data that goes to one place. `to` is an origin or an address; `fields` are named as in a webhook's request.

    `items` are the paths of what sends it. A field that is sent masked or hashed stands as `caller_number (hashed)`.
    `encrypted` is whether it is on the way, as far as the plan decides: mail is as its server has it (None).
    """

    kind: Kind
    to: str
    fields: tuple[str, ...]
    items: tuple[str, ...]
    encrypted: bool | None

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "to": self.to,
            "fields": list(self.fields),
            "items": list(self.items),
            "encrypted": self.encrypted,
        }


def flows(company: Company, events: Iterable[tuple[str, Iterable[str]]] = ()) -> list[Flow]:
    """Everything that leaves a company. `events` are the URL and the names of the events of each event webhook."""
    found: dict[tuple[Kind, str], tuple[list[str], list[str]]] = {}
    for kind, to, fields, item in (*_of_plan(company), *_of_events(events)):
        known, items = found.setdefault((kind, to), ([], []))
        known += [field for field in fields if field not in known]
        items += [item] if item not in items else []
    return [
        Flow(kind, to, tuple(fields), tuple(items), to.startswith("https:") if "webhook" in kind else None)
        for (kind, to), (fields, items) in found.items()
    ]


def _of_plan(company: Company) -> Iterator[tuple[Kind, str, Iterable[str], str]]:
    for top in tops(company):
        for spot in top.everything:
            app = spot.app
            if isinstance(app, Webhook):
                for url in (app.url, app.fallback_url):
                    if url:
                        yield "webhook", origin(url), _sent(app, url), spot.path
            elif isinstance(app, Email):
                for address in app.to:
                    yield "email", address, NOTE, spot.path
    for index, box in enumerate(company.voicemail_boxes):
        for address in box.email:
            yield "voicemail", address, MESSAGE, f"voicemail_boxes[{index}]"


def _of_events(events: Iterable[tuple[str, Iterable[str]]]) -> Iterator[tuple[Kind, str, Iterable[str], str]]:
    for url, names in events:
        for name in names:
            yield "event-webhook", origin(url), EVENT, name


def _sent(app: Webhook, url: str) -> list[str]:
    """The fields of one request: those of its body, then what its URL and headers name."""
    named = [name for text in (url, *app.headers.values()) for name in placeholders(text)]
    if app.method == "GET":
        return named
    if app.send is None:
        body = list(CALL_DATA)
    elif isinstance(app.send, dict):
        body = [name if how == "whole" else f"{name} ({how})" for name, how in app.send.items()]
    else:
        body = list(app.send)
    return [*body, *named]


def origin(url: str) -> str:
    """Scheme, host and port: `https://crm.example.nl`. Never what is in the path or the query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower()
