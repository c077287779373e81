"""The same order with its facts in PostgreSQL, and with what passes, or what must last, in Redis: at the same double,
beside SQLite. Their servers are as durable as in production, and share the load's cores.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from bench import house
from bench.place import CONNECTIONS, ORDO
from bench.processes import other_cores
from bench.rows import Effort, Row, Target, measured
from tests.support.postgres import PostgresServer, started
from tests.support.redis import TestServer, started_redis

POSTGRES = "place (Ordo, PostgreSQL)"
PASSING = "place (Ordo, PostgreSQL; budgets, circuits, caches in Redis)"
LASTING = "place (Ordo, PostgreSQL; those, intents, sessions in Redis)"
NAMES = (POSTGRES, PASSING, LASTING)
_INTENTS = {"ORDO_STORES__IDEMPOTENCY": "redis", "ORDO_STORES__SESSIONS": "redis"}
_numbers = count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """PostgreSQL that waits for its disk; a Redis that may lose a second of what passes, and one that loses
    nothing. Each call gives the settings of a new database and new keys.
    """

    postgres: PostgresServer
    loose: TestServer
    durable: TestServer

    def database(self) -> dict[str, str]:
        return {"ORDO_DATABASE_URL": self.postgres.migrated()}

    def passing(self) -> dict[str, str]:
        return self.database() | _redis(self.loose)

    def lasting(self) -> dict[str, str]:
        return self.database() | _redis(self.durable) | _INTENTS


@contextmanager
def servers() -> Iterator[Servers]:
    found = Servers(
        postgres=started(durable=True), loose=started_redis(appendfsync="everysec"), durable=started_redis()
    )
    try:
        yield found
    finally:
        for child in (found.postgres.child, found.loose.child, found.durable.child):
            if child is not None:
                child.end()


def stores(effort: Effort) -> list[Row]:
    """Placing, at every number of connections."""
    with tempfile.TemporaryDirectory() as name, other_cores(), servers() as kept:
        folder = Path(name)
        with (
            house.broker(folder) as double,
            house.ordo(folder, double) as sqlite,
            house.ordo(folder, double, name="postgres", settings=kept.database()) as postgres,
            house.ordo(folder, double, name="passing", settings=kept.passing()) as passing,
            house.ordo(folder, double, name="lasting", settings=kept.lasting()) as lasting,
        ):
            gateways = zip((ORDO, *NAMES), (sqlite, postgres, passing, lasting), strict=True)
            targets = [Target(name=told, server=one.server, request=one.place) for told, one in gateways]
            rows: list[Row] = []
            for connections in CONNECTIONS:
                print(f"measuring: stores, {connections} connections", file=sys.stderr)
                rows += measured("stores", targets, connections, effort)
    return rows


def _redis(server: TestServer) -> dict[str, str]:
    return {"ORDO_REDIS_URL": server.url, "ORDO_REDIS__PREFIX": f"bench-{next(_numbers)}"}
