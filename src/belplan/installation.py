"""The server of an installation: the exchange, the database, the API and the page, joined in one process.

Companies live in the database; with a plan file there is one company, whose plan is that file. Calls never wait for
anything here: the exchange has its companies in memory, and goes on when the database does not.
"""

import asyncio
import contextlib
import json
import signal
import socket
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import structlog
import uvicorn
from fastapi import FastAPI

from belplan import api, tracing
from belplan.api import Parts
from belplan.compiled import published
from belplan.dialplan import source, written
from belplan.dialplan.company import Company
from belplan.dialplan.credentials import hide
from belplan.dialplan.problem import PlanError
from belplan.drivers.asterisk import program as asterisk
from belplan.engine.events import Watcher
from belplan.engine.mail import NoMail
from belplan.event_webhooks import Telling, delivered
from belplan.examination.jobs import Jobs
from belplan.gradual.rollouts import Rollouts
from belplan.gradual.shadows import Shadows
from belplan.live import Live
from belplan.options import Options, policy
from belplan.server import Exchange
from belplan.steering import Calls, Idle
from belplan.storage import storage
from belplan.store.answers import Answers
from belplan.store.audit import Audit
from belplan.store.call_recordings import CallRecordings
from belplan.store.companies import Companies, CompanyRow
from belplan.store.database import DatabaseAwayError, now
from belplan.store.event_webhooks import EventWebhooks
from belplan.store.intake import emptied
from belplan.store.people import People
from belplan.store.phone_book import PhoneBooks
from belplan.store.prompts import CompanyPrompts
from belplan.store.records import Records
from belplan.store.scenarios import Scenarios
from belplan.store.second_factor import SecondFactors
from belplan.store.secrets import CompanySecrets
from belplan.store.spool import Spool
from belplan.store.state_file import StateFile
from belplan.store.tokens import Tokens
from belplan.store.trying import Trying
from belplan.store.voicemail import DiskBoxes
from belplan.watchdog import watched

AGAIN_AFTER = 2.0  # seconds until phone books that could not be read are read again
FORGET_EVERY = 3600.0  # seconds between looks for records that are old enough to go
DAY = 86_400_000  # ms
STALLED = 60  # seconds in which whoever is answered takes nothing, after which the connection is broken off
PAGE = Path(__file__).parent / "web"

T = TypeVar("T")

_log = structlog.get_logger()


async def serve(
    options: Options, company: Company | None, program: asterisk.Program | None, say: Callable[[str], None]
) -> None:
    """Run the server until SIGTERM or SIGINT, or until SIGUSR1, by which it leaves everything to the next one.

    `company` is that of a plan file.
    `say` tells whoever started it what they need to know. Raises PbxError, OSError, DatabaseAwayError, SettingError
    and what `storage` raises, where it cannot start.
    """
    stop, leave = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, lambda: (leave.set(), stop.set()))
    async with installation(options, company, program, leave=leave) as parts:
        url = parts.url or f"http://{options.listen}:{options.http_port}"
        if not await parts.people.anybody():
            say(f"The first administrator is made here, once: {url}/setup#{await parts.people.link('setup')}")
        async with watched():
            await stop.wait()


