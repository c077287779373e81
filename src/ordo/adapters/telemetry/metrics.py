"""Prometheus: counters and histograms of all workers, beside gauges of this moment.

With `PROMETHEUS_MULTIPROC_DIR` set before this module is imported, every worker counts into files there, and each can
tell the sum of all.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from ordo.adapters.telemetry.tracing import Traces
from ordo.domain.audit import AuditEvent, AuditKind
from ordo.ports.meter import Gauge, Meter, Stopwatch

M = TypeVar("M", Counter, Histogram)
_DIRECTORY: Final = "PROMETHEUS_MULTIPROC_DIR"
_ORDERS: Final = "order."
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_WRITE_SECONDS: Final = (0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.01, 0.1, 1)


class PrometheusMeter(Meter):
    def __init__(self, traces: Traces) -> None:
        self._registry = CollectorRegistry()
        self._traces = traces
        self._requests = Histogram(
            "ordo_request_seconds",
            "Requests to the API, by operation and status, and how long they took.",
            ("operation", "status"),
            registry=self._registry,
            buckets=_SECONDS,
        )
        self._calls = Histogram(
            "ordo_broker_call_seconds",
            "Calls to brokers, by kind and result (ok, or the code of the error), and how long they took.",
            ("adapter", "call", "result"),
            registry=self._registry,
            buckets=_SECONDS,
        )
        self._orders = Counter(
            "ordo_orders",
            "Points in the lives of orders, by outcome: received, placed, refused, not_sent, unknown, denied and more.",
            ("adapter", "outcome"),
            registry=self._registry,
        )
        self._events = Counter(
            "ordo_audit_events", "Lines written into the audit trail, by event.", ("event",), registry=self._registry
        )
        self._writes = Histogram(
            "ordo_audit_write_seconds",
            "How long an answer waited for a line of the audit trail.",
            registry=self._registry,
            buckets=_WRITE_SECONDS,
        )

    def request(self, correlation_id: str) -> Stopwatch:
        return _Timing(self._requests, (), self._traces, "request", {"ordo.correlation_id": correlation_id})

    def broker_call(self, adapter_id: str) -> Stopwatch:
        return _Timing(self._calls, (adapter_id,), self._traces, "broker", {"ordo.adapter": adapter_id})

    def event(self, event: AuditEvent, seconds: float) -> None:
        self._writes.observe(seconds)
        for counter in self._counters(event.kind, None if event.account is None else event.account.adapter_id):
            counter.inc()

    @lru_cache(maxsize=4096)  # noqa: B019  (a meter lives as long as its process)
    def _counters(self, kind: AuditKind, adapter_id: str | None) -> tuple[Counter, ...]:
        event = self._events.labels(kind.value)
        if adapter_id is None or not kind.startswith(_ORDERS):
            return (event,)
        return event, self._orders.labels(adapter_id, kind.removeprefix(_ORDERS))

    def exposition(self, gauges: Iterable[Gauge]) -> bytes:
        counted = self._registry
        if _DIRECTORY in os.environ:
            counted = CollectorRegistry()
            MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
        now = CollectorRegistry()
        now.register(_Now(tuple(gauges)))
        return generate_latest(counted) + generate_latest(now)


@lru_cache(maxsize=4096)
def _one(metric: M, *labels: str) -> M:
    """The series of these labels. They are few, and looking one up costs more than counting it."""
    return metric.labels(*labels)


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
    def __init__(
        self, histogram: Histogram, labels: tuple[str, ...], traces: Traces, kind: str, facts: dict[str, str]
    ) -> None:
        self._histogram = histogram
        self._labels = labels
        self._span = traces.begin(kind, facts)
        self._began = time.perf_counter()

    def stop(self, name: str, result: str) -> None:
        _one(self._histogram, *self._labels, name, result).observe(time.perf_counter() - self._began)
        self._span.end(name, result)
