from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from ordo.domain.idempotency import Intent, IntentState, Operation
from ordo.domain.orders import ModifyOrder
from ordo.ports.idempotency import IdempotencyStore, OrderIdTaken
from tests.contract.store_harness import Stores
from tests.contract.values import ACCOUNT, FAILURE, NOW, OTHER_ACCOUNT, TICK, WEEK, intent, key, lost, order, placed


@pytest.fixture
def store(stores: Stores) -> IdempotencyStore:
    return stores.idempotency


async def _reserve(store: IdempotencyStore, *intents: Intent) -> None:
    for one in intents:
        assert await store.reserve(one, now=NOW) is None


async def test_a_reservation_is_found_as_it_was_written(store: IdempotencyStore) -> None:
    wanted = replace(
        intent(operation=Operation.MODIFY),
        change=ModifyOrder(quantity=5),
        answer=order(at=NOW + TICK),
        failure=FAILURE,
    )
    await _reserve(store, wanted)
    assert await store.find(wanted.key, now=NOW) == wanted


async def test_the_holder_of_a_key_answers_later_callers_and_stays_as_it_is(store: IdempotencyStore) -> None:
    first, second = intent(), replace(intent(number=2), fingerprint="1" * 64, owner="gateway-2")
    await _reserve(store, first)
    assert await store.reserve(second, now=NOW) == first
    assert await store.find(first.key, now=NOW) == first
    assert await store.placement(ACCOUNT, second.order_id) is None


async def test_of_fifty_callers_with_one_key_one_reserves(store: IdempotencyStore) -> None:
    callers = [replace(intent(number=number), owner=f"caller-{number}") for number in range(50)]
    answers = await asyncio.gather(*(store.reserve(caller, now=NOW) for caller in callers))
    assert answers.count(None) == 1
    winner = callers[answers.index(None)]
    assert [answer for answer in answers if answer is not None] == [winner] * 49


async def test_of_fifty_placements_with_one_order_id_one_reserves(store: IdempotencyStore) -> None:
    callers = [intent(f"key-{number}", number=7) for number in range(50)]
    answers = await asyncio.gather(*(store.reserve(caller, now=NOW) for caller in callers), return_exceptions=True)
    assert answers.count(None) == 1
    assert [type(answer) for answer in answers if answer is not None] == [OrderIdTaken] * 49
    found = [await store.find(caller.key, now=NOW) for caller in callers]
    assert found.count(None) == 49


async def test_each_part_of_a_key_tells_intents_apart(store: IdempotencyStore) -> None:
    whole = key()
    variants = [
        whole,
        replace(whole, principal="another"),
        replace(whole, account=OTHER_ACCOUNT),
        replace(whole, route="CANCEL 100000000000001"),
        replace(whole, key="key-1 "),
        replace(whole, key="KEY-1"),
        replace(whole, principal="a\nb", key="c"),
        replace(whole, principal="a", key="b\\nc"),
        replace(whole, principal="परीक्षक 😀"),
    ]
    intents = [replace(intent(number=number), key=variant) for number, variant in enumerate(variants)]
    await _reserve(store, *intents)
    assert [await store.find(variant, now=NOW) for variant in variants] == intents


async def test_a_key_may_hold_every_printable_character(store: IdempotencyStore) -> None:
    everything = "".join(chr(code) for code in range(0x20, 0x7F))
    intents = [intent(text, number) for number, text in enumerate([everything, *everything, " " * 255, "%_%"])]
    await _reserve(store, *intents)
    for one in intents:
        assert await store.find(one.key, now=NOW) == one


async def test_an_order_id_in_use_is_refused_and_nothing_is_written(store: IdempotencyStore) -> None:
    await _reserve(store, intent("key-1", 1))
    with pytest.raises(OrderIdTaken):
        await store.reserve(intent("key-2", 1), now=NOW)
    assert await store.find(key("key-2"), now=NOW) is None
    assert await store.unsettled() == (intent("key-1", 1),)
    await _reserve(store, intent("key-2", 2))


async def test_other_operations_may_share_the_order_id(store: IdempotencyStore) -> None:
    placing = intent()
    others = [
        intent("modify", operation=Operation.MODIFY),
        intent("cancel", operation=Operation.CANCEL),
    ]
    await _reserve(store, *others, placing)
    assert await store.placement(ACCOUNT, placing.order_id) == placing
    await store.release(others[0].key, others[0].order_id)
    assert await store.placement(ACCOUNT, placing.order_id) == placing


@pytest.mark.parametrize("settled", [placed(intent()), replace(placed(intent()), state=IntentState.FAILED)])
async def test_a_settled_intent_expires_at_its_moment(store: IdempotencyStore, settled: Intent) -> None:
    await _reserve(store, intent())
    await store.settle(settled)
    end, successor = NOW + WEEK, intent(number=2, created_at=NOW + WEEK)
    assert await store.find(settled.key, now=end - TICK) == settled
    assert await store.reserve(successor, now=end - TICK) == settled
    assert await store.find(settled.key, now=end) is None
    assert await store.reserve(successor, now=end) is None
    assert await store.find(settled.key, now=end) == successor
    assert await store.placement(ACCOUNT, settled.order_id) is None


async def test_an_expired_intent_may_be_replaced_under_its_own_order_id(store: IdempotencyStore) -> None:
    await _reserve(store, intent())
    await store.settle(placed(intent()))
    successor = intent(created_at=NOW + WEEK)
    assert await store.reserve(successor, now=NOW + WEEK) is None
    assert await store.placement(ACCOUNT, successor.order_id) == successor


