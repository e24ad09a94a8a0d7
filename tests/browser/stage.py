"""A whole exchange behind the page: Asterisk, a CRM, phones that ring, callers. In a thread beside the browser."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from playwright.sync_api import Page

from belplan.drivers.asterisk import pbx
from belplan.installation import installation
from belplan.options import Options
from tests.asterisk.phones import Phone, free_port, invite, phone, run_sipp

PASSWORD = "een lang wachtwoord voor de proef"
NUMBER = "31102380095"
PIETER = "<sip:0612345678@127.0.0.2>"

PEOPLE = (("Anna de Boer", "201", "anna"), ("Bram Visser", "202", "bram"), ("Carla Smit", "203", "carla"))


def plan(crm: str) -> dict[str, Any]:
    """The manual's example, whole: holidays, the CRM, the ticket, the same colleague, a menu, a queue, voicemail."""
    return {
        "trunks": [
            {"name": "provider", "host": "127.0.0.2", "port": 9, "inbound_from": ["127.0.0.0/8"], "numbers": [NUMBER]}
        ],
        "users": [
            {"name": name, "number": number, "email": f"{account}@example.nl", "phones": [{"username": account}]}
            for name, number, account in PEOPLE
        ],
        "ring_groups": [{"name": "Finance", "number": "301", "members": ["201", "202"], "timeout": 20}],
        "queues": [
            {
                "name": "Support",
                "number": "401",
                "agents": [{"user": "202"}, {"user": "203", "level": 2}],
                "max_wait": 600,
            }
        ],
        "voicemail_boxes": [{"name": "Algemeen", "number": "501", "email": ["info@example.nl"]}],
        "time_conditions": [
            {"name": "feestdagen", "holidays": "NL"},
            {
                "name": "kantooruren",
                "weekdays": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:30", "to": "17:00"}],
            },
        ],
        "diversions": [
            {"name": "teamoverleg", "code": "1", "group": "dagstand"},
            {"name": "vrijdagborrel", "code": "2", "group": "dagstand"},
            {"name": "storing bekend", "code": "3"},
        ],
        "phone_book": [{"number": "+31612345678", "name": "Pieter Janssen"}],
        "ivr_menus": [
            {
                "name": "keuze",
                "start": "nl",
                "contexts": {
                    "nl": {
                        "start": [
                            {
                                "announce": {
                                    "say": "Welkom bij Voorbeeld. Voor verkoop, toets 1. Voor de helpdesk, toets 2."
                                }
                            }
                        ],
                        "keys": {
                            "1": {"label": "Verkoop", "route": [{"connect": {"to": "201"}}]},
                            "2": {"label": "Helpdesk", "route": [{"queue": {"number": "401"}}]},
                            "9": {"label": "English", "route": [{"goto": {"context": "en"}}]},
                            "0": {"label": "Receptie", "route": [{"connect": {"to": "203"}}]},
                        },
                        "invalid": [{"announce": {"say": "Ongeldige keuze."}}, {"goto": {"context": "nl"}}],
                    },
                    "en": {
                        "start": [{"announce": {"say": "For sales, press 1.", "language": "en"}}],
                        "keys": {"1": {"label": "Sales", "route": [{"connect": {"to": "201"}}]}},
                    },
                },
            }
        ],
        "dial_plans": [
            {
                "name": "Hoofdnummer",
                "internal_number": "1003",
                "external_numbers": [NUMBER],
                "route": [
                    {
                        "time": {
                            "when": "feestdagen",
                            "then": [{"announce": {"say": "Gesloten"}}, {"hangup": {}}],
                        }
                    },
                    {
                        "webhook": {"method": "POST", "url": f"{crm}/belplan", "timeout": 2, "save_as": "klant"},
                        "note": "Vraag het CRM",
                    },
                    {
                        "condition": {
                            "variable": "klant",
                            "equals": "openstaand",
                            "then": [
                                {"connect": {"to": "301", "on_busy": [{"email": {"to": ["finance@example.nl"]}}]}}
                            ],
                        },
                        "note": "De beller heeft openstaande facturen",
                    },
                    {
                        "webhook": {
                            "method": "GET",
                            "url": f"{crm}/ticket?nummer={{caller_number}}",
                            "timeout": 2,
                            "save_as": "agent",
                        },
                        "note": "Wie heeft het ticket?",
                    },
                    {"condition": {"variable": "agent", "is_set": True, "then": [{"connect": {"to": "{agent}"}}]}},
                    {"same_colleague": {"within": "30d"}},
                    {"menu": {"name": "keuze"}},
                    {"diversion": {"name": "teamoverleg", "then": [{"voicemail": {"box": "501"}}]}},
                    {"queue": {"number": "401"}},
                    {"voicemail": {"box": "501"}},
                ],
            }
        ],
    }


