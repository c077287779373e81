from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from ordo.domain.audit import AuditKind
from ordo.domain.directory import InstrumentDirectory
from ordo.domain.errors import (
    ErrorCode,
    InFlight,
    Invalid,
    NotSent,
    OutcomeUnknown,
    Refused,
    Unavailable,
    Unsupported,
)
from ordo.domain.idempotency import IntentState
from ordo.domain.orders import ModifyOrder, Order, OrderStatus, OrderType, PendingOp, Validity
from ordo.domain.safety import KillState
from tests.support.broker import Mishap, lost, not_sent, refused
from tests.support.clock import quiet
from tests.support.house import House, Services, order_in
from tests.support.orders import ACCOUNT
from tests.support.stores import fail, fail_times, wait_for

S = OrderStatus
_DEARER = ModifyOrder(price=Decimal("801.00"))


async def _modify(house: House, order: Order, change: ModifyOrder = _DEARER, key: str = "m1") -> Order:
    return await house.clock.finish(house.now.orders.modify(ACCOUNT, order.order_id, change, key=key))


async def _cancel(house: House, order: Order, key: str = "c1") -> Order:
    return await house.clock.finish(house.now.orders.cancel(ACCOUNT, order.order_id, key=key))


async def _lose(house: House, operation: str, mishap: Mishap, order: Order, change: ModifyOrder = _DEARER) -> Order:
    """Let the answer of an operation be lost while the book can't be read."""
    house.broker.next(operation, mishap)
    house.broker.unreadable = lost()
    with pytest.raises(OutcomeUnknown) as failure:
        await (_cancel(house, order) if operation == "cancel" else _modify(house, order, change))
    house.broker.unreadable = None
    return order_in(failure.value)


# Modifying.


@pytest.mark.parametrize("with_row", [True, False])
async def test_a_modified_order_has_its_new_terms(house: House, *, with_row: bool) -> None:
    house.broker.answers_with_row = with_row
    order = await house.place()
    after = await _modify(house, order, ModifyOrder(quantity=20, price=Decimal("801.00")))
    assert (after.quantity, after.price, after.order_type, after.pending_op) == (
        20,
        Decimal("801.00"),
        OrderType.LIMIT,
        None,
    )
    assert after.history[-1].message == "modified"
    row = house.broker.book["B1"]
    assert (row.quantity, row.price) == (20, Decimal("801.00"))
    assert await house.kept(order.order_id) == after
    listed = await house.now.orders.get(ACCOUNT, order.order_id)
    assert (listed.quantity, listed.price, listed.sent_price) == (20, Decimal("801.00"), Decimal("801.00"))


async def test_a_modification_is_made_once_a_key(house: House) -> None:
    order = await house.place()
    first = await _modify(house, order)
    again = await _modify(house, order)
    assert again == first
    assert (first.replayed, again.replayed) == (False, True)
    with pytest.raises(Invalid) as refusal:
        await _modify(house, order, ModifyOrder(price=Decimal("802.00")))
    assert refusal.value.code is ErrorCode.IDEMPOTENCY_KEY_REUSED
    assert house.broker.count("modify") == 1


async def test_one_key_may_serve_each_operation_on_each_order(house: House) -> None:
    one, two = await house.place("k"), await house.place("k2")
    await _modify(house, one, key="k")
    await _modify(house, two, key="k")
    await _cancel(house, one, key="k")
    assert house.broker.calls.count("modify") == 2


async def test_a_stop_replaces_a_limit_with_all_its_terms(house: House) -> None:
    order = await house.place()
    stop = ModifyOrder(order_type=OrderType.STOP_LIMIT, trigger_price=Decimal("799.00"))
    after = await _modify(house, order, stop)
    assert (after.order_type, after.price, after.trigger_price) == (
        OrderType.STOP_LIMIT,
        Decimal("800.00"),
        Decimal("799.00"),
    )
    assert (await house.now.orders.get(ACCOUNT, order.order_id)).status is S.TRIGGER_PENDING


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (ModifyOrder(price=Decimal("801.01")), "price"),
        (ModifyOrder(quantity=0), "quantity"),
        (ModifyOrder(order_type=OrderType.MARKET, price=Decimal(801)), "price"),
        (ModifyOrder(quantity=4), "quantity"),
        (ModifyOrder(quantity=3), "quantity"),
    ],
)
async def test_a_change_that_can_not_be_is_named_and_not_sent(house: House, change: ModifyOrder, field: str) -> None:
    order = await house.place()
    house.broker.fill("B1", 4)
    await house.now.orders.list(ACCOUNT)
    with pytest.raises(Invalid) as refusal:
        await _modify(house, order, change)
    assert [fault.field for fault in refusal.value.fields] == [field]
    assert house.broker.count("modify") == 0
    assert (await _modify(house, order, ModifyOrder(quantity=5))).quantity == 5


