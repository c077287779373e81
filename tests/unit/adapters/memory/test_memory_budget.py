from __future__ import annotations

from ordo.adapters.memory.budget import MemoryOrderBudget
from ordo.domain.budget import Lane, Pace, Window
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