async def test_an_expired_change_of_an_order_may_be_followed_by_another(store: IdempotencyStore) -> None:
    change = intent("change", operation=Operation.CANCEL)
    await _reserve(store, intent(), change)
    await store.settle(placed(change))
    again = intent("change", operation=Operation.CANCEL, created_at=NOW + WEEK)
    assert await store.reserve(again, now=NOW + WEEK) is None
    assert await store.unsettled() == (intent(), again)


async def test_an_expired_intent_stays_when_its_successor_is_refused(store: IdempotencyStore) -> None:
    await _reserve(store, intent("key-1", 1), intent("key-2", 2))
    await store.settle(placed(intent("key-1", 1)))
    with pytest.raises(OrderIdTaken):
        await store.reserve(intent("key-1", 2), now=NOW + WEEK)
    assert await store.placement(ACCOUNT, order(1).order_id) == placed(intent("key-1", 1))


@pytest.mark.parametrize("held", [intent(), lost(intent())])
async def test_what_is_not_settled_never_expires(store: IdempotencyStore, held: Intent) -> None:
    await _reserve(store, intent())
    if held.state is not IntentState.OPEN:
        await store.settle(held)
    far = NOW + 1000 * WEEK
    assert await store.reserve(intent(number=2), now=far) == held
    assert await store.find(held.key, now=far) == held
    assert await store.purge(now=far, limit=10) == 0
    assert await store.unsettled() == (held,)


async def test_settling_writes_the_outcome_and_nothing_else(store: IdempotencyStore) -> None:
    reserved = intent()
    await _reserve(store, reserved)
    outcome = replace(placed(reserved), state=IntentState.FAILED, failure=FAILURE)
    stranger = replace(
        outcome,
        fingerprint="f" * 64,
        correlation_id="another",
        owner="another",
        created_at=NOW + WEEK,
        expires_at=NOW,
        change=ModifyOrder(quantity=1),
    )
    await store.settle(stranger)
    assert await store.find(reserved.key, now=NOW) == outcome


async def test_an_unknown_intent_is_settled_later(store: IdempotencyStore) -> None:
    await _reserve(store, intent())
    await store.settle(lost(intent()))
    await store.settle(placed(intent()))
    assert await store.find(key(), now=NOW) == placed(intent())
    assert await store.unsettled() == ()


async def test_the_first_settlement_stands(store: IdempotencyStore) -> None:
    await _reserve(store, intent())
    first = placed(intent())
    assert await store.settle(first) is None
    for later in (lost(intent()), replace(placed(intent()), state=IntentState.FAILED, failure=FAILURE)):
        assert await store.settle(later) == first
        assert await store.find(key(), now=NOW) == first


async def test_what_can_be_found_again_is_settled_at_once_and_for_good(store: IdempotencyStore) -> None:
    findable = replace(placed(intent()), findable=True)
    await _reserve(store, intent())
    assert await store.settle(findable) is None
    assert await store.find(key(), now=NOW) == placed(intent())
    assert await store.settle(lost(intent())) == placed(intent())
    with pytest.raises(LookupError):
        await store.settle(replace(placed(intent("another key", 2)), findable=True))


async def test_only_what_is_reserved_can_be_settled(store: IdempotencyStore) -> None:
    with pytest.raises(LookupError):
        await store.settle(placed(intent()))
    assert await store.find(key(), now=NOW) is None
    await _reserve(store, intent(number=2))
    with pytest.raises(LookupError):
        await store.settle(placed(intent(number=1)))
    assert await store.find(key(), now=NOW) == intent(number=2)


async def test_a_released_key_and_order_id_may_be_used_again(store: IdempotencyStore) -> None:
    await _reserve(store, intent())
    await store.release(key(), order(2).order_id)
    assert await store.find(key(), now=NOW) == intent()
    await store.release(key(), order().order_id)
    assert await store.find(key(), now=NOW) is None
    assert await store.placement(ACCOUNT, order().order_id) is None
    assert await store.unsettled() == ()
    await _reserve(store, intent("key-2", 1), intent("key-1", 2))


async def test_releasing_nothing_is_success(store: IdempotencyStore) -> None:
    await store.release(key(), order().order_id)


async def test_unsettled_are_all_open_and_unknown_ones_oldest_first(store: IdempotencyStore) -> None:
    newest = intent("c", 1, created_at=NOW + TICK)
    unknown, done = intent("b", 2, account=OTHER_ACCOUNT), intent("a", 3)
    cancel = intent("d", 1, operation=Operation.CANCEL, created_at=NOW - TICK)
    await _reserve(store, newest, unknown, done, cancel)
    await store.settle(lost(unknown))
    await store.settle(placed(done))
    assert await store.unsettled() == (cancel, lost(unknown), newest)


async def test_purging_deletes_expired_intents_in_batches(store: IdempotencyStore) -> None:
    ages = {f"key-{number}": intent(f"key-{number}", number, created_at=NOW - number * TICK) for number in range(10)}
    await _reserve(store, *ages.values())
    for text, one in ages.items():
        if text != "key-9":
            await store.settle(placed(one))
    expired_by = NOW + WEEK - 3 * TICK
    assert await store.purge(now=expired_by, limit=4) == 4
    assert await store.purge(now=expired_by, limit=4) == 2
    assert await store.purge(now=expired_by, limit=4) == 0
    kept = [text for text in ages if await store.find(key(text), now=NOW - WEEK) is not None]
    assert kept == ["key-0", "key-1", "key-2", "key-9"]
    assert await store.placement(ACCOUNT, order(5).order_id) is None


async def test_the_mark_of_a_replay_is_not_kept(store: IdempotencyStore) -> None:
    replayed = replace(order(), replayed=True)
    await _reserve(store, replace(intent(), order=replayed, answer=replayed))
    found = await store.find(key(), now=NOW)
    assert found is not None
    assert found.answer is not None
    assert (found.order.replayed, found.answer.replayed) == (False, False)
