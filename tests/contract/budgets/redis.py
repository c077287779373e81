from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from ordo.adapters.redis.budget import RedisOrderBudget
from tests.contract.guard_harness import BudgetUnderTest
from tests.support.redis import pass_time, shifting


@asynccontextmanager
async def opened(_folder: Path) -> AsyncIterator[BudgetUnderTest]:
    async with shifting() as server:
        yield BudgetUnderTest(budget=RedisOrderBudget(server), pass_time=partial(pass_time, server))