async def test_a_change_meets_the_checks_of_an_order(house: House) -> None:
    order = await house.place()
    await house.now.safety.set(KillState.HALTED, "test")
    with pytest.raises(Invalid) as refusal:
        await _modify(house, order)
    assert refusal.value.code is ErrorCode.KILL_SWITCH_ACTIVE
    await house.now.safety.set(KillState.ACTIVE, "test")
    house.broker.offers = replace(house.broker.offers, validities=frozenset({Validity.DAY}))
    with pytest.raises(Unsupported):
        await _modify(house, order, ModifyOrder(validity=Validity.IOC))
    assert house.broker.count("modify") == 0


async def test_a_broker_that_does_not_modify_is_not_asked_to(house: House) -> None:
    order = await house.place()
    house.broker.offers = replace(house.broker.offers, modify=False)
    with pytest.raises(Unsupported):
        await _modify(house, order)
    assert house.broker.count("modify") == 0


async def test_a_switch_that_is_pulled_after_the_checks_stops_a_change_too(house: House) -> None:
    order = await house.place()

    async def pull() -> None:
        await house.now.safety.set(KillState.HALTED, "test")

    house.now.store.after["reserve"] = pull
    with pytest.raises(Invalid) as refusal:
        await _modify(house, order)
    assert refusal.value.code is ErrorCode.KILL_SWITCH_ACTIVE
    assert order_in(refusal.value) == order
    assert await house.intent("m1", f"MODIFY {order.order_id}") is None
    assert house.broker.count("modify") == 0


async def test_a_refused_change_leaves_the_order_as_it_is_and_is_told_again(house: House) -> None:
    order = await house.place()
    house.broker.next("modify", Mishap(before=refused(ErrorCode.RISK_LIMIT)))
    for _ in range(2):
        with pytest.raises(Refused) as refusal:
            await _modify(house, order)
        assert refusal.value.code is ErrorCode.RISK_LIMIT
        assert order_in(refusal.value) == order
    assert (await house.kept(order.order_id)).price == Decimal("800.00")
    assert house.broker.count("modify") == 1


async def test_a_change_that_was_not_sent_may_be_tried_again(house: House) -> None:
    order = await house.place()
    house.broker.next("modify", Mishap(before=not_sent()))
    with pytest.raises(NotSent):
        await _modify(house, order)
    assert (await _modify(house, order)).price == Decimal("801.00")


async def test_a_change_whose_answer_is_lost_is_found_by_its_terms(house: House) -> None:
    order = await house.place()
    house.broker.next("modify", Mishap(after=lost()))
    after = await _modify(house, order, ModifyOrder(quantity=12, price=Decimal("801.00")))
    assert (after.quantity, after.price, after.pending_op) == (12, Decimal("801.00"), None)
    assert after.status_message is None, "what was not known is known"
    kept = await house.kept(order.order_id)
    assert (kept.quantity, kept.price, kept.pending_op) == (12, Decimal("801.00"), None)


async def test_a_lost_change_is_pending_until_it_is_found(house: House) -> None:
    order = await house.place()
    unknown = await _lose(house, "modify", Mishap(after=lost()), order)
    assert unknown.pending_op is PendingOp.MODIFY
    assert (await house.kept(order.order_id)).pending_op is PendingOp.MODIFY
    with pytest.raises(Invalid) as refusal:
        await _modify(house, order, ModifyOrder(price=Decimal("802.00")), key="m2")
    assert refusal.value.code is ErrorCode.OPERATION_PENDING
    house.broker.fill("B1", 4)
    after = await _modify(house, order)
    assert (after.price, after.filled_quantity, after.pending_op, after.replayed) == (Decimal("801.00"), 4, None, True)
    kept = await house.kept(order.order_id)
    assert (kept.price, kept.filled_quantity, kept.pending_op) == (Decimal("801.00"), 4, None)
    assert house.broker.count("modify") == 1


