"""The sample CRM: a small web server and its SQLite file, as a customer writes one from the webhook's manual.

It knows nothing of the exchange. It is asked who calls, which agent has the caller's ticket, and who spoke to the
caller last; and the agents' own screens tell it who has just spoken to whom.
"""

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from aiohttp import web

# What a POST brings, as the manual of the webhook lists it.
FIELDS = (
    "com_id",
    "dp_id",
    "dp_in_number",
    "dp_ex_number",
    "callee_number",
    "caller_number",
    "uuid",
    "phonebook_caller_name",
    "event_time",
    "call_start_time",
    "rta_call_id",
    "sip_call_id",
)

TABLES = """
CREATE TABLE customer (number TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE invoice (number TEXT NOT NULL, reference TEXT NOT NULL, euros REAL NOT NULL, paid INTEGER NOT NULL);
CREATE TABLE ticket (number TEXT NOT NULL, subject TEXT NOT NULL, agent TEXT NOT NULL, open INTEGER NOT NULL);
CREATE TABLE spoken (number TEXT NOT NULL, colleague TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE call (
    com_id TEXT, dp_id TEXT, dp_in_number TEXT, dp_ex_number TEXT, callee_number TEXT, caller_number TEXT, uuid TEXT,
    phonebook_caller_name TEXT, event_time TEXT, call_start_time TEXT, rta_call_id TEXT, sip_call_id TEXT
);

INSERT INTO customer VALUES ('31612345678', 'Pieter Janssen'), ('31207654321', 'Bakkerij Sanne');
INSERT INTO invoice VALUES
    ('31612345678', '2024-0117', 484.00, 0),
    ('31612345678', '2024-0098', 121.00, 1),
    ('31207654321', '2024-0101', 60.50, 1);
INSERT INTO ticket VALUES ('31207654321', 'De kassa print geen bonnen', '203', 1);
"""


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came in, and what was answered."""

    method: str
    path: str
    body: bytes
    status: int
    answer: str
    fields: dict[str, Any] = field(default_factory=dict[str, Any])  # of a POST about a call


Log = Callable[[Received], None]


class Crm:
    """The CRM, listening on loopback for as long as the `async with` block runs."""

    def __init__(self, file: Path, log: Log, port: int = 0) -> None:
        self.port = port
        self._log = log
        self._file = file
        self._running = AsyncExitStack()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        if not self._file.exists():
            with closing(self._database()) as database:
                database.executescript(TABLES)
        app = web.Application()
        app.router.add_post("/belplan", self._who_calls)
        app.router.add_get("/ticket", self._ticket)
        app.router.add_get("/last", self._spoke_last)
        app.router.add_post("/spoken", self._spoken)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        self._running.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._running.aclose()

    async def _who_calls(self, request: web.Request) -> web.Response:
        """What is known of a caller, in one word: openstaand, ticket, bekend or nieuw."""
        body = await request.read()
        try:
            fields: dict[str, Any] = json.loads(body)
            values = [fields[name] for name in FIELDS]
        except (ValueError, KeyError, TypeError) as error:
            return await self._answer(request, f"not a call: {error!r}", 400)
        with closing(self._database()) as database, database:
            database.execute(f"INSERT INTO call VALUES ({', '.join('?' * len(FIELDS))})", values)  # noqa: S608 - marks only
        caller = fields["caller_number"]
        if self._first("SELECT reference FROM invoice WHERE number = ? AND NOT paid", caller):
            return await self._answer(request, "openstaand", fields=fields)
        if self._first("SELECT subject FROM ticket WHERE number = ? AND open", caller):
            return await self._answer(request, "ticket", fields=fields)
        if self._first("SELECT colleague FROM spoken WHERE number = ?", caller):
            return await self._answer(request, "bekend", fields=fields)
        return await self._answer(request, "nieuw", fields=fields)

    async def _ticket(self, request: web.Request) -> web.Response:
        """The number of the agent who has this caller's open ticket; nothing where there is none."""
        agent = self._first("SELECT agent FROM ticket WHERE number = ? AND open", request.query.get("number", ""))
        return await self._answer(request, agent)

    async def _spoke_last(self, request: web.Request) -> web.Response:
        """The number of the colleague who spoke to this caller last; nothing where nobody did."""
        last = "SELECT colleague FROM spoken WHERE number = ? ORDER BY at DESC LIMIT 1"
        return await self._answer(request, self._first(last, request.query.get("number", "")))

    async def _spoken(self, request: web.Request) -> web.Response:
        """An agent's screen reports a conversation: {"number": …, "colleague": …}."""
        told: dict[str, str] = await request.json()
        with closing(self._database()) as database, database:
            database.execute("INSERT INTO spoken VALUES (?, ?, ?)", (told["number"], told["colleague"], time.time()))
        return await self._answer(request, "")

    async def _answer(
        self, request: web.Request, text: str, status: int = 200, *, fields: dict[str, Any] | None = None
    ) -> web.Response:
        self._log(Received(request.method, request.path_qs, await request.read(), status, text, fields or {}))
        return web.Response(text=text, status=status)

    def _first(self, question: str, number: str) -> str:
        with closing(self._database()) as database:
            row = database.execute(question, (number,)).fetchone()
        return str(row[0]) if row else ""

    def _database(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file)
