"""The gateways of one process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ordo.adapters.memory.owners import MemoryOwners
from tests.contract.owners_harness import Gateways


@asynccontextmanager
async def opened(_folder: Path) -> AsyncIterator[Gateways]:
    owners = MemoryOwners()

    async def join(owner: str) -> None:
        owners.join(owner)

    async def leave(owner: str) -> None:
        owners.leave(owner)

    yield Gateways(owners=owners, join=join, leave=leave)
