from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ordo.adapters.memory.leases import MemoryLeases
from tests.contract.guard_harness import PassTime
from tests.support.clock import VirtualClock


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[MemoryLeases, PassTime]]:
    clock = VirtualClock()
    yield MemoryLeases(clock), clock.advance
