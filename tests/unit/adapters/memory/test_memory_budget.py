from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ordo.adapters.memory.budget import MemoryOrderBudget
from ordo.domain.budget import Lane, Pace, Window
from ordo.domain.calendar import IST
from tests.contract.values import ACCOUNT, NOW
from tests.support.clock import VirtualClock

MANY = Pace(orders=(Window(seconds=1, limit=100_000),), pool=(Window(seconds=2, limit=100_000),), daily=10**9)


async def test_it_forgets_what_counts_no_longer_and_nothing_else() -> None:
    clock = VirtualClock()
    budget = MemoryOrderBudget(clock)
    sizes = []
    for _ in range(40):
        for _ in range(250):
            slot = await budget.take(ACCOUNT, Lane.NEW, MANY, now=NOW)
            await budget.answered(ACCOUNT, Lane.NEW, slot)
        await clock.advance(0.5)
        line = budget._lines[ACCOUNT.text]
        sizes.append(len(line.all))
        assert len(line.orders) == len(line.all)
        assert sum(clock.monotonic() * 1e6 - at < 2_000_000 for at in line.all) == min(3, len(sizes)) * 250
    assert max(sizes) < 4 * 1024
    assert (await budget.standing(ACCOUNT, now=NOW)).orders_last_second == 250
    never = [await budget.take(ACCOUNT, Lane.NEW, MANY, now=NOW) for _ in range(9_000)]
    await clock.advance(30)
    for _ in range(9_000):
        await budget.take(ACCOUNT, Lane.NEW, MANY, now=NOW)
    assert {slot.number for slot in never}.isdisjoint(budget._lines[ACCOUNT.text].open)


async def test_a_day_begins_and_ends_at_the_indian_midnight_also_when_the_clock_steps_back() -> None:
    budget, one_order = MemoryOrderBudget(VirtualClock()), Pace(daily=2)
    midnight, instant = datetime(2026, 11, 23, 18, 30, tzinfo=UTC), timedelta(microseconds=1)

    async def spent(now: datetime) -> bool:
        return (await budget.take(ACCOUNT, Lane.NEW, one_order, now=now)).spent

    assert not await spent(midnight - timedelta(days=1))
    assert await spent(midnight - timedelta(days=1))
    assert await spent(midnight - instant)
    assert not await spent(midnight)
    assert await spent((midnight + timedelta(days=1) - instant).astimezone(IST))
    assert not await spent(midnight + timedelta(days=1))
    assert not await spent(midnight)
    assert await spent(midnight)
