"""The apps that can stand in a route, with everything that a form and a help text need."""

from functools import cache
from inspect import getdoc
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from belplan.api.identity import SignedIn
from belplan.apps import APPS
from belplan.dialplan.route import AppSettings

router = APIRouter(tags=["apps"])

Kind = Literal["ask", "decide", "ring", "play", "move"]

TITLES: dict[str, tuple[Kind, str, str]] = {
    "webhook": ("ask", "Webhook", "Webhook"),
    "condition": ("decide", "Voorwaarde", "Condition"),
    "switch": ("decide", "Keuze", "Switch"),
    "set": ("decide", "Variabele zetten", "Set variable"),
    "time": ("decide", "Tijdsconditie", "Time condition"),
    "diversion": ("decide", "Omleiding", "Diversion"),
    "announce": ("play", "Meldtekst", "Announcement"),
    "collect": ("ask", "Cijfers vragen", "Collect digits"),
    "record": ("play", "Opnemen", "Record"),
    "menu": ("play", "Keuzemenu", "IVR menu"),
    "connect": ("ring", "Doorverbinden", "Connect"),
    "queue": ("ring", "Wachtrij", "Queue"),
    "voicemail": ("play", "Voicemail", "Voicemail"),
    "same_colleague": ("ring", "Zelfde collega", "Same colleague"),
    "email": ("ask", "E-mail", "Email"),
    "prefix": ("ring", "Tekst voor het nummer", "Prefix"),
    "goto": ("move", "Ga naar", "Go to"),
    "hangup": ("move", "Hang op", "Hang up"),
}
"""What each app is for and is called, in Dutch and English."""


class Words(BaseModel):
    """A text in the languages of the page."""

    nl: str | None = None
    en: str


class AppShown(BaseModel):
    """An app. `routes` says which setting holds the route that hangs on an exit; `schema` is of its settings."""

    name: str
    title: Words
    help: Words
    kind: Kind
    exits: list[str]
    routes: dict[str, str]
    personal: bool
    """Whether it may stand in a user's own dial plan."""
    ready: bool
    """False while a call goes on below it."""
    settings: Annotated[dict[str, Any], Field(serialization_alias="schema")]
    example: dict[str, Any]


@router.get("/apps")
async def apps(who: SignedIn) -> list[AppShown]:
    """The apps, in the order of the editor's list."""
    return _apps()


@cache
def _apps() -> list[AppShown]:
    return [_shown(name, app) for name, app in APPS.items()]


def _shown(name: str, app: type[AppSettings]) -> AppShown:
    kind, dutch, english = TITLES.get(name, ("move", name, name))
    return AppShown(
        name=name,
        title=Words(nl=dutch, en=english),
        help=Words(en=getdoc(app) or ""),
        kind=kind,
        exits=list(app.exits),
        routes=dict(app.branches),
        personal=app.personal,
        ready=app.ready,
        settings=_settings(app),
        example=app.example,
    )


def _settings(app: type[AppSettings]) -> dict[str, Any]:
    schema = app.model_json_schema(by_alias=True)
    for setting in schema["properties"].values():
        if setting.get("format") == "route" and "default" in setting:
            setting["default"] = []  # as a file writes an empty route
    return schema
