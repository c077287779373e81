from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ordo.testing.contract import broker_fixture
from tests.contract.discovery import harnesses
from tests.contract.store_harness import Medium, Stores, store_harnesses

STORES = store_harnesses()


def _medium(name: str, folder: Path) -> Medium:
    return Medium(name=name, address=STORES[name].address(folder))


@pytest.fixture(params=STORES)
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stores]:
    async with _medium(request.param, tmp_path).opened() as stores:
        yield stores


@pytest.fixture(params=[name for name, harness in STORES.items() if harness.DURABLE])
def durable(request: pytest.FixtureRequest, tmp_path: Path) -> Medium:
    return _medium(request.param, tmp_path)


@pytest.fixture(params=[name for name, harness in STORES.items() if harness.SHARED])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Medium:
    return _medium(request.param, tmp_path)


broker = broker_fixture(**{name: module.harness for name, module in harnesses("brokers").items()})
