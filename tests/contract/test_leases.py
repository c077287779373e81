"""Leases: the laws of every implementation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from ordo.ports.leases import Leases
from tests.contract.discovery import harnesses
from tests.contract.guard_harness import PassTime

LEASES = harnesses("leases")
Tested = tuple[Leases, PassTime]


@pytest.fixture(params=LEASES)
async def tested(request: pytest.FixtureRequest) -> AsyncIterator[Tested]:
    async with LEASES[request.param].opened() as tested:
        yield tested


async def test_of_many_who_take_one_lease_at_once_one_has_it(tested: Tested) -> None:
    leases, _ = tested
    taken = await asyncio.gather(*(leases.take("order", f"worker-{n}", seconds=10) for n in range(50)))
    assert taken.count(True) == 1


async def test_whoever_has_it_keeps_it_by_taking_it_again(tested: Tested) -> None:
    leases, pass_time = tested
    assert await leases.take("order", "one", seconds=10)
    for _ in range(3):
        await pass_time(9)
        assert not await leases.take("order", "two", seconds=10)
        assert await leases.take("order", "one", seconds=10)
    await pass_time(10)
    assert await leases.take("order", "two", seconds=10)
    assert not await leases.take("order", "one", seconds=10)


async def test_a_lease_that_is_given_up_is_free_at_once_and_only_by_its_holder(tested: Tested) -> None:
    leases, _ = tested
    await leases.give_up("order", "nobody")
    assert await leases.take("order", "one", seconds=10)
    await leases.give_up("order", "two")
    assert not await leases.take("order", "two", seconds=10)
    await leases.give_up("order", "one")
    assert await leases.take("order", "two", seconds=10)


async def test_names_are_apart(tested: Tested) -> None:
    leases, _ = tested
    assert await leases.take("order", "one", seconds=10)
    assert await leases.take("another\nज़", "two", seconds=10)
