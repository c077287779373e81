from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ordo.adapters.sql.circuits import SqlCircuitStates
from ordo.adapters.sql.database import Database
from tests.support.postgres import the_server


@asynccontextmanager
async def opened(_folder: Path) -> AsyncIterator[SqlCircuitStates]:
    database = Database(the_server().migrated())
    await database.open()
    try:
        yield SqlCircuitStates(database)
    finally:
        await database.close()
