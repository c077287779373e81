"""Counts for as long as this process runs, to be looked at in tests and by whoever embeds a gateway."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ordo.domain.audit import AuditEvent
from ordo.ports.meter import Gauge, Meter, Stopwatch


class MemoryMeter(Meter):
    """`requests`, `calls` and `events` by their labels."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, ...]] = Counter()
        self.calls: Counter[tuple[str, ...]] = Counter()
        self.events: Counter[str] = Counter()

    def request(self, correlation_id: str) -> Stopwatch:  # noqa: ARG002  (what is counted has no name of its own)
        return _Counting(self.requests, ())

    def broker_call(self, adapter_id: str) -> Stopwatch:
        return _Counting(self.calls, (adapter_id,))

    def event(self, event: AuditEvent, seconds: float) -> None:  # noqa: ARG002
        self.events[str(event.kind)] += 1

    def exposition(self, gauges: Iterable[Gauge]) -> bytes:
        lines = [f"{gauge.name}{dict(gauge.labels)} {gauge.value}" for gauge in gauges]
        return "\n".join([*lines, str(self.requests), str(self.calls), str(self.events), ""]).encode()


class _Counting(Stopwatch):
    def __init__(self, counter: Counter[tuple[str, ...]], labels: tuple[str, ...]) -> None:
        self._counter = counter
        self._labels = labels

    def stop(self, name: str, result: str) -> None:
        self._counter[*self._labels, name, result] += 1