@asynccontextmanager
async def installation(
    options: Options,
    company: Company | None,
    program: asterisk.Program | None,
    *watchers: Watcher,
    leave: asyncio.Event | None = None,
) -> AsyncGenerator[Parts]:
    """Everything, for as long as the block runs. `watchers` are told what happens to every call.

    Where `leave` is set at its end, all calls are left to the next engine as they are.
    """
    async with AsyncExitStack() as opening:
        listening = opening.enter_context(_listening(options))
        database, vault = await opening.enter_async_context(storage(options))
        secrets = CompanySecrets(database, vault)
        await secrets.load()
        companies = Companies(database)
        if company and options.plan:
            secrets.from_environment.add(company.id)
        elif adopted := await companies.adopt_files():
            _log.warning("company.from_file_no_more", companies=adopted, next="its plan is kept here from now on")
        taking = [company] if company else await _live(companies)
        books, prompts = PhoneBooks(database), CompanyPrompts(database, options.data / "sounds")
        if traces := tracing.begin():
            opening.callback(traces.end)
        exchange = (
            Exchange(options, taking, program, *watchers, secrets=secrets, names=books, tracing=traces)
            if program
            else None
        )
        state_file = StateFile(options.data / "state.jsonl")
        idle = None if exchange else Idle(taking, opening.enter_context(state_file))
        calls = Calls(exchange, idle)
        live, records = Live(), Records(database)
        trying, audit = Trying(database), Audit(database, vault)
        rollouts = Rollouts(trying, records, audit, share=calls.share, unshare=calls.unshare, later=calls.background)
        shadows = Shadows(trying, records)
        opening.push_async_callback(shadows.close)
        jobs = Jobs()
        opening.push_async_callback(jobs.close)
        spool = opening.enter_context(Spool(options.data / "spool"))
        webhooks = EventWebhooks(database, vault)
        events = opening.enter_context(Spool(options.data / "events"))
        telling = Telling(webhooks, events, live, books.name)
        if exchange:
            # In this order: events are told with what is known of their call by then.
            exchange.watch_company = lambda company: _both(live.watcher(company), telling.watcher(company))
            exchange.boxes.on_message = telling.received
            prompts.on_new = lambda company, name: calls.background(exchange.prepare(company, name))
            exchange.on_record = _both(
                lambda record: spool.put(json.dumps(record.as_json(), ensure_ascii=False)), telling.recorded
            )
            exchange.on_record = _both(exchange.on_record, _both(rollouts.heard, shadows.heard))
        parts = Parts(
            database=database,
            vault=vault,
            companies=companies,
            people=People(database, vault),
            second_factors=SecondFactors(database, vault),
            tokens=Tokens(database, vault),
            secrets=secrets,
            audit=audit,
            calls=calls,
            live=live,
            records=records,
            boxes=exchange.boxes if exchange else await _boxes(options),
            recordings=exchange.recordings if exchange else _recordings(options),
            books=books,
            prompts=prompts,
            event_webhooks=webhooks,
            scenarios=Scenarios(database),
            jobs=jobs,
            answers=(answers := Answers(database, vault)),
            shadows=shadows,
            rollouts=rollouts,
            post=exchange.mailer.post if exchange else NoMail().post,
            policy=policy(options),
            sample=_sample,
            spools={"records": spool, "events": events},
            per_minute=options.api_per_minute,
            url=options.url or f"http://{options.listen}:{options.http_port}",
            provider=options.provider,
            passwords=options.passwords,
            page=PAGE,
            sip=f"{options.listen}:{options.sip_port}",
        )
        if company and options.plan:
            await _keep_file(companies, options.plan, company)
        await rollouts.resume(lambda company, number: _version(companies, company, number))
        await opening.enter_async_context(emptied(spool, records))
        await shadows.resume(lambda company: _handle(companies, company))
        await webhooks.load()
        await opening.enter_async_context(delivered(webhooks, events, parts.policy))
        calls.background(prompts.follow())
        calls.background(_forget_old(records, answers, calls))
        await opening.enter_async_context(_web(api.create(parts), listening))
        if exchange:
            if options.plan:
                exchange.on_plan = _follow(calls, exchange, companies, secrets)
            await opening.enter_async_context(exchange)
            calls.started = True
            calls.background(live.follow_phones(calls.phones_of))
        # A million numbers take seconds: calls are taken meanwhile, and show numbers until the names are there.
        calls.background(_read_books(books))
        opening.callback(parts.stopping.set)
        opening.push_async_callback(calls.stop)
        yield parts
        if exchange and leave and leave.is_set():
            exchange.leave()
        elif exchange and options.drain is not None:
            await exchange.drain(options.drain)


def _both(one: Callable[[T], None], other: Callable[[T], None]) -> Callable[[T], None]:
    def told(what: T) -> None:
        one(what)
        other(what)

    return told


async def _boxes(options: Options) -> DiskBoxes:
    """The voicemail boxes of a server that takes no calls."""
    boxes = DiskBoxes(options.data / "voicemail", options.data / "nothing", NoMail())
    await asyncio.to_thread(boxes.look)
    return boxes