async def test_a_lost_change_that_never_arrived_is_given_up_after_a_minute_of_looking(house: House) -> None:
    order = await house.place()
    await _lose(house, "modify", Mishap(before=lost()), order)
    with pytest.raises(OutcomeUnknown):
        await _modify(house, order)
    await house.clock.advance(60)
    with pytest.raises(Unavailable) as failure:
        await _modify(house, order)
    assert failure.value.code is ErrorCode.BROKER_UNAVAILABLE
    assert "still shows the order as it was" in failure.value.message
    assert "use a new key" in failure.value.message
    kept = await house.kept(order.order_id)
    assert (kept.price, kept.pending_op) == (Decimal("800.00"), None)
    assert (await _modify(house, order, key="m2")).price == Decimal("801.00")


async def test_a_lost_operation_needs_no_tag_to_be_given_up(house: House) -> None:
    """The order is known by the broker's own id."""
    house.broker.offers = replace(house.broker.offers, tag_echo=False, rejected_in_book=False)
    order = await house.place()
    await _lose(house, "cancel", Mishap(before=lost()), order)
    with pytest.raises(OutcomeUnknown):
        await _cancel(house, order)
    await house.clock.advance(60)
    with pytest.raises(Unavailable):
        await _cancel(house, order)
    assert (await house.kept(order.order_id)).pending_op is None


async def test_an_operation_on_an_order_that_the_book_does_not_show_stays_unknown(house: House) -> None:
    order = await house.place()
    await _lose(house, "cancel", Mishap(before=lost()), order)
    house.broker.hidden.add("B1")
    for _ in range(3):
        await house.clock.advance(60)
        with pytest.raises(OutcomeUnknown):
            await _cancel(house, order)


async def test_a_change_that_came_too_late_had_no_effect(house: House) -> None:
    order = await house.place()
    await _lose(house, "modify", Mishap(before=lost()), order)
    house.broker.fill("B1", 10)
    with pytest.raises(Refused) as refusal:
        await _modify(house, order)
    assert refusal.value.code is ErrorCode.ORDER_NOT_MODIFIABLE
    assert S.FILLED in refusal.value.message
    assert order_in(refusal.value).pending_op is None
    assert (await house.kept(order.order_id)).status is S.FILLED


@pytest.mark.parametrize("is_lost", [False, True])
async def test_of_two_changes_at_once_one_is_sent(house: House, *, is_lost: bool) -> None:
    order = await house.place()
    hold = asyncio.Event()
    house.broker.next("modify", Mishap(wait=hold, after=lost() if is_lost else None))
    slow = asyncio.ensure_future(house.now.orders.modify(ACCOUNT, order.order_id, _DEARER, key="slow"))
    await quiet()
    cheaper = ModifyOrder(price=Decimal("799.50"))
    with pytest.raises(Invalid) as refusal:
        await _modify(house, order, cheaper, key="fast")
    assert refusal.value.code is ErrorCode.OPERATION_PENDING
    assert order_in(refusal.value).order_id == order.order_id
    assert house.audit.kinds(order.order_id)[-1] is AuditKind.ORDER_DENIED
    hold.set()
    assert (await house.clock.finish(asyncio.wait_for(slow, None))).price == Decimal("801.00")
    assert house.broker.count("modify") == 1
    assert (await _modify(house, order, cheaper, key="fast")).price == Decimal("799.50")


async def test_a_cancellation_passes_a_change_that_is_under_way(house: House) -> None:
    order = await house.place()
    hold = asyncio.Event()
    house.broker.next("modify", Mishap(wait=hold))
    changing = asyncio.ensure_future(house.now.orders.modify(ACCOUNT, order.order_id, _DEARER, key="m1"))
    await quiet()
    assert (await _cancel(house, order)).pending_op is PendingOp.CANCEL
    hold.set()
    with pytest.raises(Refused):
        await changing


async def test_an_order_is_modified_twenty_five_times_and_no_more(house: House) -> None:
    order = await house.place()
    for number in range(25):
        await _modify(house, order, ModifyOrder(price=Decimal(801) + number % 2), key=f"m{number}")
    with pytest.raises(Invalid) as refusal:
        await _modify(house, order, key="one more")
    assert refusal.value.code is ErrorCode.ORDER_NOT_MODIFIABLE
    assert "25 times" in refusal.value.message
    assert (await _modify(house, order, ModifyOrder(price=Decimal(801)), key="m24")).replayed
    assert house.broker.count("modify") == 25


