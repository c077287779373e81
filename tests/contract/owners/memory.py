"""The gateways of one process."""

from __future__ import annotations

from pathlib import Path

from ordo.adapters.memory.owners import MemoryOwners


def made(_folder: Path) -> MemoryOwners:
    return MemoryOwners()
