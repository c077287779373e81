"""Budgets: the laws of every implementation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from ordo.domain.budget import UNANSWERED_SECONDS, UNLIMITED, Lane, Pace, Slot, Window
from ordo.domain.errors import Invalid
from ordo.ports.budget import OrderBudget
from tests.contract.discovery import harnesses
from tests.contract.guard_harness import BudgetHarness, BudgetUnderTest
from tests.contract.values import ACCOUNT, NOW, OTHER_ACCOUNT

BUDGETS = harnesses("budgets")
EIGHT = Pace(orders=(Window(seconds=1, limit=8),), reads=(Window(seconds=1, limit=2),))
POOLED = Pace(
    orders=(Window(seconds=1, limit=8),), reads=(Window(seconds=1, limit=4),), pool=(Window(seconds=1, limit=9),)
)


@pytest.fixture(params=BUDGETS)
async def under_test(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[BudgetUnderTest]:
    async with cast("BudgetHarness", BUDGETS[request.param]).opened(tmp_path) as under_test:
        yield under_test


@pytest.fixture
def budget(under_test: BudgetUnderTest) -> OrderBudget:
    return under_test.budget


async def _taken(budget: OrderBudget, lane: Lane, times: int, pace: Pace = EIGHT) -> int:
    """How many of so many calls at once find a place; each is answered at once."""
    slots = await _open(budget, lane, times, pace)
    for slot in slots:
        await budget.answered(ACCOUNT, lane, slot)
    return len(slots)


async def _open(budget: OrderBudget, lane: Lane, times: int, pace: Pace = EIGHT) -> list[Slot]:
    """The slots of those of so many calls at once that find a place; they are under way."""
    slots = await asyncio.gather(*(budget.take(ACCOUNT, lane, pace, now=NOW) for _ in range(times)))
    return [slot for slot in slots if slot.free]


async def test_of_many_at_once_no_more_pass_than_the_window_holds(budget: OrderBudget) -> None:
    assert await _taken(budget, Lane.URGENT, 50) == 8


async def test_each_lane_leaves_room_for_those_before_it(budget: OrderBudget) -> None:
    assert await _taken(budget, Lane.NEW, 20) == 6
    assert await _taken(budget, Lane.MODIFY, 20) == 1
    assert await _taken(budget, Lane.URGENT, 20) == 1


async def test_a_place_is_free_again_when_a_second_has_passed_since_it_was_taken(under_test: BudgetUnderTest) -> None:
    budget = under_test.budget
    assert await _taken(budget, Lane.URGENT, 8) == 8
    slot = await budget.take(ACCOUNT, Lane.URGENT, EIGHT, now=NOW)
    assert not slot.free
    assert 0 < slot.wait <= 1
    await under_test.pass_time(0.5)
    assert await _taken(budget, Lane.URGENT, 8) == 0
    await under_test.pass_time(0.5)
    assert await _taken(budget, Lane.URGENT, 20) == 8


async def test_the_wait_that_is_told_is_enough(under_test: BudgetUnderTest) -> None:
    budget = under_test.budget
    await _taken(budget, Lane.NEW, 3)
    await under_test.pass_time(0.25)
    await _taken(budget, Lane.NEW, 3)
    slot = await budget.take(ACCOUNT, Lane.NEW, EIGHT, now=NOW)
    assert slot.wait <= 0.75
    await under_test.pass_time(slot.wait)
    assert 1 <= await _taken(budget, Lane.NEW, 6) <= 3


async def test_every_window_must_have_room(under_test: BudgetUnderTest) -> None:
    pace = Pace(orders=(Window(seconds=1, limit=3), Window(seconds=60, limit=5)))
    assert await _taken(under_test.budget, Lane.URGENT, 9, pace) == 3
    await under_test.pass_time(1)
    assert await _taken(under_test.budget, Lane.URGENT, 9, pace) == 2
    await under_test.pass_time(1)
    slot = await under_test.budget.take(ACCOUNT, Lane.URGENT, pace, now=NOW)
    assert slot.wait > 50


async def test_what_is_refused_or_only_looked_at_takes_nothing(budget: OrderBudget) -> None:
    for _ in range(20):
        assert (await budget.peek(ACCOUNT, Lane.NEW, EIGHT, now=NOW)).free
    assert await _taken(budget, Lane.NEW, 50) == 6
    assert not (await budget.peek(ACCOUNT, Lane.NEW, EIGHT, now=NOW)).free
    assert await _taken(budget, Lane.URGENT, 50) == 2


async def test_reads_and_orders_do_not_take_from_one_another(budget: OrderBudget) -> None:
    assert await _taken(budget, Lane.READ, 9) == 2
    assert await _taken(budget, Lane.URGENT, 9) == 8


async def test_in_a_pool_what_one_kind_leaves_the_other_takes_and_the_urgent_finds_room(
    under_test: BudgetUnderTest,
) -> None:
    """Of nine, two are reserved: orders may be six at most and reads four, so that each is sure of what is left."""
    budget = under_test.budget
    assert await _taken(budget, Lane.NEW, 9, POOLED) == 6
    assert await _taken(budget, Lane.READ, 9, POOLED) == 1
    assert await _taken(budget, Lane.MODIFY, 9, POOLED) == 1
    assert await _taken(budget, Lane.URGENT, 9, POOLED) == 1
    await under_test.pass_time(1)
    assert await _taken(budget, Lane.READ, 9, POOLED) == 4
    assert await _taken(budget, Lane.NEW, 9, POOLED) == 3
    assert await _taken(budget, Lane.URGENT, 9, POOLED) == 2
    slot = await budget.peek(ACCOUNT, Lane.URGENT, POOLED, now=NOW)
    assert not slot.free
    assert 0 < slot.wait <= 1
    await under_test.pass_time(slot.wait)
    assert await _taken(budget, Lane.URGENT, 9, POOLED) >= 1


async def test_a_call_counts_until_a_window_after_its_answer(under_test: BudgetUnderTest) -> None:
    budget = under_test.budget
    slots = await _open(budget, Lane.URGENT, 9)
    assert len(slots) == 8
    await under_test.pass_time(3)
    slot = await budget.take(ACCOUNT, Lane.URGENT, EIGHT, now=NOW)
    assert (slot.free, slot.wait) == (False, 1)
    for slot in slots[:3]:
        await budget.answered(ACCOUNT, Lane.URGENT, slot)
    await under_test.pass_time(0.5)
    assert await _taken(budget, Lane.URGENT, 9) == 0
    for slot in slots:
        await budget.answered(ACCOUNT, Lane.URGENT, slot)
    await under_test.pass_time(0.5)
    assert await _taken(budget, Lane.URGENT, 9) == 3
    await under_test.pass_time(0.5)
    assert await _taken(budget, Lane.URGENT, 9) == 5


async def test_a_call_without_an_answer_stops_counting_when_it_can_no_longer_arrive(
    under_test: BudgetUnderTest,
) -> None:
    slots = await _open(under_test.budget, Lane.URGENT, 9)
    await under_test.pass_time(UNANSWERED_SECONDS)
    assert await _taken(under_test.budget, Lane.URGENT, 9) == 0
    await under_test.pass_time(1)
    assert await _taken(under_test.budget, Lane.URGENT, 9) == 8
    for slot in slots:
        await under_test.budget.answered(ACCOUNT, Lane.URGENT, slot)
    await under_test.pass_time(1)
    assert await _taken(under_test.budget, Lane.URGENT, 9) == 8


async def test_a_call_that_is_not_made_gives_its_place_back(under_test: BudgetUnderTest) -> None:
    budget = under_test.budget
    slots = await _open(budget, Lane.READ, 9, POOLED)
    for slot in slots:
        await budget.answered(ACCOUNT, Lane.READ, slot, made=False)
        await budget.answered(ACCOUNT, Lane.READ, slot, made=False)
    assert await _taken(budget, Lane.READ, 9, POOLED) == 4
    assert (await budget.standing(ACCOUNT, now=NOW)).reads_last_second == 4


async def test_the_calls_of_a_day_end_first_for_reads_and_never_for_what_is_urgent(budget: OrderBudget) -> None:
    pace = Pace(daily=100)
    assert await _taken(budget, Lane.READ, 90, pace) == 80
    assert (await budget.peek(ACCOUNT, Lane.READ, pace, now=NOW)).spent
    assert await _taken(budget, Lane.NEW, 30, pace) == 18
    assert await _taken(budget, Lane.MODIFY, 5, pace) == 0
    assert await _taken(budget, Lane.URGENT, 5, pace) == 5
    assert (await budget.take(OTHER_ACCOUNT, Lane.READ, pace, now=NOW)).free
    assert (await budget.take(ACCOUNT, Lane.READ, pace, now=NOW + timedelta(days=1))).free


async def test_accounts_do_not_take_from_one_another(budget: OrderBudget) -> None:
    assert await _taken(budget, Lane.NEW, 9) == 6
    assert (await budget.take(OTHER_ACCOUNT, Lane.NEW, EIGHT, now=NOW)).free


async def test_without_windows_everything_passes(budget: OrderBudget) -> None:
    assert await _taken(budget, Lane.NEW, 500, UNLIMITED) == 500


async def test_a_strike_halves_the_pace_for_a_minute(under_test: BudgetUnderTest) -> None:
    budget = under_test.budget
    assert await budget.strike(ACCOUNT, now=NOW) == 1
    assert await _taken(budget, Lane.URGENT, 9) == 4
    assert await _taken(budget, Lane.READ, 9) == 1
    standing = await budget.standing(ACCOUNT, now=NOW)
    assert 55 < standing.slowed_for <= 60
    await under_test.pass_time(60)
    assert (await budget.standing(ACCOUNT, now=NOW)).slowed_for == 0
    assert await _taken(budget, Lane.URGENT, 9) == 8


async def test_refusals_of_one_minute_are_one_strike_and_a_day_begins_with_none(budget: OrderBudget) -> None:
    minute = timedelta(minutes=1)
    assert await budget.strike(ACCOUNT, now=NOW) == 1
    assert await budget.strike(ACCOUNT, now=NOW + minute - timedelta(seconds=1)) == 1
    assert await budget.strike(ACCOUNT, now=NOW + minute) == 2
    assert (await budget.standing(ACCOUNT, now=NOW + minute)).strikes == 2
    assert (await budget.standing(OTHER_ACCOUNT, now=NOW)).strikes == 0
    tomorrow = NOW + timedelta(days=1)
    assert (await budget.standing(ACCOUNT, now=tomorrow)).strikes == 0
    assert await budget.strike(ACCOUNT, now=tomorrow) == 1


async def test_when_the_strikes_are_used_up_only_what_is_urgent_passes_until_midnight(budget: OrderBudget) -> None:
    pace = Pace(orders=EIGHT.orders, reads=EIGHT.reads, strikes=2)
    later = NOW + timedelta(minutes=2)
    await budget.strike(ACCOUNT, now=NOW)
    assert (await budget.take(ACCOUNT, Lane.NEW, pace, now=NOW)).free
    await budget.strike(ACCOUNT, now=later)
    for lane in (Lane.NEW, Lane.MODIFY):
        assert (await budget.take(ACCOUNT, lane, pace, now=later)).stopped
        assert (await budget.peek(ACCOUNT, lane, pace, now=later)).stopped
    assert (await budget.take(ACCOUNT, Lane.URGENT, pace, now=later)).free
    assert (await budget.take(ACCOUNT, Lane.READ, pace, now=later)).free
    assert (await budget.take(ACCOUNT, Lane.NEW, EIGHT, now=later)).free
    assert not (await budget.take(ACCOUNT, Lane.NEW, pace, now=later + timedelta(days=1))).stopped


async def test_a_standing_tells_what_was_used(under_test: BudgetUnderTest) -> None:
    await _taken(under_test.budget, Lane.NEW, 3)
    await _taken(under_test.budget, Lane.READ, 2)
    await under_test.pass_time(2)
    await _taken(under_test.budget, Lane.URGENT, 1)
    standing = await under_test.budget.standing(ACCOUNT, now=NOW)
    assert (standing.orders_last_second, standing.orders_last_minute) == (1, 4)
    assert (standing.reads_last_second, standing.reads_last_minute) == (0, 2)
    assert (await under_test.budget.standing(OTHER_ACCOUNT, now=NOW)).orders_last_minute == 0


async def test_a_budget_that_is_used_for_long_forgets_what_no_longer_counts(under_test: BudgetUnderTest) -> None:
    pace = Pace(orders=(Window(seconds=1, limit=700),))
    for _ in range(3):
        assert await _taken(under_test.budget, Lane.URGENT, 900, pace) == 700
        await under_test.pass_time(1)
    assert (await under_test.budget.standing(ACCOUNT, now=NOW)).orders_last_second == 0


@pytest.mark.parametrize(("seconds", "limit"), [(0, 1), (-1, 1), (1, 0)])
def test_a_window_has_a_length_and_a_limit(seconds: float, limit: int) -> None:
    with pytest.raises(Invalid):
        Window(seconds=seconds, limit=limit)


def test_a_pace_knows_its_longest_window() -> None:
    assert UNLIMITED.longest == 0
    assert Pace(pool=(Window(seconds=90, limit=1),)).longest == 90
    assert Pace(orders=(Window(seconds=1, limit=1),), reads=(Window(seconds=60, limit=1),)).longest == 60