async def test_a_change_that_was_refused_does_not_count(house: House) -> None:
    order = await house.place()
    for number in range(30):
        house.broker.next("modify", Mishap(before=refused(ErrorCode.RISK_LIMIT)))
        with pytest.raises(Refused):
            await _modify(house, order, key=f"m{number}")
    assert (await _modify(house, order, key="last")).price == Decimal("801.00")


async def test_a_cancellation_that_the_exchange_refused_does_not_block_the_order_for_ever(house: House) -> None:
    house.broker.cancels_late = True
    order = await house.place()
    assert (await _cancel(house, order)).pending_op is PendingOp.CANCEL
    await house.clock.advance(59)
    assert (await house.now.orders.get(ACCOUNT, order.order_id)).pending_op is PendingOp.CANCEL
    await house.clock.advance(62)
    after = await _modify(house, order)
    assert (after.price, after.pending_op) == (Decimal("801.00"), None)
    assert "the cancellation had no effect" in str([step.message for step in after.history])


async def test_while_the_book_can_not_be_read_a_pending_cancellation_stays_pending(house: House) -> None:
    house.broker.cancels_late = True
    order = await house.place()
    await _cancel(house, order)
    await house.clock.advance(3600)
    house.broker.unreadable = lost()
    with pytest.raises(Invalid) as refusal:
        await _modify(house, order)
    assert refusal.value.code is ErrorCode.OPERATION_PENDING


async def test_fills_that_were_learnt_meanwhile_are_not_lost_by_a_change(house: House) -> None:
    order = await house.place()
    hold = asyncio.Event()
    house.broker.next("modify", Mishap(wait=hold))
    changing = asyncio.ensure_future(house.now.orders.modify(ACCOUNT, order.order_id, _DEARER, key="m1"))
    await quiet()
    house.broker.fill("B1", 4)
    await house.now.orders.list(ACCOUNT)
    hold.set()
    after = await changing
    assert (after.price, after.filled_quantity, after.status) == (Decimal("801.00"), 4, S.PARTIALLY_FILLED)
    assert await house.kept(order.order_id) == after


async def test_a_change_of_an_order_that_was_seen_filled_meanwhile_is_told_truly(house: House) -> None:
    """The broker raised the quantity, yet the book was read in the moment before."""
    order = await house.place()
    answering = asyncio.Event()
    house.broker.next("modify", Mishap(wait_after=answering))
    changing = asyncio.ensure_future(
        house.now.orders.modify(ACCOUNT, order.order_id, ModifyOrder(quantity=20), key="m1")
    )
    await quiet()
    house.broker.change("B1", quantity=10, filled_quantity=10, status=S.FILLED)
    await house.now.orders.list(ACCOUNT)
    assert (await house.kept(order.order_id)).status is S.FILLED
    answering.set()
    after = await changing
    assert (after.status, after.quantity) == (S.FILLED, 10)
    house.broker.change("B1", quantity=20, status=S.PARTIALLY_FILLED)
    listed = (await house.now.orders.list(ACCOUNT)).items[0]
    assert (listed.status, listed.quantity) == (S.PARTIALLY_FILLED, 20)


@pytest.mark.parametrize("broken", ["record", "settle"])
async def test_an_accepted_change_that_can_not_be_written_down_is_unknown_and_found_again(
    house: House, broken: str
) -> None:
    order = await house.place()
    house.now.store.before[broken] = fail_times(1)
    with pytest.raises(OutcomeUnknown) as failure:
        await _modify(house, order)
    assert order_in(failure.value).price == Decimal("801.00")
    after = await _modify(house, order)
    assert (after.price, after.replayed) == (Decimal("801.00"), True)
    assert (await house.kept(order.order_id)).price == Decimal("801.00")
    assert house.broker.count("modify") == 1


# Cancelling.


async def test_a_cancelled_order_is_told_as_the_row_shows(house: House) -> None:
    house.broker.answers_with_row = True
    order = await house.place()
    after = await _cancel(house, order)
    assert (after.status, after.pending_op) == (S.CANCELLED, None)
    assert await house.kept(order.order_id) == after


