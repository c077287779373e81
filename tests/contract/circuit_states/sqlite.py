from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ordo.adapters.sql.circuits import SqlCircuitStates
from ordo.adapters.sql.database import Database


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[SqlCircuitStates]:
    database = Database(f"sqlite:///{folder / 'ordo.db'}")
    await database.open()
    try:
        yield SqlCircuitStates(database)
    finally:
        await database.close()
