"""The exchange: the one place that joins plan, engine, Asterisk, webhooks and prompts."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Self
from uuid import uuid5

import structlog

from belplan.apps import APPS, feature_route
from belplan.background import Background
from belplan.compiled import prompts_of
from belplan.dialplan.check import read
from belplan.dialplan.company import Company, CompanySettings
from belplan.dialplan.fields import Prompt
from belplan.dialplan.problem import PlanError
from belplan.drivers.asterisk import program as asterisk
from belplan.drivers.asterisk.ari import AriError
from belplan.drivers.asterisk.configuration import RELOADS, Configuration, render
from belplan.drivers.asterisk.driver import AsteriskCall, AsteriskDriver
from belplan.drivers.asterisk.message_waiting import mailbox
from belplan.drivers.asterisk.pbx import Pbx, PbxError
from belplan.engine import journal
from belplan.engine.attend import attend
from belplan.engine.call import Call
from belplan.engine.cdr import CallRecord
from belplan.engine.clock import SystemClock
from belplan.engine.companies import Companies
from belplan.engine.engaged import Engaged
from belplan.engine.entrance import Entrance, Feature, Features, caller_number, entrance
from belplan.engine.events import Event, Events, Watcher
from belplan.engine.fault import point
from belplan.engine.journal import Journal, UnreadableError
from belplan.engine.lines import Lines
from belplan.engine.mail import Mailer, NoMail
from belplan.engine.outside import OutsideLines
from belplan.engine.phone_book import Names
from belplan.engine.position import Frame
from belplan.engine.queueing.lines import Queues
from belplan.engine.ringing import Rota
from belplan.engine.secrets import EnvironmentSecrets, Secrets
from belplan.engine.state import State
from belplan.engine.voicemail.boxes import Boxes, Message, box_of
from belplan.engine.voicemail.pins import Pins
from belplan.mail.outbox import Outbox
from belplan.options import Options, exchange_id, exchange_settings, policy, read_plan
from belplan.prompts import Prompts
from belplan.prompts.piper import Piper
from belplan.store.call_file import CallFile
from belplan.store.call_recordings import CallRecordings
from belplan.store.plan_versions import PlanVersions
from belplan.store.state_file import StateFile
from belplan.store.voicemail import DiskBoxes
from belplan.tracing import Tracing
from belplan.unattended import take_in
from belplan.webhook import Webhooks
from belplan.webhook.cache import AnswerCache
from belplan.webhook.exchange import Sender

LOOK_AT_PLAN = 0.5  # seconds between looks at the plan file
RESTART_AFTER = (0.2, 1.0, 2.0, 5.0)  # seconds before an Asterisk that ended is started again; the last one stays
SWEEP_EVERY = 3600.0  # seconds between looks for voicemail that is old enough to go
UNKNOWN_NUMBER = 1  # Q.850: unallocated number

_log = structlog.get_logger()


class Exchange:
    """An exchange and its companies, Asterisk and all. It takes calls within `async with`.

    `watchers` are told what happens to every call. Leaving it ends the calls and stops Asterisk. With a plan in its
    options it follows that file.
    """

    def __init__(
        self,
        options: Options,
        companies: Company | Iterable[Company],
        program: asterisk.Program,
        *watchers: Watcher,
        secrets: Secrets | None = None,
        names: Names | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self.companies = Companies((companies,) if isinstance(companies, Company) else companies)
        self.settings = exchange_settings(options, program)
        self.pbx = Pbx(self.settings, program)
        self.prompts = Prompts(
            options.data,
            speech=asterisk.espeak(),
            sounds=(options.plan.parent if options.plan else options.data) / "sounds",
            piper=Piper.find(options.data / "voices"),
        )
        self._policy = policy(options, self.settings.http_port)
        self.webhooks = Webhooks(self._policy)
        self.driver = AsteriskDriver(self.settings, self.prompts)
        self.driver.on_adopted = self._close_records
        self._outbox = (
            Outbox(options.data / "mail", options.mail_server, options.mail_from) if options.mail_server else None
        )
        self.boxes = DiskBoxes(options.data / "voicemail", self.driver.recordings, self._outbox or NoMail())
        self.recordings = CallRecordings(options.data / "recordings", self.driver.recordings)
        self.driver.on_recorded = self.recordings.keep
        self.boxes.on_change = self._show_waiting
        self._state_file = StateFile(options.data / "state.jsonl")
        self.state = State(self._state_file.keep)
        self.calls = CallFile(options.data)
        self._versions = PlanVersions(options.data / "plans")
        self._ids = exchange_id(options.data)
        self._options = options
        self._watchers = (*watchers, tracing) if tracing else watchers
        self._secrets: Secrets = secrets or EnvironmentSecrets()
        self._clock = SystemClock()
        engaged = Engaged()
        self.queues = Queues(self.state, engaged, Events(*watchers, self._tell_company))
        self._services: dict[type, object] = {
            Lines: Lines(),
            Features: Features(feature_route),
            Sender: tracing.around(self.webhooks) if tracing else self.webhooks,
            AnswerCache: AnswerCache(),
            Rota: Rota(),
            State: self.state,
            OutsideLines: OutsideLines(),
            Engaged: engaged,
            Queues: self.queues,
            Mailer: self._outbox or NoMail(),
            Secrets: self._secrets,
            Boxes: self.boxes,
            Pins: Pins(),
            **({Names: names} if names else {}),
        }
        self._open = AsyncExitStack()
        self.on_plan: Callable[[], None] = lambda: None  # told when the plan file was read again
        self.on_record: Callable[[CallRecord], None] = lambda record: None  # told of every call that has ended
        self.watch_company: Callable[[str], Watcher] | None = None  # makes the watcher of a company's calls
        self._music: Path | None = None
        self._under_way: dict[str, Call] = {}
        self._changing = asyncio.Lock()
        self._taking = False
        self._idle = asyncio.Event()  # no call is under way
        self._left = False  # Asterisk and its calls are another engine's now

    @property
    def company(self) -> Company:
        """The company of an exchange that has one."""
        return next(iter(self.companies))

    @property
    def mailer(self) -> Mailer:
        """Whoever sends its mail."""
        return self._outbox or NoMail()

    @property
    def plan(self) -> Path | None:
        """The plan file that it follows."""
        return self._options.plan

    @property
    def ready(self) -> bool:
        """Whether calls can be taken."""
        return self._taking and self.driver.connected

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opening:
            opening.enter_context(self._state_file)
            await asyncio.to_thread(self.boxes.read)  # before mail is sent: what was posted twice is one mail
            if self._outbox:
                opening.enter_context(self._outbox)
            await opening.enter_async_context(self.boxes)
            opening.push_async_callback(self.recordings.finish)
            self.state.restore(self._state_file.read())
            opening.enter_context(self.calls)
            # The disk and Asterisk's own start take seconds each.
            kept = asyncio.create_task(asyncio.to_thread(self._versions.keep, self.companies.every_version()))
            self._apologies = await self._render_apologies()
            await self.pbx.start((await asyncio.to_thread(self._configuration)).files)
            opening.push_async_callback(self._stop_pbx)
            await kept
            await opening.enter_async_context(self.webhooks)
            await opening.enter_async_context(self.driver)
            tasks = await opening.enter_async_context(Background())
            self._taking = True
            self._limit_trunks()
            tasks.start(self.driver.serve(self.take), self._supervise(), self._watch_plan(), self._prepare_prompts())
            tasks.start(self.boxes.recover(self.driver.has), self._sweep_boxes(), self._sweep_recordings())
            tasks.start(self.driver.message_waiting.run())
            for company in self.companies:
                self._show_all_waiting(company)
            tasks.start(
                take_in(self.settings.data, self._ids, self.companies, self.calls, lambda one: self.on_record(one))
            )
            await self.driver.wait_connected()
            await self.driver.take_calls(True)
            await self.driver.browsers.sweep()
            self._open = opening.pop_all()
        _log.info("exchange.ready", sip=f"{self.settings.listen}:{self.settings.sip_port}")
        return self

    async def drain(self, seconds: float) -> None:
        """Take no more calls, which go to the last resort meanwhile, and let those under way end.

        What still goes on after so many seconds is left to Asterisk, which stays, for the next engine.
        """
        if self._under_way and not self.driver.lost:
            _log.info("exchange.draining", calls=len(self._under_way), seconds=seconds)
            await self.driver.take_calls(False)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._idle.wait()
        if self._under_way or self.driver.lost:
            self.leave()

    def leave(self) -> None:
        """Leave Asterisk and all calls to the next engine, as they are at this moment."""
        _log.warning("exchange.left", calls=len(self._under_way), next="the next engine goes on with them")
        self._left = True
        self.driver.let_go()

    async def _stop_pbx(self) -> None:
        if not self._left:
            await self.pbx.stop()

    async def __aexit__(self, *error: object) -> None:
        self._taking = False
        await self._open.aclose()

    async def take(self, incoming: AsteriskCall) -> None:
        """Attend one call, from its arrival to its end."""
        trunk = incoming.trunk
        if trunk:
            company = self.companies.of_trunk(trunk, incoming.called_number)
        elif incoming.visits:
            company = self.companies.get(incoming.visits)
        else:
            company = self.companies.of_phone(incoming.phone)
        written = _journal(incoming)
        began_with = await self._version(written) if written else None
        if written and began_with is None:
            _log.error("journal.version_unknown", call=written.call, version=written.version)
            written = None
        company = began_with or company
        if company is None:  # it left the exchange a moment ago
            await incoming.caller.hang_up(UNKNOWN_NUMBER)
            return
        caller_number = _caller_number(company, incoming)
        if written is None and (version := self.companies.for_caller(company, caller_number)) is not company:
            company, caller_number = version, _caller_number(version, incoming)
        incoming.caller.company = company.id
        # From here on the call keeps this version.
        entered = entrance(company, incoming.called_number, caller_number)
        if entered is None:
            _log.info("call.unknown_number", leg=incoming.caller.id)
            await incoming.caller.hang_up(UNKNOWN_NUMBER)
            return
        uuid = written.call if written else self._call_id(incoming)
        going_on = self._call(incoming, company, entered, caller_number, uuid) if written else None
        stack = _stack(entered.feature)
        try:
            if written and going_on:
                written.restore(going_on)
                stack = written.stack(company, _stack(written.feature))
                _log.info("call.resumed", call=uuid, phase=going_on.phase)
        except UnreadableError as error:
            _log.error("journal.unreadable", call=uuid, reason=str(error))
            going_on, stack = None, _stack(entered.feature)
        if going_on is None and await self.driver.watch(incoming.caller):
            return  # two who talked, of whom nothing else is known
        call = going_on or self._call(incoming, company, entered, caller_number, uuid)
        self._under_way[call.id] = call
        self._idle.clear()
        try:
            record = await attend(call, stack, self.calls.past(call.id) if going_on else None)
        finally:
            del self._under_way[call.id]
            if not self._under_way:
                self._idle.set()
        self.calls.ended(record)
        self.on_record(record)
        point("record.written")
        _log.info("call.ended", call=call.id, outcome=record.outcome, cause=record.cause, steps=len(record.trace))

    def _tell_company(self, event: Event) -> None:
        """Somebody came to work in a queue, or went, by phone or in the page."""
        if self.watch_company:
            self.watch_company(event.facts["company"])(event)

    def _call(self, incoming: AsteriskCall, company: Company, entered: Entrance, caller_number: str, uuid: str) -> Call:
        return Call(
            company=company,
            plan=entered.plan,
            caller=incoming.caller,
            driver=self.driver,
            clock=self._clock,
            caller_number=caller_number,
            callee_number=entered.number,
            caller_name=incoming.caller_name,
            sip_call_id=incoming.sip_call_id,
            feature=entered.feature,
            version=company.version,
            id=uuid,
            services=self._services,
            events=Events(
                *self._watchers, self.calls, *([self.watch_company(company.id)] if self.watch_company else ())
            ),
        )

    def under_way(self, call: str) -> Call | None:
        """The call with this id, while it goes on."""
        return self._under_way.get(call)

    def _call_id(self, incoming: AsteriskCall) -> str:
        """The same call has the same id, also for an engine that finds nothing written of it."""
        return str(uuid5(self._ids, f"{incoming.caller.channel} {incoming.created}"))

    def _close_records(self, going_on: list[AsteriskCall]) -> None:
        """Write the records of the calls that ended while no engine was there."""
        found = ((one, _journal(one)) for one in going_on)
        closed = self.calls.close({written.call if written else self._call_id(one) for one, written in found})
        for record in closed:
            self.on_record(record)
            _log.info("call.ended", call=record.uuid, outcome=record.outcome, cause=record.cause, while_away=True)

    async def _version(self, written: Journal) -> Company | None:
        """The version of a company that a call began with."""
        for current in self.companies.versions(written.company):
            if written.version == current.version:
                return current
        if (text := await asyncio.to_thread(self._versions.text, written.version)) is None:
            return None
        company, _ = await asyncio.to_thread(read, text, APPS)
        return company

    async def use(self, company: Company, *, instead_of: str = "") -> None:
        """Take calls with this version of a company from now on; calls in progress keep theirs.

        `instead_of` is the id of a company that leaves as this one comes. Raises PbxError, AriError where Asterisk
        cannot be told, OSError where it cannot be kept; the old version then stays.
        """
        # Those that are in use too: calls may walk them for as long again, once they are replaced.
        await asyncio.to_thread(self._versions.keep, (*self.companies.every_version(), company))
        await self._change(instead_of or company.id, company)

    async def share(self, version: Company, share: int) -> None:
        """Let `share` percent of a company's callers have this version. Phones and trunks are those of the live one.

        Raises OSError where it cannot be kept; nothing is changed then.
        """
        await asyncio.to_thread(self._versions.keep, (*self.companies.every_version(), version))
        await self._speak(version)
        self.companies.share(version, share)

    async def drop(self, company: str) -> None:
        """Take no more calls for a company (by its id). Raises PbxError, AriError as `use` does."""
        await self._change(company, None)

    async def _change(self, leaves: str, comes: Company | None) -> None:
        async with self._changing:
            old = self.companies.get(leaves)
            self.companies.drop(leaves)
            if comes:
                self.companies.use(comes)
            try:
                await self._configure()
            except (PbxError, AriError):
                if comes:
                    self.companies.drop(comes.id)
                if old:
                    self.companies.use(old)
                raise
            self._limit_trunks()
            if comes:
                self._show_all_waiting(comes)

    def _show_all_waiting(self, company: Company) -> None:
        for box in company.voicemail_boxes:
            if box.users:
                self._show_waiting(company.id, box.number)

    def _show_waiting(self, company: str, box: str) -> None:
        """Set the lamps of the phones of a box's users."""
        self.driver.message_waiting.show(mailbox(company, box), *self.boxes.waiting(company, box))

    async def _configure(self) -> None:
        """Have Asterisk go on with what is known now. Raises PbxError, AriError."""
        changed = await self.pbx.configure((await asyncio.to_thread(self._configuration)).files)
        for module in sorted({module for name in changed for module in RELOADS.get(name, ())}):
            await self.driver.reload(module)

    def _limit_trunks(self) -> None:
        self.driver.trunk_limits = {
            trunk.name: trunk.channels for company in self.companies for trunk in company.trunks
        }

    def _secret(self, name: str) -> str | None:
        company, _, name = name.rpartition("/")
        return self._secrets.find(company, name)

    def _configuration(self) -> Configuration:
        settings = replace(self.settings, apologies=self._apologies, music=self._music)
        rendered = render(self.companies, settings, self._secret)
        for warning in rendered.warnings:
            _log.warning("exchange.left_out", what=warning)
        return rendered

    async def _supervise(self) -> None:
        """Start Asterisk again whenever it ends; nobody but us may end it."""
        failures = 0
        while True:
            await self.pbx.exited()
            _log.error("pbx.ended", next="it is started again; calls are refused until then")
            await asyncio.sleep(RESTART_AFTER[min(failures, len(RESTART_AFTER) - 1)])
            try:
                await self.pbx.start(self._configuration().files)
                failures = 0
            except PbxError as error:
                failures += 1
                _log.error("pbx.not_started", reason=str(error), failures=failures)

    async def _watch_plan(self) -> None:
        """Read the plan again whenever its file changes. One that has problems changes nothing."""
        plan = self._options.plan
        if plan is None:
            return
        seen = _state(plan)
        while True:
            await asyncio.sleep(LOOK_AT_PLAN)
            if (state := _state(plan)) == seen:
                continue
            seen = state
            try:
                company, problems = await asyncio.to_thread(read_plan, plan, self._policy)
                await self.use(company, instead_of=self.company.id)
            except PlanError as error:
                for problem in error.problems:
                    _log.error("plan.refused", problem=str(problem), next="the plan before it stays in use")
            except (OSError, UnicodeDecodeError, PbxError, AriError) as error:
                _log.error("plan.refused", problem=str(error), next="the plan before it stays in use")
            else:
                _log.info("plan.in_use", warnings=len(problems))
                self.on_plan()
                await self._prepare_prompts()

    async def _sweep_boxes(self) -> None:
        """Delete the messages that were kept for their days."""
        while True:
            if swept := self.boxes.sweep(self._clock.now(), self._keep_days):
                _log.info("voicemail.swept", messages=swept)
            await asyncio.sleep(SWEEP_EVERY)

    async def _sweep_recordings(self) -> None:
        """Take in recorded conversations that were left behind, and delete those that were kept for their days."""
        while True:
            now = self._clock.now().timestamp()
            if swept := await asyncio.to_thread(self.recordings.sweep, now, self._keep_recordings):
                _log.info("recordings.swept", recordings=swept)
            await asyncio.sleep(SWEEP_EVERY)

    def _keep_recordings(self, company: str) -> int:
        found = self.companies.get(company)
        return found.settings.keep_recordings if found else CompanySettings.model_fields["keep_recordings"].default

    def _keep_days(self, message: Message) -> int:
        company = self.companies.get(message.draft.company)
        box = box_of(company, message.draft.box) if company else None
        return box.keep_days if box else message.draft.keep_days

    async def prepare(self, company: str, file: str) -> None:
        """Have a sound file that has just come to a company ready for the first caller who hears it."""
        await self.prompts.path(Prompt(file=file), "", company)

    async def _prepare_prompts(self) -> None:
        """Speak what the plan says beforehand, so that no caller waits for it."""
        for company in self.companies:
            for version in self.companies.versions(company.id):
                await self._speak(version)
        await self._take_music()

    async def _take_music(self) -> None:
        """Whoever is on hold hears the same music as whoever waits in a queue."""
        if (found := await self.prompts.music("")) and found[0] != self._music:
            async with self._changing:
                self._music = found[0]
                try:
                    await self._configure()
                except (PbxError, AriError) as error:
                    _log.warning("exchange.no_music", reason=str(error), next="Asterisk's own is heard on hold")

    async def _speak(self, company: Company) -> None:
        for prompt in prompts_of(company):
            await self.prompts.path(prompt, company.settings.language, company.id)
        for queue in company.queues:
            if queue.music != "default":
                await self.prompts.music(queue.music, company.id)

    async def _render_apologies(self) -> dict[str, Path]:
        found = {language: await self.prompts.system("apology", language) for language in ("nl", "en")}
        return {language: path for language, path in found.items() if path}


def _journal(incoming: AsteriskCall) -> Journal | None:
    """What another engine has written down of a call. None where nothing is, or nothing that we understand."""
    if not incoming.journal:
        return None
    try:
        return journal.read(incoming.journal)
    except UnreadableError as error:
        _log.error("journal.unreadable", leg=incoming.caller.id, reason=str(error))
        return None


def _stack(feature: Feature | None) -> list[Frame]:
    return feature_route(feature) if feature else []


def _caller_number(company: Company, incoming: AsteriskCall) -> str:
    return caller_number(company, incoming.caller_number, outside=not incoming.phone)


def _state(plan: Path) -> tuple[int, int, int] | None:
    """What changes when a file is written or replaced."""
    try:
        found = plan.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
