from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ordo.adapters.memory.circuits import MemoryCircuitStates


@asynccontextmanager
async def opened(_folder: Path) -> AsyncIterator[MemoryCircuitStates]:
    yield MemoryCircuitStates()
