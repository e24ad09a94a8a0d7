"""The exchange itself: one absolute deadline around everything, and an answer at the end of it, whatever happened."""

import asyncio
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from time import perf_counter
from types import TracebackType
from typing import Self

import structlog

from belplan.dialplan.urls import Url, UrlError, read_url
from belplan.signing import new_id
from belplan.webhook import guard
from belplan.webhook.answer import decode
from belplan.webhook.bulkhead import Bulkhead
from belplan.webhook.exchange import Answer, ExchangeError, Outcome, Reason, Request
from belplan.webhook.message import message
from belplan.webhook.network import Network, Trace
from belplan.webhook.origins import Health, Origin, Origins
from belplan.webhook.policy import Policy
from belplan.webhook.resolver import CaresResolver, Resolver
from belplan.webhook.response import Response
from belplan.webhook.tls import system_context
from belplan.webhook.verdict import FIRST_PAUSE, is_ill, judge, may_retry, pause_before_retry

log = structlog.stdlib.get_logger()


@dataclass(slots=True)
class _Course:
    """How far one exchange has come."""

    deadline: float
    webhook_id: str
    slot: float | None = None
    """Milliseconds waited for a slot."""
    trace: Trace = field(default_factory=Trace)
    attempts: int = 0
    fallback: bool = False
    host: str = ""
    pending: Origin | None = None
    """The origin whose breaker waits for a verdict."""


