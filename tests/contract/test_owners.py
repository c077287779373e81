"""Who is alive: the laws of every implementation."""

from __future__ import annotations

from pathlib import Path

import pytest

from ordo.adapters.memory.owners import MemoryOwners
from ordo.adapters.owners import FileOwners
from tests.contract.discovery import harnesses

OWNERS = harnesses("owners")


@pytest.fixture(params=OWNERS)
def owners(request: pytest.FixtureRequest, tmp_path: Path) -> MemoryOwners | FileOwners:
    made: MemoryOwners | FileOwners = OWNERS[request.param].made(tmp_path)
    return made


def test_a_gateway_is_alive_from_joining_to_leaving(owners: MemoryOwners | FileOwners) -> None:
    assert not owners.is_alive("one")
    owners.join("one")
    owners.join("two")
    assert owners.is_alive("one")
    assert owners.is_alive("one")
    owners.leave("one")
    assert not owners.is_alive("one")
    assert owners.is_alive("two")
    owners.leave("one")
    owners.leave("two")
    assert not owners.is_alive("two")