def _recordings(options: Options) -> CallRecordings:
    return CallRecordings(options.data / "recordings", options.data / "nothing")


async def _read_books(books: PhoneBooks) -> None:
    while True:
        try:
            await books.load()
        except DatabaseAwayError as error:
            _log.error("phone_books.not_read", reason=str(error), next="they are read again")
            await asyncio.sleep(AGAIN_AFTER)
        else:
            return


async def _forget_old(records: Records, answers: Answers, calls: Calls) -> None:
    """Remove, every hour, the records that their company does not want to keep any longer."""
    while True:
        for company in calls.companies():
            if days := company.settings.keep_calls_days:
                with contextlib.suppress(DatabaseAwayError):
                    await records.forget(company.id, until=now() - days * DAY)
        with contextlib.suppress(DatabaseAwayError):
            await answers.sweep()
        await asyncio.sleep(FORGET_EVERY)


async def _live(companies: Companies) -> list[Company]:
    """The companies that take calls, each at its live version."""
    rows = await companies.live()
    return await asyncio.to_thread(lambda: [found for row, plan in rows if (found := _compiled(row, plan))])


def _compiled(row: CompanyRow, plan: str) -> Company | None:
    try:
        return published(plan, row.handle, row.live or 0)
    except (PlanError, ValueError, LookupError, TypeError) as error:
        _log.error("company.left_out", company=row.id, version=row.live, reason=str(error).splitlines()[0])
        return None


async def _version(companies: Companies, company: str, number: int) -> Company | None:
    row, version = await companies.get(company), await companies.version(company, number)
    return await asyncio.to_thread(_compiled, replace(row, live=number), json.dumps(version.plan))


async def _handle(companies: Companies, company: str) -> str:
    row = await companies.get(company)
    return "" if row.from_file else row.handle


def _follow(calls: Calls, exchange: Exchange, companies: Companies, secrets: CompanySecrets) -> Callable[[], None]:
    """What an exchange calls when it has read its plan file again."""

    def keep() -> None:
        company, plan = exchange.company, exchange.plan
        secrets.from_environment.add(company.id)
        if plan:
            calls.background(_keep_file(companies, plan, company))

    return keep


async def _keep_file(companies: Companies, path: Path, company: Company) -> None:
    """Write the plan of a file down as a version, so that people can look at it and at what it was before.

    The records of its calls then say which version they walked.
    """
    try:
        text = await asyncio.to_thread(path.read_text, encoding="utf-8-sig")
        plan = written.plain(source.read(text)[0])
        hidden = hide(plan)
        company.numbered(await companies.keep_file(company.id, company.settings.name, plan, None if hidden else text))
    except (DatabaseAwayError, OSError, PlanError, UnicodeDecodeError) as error:
        _log.error("plan.not_kept", reason=str(error), next="calls go on with it all the same")


def _sample() -> dict[str, Any]:
    """The plan of the demo's company, with an address for its CRM that a server may call."""
    text = (Path(__file__).parent / "demo" / "company.yaml").read_text(encoding="utf-8")
    plan = written.plain(source.read(text.replace("http://127.0.0.1:8090/", "https://crm.example.nl/"))[0])
    for user in plan["users"]:
        for phone in user.get("phones", ()):
            phone.pop("password", None)  # each gets its own
    return plan


@contextlib.contextmanager
def _listening(options: Options) -> Generator[socket.socket]:
    family = socket.AF_INET6 if ":" in options.listen else socket.AF_INET
    with socket.create_server((options.listen, options.http_port), family=family, backlog=1024) as listening:
        listening.setblocking(False)
        # tcp(7): every accepted connection has it from the listening one. Whoever stops reading events, or a file,
        # would else have their place for as long as they like.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED * 1000)
        yield listening


@asynccontextmanager
async def _web(app: FastAPI, listening: socket.socket) -> AsyncGenerator[None]:
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="websockets-sansio",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=3,
        ws_max_size=65536,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        server.should_exit = True
        with contextlib.suppress(asyncio.CancelledError):
            await serving


class _Server(uvicorn.Server):
    """Uvicorn without its signals: those are ours."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield
