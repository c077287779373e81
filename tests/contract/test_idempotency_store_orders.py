from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from ordo.domain.idempotency import Intent, Operation
from ordo.domain.orders import OrderStatus
from ordo.ports.idempotency import IdempotencyStore
from tests.contract.store_harness import Stores
from tests.contract.values import ACCOUNT, NOW, OTHER_ACCOUNT, TICK, WEEK, intent, key, lost, order, placed


@pytest.fixture
def store(stores: Stores) -> IdempotencyStore:
    return stores.idempotency


async def _reserve(store: IdempotencyStore, *intents: Intent) -> None:
    for one in intents:
        assert await store.reserve(one, now=NOW) is None


async def test_a_placement_belongs_to_its_account(store: IdempotencyStore) -> None:
    await _reserve(store, intent(), intent("other", 2, account=OTHER_ACCOUNT))
    assert await store.placement(ACCOUNT, order(1).order_id) == intent()
    assert await store.placement(OTHER_ACCOUNT, order(1).order_id) is None
    assert await store.placement(ACCOUNT, order(3).order_id) is None


async def test_placements_are_those_of_the_account_since_the_moment_oldest_first(store: IdempotencyStore) -> None:
    late, early = intent("late", 3, created_at=NOW + TICK), intent("early", 4, created_at=NOW)
    await _reserve(
        store,
        late,
        early,
        intent("before", 5, created_at=NOW - TICK),
        intent("other", 6, account=OTHER_ACCOUNT),
        intent("change", 3, operation=Operation.MODIFY),
    )
    await store.settle(placed(early))
    assert await store.placements(ACCOUNT, since=NOW) == (placed(early), late)


async def test_times_are_compared_as_moments_whatever_their_offset(store: IdempotencyStore) -> None:
    india = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    await _reserve(store, intent(created_at=india))
    assert await store.placements(ACCOUNT, since=NOW) == (intent(),)
    assert await store.placements(ACCOUNT, since=india + TICK) == ()
    await store.settle(placed(intent(created_at=india)))
    assert await store.record(order(at=NOW + WEEK), replacing=placed(intent()).order)


@pytest.mark.parametrize("settled", [placed(intent()), lost(intent())])
async def test_newer_knowledge_leaves_the_answer_as_it_was(store: IdempotencyStore, settled: Intent) -> None:
    await _reserve(store, intent())
    await store.settle(settled)
    filled = replace(settled.order, status=OrderStatus.FILLED, filled_quantity=10, updated_at=NOW + WEEK)
    assert await store.record(filled, replacing=settled.order) is True
    assert await store.find(key(), now=NOW) == replace(settled, order=filled)


async def test_older_knowledge_replaces_nothing(store: IdempotencyStore) -> None:
    await _reserve(store, intent())
    await store.settle(placed(intent()))
    kept = placed(intent()).order
    stale = replace(kept, updated_at=kept.updated_at - TICK)
    newer = replace(kept, updated_at=NOW + WEEK)
    assert await store.record(newer, replacing=stale) is False
    assert await store.find(key(), now=NOW) == placed(intent())
    assert await store.record(newer, replacing=kept) is True
    assert await store.record(newer, replacing=kept) is False


async def test_of_many_with_the_same_knowledge_one_records(store: IdempotencyStore) -> None:
    await _reserve(store, intent())
    await store.settle(placed(intent()))
    kept = placed(intent()).order
    news = [replace(kept, broker_order_id=f"B-{n}", updated_at=NOW + n * WEEK) for n in range(1, 21)]
    answers = await asyncio.gather(*(store.record(one, replacing=kept) for one in news))
    assert answers.count(True) == 1
    found = await store.placement(ACCOUNT, kept.order_id)
    assert found is not None
    assert found.order == news[answers.index(True)]


async def test_nothing_is_recorded_while_the_placement_is_open_or_missing(store: IdempotencyStore) -> None:
    await _reserve(store, intent(), intent("cancel", 2, operation=Operation.CANCEL))
    await store.settle(placed(intent("cancel", 2, operation=Operation.CANCEL)))
    for number in (1, 2, 3):
        newer = order(number, at=NOW + WEEK)
        assert await store.record(newer, replacing=order(number)) is False
        assert await store.record(newer, replacing=order(number, at=NOW + TICK)) is False
    assert await store.find(key(), now=NOW) == intent()


async def test_knowledge_of_another_account_is_not_recorded(store: IdempotencyStore) -> None:
    await _reserve(store, intent())
    await store.settle(placed(intent()))
    kept = placed(intent()).order
    assert await store.record(replace(kept, account=OTHER_ACCOUNT), replacing=kept) is False
    assert await store.find(key(), now=NOW) == placed(intent())
