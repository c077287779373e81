"""Sessions and idempotency records in Redis, the rest in a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from ordo.adapters.redis.idempotency import RedisIdempotencyStore
from ordo.adapters.redis.server import RedisServer
from ordo.adapters.redis.sessions import RedisSessionStore
from ordo.adapters.sealing import Sealer
from ordo.domain.sessions import Secret
from tests.contract.store_harness import Stores
from tests.contract.stores import sqlite
from tests.support.redis import new_prefix, the_redis

DURABLE = True
SHARED = True

_MASTER_KEY = Secret("dGhlIG1hc3RlciBrZXkgb2YgdGhlIHRlc3Qgc3VpdGU")


def address(folder: Path) -> str:
    own = folder / "beside-redis"
    own.mkdir()
    return " ".join((the_redis().url, new_prefix(), sqlite.address(own)))


@asynccontextmanager
async def opened(address: str) -> AsyncIterator[Stores]:
    url, prefix, file = address.split(" ", 2)
    server = RedisServer(url, prefix=prefix)
    await server.open()
    idempotency = RedisIdempotencyStore(server)
    try:
        async with sqlite.opened(file) as stores:
            sessions = RedisSessionStore(server, Sealer((_MASTER_KEY,)))
            yield replace(stores, sessions=sessions, idempotency=idempotency)
    finally:
        await idempotency.close()
        await server.close()
