from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ordo.adapters.sql.database import Database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ordo.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{path}")
    await database.open()
    yield database
    await database.close()
