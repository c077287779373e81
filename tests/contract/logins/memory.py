from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ordo.adapters.memory.logins import MemoryLoginNotes


@asynccontextmanager
async def opened() -> AsyncIterator[MemoryLoginNotes]:
    yield MemoryLoginNotes()