async def test_without_a_row_the_cancellation_is_pending_until_the_book_shows_it(house: House) -> None:
    order = await house.place()
    after = await _cancel(house, order)
    assert (after.status, after.pending_op) == (S.ACKNOWLEDGED, PendingOp.CANCEL)
    seen = await house.now.orders.get(ACCOUNT, order.order_id)
    assert (seen.status, seen.pending_op) == (S.CANCELLED, None)
    assert await _cancel(house, order) == after


async def test_a_cancellation_passes_every_switch_and_needs_no_known_instrument(house: House) -> None:
    order = await house.place()
    await house.now.safety.set(KillState.HALTED, "test")
    await house.instruments.replace(InstrumentDirectory(), ())
    assert (await _cancel(house, order)).pending_op is PendingOp.CANCEL
    assert house.broker.book["B1"].status is S.CANCELLED


async def test_a_cancellation_may_be_repeated_under_a_new_key(house: House) -> None:
    house.broker.cancels_late = True
    order = await house.place()
    assert (await _cancel(house, order, key="c1")).pending_op is PendingOp.CANCEL
    assert (await _cancel(house, order, key="c2")).pending_op is PendingOp.CANCEL
    assert house.broker.count("cancel") == 2
    house.broker.end("B1", S.CANCELLED)
    assert (await house.now.orders.get(ACCOUNT, order.order_id)).pending_op is None


async def test_while_a_cancellation_is_pending_nothing_is_modified(house: House) -> None:
    house.broker.cancels_late = True
    order = await house.place()
    await _cancel(house, order)
    with pytest.raises(Invalid) as refusal:
        await _modify(house, order)
    assert refusal.value.code is ErrorCode.OPERATION_PENDING
    assert PendingOp.CANCEL in refusal.value.message


@pytest.mark.parametrize("operation", ["modify", "cancel"])
async def test_an_order_at_its_end_is_not_touched(house: House, operation: str) -> None:
    house.broker.answers_with_row = True
    order = await house.place()
    await _cancel(house, order)
    with pytest.raises(Invalid) as refusal:
        await (_cancel(house, order, key="c2") if operation == "cancel" else _modify(house, order))
    assert refusal.value.code is ErrorCode.ORDER_NOT_MODIFIABLE
    assert order_in(refusal.value).status is S.CANCELLED
    assert (house.broker.count("modify"), house.broker.count("cancel")) == (0, 1)


async def test_a_broker_that_knows_better_than_we_do_refuses(house: House) -> None:
    order = await house.place()
    house.broker.fill("B1", 10)
    with pytest.raises(Refused) as refusal:
        await _cancel(house, order)
    assert refusal.value.code is ErrorCode.ORDER_NOT_MODIFIABLE


@pytest.mark.parametrize("operation", ["modify", "cancel"])
async def test_an_order_of_unknown_outcome_can_not_be_changed_before_it_is_found(house: House, operation: str) -> None:
    house.broker.next("place", Mishap(after=lost()))
    house.broker.unreadable = lost()
    with pytest.raises(OutcomeUnknown) as failure:
        await house.place()
    order = order_in(failure.value)
    with pytest.raises(Invalid) as refusal:
        await (_cancel(house, order) if operation == "cancel" else _modify(house, order))
    assert refusal.value.code is ErrorCode.OPERATION_PENDING
    house.broker.unreadable = None
    found = await house.now.orders.get(ACCOUNT, order.order_id)
    await _cancel(house, found)
    assert house.broker.book["B1"].status is S.CANCELLED


async def test_a_lost_cancellation_is_found_in_the_book(house: House) -> None:
    order = await house.place()
    house.broker.next("cancel", Mishap(after=lost()))
    after = await _cancel(house, order)
    assert (after.status, after.pending_op, after.status_message) == (S.CANCELLED, None, None)
    kept = await house.kept(order.order_id)
    assert (kept.status, kept.pending_op) == (S.CANCELLED, None)
    assert kept.history[-1].status is S.CANCELLED


async def test_a_lost_cancellation_of_an_order_that_was_filled_had_no_effect(house: House) -> None:
    order = await house.place()
    await _lose(house, "cancel", Mishap(before=lost()), order)
    assert (await house.kept(order.order_id)).pending_op is PendingOp.CANCEL
    house.broker.fill("B1", 10)
    with pytest.raises(Refused) as refusal:
        await _cancel(house, order)
    assert refusal.value.code is ErrorCode.ORDER_NOT_MODIFIABLE
    kept = await house.kept(order.order_id)
    assert (kept.status, kept.pending_op) == (S.FILLED, None)


