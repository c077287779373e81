"""What one process counts in plain numbers is told exactly as `prometheus_client` tells its own."""

from __future__ import annotations

import itertools
import re
import time
from pathlib import Path

import prometheus_client
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from ordo.adapters.telemetry.counts import OwnCounts
from ordo.adapters.telemetry.metrics import PrometheusMeter
from ordo.adapters.telemetry.tracing import Traces
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditEvent, AuditKind
from ordo.ports.meter import Gauge
from tests.unit.adapters.telemetry.events import event

_BOUNDS = (0.001, 0.25, 1, 30)
_BEGAN = re.compile(rb"(?m)^([a-z_]+_created(?:\{[^}]*\})?) [0-9.e+]+$")
_TOLD = Path(__file__).with_name("exposition.txt")


def timeless(told: bytes) -> bytes:
    """An exposition without the moments in which its series began."""
    return _BEGAN.sub(rb"\1 then", told)


seconds = st.sampled_from([0.0, 0.00025, *_BOUNDS, 30.000001, 1e9]) | st.floats(0, 40)
labels = st.tuples(st.sampled_from(["getOrder", "place", 'quo"te\n\\ ₹']), st.sampled_from(["200", "ok"]))


@given(st.lists(st.tuples(labels, seconds), max_size=30))
def test_any_counts_are_told_in_the_librarys_words(happened: list[tuple[tuple[str, str], float]]) -> None:
    registry, own = CollectorRegistry(), OwnCounts()
    names = ("operation", "status")
    spreads = Histogram("ordo_a_seconds", "A \\ b.", names, registry=registry, buckets=_BOUNDS)
    tallies = Counter("ordo_b", "B.", names, registry=registry)
    alone = Histogram("ordo_c_seconds", "C.", registry=registry, buckets=_BOUNDS)
    own_spreads = own.histogram("ordo_a_seconds", "A \\ b.", names, _BOUNDS)
    own_tallies = own.counter("ordo_b", "B.", names)
    own_alone = own.histogram("ordo_c_seconds", "C.", (), _BOUNDS)[()]
    for values, amount in happened:
        spreads.labels(*values).observe(amount)
        tallies.labels(*values).inc()
        alone.observe(amount)
        own_spreads[values].observe(amount)
        own_tallies[values].inc()
        own_alone.observe(amount)
    assert timeless(generate_latest(own)) == timeless(generate_latest(registry))


def test_when_a_series_began_is_told_unless_the_library_is_told_not_to() -> None:
    before, own = time.time(), OwnCounts()
    own.counter("ordo_b", "B.", ("a",))["x",].inc()
    own.histogram("ordo_c_seconds", "C.", (), _BOUNDS)[()].observe(1)
    told = generate_latest(own)
    for name in (rb'ordo_b_created\{a="x"\}', rb"ordo_c_seconds_created"):
        found = re.search(rb"(?m)^" + name + rb" (\S+)$", told)
        assert found is not None
        assert before <= float(found[1]) <= time.time()
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
    try:
        assert b"_created" not in generate_latest(own)
    finally:
        prometheus_client.enable_created_metrics()  # type: ignore[no-untyped-call]


def test_the_exposition_of_a_gateway_is_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = itertools.accumulate(itertools.cycle([0.0, 0.0004, 1.5, 0.03]))
    monkeypatch.setattr(time, "perf_counter", lambda: next(ticks))
    meter = PrometheusMeter(Traces())
    for operation, status in (("placeOrder", "201"), ("placeOrder", "201"), ("none", "404")):
        meter.request("c-1").stop(operation, status)
    for result in ("ok", "OUTCOME_UNKNOWN"):
        meter.broker_call("fyers").stop("place", result)
    for kind in (AuditKind.ORDER_RECEIVED, AuditKind.ORDER_PLACED, AuditKind.ORDER_PLACED):
        meter.event(
            AuditEvent(kind=kind, at=event().at, actor="owner", correlation_id="c-1", account=Account.parse("fyers/A")),
            0.00002,
        )
    meter.event(AuditEvent(kind=AuditKind.GATEWAY_STARTED, at=event().at, actor="owner", correlation_id="c-1"), 2.0)
    gauges = [Gauge(name="ordo_x", meaning="x.", value=7, labels=(("a", value),)) for value in "bc"]
    assert timeless(meter.exposition(gauges)) == _TOLD.read_bytes()
