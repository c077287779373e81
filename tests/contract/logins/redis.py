from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ordo.adapters.redis.logins import RedisLoginNotes
from ordo.adapters.redis.server import RedisServer
from ordo.adapters.sealing import Sealer
from ordo.domain.sessions import Secret
from tests.support.redis import new_prefix, the_redis

_MASTER_KEY = Secret("dGhlIG1hc3RlciBrZXkgb2YgdGhlIHRlc3Qgc3VpdGU")


@asynccontextmanager
async def opened() -> AsyncIterator[RedisLoginNotes]:
    server = RedisServer(the_redis().url, prefix=new_prefix())
    await server.open()
    try:
        yield RedisLoginNotes(server, Sealer((_MASTER_KEY,)))
    finally:
        await server.close()