@dataclass
class Stage:
    """What a test may do beside the page."""

    loop: asyncio.AbstractEventLoop
    url: str = ""
    company: str = ""
    sip_port: int = 0
    phones: dict[str, Phone] = field(default_factory=dict)
    crm: str = ""
    crm_says: dict[str, str] = field(default_factory=dict)
    opening: AsyncExitStack = field(default_factory=AsyncExitStack)

    def anew(self) -> None:
        """Forget what was before: the phones have heard of no call, and the CRM says what it says at first."""
        for one in self.phones.values():
            one.events.clear()
        self.crm_says = {"/belplan": "openstaand", "/ticket": ""}

    def telephone(self, account: str, password: str) -> Phone:
        """Another phone, from what the page says that one types into it."""
        return self.run(self.opening.enter_async_context(phone(account, password, self.sip_port)))

    def at(self, path: str) -> str:
        return f"{self.url}/c/{self.company}/{path}"

    def run(self, work: Coroutine[Any, Any, Any], seconds: float = 60) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(seconds)

    def call(self, to: str = NUMBER, *, final: int = 200, hold_ms: int = 500, caller: str = PIETER):
        """A caller from outside; a handle whose `.result()` is there when the call is over."""
        steps = invite(to, final, from_=caller, hold_ms=hold_ms, timeout_ms=30_000)
        return asyncio.run_coroutine_threadsafe(run_sipp(steps, self.sip_port, seconds=60.0), self.loop)


def signed_in(page: Page, exchange: Stage, language: str = "nl") -> None:
    """The administrator, at the page."""
    page.goto(exchange.url)
    page.get_by_label("E-mailadres" if language == "nl" else "Email address").fill("beheer@example.nl")
    page.get_by_label("Wachtwoord" if language == "nl" else "Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/overview")


async def _play(
    stage: Stage, program: pbx.Program, data: Path, says: Path | None, ready: threading.Event, over: asyncio.Event
) -> None:
    async with AsyncExitStack() as opening:

        async def answer(request: web.Request) -> web.Response:
            return web.Response(text=stage.crm_says.get(request.path, ""))

        crm = web.Application()
        crm.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(crm)
        await runner.setup()
        opening.push_async_callback(runner.cleanup)
        crm_port = free_port()
        stage.crm, stage.opening = f"http://127.0.0.1:{crm_port}", opening
        await web.TCPSite(runner, "127.0.0.1", crm_port).start()

        options = Options(plan=None, data=data, sip_port=free_port(), http_port=free_port(), allow_loopback=True)
        parts = await opening.enter_async_context(installation(options, None, program))
        stage.url, stage.sip_port = f"http://127.0.0.1:{options.http_port}", options.sip_port
        jar = aiohttp.CookieJar(unsafe=True)
        http = await opening.enter_async_context(aiohttp.ClientSession(f"{stage.url}/api/v1/", cookie_jar=jar))
        first = {
            "token": await parts.people.link("setup"),
            "name": "Beheerder",
            "email": "beheer@example.nl",
            "password": PASSWORD,
            "company": {"name": "Voorbeeld BV"},
        }
        async with http.post("setup", json=first) as made:
            said = await made.json()
        write = {"X-CSRF-Token": said["csrf"]}
        stage.company = said["companies"][0]["id"]
        at = f"companies/{stage.company}/"
        async with http.get(at + "draft") as found:
            draft, etag = await found.json(), found.headers["ETag"]
        whole = {**draft["plan"], **plan(stage.crm)}
        whole["company"]["last_resort"] = "203"
        async with http.put(at + "draft", json={"plan": whole}, headers={**write, "If-Match": etag}) as kept:
            assert kept.status == 200, await kept.text()
        async with http.post(at + "versions", json={"note": "Het eerste belplan"}, headers=write) as published:
            assert published.status == 201, await published.text()
        for _, number, account in PEOPLE[:2]:
            async with http.post(f"{at}phones/{account}/password", headers=write) as login:
                who = await login.json()
            ringing = phone(who["account"], who["password"], options.sip_port, says=says)
            stage.phones[number] = await opening.enter_async_context(ringing)
        stage.anew()
        ready.set()
        await over.wait()


@contextmanager
def stage(program: pbx.Program, data: Path, says: Path | None = None) -> Iterator[Stage]:
    """Everything, until the block ends. `says` is what the phones say, a WAV file of 8 kHz."""
    loop = asyncio.new_event_loop()
    found, ready, over = Stage(loop), threading.Event(), asyncio.Event()
    wrong: list[BaseException] = []

    def work() -> None:
        try:
            loop.run_until_complete(_play(found, program, data, says, ready, over))
        except BaseException as error:
            wrong.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    ready.wait(60)
    if wrong:
        raise wrong[0]
    try:
        yield found
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(30)
        if wrong:
            raise wrong[0]