class Webhooks:
    """Sends webhooks. Make one for the whole process; `async with` it, or call `aclose`.

    Bound to the event loop of its first `send`. `tls` replaces the system's certificates: for tests and for authorities
    of one's own. `now` is the wall clock that signatures carry, in seconds since 1970.
    """

    def __init__(
        self,
        policy: Policy | None = None,
        *,
        resolver: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.policy = policy or Policy()
        self._resolver: Resolver = resolver or CaresResolver()
        self._tls = tls
        self._now = now
        self._bulkhead = Bulkhead(self.policy.per_company, self.policy.total, self.policy.waiting_per_company)
        self._origins = Origins(self.policy)
        self._network: Network | None = None
        self._url = lru_cache(maxsize=4096)(self._admitted_url)

    async def __aenter__(self) -> Self:
        if self._tls is None:
            self._tls = await asyncio.to_thread(system_context)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close kept connections and the resolver. Exchanges under way go on to their ends."""
        if self._network is not None:
            self._network.close_idle()
        await self._resolver.close()

    def health(self) -> list[Health]:
        """How each company's webhooks to each origin fare. Call it on the loop that sends."""
        return self._origins.health(asyncio.get_running_loop().time())

    @property
    def in_flight(self) -> int:
        """Requests that hold a slot now."""
        return self._bulkhead.taken

    async def send(self, request: Request) -> Answer:
        """Send a webhook and wait for its answer, at most `request.timeout` seconds. Raises only CancelledError."""
        loop = asyncio.get_running_loop()
        if self._network is None:
            self._network = Network(loop, self.policy, self._resolver, self._tls)
        # Deadlines go by the loop's clock, which a simulation may drive; what is measured goes by the finest clock.
        started = perf_counter()
        course = _Course(loop.time() + request.timeout, request.webhook_id or new_id())
        response: Response | None = None
        failure: ExchangeError | None = None
        try:
            async with asyncio.timeout_at(course.deadline):
                response = await self._exchange(self._network, request, course)
        except TimeoutError:
            # A request that waited long for a slot of ours says nothing about the server, which had the rest only.
            self._conclude(course, "timeout", ill=True if (course.slot or 0) < request.timeout * 500 else None)
        except ExchangeError as failed:
            failure = failed
        except Exception:
            # A bug of ours must not cost a call either. The reason is the nearest that the contract has.
            log.exception("webhook.bug", company=request.company, host=course.host)
            failure = ExchangeError("protocol", "a fault of Belplan itself; its log says more")
        finally:
            if course.pending is not None:  # the caller hung up
                course.pending.breaker.left()
        slot = {} if course.slot is None else {"slot": course.slot}
        phases = slot | course.trace.phases | {"total": (perf_counter() - started) * 1000}
        answer = _answer(course, request, phases, response, failure)
        if answer.outcome != "ok":
            _log(request, course, answer)
        return answer

    async def _exchange(self, network: Network, request: Request, course: _Course) -> Response:
        asked = perf_counter()
        await self._bulkhead.enter(request.company)
        try:
            course.slot = (perf_counter() - asked) * 1000
            if request.fallback_url is None:
                return await self._tries(network, request, request.url, course)
            return await self._with_fallback(network, request, request.fallback_url, course)
        finally:
            self._bulkhead.leave(request.company)

    async def _with_fallback(self, network: Network, request: Request, fallback: str, course: _Course) -> Response:
        try:
            # The first URL has half of what is left, for else nothing would be left for the fallback.
            async with asyncio.timeout_at((asyncio.get_running_loop().time() + course.deadline) / 2):
                return await self._tries(network, request, request.url, course)
        except TimeoutError:
            self._conclude(course, "timeout", ill=True)
            log.warning("webhook.fallback", company=request.company, host=course.host, outcome="timeout")
        except ExchangeError as failure:
            log.warning("webhook.fallback", company=request.company, host=course.host, reason=failure.reason)
        course.fallback = True
        return await self._tries(network, request, fallback, course)

    async def _tries(self, network: Network, request: Request, text: str, course: _Course) -> Response:
        url = self._url(text)
        course.host = url.host
        loop = asyncio.get_running_loop()
        retries, pause = request.retries, FIRST_PAUSE
        while True:
            try:
                return await self._try(network, request, url, course)
            except ExchangeError as failure:
                wait = pause_before_retry(failure, pause)
                if not retries or not may_retry(request.method, failure) or loop.time() + wait >= course.deadline:
                    raise
            await asyncio.sleep(wait)
            retries -= 1
            pause *= 2

    def _admitted_url(self, text: str) -> Url:
        try:
            url = read_url(text)
        except UrlError as problem:
            raise ExchangeError("blocked", str(problem)) from None
        guard.check_host(url, self.policy)
        return url

    async def _try(self, network: Network, request: Request, url: Url, course: _Course) -> Response:
        loop = asyncio.get_running_loop()
        origin = self._origins[request.company, url.origin]
        course.trace = Trace()
        origin.breaker.enter(loop.time())
        course.pending = origin
        course.attempts += 1
        wire = message(request, url, course.webhook_id, int(self._now()))
        began = perf_counter()
        try:
            response = await network.request(request.company, url, wire, course.trace)
            origin.answered((perf_counter() - began) * 1000, response.fields.get(b"date"), self._now())
            judge(response)
        except ExchangeError as failure:
            if failure.reason == "busy":
                network.close_idle()  # no file descriptors left: give back those that only wait
            self._conclude(course, failure.reason, ill=is_ill(failure))
            raise
        self._conclude(course, "ok", ill=False)
        return response

    def _conclude(self, course: _Course, result: Outcome | Reason, *, ill: bool | None) -> None:
        """Tell the breaker how a try ended; `ill` is None where that says nothing about the server."""
        origin = course.pending
        if origin is None:
            return
        course.pending = None
        origin.counts[result] += 1
        now = asyncio.get_running_loop().time()
        if ill is None:
            origin.breaker.left()
        elif ill and origin.breaker.failed(now):
            log.warning("webhook.breaker", state="open", host=course.host, reason=result)
        elif not ill and origin.breaker.succeeded(now):
            log.info("webhook.breaker", state="closed", host=course.host)


def _answer(
    course: _Course, request: Request, phases: dict[str, float], response: Response | None, failure: ExchangeError |
    None
) -> Answer:  # fmt: skip
    attempts = max(1, course.attempts)
    received = course.trace.received
    if response is not None:
        content_type = response.fields.get(b"content-type", b"").decode("latin-1")
        return Answer(
            "ok", decode(response.body, content_type), response.status, content_type=content_type, phases=phases,
            attempts=attempts, webhook_id=course.webhook_id, bytes_received=received, fallback=course.fallback,
        )  # fmt: skip
    if failure is None:
        return Answer(
            "timeout", detail=_waited_for(course, request.timeout), phases=phases,
            attempts=attempts, webhook_id=course.webhook_id, bytes_received=received, fallback=course.fallback,
        )  # fmt: skip
    return Answer(
        "error", "", failure.status, failure.reason, failure.detail, phases=phases,
        attempts=attempts, webhook_id=course.webhook_id, bytes_received=received, fallback=course.fallback,
    )  # fmt: skip


def _waited_for(course: _Course, timeout: float) -> str:
    phases = course.trace.phases
    if course.slot is None:
        what = "a slot: other webhooks of this company were under way"
    elif "first_byte" in phases:
        what = "the rest of the answer"
    elif "send" in phases:
        what = "the answer"
    elif "connect" in phases:
        what = "TLS to be set up"
    elif "dns" in phases:
        what = "the connection to be accepted"
    else:
        what = "the name to be looked up"
    return f"after {timeout:g} s still waiting for {what}"


def _log(request: Request, course: _Course, answer: Answer) -> None:
    log.warning(
        "webhook.failed",
        company=request.company,
        host=course.host,
        outcome=answer.outcome,
        reason=answer.reason,
        status=answer.status,
        ms=round(answer.phases["total"], 1),
        attempts=answer.attempts,
    )
