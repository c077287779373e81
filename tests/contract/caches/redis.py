from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from ordo.adapters.redis.cache import RedisPortfolioCache
from tests.contract.guard_harness import CacheUnderTest
from tests.support.redis import pass_time, shifting


@asynccontextmanager
async def opened(_folder: Path) -> AsyncIterator[CacheUnderTest]:
    async with shifting() as server:
        yield CacheUnderTest(cache=RedisPortfolioCache(server), pass_time=partial(pass_time, server))
