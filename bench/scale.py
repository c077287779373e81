"""From one process to several: the same order through every kind of store, as a ratio to one worker in memory.

All servers and the load share this machine's cores, so more workers than cores gain nothing here; and the paper broker
keeps its book in the same database, one order after the other, as no real broker does.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from bench.load import driven
from bench.paper import ENVIRONMENT, ORDO, order
from bench.processes import serving
from bench.rows import Effort
from tests.support.postgres import started
from tests.support.redis import TestServer, started_redis

_CONNECTIONS = 16
Settings = Callable[[], dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleRow:
    """Medians over the rounds, of orders over 16 connections."""

    name: str
    workers: int
    per_second: float
    p50_us: float
    p99_us: float


def run(effort: Effort) -> list[ScaleRow]:
    serve = ["-c", ORDO, "serve"]
    with _servers() as (servers, passing, durable):
        intents = {"ORDO_STORES__IDEMPOTENCY": "redis", "ORDO_STORES__SESSIONS": "redis"}
        plans: list[tuple[str, int, list[str], Settings]] = [
            ("memory", 1, ["-m", "bench.gateway"], dict),
            ("SQLite", 1, serve, dict),
            *(("PostgreSQL and Redis", workers, serve, lambda: servers(passing)) for workers in (1, 2, 4)),
            *(("intents in Redis", workers, serve, lambda: servers(durable) | intents) for workers in (1, 2, 4)),
        ]
        rows = []
        for name, workers, arguments, given in plans:
            print(f"measuring: {name}, {workers} workers", file=sys.stderr)
            more = ["--workers", str(workers)] if workers > 1 else []
            with (
                tempfile.TemporaryDirectory() as folder,
                serving(
                    [*arguments, *more], folder=Path(folder), environment=ENVIRONMENT | given(), pinned=False
                ) as server,
            ):
                rows.append(_row(name, workers, server.port, effort))
    return rows


def table(rows: list[ScaleRow]) -> str:
    base = rows[0]
    lines = [f"{'':38}{'workers':>8}{'per s':>8}{'p50 us':>9}{'p99 us':>9}{'rate':>8}{'p99':>8}"]
    lines += [
        f"{row.name:38}{row.workers:>8}{row.per_second:>8.0f}{row.p50_us:>9.0f}{row.p99_us:>9.0f}"
        f"{row.per_second / base.per_second:>7.2f}x{row.p99_us / base.p99_us:>7.2f}x"
        for row in rows
    ]
    return "\n".join(lines)


def _row(name: str, workers: int, port: int, effort: Effort) -> ScaleRow:
    loads = [driven(port, order, connections=_CONNECTIONS, seconds=effort.seconds) for _ in range(effort.rounds + 1)][
        1:
    ]  # The first warms up and does not count.
    return ScaleRow(
        name=name,
        workers=workers,
        per_second=statistics.median(load.per_second for load in loads),
        p50_us=statistics.median(load.percentile(0.5) * 1e6 for load in loads),
        p99_us=statistics.median(load.percentile(0.99) * 1e6 for load in loads),
    )


@contextmanager
def _servers() -> Iterator[tuple[Callable[[TestServer], dict[str, str]], TestServer, TestServer]]:
    """Settings with a new database for each call, on servers as durable as in production: a Redis that keeps what
    passes, and one that keeps facts.
    """
    postgres, passing, durable = started(durable=True), started_redis(appendfsync="everysec"), started_redis()
    number = count()

    def settings(redis: TestServer) -> dict[str, str]:
        return {
            "ORDO_DATABASE_URL": postgres.migrated(),
            "ORDO_REDIS_URL": redis.url,
            "ORDO_REDIS__PREFIX": f"bench-{next(number)}",
            "ORDO_MASTER_KEYS": "dGhlIG1hc3RlciBrZXkgb2YgdGhlIHRlc3Qgc3VpdGU",
        }

    try:
        yield settings, passing, durable
    finally:
        for child in (postgres.child, passing.child, durable.child):
            if child is not None:
                child.end()
