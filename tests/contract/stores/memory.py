from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ordo.adapters.memory.idempotency import MemoryIdempotencyStore
from ordo.adapters.memory.instruments import MemoryInstruments
from ordo.adapters.memory.journal import MemoryJournal
from ordo.adapters.memory.safety import MemorySafetyStore
from ordo.adapters.memory.sessions import MemorySessionStore
from ordo.adapters.memory.tokens import MemoryTokenStore
from tests.contract.store_harness import Stores
from tests.contract.values import CATALOGUE, CATALOGUE_REPORT

DURABLE = False
SHARED = False


def address(_folder: Path) -> str:
    return "this process"


@asynccontextmanager
async def opened(_address: str) -> AsyncIterator[Stores]:
    yield Stores(
        sessions=MemorySessionStore(),
        idempotency=MemoryIdempotencyStore(),
        safety=MemorySafetyStore(),
        journal=MemoryJournal(),
        tokens=MemoryTokenStore(),
        instruments=MemoryInstruments(CATALOGUE, (CATALOGUE_REPORT,)),
    )
