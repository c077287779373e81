"""What is measured, how it is told, and what it shall be."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.load import Load, driven
from bench.processes import Server

Request = Callable[[int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Medians over the rounds; the spread is the range of the orders a second over the rounds, as a share of the
    median. CPU is that of the server's processes, per request.
    """

    section: str
    name: str
    connections: int
    p50_us: float
    p95_us: float
    p99_us: float
    per_second: float
    cpu_us: float
    resident_mb: float
    start_seconds: float
    spread: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing to measure: a kind of request at a server."""

    name: str
    server: Server
    request: Request
    expect: bytes = b"HTTP/1.1 20"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a figure shall be at most, or at least."""

    what: str
    seen: float
    bound: float
    unit: str
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        return self.seen >= self.bound if self.at_least else self.seen <= self.bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long each measurement lasts, and how often it is repeated."""

    seconds: float = 2.0
    rounds: int = 3


def measured(section: str, targets: Sequence[Target], connections: int, effort: Effort) -> list[Row]:
    """The targets in turn, round by round, so that a busy moment of the machine meets them all. The first round warms
    up and does not count.
    """
    found: dict[str, list[tuple[Load, float]]] = {target.name: [] for target in targets}
    for turn in range(effort.rounds + 1):
        for target in targets:
            cpu = target.server.cpu_seconds()
            load = driven(
                target.server.port,
                target.request,
                connections=connections,
                seconds=effort.seconds if turn else effort.seconds / 2,
                expect=target.expect,
            )
            if turn:
                spent = target.server.cpu_seconds() - cpu
                found[target.name].append((load, spent / len(load.latencies) * 1e6))
    return [_row(section, target, connections, found[target.name]) for target in targets]


def _row(section: str, target: Target, connections: int, counted: list[tuple[Load, float]]) -> Row:
    rates = [load.per_second for load, _ in counted]
    return Row(
        section=section,
        name=target.name,
        connections=connections,
        p50_us=statistics.median(load.percentile(0.5) * 1e6 for load, _ in counted),
        p95_us=statistics.median(load.percentile(0.95) * 1e6 for load, _ in counted),
        p99_us=statistics.median(load.percentile(0.99) * 1e6 for load, _ in counted),
        per_second=statistics.median(rates),
        cpu_us=statistics.median(cpu for _, cpu in counted),
        resident_mb=target.server.resident_mb(),
        start_seconds=target.server.start_seconds,
        spread=(max(rates) - min(rates)) / statistics.median(rates),
    )


def table(rows: Sequence[Row]) -> str:
    head = (
        f"{'':44}{'conns':>6}{'p50 us':>9}{'p95 us':>9}{'p99 us':>9}{'per s':>8}{'CPU us':>8}{'RSS MB':>8}"
        f"{'start s':>9}{'spread':>8}"
    )
    lines = (
        f"{row.name:44}{row.connections:>6}{row.p50_us:>9.0f}{row.p95_us:>9.0f}{row.p99_us:>9.0f}{row.per_second:>8.0f}"
        f"{row.cpu_us:>8.0f}{row.resident_mb:>8.1f}{row.start_seconds:>9.2f}{row.spread:>8.0%}"
        for row in rows
    )
    return "\n".join((head, *lines))


def goals_table(goals: Sequence[Goal]) -> str:
    lines = [f"{'goal':64}{'seen':>10}{'bound':>12}"]
    for goal in goals:
        sign = ">=" if goal.at_least else "<="
        verdict = "met" if goal.is_met else "MISSED"
        lines.append(f"{goal.what:64}{goal.seen:>10.2f}{sign:>4}{goal.bound:>8g} {goal.unit:8}{verdict}")
    return "\n".join(lines)


def the(rows: Sequence[Row], name: str, connections: int) -> Row:
    """The one row of a name; raises `LookupError` where it was not measured."""
    for row in rows:
        if row.name == name and row.connections == connections:
            return row
    raise LookupError(f"{name} was not measured at {connections} connections")
