from __future__ import annotations

import pytest

from tests.support.house import House


@pytest.fixture
async def house() -> House:
    """A gateway with one account that is logged in."""
    house = House()
    await house.log_in()
    return house
