"""Placements that look alike are kept apart, one modification of an order is open at a time, and a key that is given up
leaves its record behind.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from ordo.domain.errors import ErrorCode, Outcome
from ordo.domain.idempotency import Apart, Failure, Intent, IntentState, Operation
from ordo.domain.orders import OrderStatus
from ordo.ports.idempotency import ChangeUnderWay, IdempotencyStore, LooksLikeAnother, OrderIdTaken
from tests.contract.store_harness import Stores
from tests.contract.values import ACCOUNT, NOW, OTHER_ACCOUNT, TICK, WEEK, intent, lost, order, placed

_MOMENT = Apart(within=timedelta(seconds=2))
_SETTLED = Apart(within=timedelta(), settled=True)


@pytest.fixture
def store(stores: Stores) -> IdempotencyStore:
    return stores.idempotency


def _failed(reserved: Intent, outcome: Outcome = Outcome.NOT_SENT) -> Intent:
    failure = Failure(code=ErrorCode.BROKER_UNAVAILABLE, message="no effect", outcome=outcome)
    known = reserved.order.moved(OrderStatus.NOT_PLACED, at=NOW + TICK)
    return replace(reserved, state=IntentState.FAILED, order=known, answer=known, failure=failure)


@pytest.mark.parametrize("settle", [None, placed, lost])
@pytest.mark.parametrize("later", [timedelta(), _MOMENT.within - TICK, TICK - _MOMENT.within])
async def test_of_two_that_look_alike_within_a_moment_one_is_reserved(
    store: IdempotencyStore, settle: object, later: timedelta
) -> None:
    await store.reserve(intent(), now=NOW, apart=_MOMENT)
    first = intent()
    if callable(settle):
        first = settle(intent())
        await store.settle(first)
    second = intent("key-2", 2, created_at=NOW + later)
    with pytest.raises(LooksLikeAnother) as found:
        await store.reserve(second, now=NOW, apart=_MOMENT)
    assert found.value.other == first
    assert await store.find(second.key, now=NOW) is None
    assert await store.reserve(second, now=NOW) is None


@pytest.mark.parametrize(
    "second",
    [
        intent("key-2", 2, created_at=NOW + _MOMENT.within),
        intent("key-2", 2, created_at=NOW - _MOMENT.within),
        intent("key-2", 2, account=OTHER_ACCOUNT),
        replace(intent("key-2", 2), order=replace(order(2), quantity=11)),
        replace(intent("key-2", 2), order=replace(order(2), price=Decimal(801))),
        replace(intent("key-1", 2), key=replace(intent().key, route="PLACE elsewhere")),
    ],
)
async def test_what_differs_or_comes_later_is_reserved(store: IdempotencyStore, second: Intent) -> None:
    await store.reserve(intent(), now=NOW, apart=_MOMENT)
    assert await store.reserve(second, now=NOW, apart=_MOMENT) is None


async def test_what_has_failed_stands_in_nobodys_way(store: IdempotencyStore) -> None:
    await store.reserve(intent(), now=NOW)
    await store.settle(_failed(intent()))
    assert await store.reserve(intent("key-2", 2), now=NOW, apart=Apart(within=_MOMENT.within, settled=True)) is None


@pytest.mark.parametrize("settle", [None, lost])
async def test_until_one_is_settled_none_that_looks_like_it_is_reserved(
    store: IdempotencyStore, settle: object
) -> None:
    await store.reserve(intent(), now=NOW)
    if callable(settle):
        await store.settle(settle(intent()))
    late = intent("key-2", 2, created_at=NOW + timedelta(days=1))
    with pytest.raises(LooksLikeAnother):
        await store.reserve(late, now=NOW, apart=_SETTLED)
    await store.settle(placed(intent()))
    assert await store.reserve(late, now=NOW, apart=_SETTLED) is None


async def test_a_held_key_is_answered_whatever_looks_like_it(store: IdempotencyStore) -> None:
    await store.reserve(intent(), now=NOW)
    await store.reserve(intent("key-2", 2), now=NOW)
    assert await store.reserve(intent("key-2", 3), now=NOW, apart=_MOMENT) == intent("key-2", 2)


async def test_of_many_that_look_alike_at_once_one_is_reserved(store: IdempotencyStore) -> None:
    calls = [store.reserve(intent(f"key-{n}", n), now=NOW, apart=_MOMENT) for n in range(1, 31)]
    told = await asyncio.gather(*calls, return_exceptions=True)
    assert told.count(None) == 1
    assert all(isinstance(one, LooksLikeAnother) for one in told if one is not None)


async def test_an_order_looks_as_it_was_sent_whatever_became_of_it(store: IdempotencyStore) -> None:
    await store.reserve(intent(), now=NOW)
    changed = replace(placed(intent()).order, quantity=11)
    await store.settle(replace(placed(intent()), order=changed))
    with pytest.raises(LooksLikeAnother):
        await store.reserve(intent("key-2", 2), now=NOW, apart=_MOMENT)
    as_changed = replace(intent("key-3", 3), order=replace(order(3), quantity=11))
    assert await store.reserve(as_changed, now=NOW, apart=_MOMENT) is None


async def test_of_several_that_look_alike_the_oldest_is_told(store: IdempotencyStore) -> None:
    for number, text in enumerate(("late", "early"), start=1):
        await store.reserve(intent(text, number, created_at=NOW - number * TICK), now=NOW)
    with pytest.raises(LooksLikeAnother) as found:
        await store.reserve(intent("third", 3), now=NOW, apart=Apart(within=_MOMENT.within, settled=True))
    assert found.value.other == intent("early", 2, created_at=NOW - 2 * TICK)


async def test_a_released_placement_stands_in_nobodys_way(store: IdempotencyStore) -> None:
    await store.reserve(intent(), now=NOW)
    await store.release(intent().key, intent().order_id)
    assert await store.reserve(intent("key-2", 1), now=NOW, apart=Apart(within=_MOMENT.within, settled=True)) is None


# Modifications.


def _change(text: str, number: int = 1) -> Intent:
    reserved = intent(text, number, operation=Operation.MODIFY)
    return replace(reserved, key=replace(reserved.key, route=f"MODIFY {reserved.order_id}"))


async def test_one_modification_of_an_order_is_open_at_a_time(store: IdempotencyStore) -> None:
    told = await asyncio.gather(*(store.reserve(_change(f"m{n}"), now=NOW) for n in range(20)), return_exceptions=True)
    assert told.count(None) == 1
    assert all(isinstance(one, ChangeUnderWay) for one in told if one is not None)
    assert await store.reserve(_change("other", 2), now=NOW) is None
    held = _change(f"m{told.index(None)}")
    assert await store.reserve(held, now=NOW) == held
    unknown = replace(held, state=IntentState.UNKNOWN)
    await store.settle(unknown)
    with pytest.raises(ChangeUnderWay):
        await store.reserve(_change("later"), now=NOW)
    await store.settle(replace(held, state=IntentState.DONE))
    assert await store.reserve(_change("later"), now=NOW) is None


async def test_modifications_count_unless_they_failed(store: IdempotencyStore) -> None:
    for text, state in (("a", IntentState.DONE), ("b", IntentState.FAILED), ("c", IntentState.UNKNOWN)):
        await store.reserve(_change(text), now=NOW)
        await store.settle(replace(_change(text), state=state))
    await store.reserve(intent(), now=NOW)
    await store.reserve(_change("elsewhere", 2), now=NOW)
    assert await store.modifications(ACCOUNT, order(1).order_id) == 2
    assert await store.modifications(OTHER_ACCOUNT, order(1).order_id) == 0
    assert await store.modifications(ACCOUNT, order(3).order_id) == 0


async def test_a_released_modification_neither_counts_nor_stands_in_the_way(store: IdempotencyStore) -> None:
    await store.reserve(_change("a"), now=NOW)
    await store.release(_change("a").key, _change("a").order_id)
    assert await store.modifications(ACCOUNT, order(1).order_id) == 0
    assert await store.reserve(_change("b"), now=NOW) is None
    await store.settle(replace(_change("b"), state=IntentState.DONE))
    assert await store.purge(now=NOW + WEEK, limit=9) == 1
    assert await store.modifications(ACCOUNT, order(1).order_id) == 0


# Giving up a key.


async def test_a_failed_placement_gives_up_its_key_and_stays_on_record(store: IdempotencyStore) -> None:
    await store.reserve(intent(), now=NOW)
    given_up = _failed(intent())
    await store.settle(given_up)
    second = intent("key-1", 2)
    assert await store.reserve(second, now=NOW) == given_up
    assert await store.reserve(second, now=NOW, instead_of=given_up.order_id) is None
    assert await store.find(second.key, now=NOW) == second
    kept = await store.placement(ACCOUNT, given_up.order_id)
    assert kept is not None
    assert replace(kept, key=given_up.key) == given_up
    turned_up = replace(given_up.order, status=OrderStatus.OPEN, broker_order_id="B9", updated_at=NOW + 2 * TICK)
    assert await store.record(turned_up, replacing=given_up.order)
    assert {one.order_id for one in await store.placements(ACCOUNT, since=NOW)} == {given_up.order_id, second.order_id}


@pytest.mark.parametrize("settled", [intent(), lost(intent()), placed(intent())])
async def test_what_has_not_failed_never_gives_up_its_key(store: IdempotencyStore, settled: Intent) -> None:
    await store.reserve(intent(), now=NOW)
    if settled.state is not IntentState.OPEN:
        await store.settle(settled)
    assert await store.reserve(intent("key-1", 2), now=NOW, instead_of=settled.order_id) == settled


async def test_a_key_is_given_up_by_the_order_that_was_meant_and_no_other(store: IdempotencyStore) -> None:
    await store.reserve(intent(), now=NOW)
    await store.settle(_failed(intent()))
    assert await store.reserve(intent("key-1", 2), now=NOW, instead_of=order(3).order_id) == _failed(intent())


async def test_of_fifty_that_take_over_one_key_one_does(store: IdempotencyStore) -> None:
    await store.reserve(intent(), now=NOW)
    await store.settle(_failed(intent()))
    successors = [intent("key-1", 2 + number) for number in range(50)]
    calls = [store.reserve(one, now=NOW, instead_of=intent().order_id) for one in successors]
    told = await asyncio.gather(*calls)
    assert told.count(None) == 1
    winner = successors[told.index(None)]
    assert [one for one in told if one is not None] == [winner] * 49
    kept = await store.placement(ACCOUNT, intent().order_id)
    assert kept is not None
    assert replace(kept, key=intent().key) == _failed(intent())


async def test_an_expired_placement_gives_way_and_leaves_nothing(store: IdempotencyStore) -> None:
    await store.reserve(intent(), now=NOW)
    await store.settle(_failed(intent()))
    later = intent("key-1", 2, created_at=NOW + WEEK)
    assert await store.reserve(later, now=NOW + WEEK, instead_of=intent().order_id) is None
    assert await store.placement(ACCOUNT, intent().order_id) is None


async def test_a_key_is_kept_when_its_successor_is_refused(store: IdempotencyStore) -> None:
    await store.reserve(intent(), now=NOW)
    await store.settle(_failed(intent()))
    await store.reserve(intent("key-2", 2), now=NOW)
    with pytest.raises(OrderIdTaken):
        await store.reserve(intent("key-1", 2), now=NOW, instead_of=intent().order_id)
    with pytest.raises(LooksLikeAnother):
        await store.reserve(intent("key-1", 3), now=NOW, apart=_MOMENT, instead_of=intent().order_id)
    assert await store.find(intent().key, now=NOW) == _failed(intent())
    assert await store.placement(ACCOUNT, intent().order_id) == _failed(intent())


async def test_an_order_never_takes_over_from_itself(store: IdempotencyStore) -> None:
    await store.reserve(intent(), now=NOW)
    await store.settle(_failed(intent()))
    assert await store.reserve(intent(), now=NOW, instead_of=intent().order_id) == _failed(intent())


async def test_what_gave_up_its_key_is_purged_in_its_time(store: IdempotencyStore) -> None:
    await store.reserve(intent(), now=NOW)
    await store.settle(_failed(intent()))
    await store.reserve(intent("key-1", 2), now=NOW, instead_of=intent().order_id)
    assert await store.purge(now=NOW + WEEK, limit=9) == 1
    assert await store.placement(ACCOUNT, intent().order_id) is None
    assert await store.find(intent().key, now=NOW) == intent("key-1", 2)
