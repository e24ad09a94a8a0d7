"""The exchange as the API steers it: versions that calls walk from now on, calls that end, phones that ring."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import structlog

from belplan.api import NotTakenError
from belplan.api.parts import AgentDoes, AgentNow, BrowserPhone, NotItsOwnError, QueueNow, SipLine
from belplan.dialplan.company import Company
from belplan.drivers.asterisk import sip_gate
from belplan.drivers.asterisk.ari import AriError
from belplan.drivers.asterisk.browsers import Browser, Line
from belplan.drivers.asterisk.pbx import PbxError
from belplan.engine.companies import Companies as OnExchange
from belplan.engine.state import State
from belplan.server import Exchange
from belplan.store.state_file import StateFile
from belplan.webhook.origins import Health

AGAIN_AFTER = 2.0  # seconds until the exchange is told again what it could not be told

_log = structlog.get_logger()


class Idle:
    """What a server has that takes no calls: its companies, and what people have switched."""

    def __init__(self, companies: Iterable[Company], kept: StateFile) -> None:
        self.companies = OnExchange(companies)
        self.state = State(kept.keep)
        self.state.restore(kept.read())


class Calls:
    """The exchange as the API has it. What it could not be told is told again until it is."""

    def __init__(self, exchange: Exchange | None, idle: Idle | None) -> None:
        self._exchange = exchange
        self._idle = idle
        self._tasks: set[asyncio.Task[None]] = set()
        self._late: dict[str, Company | None] = {}  # by company: what it is to be told
        self.started = False

    @property
    def ready(self) -> bool:
        return self.started and self._exchange is not None and self._exchange.ready

    @property
    def queued(self) -> int:
        return self._exchange.queues.waiting if self._exchange else 0

    def time_commands(self, took: Callable[[float], None]) -> None:
        if self._exchange:
            self._exchange.driver.ari.on_answered = took

    @property
    def state(self) -> State | None:
        there = self._exchange or self._idle
        return there.state if there else None

    def companies(self) -> list[Company]:
        """The companies that take calls."""
        there = self._exchange or self._idle
        return list(there.companies) if there else []

    def company(self, company: str) -> Company | None:
        there = self._exchange or self._idle
        return there.companies.get(company) if there else None

    def queues(self, company: str) -> list[QueueNow]:
        exchange, found = self._exchange, self.company(company)
        if exchange is None or found is None:
            return []
        line, standing = exchange.queues.line(found), exchange.queues.standing
        return [
            QueueNow(
                queue.number,
                queue.name,
                [one.caller for one in line.up.callers(queue.number)],
                [
                    AgentNow(agent, level, standing(found, queue.number, agent), line.engaged(agent))
                    for agent, level in found.seats[queue.number].items()
                ],
            )
            for queue in found.queues
        ]

    def agent(self, company: str, queue: str, agent: str, do: AgentDoes) -> None:
        exchange, found = self._exchange, self.company(company)
        if exchange is None or found is None or not exchange.queues.change(found, agent, do, [queue]):
            raise LookupError(agent)

    def health(self, company: str) -> list[Health]:
        if self._exchange is None:
            return []
        return [one for one in self._exchange.webhooks.health() if one.company == company]

    async def hang_up(self, call: str) -> bool:
        found = self._exchange.under_way(call) if self._exchange else None
        if found is None:
            return False
        await found.hang_up()
        return True

    async def phones(self, company: str) -> dict[str, bool]:
        return (await self._phones([company])).get(company, {})

    async def phones_of(self, companies: list[str]) -> dict[str, dict[str, bool]]:
        """Whether a telephone is registered, for each SIP account of these companies; nothing while nobody can say."""
        with contextlib.suppress(NotTakenError):
            return await self._phones(companies)
        return {}

    async def _phones(self, companies: list[str]) -> dict[str, dict[str, bool]]:
        found = [one for company in companies if self._exchange and (one := self._exchange.companies.get(company))]
        if self._exchange is None or not found:
            return {}
        try:
            registered = await self._exchange.driver.registered()
        except (AriError, OSError, aiohttp.ClientError) as error:
            raise NotTakenError(str(error)) from error
        return {one.id: {name: name in registered for name in one.accounts} for one in found}

    async def connect(self, company: str, user: str, number: str) -> str:
        found = self._exchange.companies.get(company) if self._exchange else None
        owner = found.user(user) if found else None
        if self._exchange is None or owner is None:
            raise LookupError(user)
        registered = {name for name, there in (await self.phones(company)).items() if there}
        phone = next((phone.username for phone in owner.phones if phone.username in registered), None)
        if phone is None:
            raise NotTakenError("none of the phones is registered")
        try:
            return await self._exchange.driver.call_from(phone, number)
        except AriError as error:
            raise NotTakenError(str(error)) from error

    def browser_phone(self, company: str, user: str, caller: str) -> BrowserPhone:
        found = self.company(company)
        if self._exchange is None or found is None:
            raise NotTakenError("this server takes no calls" if self._exchange is None else "nothing is published yet")
        owner = found.user(user) if user else None
        if user and owner is None:
            raise LookupError(user)
        if owner and not owner.phones:
            raise NotTakenError(f"{owner.name} has no phone in the published version: add one, and publish")
        browser = Browser(
            company=found.id,
            language=found.settings.language,
            number=owner.number if owner else caller,
            name=owner.name if owner else "",
            phone=owner.phones[0].username if owner else "",
        )
        exchange = self._exchange
        return BrowserPhone(browser.account, browser.password, lambda: _connected(exchange, browser))

    async def use(self, company: Company) -> None:
        await self._tell(company.id, company)

    async def drop(self, company: str) -> None:
        await self._tell(company, None)

    async def share(self, version: Company, share: int) -> None:
        if self._idle:
            self._idle.companies.share(version, share)
        if self._exchange and self.started:
            await self._exchange.share(version, share)
        elif self._exchange:  # which keeps and speaks it when it starts
            self._exchange.companies.share(version, share)

    def unshare(self, company: str) -> None:
        there = self._exchange or self._idle
        if there:
            there.companies.unshare(company)

    async def renew(self, company: str) -> None:
        if self._exchange and (found := self._exchange.companies.get(company)):
            with contextlib.suppress(NotTakenError):
                await self._tell(company, found)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _tell(self, company: str, version: Company | None) -> None:
        self._late.pop(company, None)
        if self._idle:
            self._idle.companies.drop(company)
            if version:
                self._idle.companies.use(version)
        if self._exchange is None:
            return
        try:
            if version:
                await self._exchange.use(version)
            else:
                await self._exchange.drop(company)
        except (PbxError, AriError) as error:
            if not self._late:
                self.background(self._tell_again())
            self._late[company] = version
            raise NotTakenError(str(error)) from error

    async def _tell_again(self) -> None:
        while True:
            await asyncio.sleep(AGAIN_AFTER)
            for company, version in list(self._late.items()):
                with contextlib.suppress(NotTakenError):
                    await self._tell(company, version)
                    _log.info("company.taken", company=company)
            if not self._late:
                return

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Have something done that nobody waits for."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Gated:
    """A line whose refusals the API knows."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.receive = line.receive

    async def send(self, message: str) -> None:
        try:
            await self._line.send(message)
        except sip_gate.NotItsOwnError as error:
            raise NotItsOwnError(str(error)) from None


@asynccontextmanager
async def _connected(exchange: Exchange, browser: Browser) -> AsyncGenerator[SipLine]:
    try:
        async with exchange.driver.browsers.line(browser) as line:
            yield _Gated(line)
    except (AriError, aiohttp.ClientError) as error:
        raise NotTakenError(str(error)) from error
