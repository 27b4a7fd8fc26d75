"""What those who run the cloud see of it: one log line and some figures a call, and never whom it was about.

A call is known by its route (``/v1/residents/{atena_no}/household``), never by its address, which names a person.
"""

import logging
import time
from collections.abc import Iterable
from http import HTTPStatus
from uuid import uuid4

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from cloud.door import TENANT, Towns
from cloud.faults import App, Message, Receive, Scope, Send
from cloud.figures import figures_of

_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)  # seconds
_UNKNOWN = "unknown"
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE"))  # a caller may write anything there
_log = logging.getLogger("cloud.call")


class Meter:
    """The figures of one application."""

    def __init__(self, towns: Towns) -> None:
        self._registry = CollectorRegistry()
        labels = ("municipality", "method", "route")
        self.calls = Counter(
            "madoguchi_calls", "Calls answered", (*labels, "status"), registry=self._registry
        )
        self.seconds = Histogram(
            "madoguchi_call_seconds",
            "Time to the end of an answer",
            labels[1:],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._registry.register(_TownFigures(towns))

    def text(self) -> bytes:
        """Return all figures as Prometheus reads them."""
        return generate_latest(self._registry)


class _TownFigures(Collector):
    """Figures that stand in the database, read when somebody asks."""

    def __init__(self, towns: Towns) -> None:
        self._towns = towns

    def collect(self) -> Iterable[Metric]:
        """Yield a gauge for each kind of figure."""
        gauges: dict[str, GaugeMetricFamily] = {}
        for tenant in self._towns:
            for name, words, label, value in figures_of(tenant):
                gauge = gauges.setdefault(name, GaugeMetricFamily(name, words, labels=["municipality", "of"]))
                gauge.add_metric([tenant.municipality, label], value)
        return gauges.values()

    def describe(self) -> Iterable[Metric]:
        """Yield nothing: what there is depends on the towns."""
        return ()


class ObserveLayer:
    """Counts, times and logs each call, from inside: the routes have told by then which one it was."""

    def __init__(self, app: App, meter: Meter) -> None:
        self._app = app
        self._meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, request_id, told = time.perf_counter(), uuid4().hex, _Told()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                told.status = int(message["status"])
                named = (b"madoguchi-request", request_id.encode())
                message = {**message, "headers": [*message.get("headers", []), named]}
            else:
                told.size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, counted)
        finally:
            self._note(scope, told, time.perf_counter() - began, request_id)

    def _note(self, scope: Scope, told: "_Told", seconds: float, request_id: str) -> None:
        route = getattr(scope.get("route"), "path", _UNKNOWN)
        told_method = str(scope["method"])
        method = told_method if route != _UNKNOWN and told_method in _METHODS else _UNKNOWN
        tenant = scope.get(TENANT)
        town = tenant.municipality if tenant is not None else ""
        self._meter.calls.labels(town, method, route, str(told.status)).inc()
        self._meter.seconds.labels(method, route).observe(seconds)
        level = logging.WARNING if told.status >= HTTPStatus.INTERNAL_SERVER_ERROR else logging.INFO
        facts = {
            "request": request_id,
            "municipality": town,
            "method": method,
            "route": route,
            "status": told.status,
            "milliseconds": round(seconds * 1000, 1),
            "bytes": told.size,
        }
        _log.log(level, "call", extra=facts)


class _Told:
    """What was answered, as far as it went; 499 where the caller had gone before."""

    status = 499
    size = 0
