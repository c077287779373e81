from __future__ import annotations

from pathlib import Path

from tests.contract.stores.sqlite import opened
from tests.support.postgres import the_server

__all__ = ["DURABLE", "SHARED", "address", "opened"]

DURABLE = True
SHARED = True


def address(_folder: Path) -> str:
    return the_server().migrated()
