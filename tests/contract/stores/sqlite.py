from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ordo.adapters.sealing import Sealer
from ordo.adapters.sql.database import Database
from ordo.adapters.sql.idempotency import SqlIdempotencyStore
from ordo.adapters.sql.instruments import SqlInstruments
from ordo.adapters.sql.journal import SqlJournal
from ordo.adapters.sql.safety import SqlSafetyStore
from ordo.adapters.sql.sessions import SqlSessionStore
from ordo.adapters.sql.tokens import SqlTokenStore
from ordo.domain.sessions import Secret
from tests.contract.store_harness import Stores
from tests.contract.values import CATALOGUE, CATALOGUE_REPORT

DURABLE = True
SHARED = True

_MASTER_KEY = Secret("dGhlIG1hc3RlciBrZXkgb2YgdGhlIHRlc3Qgc3VpdGU")


def address(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'ordo.db'}"


@asynccontextmanager
async def opened(address: str) -> AsyncIterator[Stores]:
    database = Database(address)
    await database.open()
    instruments = SqlInstruments(database, CATALOGUE, (CATALOGUE_REPORT,))
    try:
        await instruments.open()
        yield Stores(
            sessions=SqlSessionStore(database, Sealer((_MASTER_KEY,))),
            idempotency=SqlIdempotencyStore(database),
            safety=SqlSafetyStore(database),
            journal=SqlJournal(database),
            tokens=SqlTokenStore(database),
            instruments=instruments,
        )
    finally:
        await database.close()
