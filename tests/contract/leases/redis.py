from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from ordo.adapters.redis.leases import RedisLeases
from tests.contract.guard_harness import PassTime
from tests.support.redis import pass_time, shifting


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[RedisLeases, PassTime]]:
    async with shifting() as server:
        yield RedisLeases(server), partial(pass_time, server)