async def test_a_cancellation_lost_on_an_order_that_has_ended_is_not_pending(house: House) -> None:
    order = await house.place()
    hold = asyncio.Event()
    house.broker.next("cancel", Mishap(wait=hold, before=lost()))
    cancelling = asyncio.ensure_future(house.now.orders.cancel(ACCOUNT, order.order_id, key="c1"))
    await quiet()
    house.broker.fill("B1", 10)
    await house.now.orders.list(ACCOUNT)
    house.broker.unreadable = lost()
    hold.set()
    with pytest.raises(OutcomeUnknown):
        await house.clock.finish(asyncio.wait_for(cancelling, None))
    kept = await house.kept(order.order_id)
    assert (kept.status, kept.pending_op) == (S.FILLED, None)


async def test_a_crash_in_a_cancellation_leaves_it_pending_and_looked_for(house: House) -> None:
    order = await house.place()
    house.broker.next("cancel", Mishap(wait_after=asyncio.Event()))
    cancelling = asyncio.ensure_future(house.now.orders.cancel(ACCOUNT, order.order_id, key="c1"))
    await quiet()
    assert not cancelling.done()
    house.start()
    assert await house.now.reconciler.recover() == 1
    assert (await house.kept(order.order_id)).pending_op is PendingOp.CANCEL
    after = await _cancel(house, order)
    assert (after.status, after.replayed) == (S.CANCELLED, True)
    assert house.broker.count("cancel") == 1


async def test_a_cancellation_in_flight_under_the_same_key_is_in_flight(house: House) -> None:
    order = await house.place()
    hold = asyncio.Event()
    house.broker.next("cancel", Mishap(wait=hold))
    first = asyncio.ensure_future(house.now.orders.cancel(ACCOUNT, order.order_id, key="c1"))
    await quiet()
    with pytest.raises(InFlight):
        await house.now.orders.cancel(ACCOUNT, order.order_id, key="c1")
    hold.set()
    await first
    assert house.broker.count("cancel") == 1


async def test_a_cancellation_without_a_session_is_not_sent(house: House) -> None:
    order = await house.place()
    await house.session_store.delete(ACCOUNT)
    with pytest.raises(Invalid) as refusal:
        await _cancel(house, order)
    assert refusal.value.code is ErrorCode.INVALID_SESSION
    assert house.broker.count("cancel") == 0


@pytest.mark.parametrize("order_id", ["375000000000000", "no id"])
async def test_an_order_that_ordo_did_not_place_can_not_be_changed(house: House, order_id: str) -> None:
    with pytest.raises(Invalid) as refusal:
        await house.now.orders.cancel(ACCOUNT, order_id, key="c1")
    assert refusal.value.code is ErrorCode.ORDER_NOT_FOUND
    with pytest.raises(Invalid):
        await house.now.orders.modify(ACCOUNT, order_id, _DEARER, key="m1")


async def test_an_operation_that_can_not_be_reserved_is_not_sent(house: House) -> None:
    order = await house.place()
    house.now.store.before["reserve"] = fail
    with pytest.raises(Unavailable):
        await _cancel(house, order)
    assert house.broker.count("cancel") == 0


async def test_a_lost_operation_that_can_not_be_noted_as_pending_is_still_looked_for(house: House) -> None:
    order = await house.place()
    house.now.store.before["record"] = fail_times(1)
    await _lose(house, "cancel", Mishap(after=lost()), order)
    stored = await house.intent("c1", f"CANCEL {order.order_id}")
    assert stored is not None
    assert stored.state is IntentState.UNKNOWN
    assert (await _cancel(house, order)).status is S.CANCELLED


async def test_time_passes_in_the_history(house: House) -> None:
    order = await house.place()
    house.clock.step(timedelta(seconds=5))
    after = await _modify(house, order)
    assert after.history[-1].at - after.history[0].at == timedelta(seconds=5)
    assert after.updated_at == house.clock.now()


