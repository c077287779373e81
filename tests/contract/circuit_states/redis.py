from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ordo.adapters.redis.circuits import RedisCircuitStates
from tests.support.redis import shifting


@asynccontextmanager
async def opened(_folder: Path) -> AsyncIterator[RedisCircuitStates]:
    async with shifting() as server:
        yield RedisCircuitStates(server)
