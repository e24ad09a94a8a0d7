"""Figures for Prometheus. Only this machine may read them, unless a proxy in front hands them on."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address

from fastapi import APIRouter, Request, Response
from prometheus_client import Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

from belplan.api.parts import Parts
from belplan.api.problems import not_found

disable_created_metrics()  # when each histogram was made: nobody asks for that

LOOK = 0.25  # seconds between looks at how late the event loop is
LATE = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)  # seconds: a caller hears nothing of less than 0.1
ASTERISK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0)  # seconds; a command is given up after 5
WEBHOOK = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)  # seconds: 2 is the usual timeout, 10 the longest


class Lateness:
    """How late the event loop comes to what is due: all calls wait so long for each of their steps."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._late = Histogram(
            "belplan_loop_late_seconds", "How late the event loop is.", buckets=LATE, registry=registry
        )
        self._looking = False

    def look(self) -> None:
        """Look from now on, on the loop that runs."""
        if not self._looking:
            self._looking = True
            self._again(asyncio.get_running_loop())

    def _again(self, loop: asyncio.AbstractEventLoop) -> None:
        due = loop.time() + LOOK

        def came() -> None:
            self._late.observe(max(0.0, loop.time() - due))
            self._again(loop)

        loop.call_at(due, came)


class Figures(Collector):
    """What is counted of all companies together: no figure names one of them."""

    def __init__(self, parts: Parts, registry: CollectorRegistry) -> None:
        self._parts = parts
        self._late = Lateness(registry)
        self._took = Histogram(
            "belplan_webhook_seconds", "What webhooks took.", ["result"], buckets=WEBHOOK, registry=registry
        )
        asterisk = Histogram(
            "belplan_asterisk_seconds", "What Asterisk took for a command.", buckets=ASTERISK, registry=registry
        )
        parts.calls.time_commands(asterisk.observe)
        self._calls = Counter[str]()
        self._webhooks = Counter[str]()
        parts.live.listeners.append(self._heard)

    def collect(self) -> Iterator[Metric]:
        parts = self._parts
        self._late.look()
        yield GaugeMetricFamily("belplan_ready", "1 while calls can be taken.", int(parts.calls.ready))
        yield GaugeMetricFamily("belplan_calls", "Calls under way.", sum(map(len, parts.live.calls.values())))
        yield GaugeMetricFamily("belplan_callers_queued", "Callers who wait in queues.", parts.calls.queued)
        spools = GaugeMetricFamily("belplan_spool_bytes", "What the database does not have yet.", labels=["of"])
        for name, spool in parts.spools.items():
            spools.add_metric([name], spool.size())
        yield spools
        yield GaugeMetricFamily(
            "belplan_tasks", "Tasks under way, of calls and of the server.", len(asyncio.all_tasks())
        )
        yield _counted("belplan_calls_ended", "Calls that have ended, by outcome.", "outcome", self._calls)
        yield _counted("belplan_webhooks", "Webhooks asked, by what came of it.", "result", self._webhooks)

    def _heard(self, company: str, event: dict[str, object]) -> None:
        if event["what"] == "ended":
            self._calls[str(event.get("outcome", ""))] += 1
        elif event["what"] == "left" and event.get("app") == "webhook":
            result = str(event.get("exit", ""))
            self._webhooks[result] += 1
            self._took.labels(result).observe(float(str(event.get("duration_ms", 0.0))) / 1000)


def registry_of(parts: Parts) -> CollectorRegistry:
    """All the figures of a server."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Figures(parts, registry))
    ProcessCollector(registry=registry)  # memory, descriptors, time of the processor
    return registry


def router(parts: Parts) -> APIRouter:
    """`/metrics`."""
    registry = registry_of(parts)
    routes = APIRouter(include_in_schema=False)

    @routes.get("/metrics")
    async def metrics(request: Request) -> Response:
        """The figures, in Prometheus' text form."""
        if not from_here(request):
            raise not_found()
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return routes


def from_here(request: Request) -> bool:
    """Whether this machine itself asks. A server that listens on one address only is asked from that same one."""
    client, server = request.client, request.scope.get("server")
    if client is None:
        return False
    return ip_address(client.host).is_loopback or bool(server and server[0] == client.host)


def _counted(name: str, text: str, label: str, counts: Counter[str]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=[label])
    for word, count in counts.items():
        family.add_metric([word], count)
    return family
