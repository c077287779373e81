from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from ordo.application.housekeeping import Housekeeping
from tests.support.clock import quiet
from tests.support.house import House
from tests.support.stores import fail_times


async def test_expired_records_are_deleted_and_others_stay(house: House) -> None:
    await house.place("old")
    house.clock.step(timedelta(days=7))
    await house.log_in()
    await house.place("new")
    assert await Housekeeping(house.now.store, house.clock).tidy() == 1
    assert await house.intent("old") is None
    assert await house.intent("new") is not None


async def test_it_tidies_every_hour_and_outlives_an_outage(house: House) -> None:
    purges = 0
    broken = fail_times(1)

    async def count() -> None:
        nonlocal purges
        purges += 1
        await broken()

    house.now.store.before["purge"] = count
    job = asyncio.ensure_future(Housekeeping(house.now.store, house.clock).keep_tidy())
    await quiet()
    assert purges == 1
    await house.clock.advance(3599)
    assert purges == 1
    await house.clock.advance(1)
    await quiet()
    assert purges == 2
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
