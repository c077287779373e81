"""Prometheus: counters and histograms of all workers, beside gauges of this moment.

With `PROMETHEUS_MULTIPROC_DIR` set before this module is imported, every worker counts into files there, and each can
tell the sum of all.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ordo.adapters.telemetry.counts import Labels, OwnCounts, SharedCounts, Spread, Tally
from ordo.adapters.telemetry.tracing import Span, Traces
from ordo.domain.audit import AuditEvent, AuditKind
from ordo.ports.meter import Gauge, Meter, Stopwatch

_DIRECTORY: Final = "PROMETHEUS_MULTIPROC_DIR"
_ORDERS: Final = "order."
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_WRITE_SECONDS: Final = (0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.01, 0.1, 1)


class PrometheusMeter(Meter):
    def __init__(self, traces: Traces) -> None:
        self._traces = traces
        self._counts = counts = SharedCounts() if _DIRECTORY in os.environ else OwnCounts()
        self._requests = counts.histogram(
            "ordo_request_seconds",
            "Requests to the API, by operation and status, and how long they took.",
            ("operation", "status"),
            _SECONDS,
        )
        self._calls = counts.histogram(
            "ordo_broker_call_seconds",
            "Calls to brokers, by kind and result (ok, or the code of the error), and how long they took.",
            ("adapter", "call", "result"),
            _SECONDS,
        )
        self._orders = counts.counter(
            "ordo_orders",
            "Points in the lives of orders, by outcome: received, placed, refused, not_sent, unknown, denied and more.",
            ("adapter", "outcome"),
        )
        self._events = counts.counter("ordo_audit_events", "Lines written into the audit trail, by event.", ("event",))
        self._writes = counts.histogram(
            "ordo_audit_write_seconds",
            "How long an answer waited for a line of the audit trail.",
            (),
            _WRITE_SECONDS,
        )[()]

    def request(self, correlation_id: str) -> Stopwatch:
        return _Timing(self._requests, (), self._traces.begin("request", {"ordo.correlation_id": correlation_id}))

    def broker_call(self, adapter_id: str) -> Stopwatch:
        return _Timing(self._calls, (adapter_id,), self._traces.begin("broker", {"ordo.adapter": adapter_id}))

    def event(self, event: AuditEvent, seconds: float) -> None:
        self._writes.observe(seconds)
        for counter in self._counters(event.kind, None if event.account is None else event.account.adapter_id):
            counter.inc()

    @lru_cache(maxsize=4096)  # noqa: B019  (a meter lives as long as its process)
    def _counters(self, kind: AuditKind, adapter_id: str | None) -> tuple[Tally, ...]:
        event = self._events[kind.value,]
        if adapter_id is None or not kind.startswith(_ORDERS):
            return (event,)
        return event, self._orders[adapter_id, kind.removeprefix(_ORDERS)]

    def exposition(self, gauges: Iterable[Gauge]) -> bytes:
        return generate_latest(self._counts) + generate_latest(_Now(tuple(gauges)))


class _Now(Collector):
    def __init__(self, gauges: tuple[Gauge, ...]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[GaugeMetricFamily]:
        families: dict[str, GaugeMetricFamily] = {}
        for gauge in self._gauges:
            names = [name for name, _ in gauge.labels]
            family = families.setdefault(gauge.name, GaugeMetricFamily(gauge.name, gauge.meaning, labels=names))
            family.add_metric([value for _, value in gauge.labels], gauge.value)
        yield from families.values()


class _Timing(Stopwatch):
    def __init__(self, series: Mapping[Labels, Spread], labels: Labels, span: Span) -> None:
        self._series = series
        self._labels = labels
        self._span = span
        self._began = time.perf_counter()

    def stop(self, name: str, result: str) -> None:
        self._series[*self._labels, name, result].observe(time.perf_counter() - self._began)
        self._span.end(name, result)
