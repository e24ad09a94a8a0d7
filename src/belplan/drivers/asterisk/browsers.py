"""Telephones in browsers: SIP accounts that are there for as long as their WebSocket is.

An account lives in Asterisk's memory only, made and taken away while calls go on (sorcery.conf). To the engine it is
one more registration of a user's phone, or a caller from outside. The WebSocket to Asterisk's own is passed on by our
web server; behind it all are on one machine, so `sip_gate` sees to it that nobody speaks for somebody else.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from secrets import token_hex, token_urlsafe

import aiohttp
import structlog

from belplan.drivers.asterisk import sip_gate
from belplan.drivers.asterisk.ari import Ari, AriError, RefusedError, segment
from belplan.drivers.asterisk.configuration import ExchangeSettings
from belplan.drivers.asterisk.pjsip_conf import ZONES, display_name

PREFIX = "browser."
LARGEST = 65536  # bytes of one SIP message
HEARTBEAT = 20.0  # seconds between looks whether Asterisk is still there

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Browser:
    """Somebody's browser. It rings and calls as `phone`, an account of the plan; without one it is a caller outside."""

    company: str
    language: str
    number: str  # what others see: a user's own, or that of the caller outside
    name: str
    phone: str = ""
    account: str = field(default_factory=lambda: PREFIX + token_hex(12))
    password: str = field(default_factory=lambda: token_urlsafe(24), repr=False)


class Line:
    """A browser's WebSocket to Asterisk."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, account: str) -> None:
        self._socket = socket
        self._account = account

    async def send(self, message: str) -> None:
        """Pass on what the browser says. Raises NotItsOwnError, and ConnectionError where Asterisk is gone."""
        sip_gate.check(message, self._account)
        await self._socket.send_str(message)

    async def receive(self) -> str | None:
        """What Asterisk says next; None where it is gone."""
        message = await self._socket.receive()
        if message.type is aiohttp.WSMsgType.TEXT:
            return message.data
        return message.data.decode() if message.type is aiohttp.WSMsgType.BINARY else None


class Browsers:
    """The browsers that are telephones now."""

    def __init__(self, ari: Ari, settings: ExchangeSettings) -> None:
        self._ari = ari
        self._settings = settings
        self._there: dict[str, Browser] = {}

    def beside(self, phone: str) -> list[str]:
        """The accounts of the browsers that ring with a phone."""
        return [one.account for one in self._there.values() if phone and one.phone == phone]

    def phones(self, online: set[str]) -> set[str]:
        """The phones for which one of these accounts is there."""
        return {self._there[account].phone for account in online & self._there.keys()} - {""}

    @asynccontextmanager
    async def line(self, browser: Browser) -> AsyncGenerator[Line]:
        """Its account and its WebSocket, for as long as the block runs. Raises AriError, aiohttp.ClientError."""
        url = f"ws://127.0.0.1:{self._settings.http_port}/ws"
        await self._come(browser)
        try:
            async with (
                aiohttp.ClientSession() as http,
                http.ws_connect(url, protocols=("sip",), heartbeat=HEARTBEAT, max_msg_size=LARGEST) as socket,
            ):
                yield Line(socket, browser.account)
        finally:
            # The connection is closed by now: nothing comes from an account that is no longer there.
            await asyncio.shield(self._go(browser.account))

    async def sweep(self) -> None:
        """Take away what an engine that died has left."""
        with suppress(AriError, aiohttp.ClientError, OSError):
            for endpoint in await self._ari.fetch("endpoints/PJSIP"):
                if (account := endpoint["resource"]).startswith(PREFIX) and account not in self._there:
                    await self._go(account)

    async def _come(self, browser: Browser) -> None:
        self._there[browser.account] = browser
        try:
            for kind, fields in _sections(browser, self._settings):
                body = {"fields": [{"attribute": name, "value": value} for name, value in fields]}
                await self._ari.command("PUT", _uri(kind, browser.account), body)
        except BaseException:
            await asyncio.shield(self._go(browser.account))
            raise

    async def _go(self, account: str) -> None:
        self._there.pop(account, None)
        for kind in ("endpoint", "aor", "auth"):
            try:
                await self._ari.command("DELETE", _uri(kind, account))
            except AriError as error:  # Asterisk forgets them when it ends
                if not (isinstance(error, RefusedError) and error.status == 404):
                    _log.warning("browser_phone.not_removed", account=account, reason=str(error))


def _uri(kind: str, account: str) -> str:
    return f"asterisk/config/dynamic/res_pjsip/{kind}/{segment(account)}"


def _sections(browser: Browser, settings: ExchangeSettings) -> list[tuple[str, list[tuple[str, str]]]]:
    """What Asterisk is told, in this order: an endpoint names what is there already."""
    origin = f"phone:{browser.phone}" if browser.phone else f"visitor:{browser.company}"
    endpoint = [
        ("context", "incoming"),
        ("transport", "ws"),
        ("webrtc", "yes"),  # DTLS-SRTP, ICE, one port for all
        ("dtls_auto_generate_cert", "yes"),
        ("disallow", "all"),
        ("allow", "opus,ulaw,alaw"),
        ("auth", browser.account),
        ("aors", browser.account),
        ("identify_by", "username"),
        ("callerid", f'"{display_name(browser.name)}" <{browser.number}>'),
        ("dtmf_mode", "auto_info"),
        ("direct_media", "no"),
        ("rtp_symmetric", "yes"),
        ("force_rport", "yes"),
        ("rewrite_contact", "yes"),  # where it registers is where it is, whatever it says
        ("send_pai", "yes"),
        ("trust_id_outbound", "yes"),
        ("allow_transfer", "no"),
        ("allow_subscribe", "no"),
        ("language", browser.language),
        ("tone_zone", ZONES[browser.language]),
        ("set_var", f"BELPLAN_ORIGIN={origin}"),
        ("set_var", f"BELPLAN_COMPANY={browser.company}"),
    ]
    # Loopback is no place for ICE (Asterisk offers none of 127/8), and no other browser could reach it.
    if not _everywhere(settings.listen):
        endpoint += [("media_address", settings.listen), ("bind_rtp_to_media_address", "yes")]
    return [
        ("auth", [("auth_type", "userpass"), ("username", browser.account), ("password", browser.password)]),
        ("aor", [("max_contacts", "1"), ("remove_existing", "yes"), ("support_path", "no")]),
        ("endpoint", endpoint),
    ]


def _everywhere(listen: str) -> bool:
    try:
        address = ip_address(listen)
    except ValueError:
        return False
    return address.is_unspecified or address.is_loopback
