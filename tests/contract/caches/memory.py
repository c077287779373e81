from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ordo.adapters.memory.cache import MemoryPortfolioCache
from tests.contract.guard_harness import CacheUnderTest
from tests.support.clock import VirtualClock


@asynccontextmanager
async def opened(_folder: Path) -> AsyncIterator[CacheUnderTest]:
    clock = VirtualClock()
    yield CacheUnderTest(cache=MemoryPortfolioCache(clock), pass_time=clock.advance)
