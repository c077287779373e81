"""What is measured, and how."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bench.load import Load, driven
from bench.processes import Server, halted

Request = Callable[[int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Medians over the rounds; each spread is the range over the rounds as a share of its median. CPU is that of the
    server's processes, per request; in the section `start` that of the whole start. What a row does not measure is 0.
    """

    section: str
    name: str
    connections: int = 0
    p50_us: float = 0
    p95_us: float = 0
    p99_us: float = 0
    per_second: float = 0
    cpu_us: float = 0
    resident_mb: float = 0
    start_seconds: float = 0
    p50_spread: float = 0
    rate_spread: float = 0
    cpu_spread: float = 0
    start_spread: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing to measure: a kind of request at a server."""

    name: str
    server: Server
    request: Request
    expect: bytes = b"HTTP/1.1 20"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long each measurement lasts, and how often it is repeated."""

    seconds: float = 2.0
    rounds: int = 3


def measured(
    section: str, targets: Sequence[Target], connections: int, effort: Effort, *, apart: bool = False
) -> list[Row]:
    """The targets in turn, round by round, so that a busy moment of the machine meets them all. The first round warms
    up and does not count. Where they are `apart`, the servers of the others stand still meanwhile: what one does in the
    background costs no other.
    """
    found: dict[str, list[tuple[Load, float]]] = {target.name: [] for target in targets}
    for turn in range(effort.rounds + 1):
        for target in targets:
            others = [other.server for other in targets if other.server is not target.server] if apart else []
            with halted(others):
                cpu = target.server.cpu_seconds()
                load = driven(
                    target.server.port,
                    target.request,
                    connections=connections,
                    seconds=effort.seconds if turn else effort.seconds / 4,
                    expect=target.expect,
                )
                spent = target.server.cpu_seconds() - cpu
            if turn:
                found[target.name].append((load, spent / len(load.latencies) * 1e6))
    return [_of(section, target, connections, found[target.name]) for target in targets]


def summed(loads: Sequence[Load], *, section: str, name: str, connections: int) -> Row:
    """What the rounds say of latency and pace."""
    middles, rates = [load.percentile(0.5) for load in loads], [load.per_second for load in loads]
    return Row(
        section=section,
        name=name,
        connections=connections,
        p50_us=statistics.median(middles) * 1e6,
        p95_us=statistics.median(load.percentile(0.95) for load in loads) * 1e6,
        p99_us=statistics.median(load.percentile(0.99) for load in loads) * 1e6,
        per_second=statistics.median(rates),
        p50_spread=spread(middles),
        rate_spread=spread(rates),
    )


def _of(section: str, target: Target, connections: int, counted: list[tuple[Load, float]]) -> Row:
    costs = [cpu for _, cpu in counted]
    return replace(
        summed([load for load, _ in counted], section=section, name=target.name, connections=connections),
        cpu_us=statistics.median(costs),
        cpu_spread=spread(costs),
        resident_mb=target.server.resident_mb(),
        start_seconds=target.server.start_seconds,
    )


def spread(values: Sequence[float]) -> float:
    """The range as a share of the median."""
    return (max(values) - min(values)) / statistics.median(values)


def the(rows: Sequence[Row], name: str, connections: int) -> Row:
    """The one row of a name; raises `LookupError` where it was not measured."""
    for row in rows:
        if row.name == name and row.connections == connections:
            return row
    raise LookupError(f"{name} was not measured at {connections} connections")
