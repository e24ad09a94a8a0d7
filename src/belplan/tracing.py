"""Traces for OpenTelemetry: a call, its steps, and the webhooks that they ask, with `traceparent` for the customer.

Only where the operator names a collector (OTEL_EXPORTER_OTLP_ENDPOINT) and has installed `belplan[otel]`; else none of
OpenTelemetry is loaded. The trace of a call has the call's id. The ids of its spans follow from it, so that an engine
that goes on with a call goes on with its trace. No span holds a number, a body or a whole URL.
"""

import asyncio
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from belplan.engine.events import Event
from belplan.settings import SettingError
from belplan.webhook import Answer, Request, Sender
from belplan.webhook.message import MAX_HEADERS

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor

COLLECTOR = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")  # OpenTelemetry's own settings
LAST_SPANS = 2.0  # seconds that a collector has for the last spans when the server ends
HEADER = "traceparent"


@dataclass(slots=True)
class _Traced:
    """A call under way. `ahead` is how far the clock of the day is ahead of the loop's, in seconds."""

    began: float  # of the loop's time
    ahead: float
    steps: int
    about: dict[str, str | int] = field(default_factory=dict[str, str | int])

    def step(self, call: str) -> int:
        """The span of the step that it is at; before the first one, that of the call."""
        return _span_id(f"{call} {self.steps}" if self.steps else call)


class Tracing:
    """A watcher of calls that makes spans of them. `spans` takes those, and never waits."""

    def __init__(self, spans: "SpanProcessor") -> None:
        from opentelemetry.sdk.resources import Resource

        self._spans = spans
        self._resource = Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME") or "belplan"})
        self._calls: dict[str, _Traced] = {}

    def __call__(self, event: Event) -> None:
        call, facts = event.call_id, event.facts
        if event.what in ("arrived", "resumed"):
            about = {"belplan.company": facts["company"], "belplan.dial_plan": facts["dial_plan"] or ""}
            # Steps that an engine did before it died have their spans.
            self._calls[call] = _Traced(facts["began"], time.time() - event.at, facts["steps"], about)
            return
        traced = self._calls.get(call)
        if traced is None:
            return
        if event.what == "step":
            traced.steps += 1
        elif event.what == "left":
            detail = facts["detail"]
            about = {"belplan.path": event.path, "belplan.exit": facts["exit"]}
            about |= {f"belplan.{name}": detail[name] for name in ("status", "reason", "attempts") if name in detail}
            ends = facts["began"] + facts["duration_ms"] / 1000
            self._span(call, facts["app"], traced.step(call), _span_id(call), traced, (facts["began"], ends), about)
        elif event.what == "ended":
            del self._calls[call]
            about = traced.about | {"belplan.outcome": facts["outcome"], "belplan.cause": facts["cause"]}
            self._span(call, "call", _span_id(call), None, traced, (traced.began, event.at), about)

    def around(self, sender: Sender) -> Sender:
        """A sender whose webhooks are spans, and tell the customer's server which."""
        return _TracedSender(self, sender)

    async def ask(self, sender: Sender, request: Request) -> Answer:
        """Send one webhook."""
        call = request.webhook_id.split("_")[1] if request.webhook_id.startswith("msg_") else ""
        traced = self._calls.get(call)
        given = any(name.lower() == HEADER for name, _ in request.headers)
        if traced is None or given or len(request.headers) >= MAX_HEADERS:
            return await sender.send(request)
        span, step = _span_id(request.webhook_id), traced.step(call)
        # W3C Trace Context 3.2: version, trace, parent, and that it is sampled.
        parent = f"00-{UUID(call).hex}-{span:016x}-01"
        loop = asyncio.get_running_loop()
        began = loop.time()
        answer: Answer | None = None
        try:
            answer = came = await sender.send(replace(request, headers=(*request.headers, (HEADER, parent))))
            return came
        finally:
            about: dict[str, str | int] = {
                "http.request.method": request.method,
                "server.address": urlsplit(request.url).hostname or "",
                "belplan.result": answer.outcome if answer else "abandoned",
            }
            if answer and answer.status:
                about["http.response.status_code"] = answer.status
            if answer and answer.reason:
                about["error.type"] = answer.reason
            self._span(call, request.method, span, step, traced, (began, loop.time()), about, client=True)

    def end(self) -> None:
        """Hand over what is left; a collector that is away holds nobody up."""
        ending = threading.Thread(target=self._spans.shutdown, name="traces", daemon=True)
        ending.start()
        ending.join(LAST_SPANS)

    def _span(
        self,
        call: str,
        name: str,
        span: int,
        parent: int | None,
        traced: _Traced,
        times: tuple[float, float],
        about: Mapping[str, Any],
        *,
        client: bool = False,
    ) -> None:
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

        def place(id_: int) -> SpanContext:
            return SpanContext(UUID(call).int, id_, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))

        failed = about.get("belplan.result", about.get("belplan.exit")) in ("error", "timeout")
        kind = SpanKind.CLIENT if client else SpanKind.INTERNAL if parent else SpanKind.SERVER
        begins, ends = (round((moment + traced.ahead) * 1e9) for moment in times)
        self._spans.on_end(
            ReadableSpan(
                name,
                place(span),
                place(parent) if parent else None,
                self._resource,
                about,
                kind=kind,
                status=Status(StatusCode.ERROR if failed else StatusCode.UNSET),
                start_time=begins,
                end_time=ends,
            )
        )


class _TracedSender:
    def __init__(self, tracing: Tracing, sender: Sender) -> None:
        self._tracing = tracing
        self._sender = sender

    async def send(self, request: Request) -> Answer:
        return await self._tracing.ask(self._sender, request)


def begin(variables: Mapping[str, str] = os.environ) -> Tracing | None:
    """Traces to the collector that the operator has named; None without one. Raises SettingError."""
    named = next((name for name in COLLECTOR if variables.get(name)), None)
    if named is None:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise SettingError(f"{named} asks for traces, which need more packages: pip install 'belplan[otel]'") from None
    return Tracing(BatchSpanProcessor(OTLPSpanExporter()))


def _span_id(of: str) -> int:
    return int.from_bytes(blake2b(of.encode(), digest_size=8).digest(), "big") or 1
