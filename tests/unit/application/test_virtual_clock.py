from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.support.clock import MONDAY_MORNING, VirtualClock, quiet


async def test_time_stands_still_until_it_is_told_to_pass() -> None:
    clock = VirtualClock()
    sleeper = asyncio.ensure_future(clock.sleep(1))
    await quiet()
    assert not sleeper.done()
    assert (clock.now(), clock.monotonic()) == (MONDAY_MORNING, 0)
    await clock.advance(1)
    assert sleeper.done()
    assert (clock.now(), clock.monotonic()) == (MONDAY_MORNING + timedelta(seconds=1), 1)
    await clock.sleep(0)


async def test_sleepers_wake_in_order_each_at_its_own_moment() -> None:
    clock = VirtualClock()
    woken: list[tuple[str, float]] = []

    async def sleeps(name: str, *pauses: float) -> None:
        for pause in pauses:
            await clock.sleep(pause)
            woken.append((name, clock.monotonic()))

    sleepers = [asyncio.ensure_future(sleeps("a", 3)), asyncio.ensure_future(sleeps("b", 1, 1, 1))]
    cancelled = asyncio.ensure_future(clock.sleep(2))
    await quiet()
    cancelled.cancel()
    await clock.advance(10)
    await asyncio.gather(*sleepers)
    assert woken == [("b", 1), ("b", 2), ("a", 3), ("b", 3)]
    with pytest.raises(asyncio.CancelledError):
        await cancelled


async def test_only_the_wall_clock_can_be_set() -> None:
    clock = VirtualClock()
    clock.step(timedelta(hours=-1))
    assert (clock.now(), clock.monotonic()) == (MONDAY_MORNING - timedelta(hours=1), 0)


async def test_work_is_given_the_time_that_it_waits_for_and_no_more() -> None:
    clock = VirtualClock()
    await clock.finish(clock.sleep(5))
    assert clock.monotonic() == 5
    forever = asyncio.Event()
    with pytest.raises(AssertionError, match="does not bring"):
        await clock.finish(forever.wait())
