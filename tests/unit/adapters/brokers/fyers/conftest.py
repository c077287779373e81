from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.fyers import Desk, desk_of_fyers


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with desk_of_fyers() as desk:
        yield desk
