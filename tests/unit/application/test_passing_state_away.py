"""What passes (budget, circuits, cache) is away: cancellations and reads go on, orders certainly do not leave."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

import pytest

from ordo.adapters.circuits import PurgatoryCircuits
from ordo.adapters.memory.budget import MemoryOrderBudget
from ordo.adapters.memory.cache import MemoryPortfolioCache
from ordo.adapters.memory.circuits import MemoryCircuitStates
from ordo.application.care import Care
from ordo.application.pacing import Pacing
from ordo.domain.accounts import Account
from ordo.domain.budget import Lane, Pace, Slot, Window
from ordo.domain.circuits import CallKind, Circuit, CircuitRecord
from ordo.domain.errors import ErrorCode, NotSent, OrdoError, Unavailable
from tests.support.broker import refused
from tests.support.clock import VirtualClock
from tests.support.orders import ACCOUNT
from tests.support.stores import outage

PACE = Pace(orders=(Window(seconds=1, limit=2),), reads=(Window(seconds=1, limit=2),))


class AwayBudget(MemoryOrderBudget):
    is_away = True

    async def take(self, account: Account, lane: Lane, pace: Pace, *, now: datetime) -> Slot:
        if self.is_away:
            raise outage()
        return await super().take(account, lane, pace, now=now)


class AwayStates(MemoryCircuitStates):
    is_away = True

    async def get(self, circuit: Circuit) -> CircuitRecord | None:
        if self.is_away:
            raise outage()
        return await super().get(circuit)


class AwayCache(MemoryPortfolioCache):
    is_away = True

    async def drop(self, account: Account) -> None:
        if self.is_away:
            raise outage()
        await super().drop(account)


class Desk:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.budget, self.states, self.cache = AwayBudget(self.clock), AwayStates(), AwayCache(self.clock)
        self.pacing = Pacing(
            self.budget,
            self.clock,
            {ACCOUNT.adapter_id: PACE},
            max_wait=timedelta(),
            spare=MemoryOrderBudget(self.clock),
        )
        self.care = Care(PurgatoryCircuits(self.states, self.clock), self.pacing, self.cache, self.clock, Random(7))
        self.calls = 0
        self.failure: OrdoError | None = None

    async def call(self) -> str:
        self.calls += 1
        if self.failure is not None:
            raise self.failure
        return "done"


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_cancellation_is_made_and_its_answer_told(desk: Desk) -> None:
    await desk.pacing.admit(ACCOUNT, Lane.URGENT)
    assert await desk.care.write(ACCOUNT, CallKind.CANCEL, desk.call) == "done"
    desk.failure = refused()
    with pytest.raises(type(desk.failure)):
        await desk.care.write(ACCOUNT, CallKind.CANCEL, desk.call)


async def test_a_read_is_made(desk: Desk) -> None:
    assert await desk.clock.finish(desk.care.read(ACCOUNT, desk.call)) == "done"


@pytest.mark.parametrize("lane", [Lane.URGENT, Lane.READ])
async def test_what_goes_on_keeps_a_pace_of_its_own(desk: Desk, lane: Lane) -> None:
    for _ in range(2):
        await desk.pacing._take(ACCOUNT, lane, 0)
    assert not (await desk.pacing._take(ACCOUNT, lane, 0)).slot.free
    desk.budget.is_away = False
    assert (await desk.pacing._take(ACCOUNT, lane, 0)).slot.free


async def test_a_place_is_given_back_to_the_budget_that_gave_it(desk: Desk) -> None:
    turns = [await desk.pacing.admit(ACCOUNT, Lane.URGENT) for _ in range(2)]
    desk.budget.is_away = False
    other = await desk.pacing.admit(ACCOUNT, Lane.URGENT)
    for turn in turns:
        await desk.pacing.over(turn)
    desk.budget.is_away = True
    await desk.clock.advance(1.1)
    for _ in range(2):
        await desk.pacing.admit(ACCOUNT, Lane.URGENT)
    assert (await desk.budget.standing(ACCOUNT, now=desk.clock.now())).orders_last_second == 1
    await desk.pacing.over(other)


@pytest.mark.parametrize("lane", [Lane.NEW, Lane.MODIFY])
async def test_orders_get_no_place(desk: Desk, lane: Lane) -> None:
    with pytest.raises(Unavailable) as failure:
        await desk.pacing.admit(ACCOUNT, lane)
    assert failure.value.code is ErrorCode.STORE_UNAVAILABLE


@pytest.mark.parametrize("away", ["states", "cache"])
async def test_an_order_that_meets_it_on_its_way_is_certainly_not_sent(desk: Desk, away: str) -> None:
    desk.states.is_away, desk.cache.is_away = away == "states", away == "cache"
    with pytest.raises(NotSent) as failure:
        await desk.care.write(ACCOUNT, CallKind.ORDER, desk.call)
    assert failure.value.code is ErrorCode.STORE_UNAVAILABLE
    assert desk.calls == 0


@pytest.mark.parametrize("fails", [False, True])
async def test_what_came_of_an_order_is_told_though_it_can_not_be_noted(desk: Desk, *, fails: bool) -> None:
    desk.states.is_away = desk.cache.is_away = False

    async def call() -> str:
        desk.states.is_away = desk.cache.is_away = True
        return await desk.call()

    if fails:
        desk.failure = refused()
        with pytest.raises(type(desk.failure)):
            await desk.care.write(ACCOUNT, CallKind.ORDER, call)
    else:
        assert await desk.care.write(ACCOUNT, CallKind.ORDER, call) == "done"


async def test_where_there_is_no_spare_budget_nothing_has_a_place() -> None:
    clock = VirtualClock()
    pacing = Pacing(AwayBudget(clock), clock, {ACCOUNT.adapter_id: PACE}, max_wait=timedelta())
    with pytest.raises(Unavailable):
        await pacing.admit(ACCOUNT, Lane.URGENT)