@pytest.mark.parametrize("moment", ["before settle", "after settle", "before record", "after record"])
async def test_a_change_that_is_found_while_it_is_being_noted_as_lost_does_not_stay_pending(
    house: House, moment: str
) -> None:
    order = await house.place()
    side, name = moment.split()
    hooks = house.now.store.before if side == "before" else house.now.store.after

    async def somebody_looks() -> None:
        del hooks[name]
        intent = await house.intent("m1", f"MODIFY {order.order_id}")
        assert intent is not None
        await Services(house, house.now.owner).reconciler.look(intent)

    house.broker.next("modify", Mishap(after=lost()))
    hooks[name] = somebody_looks
    after = await _modify(house, order)
    kept = await house.kept(order.order_id)
    assert (after.price, after.pending_op) == (kept.price, kept.pending_op) == (Decimal("801.00"), None)


async def test_a_lost_change_of_an_order_that_has_ended_since_is_still_learnt(house: House) -> None:
    order = await house.place()
    await _lose(house, "modify", Mishap(after=lost()), order)
    house.broker.end("B1", S.CANCELLED)
    assert (await house.now.orders.list(ACCOUNT)).items[0].status is S.CANCELLED
    assert (await _modify(house, order)).price == Decimal("801.00")
    kept = await house.kept(order.order_id)
    assert (kept.status, kept.price, kept.pending_op) == (S.CANCELLED, Decimal("801.00"), None)


async def test_two_who_repeat_a_change_that_was_given_up_do_not_both_send_it(house: House) -> None:
    order = await house.place()
    await _lose(house, "modify", Mishap(before=lost()), order)
    intent = await house.intent("m1", f"MODIFY {order.order_id}")
    assert intent is not None
    await house.now.reconciler.look(intent)
    await house.clock.advance(60)
    assert (await house.now.reconciler.look(intent)).state is IntentState.FAILED
    both_have_seen_it, slow = asyncio.Event(), asyncio.Event()
    releases = 0

    async def second_is_slow() -> None:
        nonlocal releases
        releases += 1
        if releases > 1:
            await slow.wait()

    house.now.store.after["reserve"] = wait_for(both_have_seen_it)
    house.now.store.before["release"] = second_is_slow
    house.broker.next("modify", Mishap(wait=slow))
    calls = [
        asyncio.ensure_future(house.now.orders.modify(ACCOUNT, order.order_id, _DEARER, key="m1")) for _ in range(2)
    ]
    await quiet()
    both_have_seen_it.set()
    await quiet()
    slow.set()
    await asyncio.gather(*calls, return_exceptions=True)
    assert house.broker.count("modify") <= 2  # The one that was lost, and at most one more.
    assert AuditKind.ORDER_ANOMALY not in house.audit.kinds()


async def test_an_operation_that_was_released_while_it_was_taken_up_is_not_pending(house: House) -> None:
    order = await house.place()
    house.broker.next("modify", Mishap(wait=asyncio.Event()))
    changing = asyncio.ensure_future(house.now.orders.modify(ACCOUNT, order.order_id, _DEARER, key="m1"))
    await quiet()
    assert not changing.done()
    house.start()
    (open_,) = await house.intents.unsettled()

    async def released_first() -> None:
        await house.intents.release(open_.key, open_.order_id)

    house.now.store.before["settle"] = released_first
    assert await house.now.reconciler.recover() == 1
    assert (await house.kept(order.order_id)).pending_op is None


async def test_a_change_that_another_settles_while_it_is_being_noted_as_lost_is_not_pending(house: House) -> None:
    order = await house.place()

    async def another_settles() -> None:
        intent = await house.intent("m1", f"MODIFY {order.order_id}")
        assert intent is not None
        await house.intents.settle(replace(intent, state=IntentState.DONE, answer=order))

    house.broker.next("modify", Mishap(before=lost()))
    house.now.store.before["settle"] = another_settles
    assert await _modify(house, order) == order
    assert (await house.kept(order.order_id)).pending_op is None


async def test_a_row_with_an_unknown_word_does_not_say_that_a_cancellation_had_no_effect(house: House) -> None:
    house.broker.cancels_late = True
    order = await house.place()
    await house.now.orders.list(ACCOUNT)
    house.broker.change("B1", status=None, raw_status="CANCEL AT RMS")
    await _cancel(house, order)
    await house.now.orders.list(ACCOUNT)
    await house.clock.advance(120)
    assert (await house.now.orders.get(ACCOUNT, order.order_id)).pending_op is PendingOp.CANCEL
