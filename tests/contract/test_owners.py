"""Who is alive: the laws of every implementation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.discovery import harnesses
from tests.contract.owners_harness import Gateways

OWNERS = harnesses("owners")


@pytest.fixture(params=OWNERS)
async def gateways(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Gateways]:
    async with OWNERS[request.param].opened(tmp_path) as gateways:
        yield gateways


async def test_a_gateway_is_alive_from_joining_to_leaving(gateways: Gateways) -> None:
    owners = gateways.owners
    assert not await owners.is_alive("one")
    await gateways.join("one")
    await gateways.join("two")
    assert await owners.is_alive("one")
    assert await owners.is_alive("one")
    await gateways.leave("one")
    assert not await owners.is_alive("one")
    assert await owners.is_alive("two")
    await gateways.leave("one")
    await gateways.leave("two")
    assert not await owners.is_alive("two")
