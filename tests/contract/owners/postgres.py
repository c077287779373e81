"""The gateways of all machines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ordo.adapters.sql.database import Database
from ordo.adapters.sql.owners import PostgresOwners
from tests.contract.owners_harness import Gateways
from tests.support.postgres import the_server


@asynccontextmanager
async def opened(_folder: Path) -> AsyncIterator[Gateways]:
    url = the_server().migrated()
    database = Database(url)
    await database.open()
    owners = PostgresOwners(database, url, grace_seconds=0)
    try:
        yield Gateways(owners=owners, join=owners.join, leave=owners.leave)
    finally:
        await database.close()
