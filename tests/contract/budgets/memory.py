from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ordo.adapters.memory.budget import MemoryOrderBudget
from tests.contract.guard_harness import BudgetUnderTest
from tests.support.clock import VirtualClock


@asynccontextmanager
async def opened(_folder: Path) -> AsyncIterator[BudgetUnderTest]:
    clock = VirtualClock()
    yield BudgetUnderTest(budget=MemoryOrderBudget(clock), pass_time=clock.advance)
