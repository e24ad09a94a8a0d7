"""What a collector of OpenTelemetry receives of a call, and what the customer's server is told of it."""

import asyncio
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from belplan import tracing
from belplan.engine.clock import VirtualLoop
from belplan.engine.events import Event
from belplan.scenarios.format import Scenario
from belplan.scenarios.run import caller_of
from belplan.scenarios.source import Written
from belplan.settings import SettingError
from belplan.simulation import observe
from belplan.webhook import Answer, Sender
from tests.scenarios.conftest import company

CALL = "8a9f0d4e-1f6e-4c3c-9b59-0d3a9c1f1a52"


class Server:
    """The customer's, as far as a sender sees it."""

    def __init__(self):
        self.asked = []

    async def send(self, request):
        self.asked.append(request)
        return Answer("ok", "openstaand", 200)


@pytest.fixture
def collector(monkeypatch):
    """A collector on this machine: the spans that it got."""
    found = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                found.extend(span for scope in resource.scope_spans for span in scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        threading.Thread(target=server.serve_forever).start()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        yield found
        server.shutdown()


def walked(traces, server):
    there = company("invoices.yaml")
    services = {Sender: traces.around(server)}
    call = {"from": "0612345678", "to": "31102380095"}
    scenario = Scenario.model_validate({"name": "x", "call": call}, by_alias=True, by_name=False)
    how = caller_of(there, Written(scenario, "", 0, {}, ()))
    coroutine = observe(there, how, server, traces, call_id=CALL, services=services)
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(coroutine)
    traces.end()


def test_a_call_has_steps_and_a_step_its_webhook(collector):
    server = Server()
    walked(tracing.begin(), server)
    call = next(span for span in collector if not span.parent_span_id)
    steps = [span for span in collector if span.parent_span_id == call.span_id]
    (asked,) = (span for span in collector if span.parent_span_id == steps[0].span_id)
    assert {span.trace_id for span in collector} == {UUID(CALL).bytes}
    assert [span.name for span in steps] == ["webhook", "condition", "connect"]
    assert all(call.start_time_unix_nano <= one.start_time_unix_nano for one in steps)
    (request,) = server.asked
    assert dict(request.headers)["traceparent"] == f"00-{UUID(CALL).hex}-{asked.span_id.hex()}-01"
    about = {one.key: one.value.string_value or one.value.int_value for one in asked.attributes}
    assert about["http.response.status_code"] == 200
    assert about["belplan.result"] == "ok"
    assert b"612345678" not in b"".join(span.SerializeToString() for span in collector)


def test_another_engine_goes_on_with_the_trace(collector):
    first, second = tracing.begin(), tracing.begin()
    facts = {"company": "x", "dial_plan": "Hoofd", "began": 5.0, "steps": 0}
    left = {"app": "announce", "exit": "done", "duration_ms": 1.0, "detail": {}, "began": 6.0}
    first(Event("arrived", CALL, 5.0, facts=facts))
    first(Event("step", CALL, 6.0, facts={"app": "announce"}))
    first(Event("left", CALL, 6.0, "a", left))
    second(Event("resumed", CALL, 7.0, facts=facts | {"steps": 1}))
    second(Event("step", CALL, 7.0, facts={"app": "connect"}))
    second(Event("left", CALL, 7.0, "b", left | {"app": "connect"}))
    second(Event("ended", CALL, 8.0, facts={"outcome": "connected", "cause": 16}))
    first.end()
    second.end()
    (call,) = (span for span in collector if span.name == "call")
    one, other = (span for span in collector if span.name != "call")
    assert one.parent_span_id == other.parent_span_id == call.span_id
    assert one.span_id != other.span_id


def test_without_a_collector_there_are_no_traces():
    assert tracing.begin({}) is None


def test_without_the_packages_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace.export", None)
    with pytest.raises(SettingError, match=r"belplan\[otel\]"):
        tracing.begin({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"})
