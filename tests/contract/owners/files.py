"""The gateways of one machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ordo.adapters.owners import FileOwners
from tests.contract.owners_harness import Gateways


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Gateways]:
    owners = FileOwners(folder / "owners")

    async def join(owner: str) -> None:
        owners.join(owner)

    async def leave(owner: str) -> None:
        owners.leave(owner)

    yield Gateways(owners=owners, join=join, leave=leave)
