from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ordo.adapters.memory.audit import MemoryAuditLog
from ordo.adapters.memory.meter import MemoryMeter
from ordo.adapters.telemetry.metered import MeteredAuditLog, MeteredBroker
from ordo.adapters.telemetry.metrics import PrometheusMeter
from ordo.adapters.telemetry.tracing import OpenTelemetryTraces, Traces
from ordo.container.support import traces
from ordo.domain.errors import OrdoError
from ordo.ports.meter import Gauge, Meter
from ordo.schemas.config.settings import ConfigurationError, Settings, TracesConfig
from tests.support.broker import Mishap, ScriptedBroker, lost, refused
from tests.support.clock import VirtualClock
from tests.support.house import House
from tests.support.orders import ACCOUNT, BUY_TEN
from tests.unit.adapters.telemetry.events import event


@pytest.fixture
def house() -> House:
    return House()


METERS = (MemoryMeter, lambda: PrometheusMeter(Traces()))


@pytest.mark.parametrize("make", METERS, ids=["memory", "prometheus"])
def test_what_was_counted_is_told_beside_what_is(make: type[Meter]) -> None:
    meter = make()
    for result in ("200", "200", "404"):
        meter.request("c-1").stop("getOrder", result)
    meter.broker_call("paper").stop("place", "ok")
    meter.event(event(), 0.00001)
    told = meter.exposition([Gauge(name="ordo_x", meaning="x.", value=7, labels=(("a", "b"),))]).decode()
    for word in ("getOrder", "404", "paper", "place", "placed", "ordo_x", "7"):
        assert word in told
    assert "c-1" not in told


_WORKER = """
from ordo.adapters.telemetry.metrics import PrometheusMeter
from ordo.adapters.telemetry.tracing import Traces
meter = PrometheusMeter(Traces())
for _ in range(3):
    meter.request("c").stop("getOrder", "200")
print(meter.exposition([]).decode())
"""


def test_every_worker_tells_the_sum_of_all(tmp_path: Path) -> None:
    told = ""
    for _ in range(2):
        told = subprocess.run(  # noqa: S603
            [sys.executable, "-c", _WORKER],
            env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    assert 'ordo_request_seconds_count{operation="getOrder",status="200"} 6.0' in told


async def test_one_trace_leads_from_the_request_to_the_call_in_a_task_of_its_own(house: House) -> None:
    exporter = InMemorySpanExporter()
    spans = OpenTelemetryTraces("http://127.0.0.1:9", exporter=exporter)
    meter = PrometheusMeter(spans)
    session = house.login.session(ACCOUNT)
    broker = MeteredBroker("scripted", ScriptedBroker(VirtualClock()), meter)
    request = meter.request("c-7")
    await asyncio.ensure_future(broker.place(session, BUY_TEN, tag="373000000000001"))
    request.stop("placeOrder", "201")
    spans.close()
    call, outer = exporter.get_finished_spans()
    assert (call.name, outer.name) == ("broker place", "request placeOrder")
    assert call.parent is not None
    assert outer.context is not None
    assert call.parent.span_id == outer.context.span_id
    assert dict(outer.attributes or {}) == {"ordo.correlation_id": "c-7", "ordo.result": "201"}


@pytest.mark.parametrize(("mishap", "result"), [(refused(), "INSUFFICIENT_FUNDS"), (lost(), "OUTCOME_UNKNOWN")])
async def test_a_call_that_fails_is_counted_by_its_code(house: House, mishap: OrdoError, result: str) -> None:
    meter, inner = MemoryMeter(), ScriptedBroker(VirtualClock())
    inner.next("place", Mishap(before=mishap))
    broker = MeteredBroker("scripted", inner, meter)
    session = house.login.session(ACCOUNT)
    with pytest.raises(OrdoError):
        await broker.place(session, BUY_TEN, tag="373000000000001")
    assert meter.calls == {("scripted", "place", result): 1}
    placed = await broker.place(session, BUY_TEN, tag="373000000000002")
    await broker.modify(session, placed.broker_order_id, BUY_TEN)
    await broker.cancel(session, placed.broker_order_id)
    assert meter.calls.total() == 4


def test_only_what_was_written_is_counted() -> None:
    meter, inner = MemoryMeter(), MemoryAuditLog()
    log = MeteredAuditLog(inner, meter)
    log.append(event())
    log.check()
    assert (meter.events, len(inner.events)) == ({"order.placed": 1}, 1)


def test_an_endpoint_without_the_extra_is_a_clear_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert type(traces(Settings())) is Traces
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(ConfigurationError, match="otel"):
        traces(Settings(traces=TracesConfig(endpoint="http://127.0.0.1:9/v1/traces")))
