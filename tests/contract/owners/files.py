"""The gateways of one machine."""

from __future__ import annotations

from pathlib import Path

from ordo.adapters.owners import FileOwners


def made(folder: Path) -> FileOwners:
    return FileOwners(folder / "owners")
