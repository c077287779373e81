"""The proof was wrong: what was given up was still on its way, and the broker has it after all."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from ordo.domain.audit import AuditKind
from ordo.domain.errors import OutcomeUnknown, Unavailable
from ordo.domain.idempotency import IntentState
from ordo.domain.orders import ModifyOrder, Order, OrderStatus
from tests.support.broker import Mishap, lost
from tests.support.clock import quiet
from tests.support.house import House, Services, order_in
from tests.support.orders import ACCOUNT


async def _given_up_by_another(house: House) -> None:
    """A minute in which the one at work was taken for dead."""
    house.owners.leave(house.now.owner)
    other = Services(house, "other")
    await other.reconciler.recover()
    (unknown,) = await house.intents.unsettled()
    await other.reconciler.look(unknown)
    await house.clock.advance(60)
    assert (await other.reconciler.look(unknown)).state is IntentState.FAILED


async def test_an_order_that_the_other_gave_up_and_the_broker_then_accepted_is_never_told_as_not_placed(
    house: House,
) -> None:
    arrives = asyncio.Event()
    house.broker.next("place", Mishap(wait=arrives))
    placing = house.start_place()
    await quiet()
    await _given_up_by_another(house)

    arrives.set()
    with pytest.raises(OutcomeUnknown) as failure:
        await placing
    order = order_in(failure.value)
    assert (order.status, order.broker_order_id) == (OrderStatus.UNKNOWN, "B1")
    reopened = await house.now.orders.get(ACCOUNT, order.order_id)
    assert (reopened.status, reopened.broker_order_id) == (OrderStatus.OPEN, "B1")
    assert reopened.history[-1].anomaly


async def test_a_change_that_the_other_gave_up_and_the_broker_then_took_is_not_told_as_undone(house: House) -> None:
    order = await house.place()
    arrives = asyncio.Event()
    house.broker.next("modify", Mishap(wait=arrives))
    change = ModifyOrder(price=Decimal("801.00"))
    changing = asyncio.ensure_future(house.now.orders.modify(ACCOUNT, order.order_id, change, key="m1"))
    await quiet()
    await _given_up_by_another(house)

    arrives.set()
    with pytest.raises(OutcomeUnknown) as failure:
        await changing
    assert order_in(failure.value).price == Decimal("801.00")
    kept = await house.kept(order.order_id)
    assert (kept.price, kept.pending_op) == (Decimal("801.00"), None)


async def _given_up_though_accepted(house: House) -> Order:
    """An order that the book hides for longer than any broker should."""
    house.broker.next("place", Mishap(after=lost()))
    house.broker.hidden.add("B1")
    with pytest.raises(OutcomeUnknown) as failure:
        await house.place()
    intent = await house.intent()
    assert intent is not None
    await house.clock.advance(60)
    assert (await house.now.reconciler.look(intent)).state is IntentState.FAILED
    return order_in(failure.value)


async def test_the_same_key_gives_an_order_that_turned_up_after_all_and_never_a_second_one(house: House) -> None:
    late = await _given_up_though_accepted(house)
    house.broker.hidden.clear()
    assert [order.status for order in (await house.now.orders.list(ACCOUNT)).items] == [OrderStatus.OPEN]
    again = await house.place()
    assert (again.order_id, again.status, again.replayed) == (late.order_id, OrderStatus.OPEN, True)
    house.broker.fill("B1", 10)
    await house.now.orders.list(ACCOUNT)
    assert (await house.place()).status is OrderStatus.FILLED
    house.broker.book.clear()  # As the book of the next day is.
    assert (await house.place()).order_id == late.order_id
    assert house.broker.count("place") == 1


async def test_before_a_key_serves_again_the_book_is_asked_once_more(house: House) -> None:
    late = await _given_up_though_accepted(house)
    house.broker.hidden.clear()
    again = await house.place()
    assert (again.order_id, again.status, again.replayed) == (late.order_id, OrderStatus.OPEN, True)
    assert again.history[-1].anomaly
    assert AuditKind.ORDER_ANOMALY in house.audit.kinds(late.order_id)
    assert house.broker.count("place") == 1


async def test_a_key_does_not_serve_again_while_the_book_can_not_be_asked(house: House) -> None:
    await _given_up_though_accepted(house)
    house.broker.unreadable = lost()
    with pytest.raises(Unavailable) as failure:
        await house.place()
    assert failure.value.replayed
    assert "use the same key" in failure.value.message
    house.broker.unreadable = None
    house.broker.hidden.clear()
    assert (await house.place()).broker_order_id == "B1"
    assert house.broker.count("place") == 1


async def test_an_order_that_turns_up_after_its_key_served_another_is_reopened_all_the_same(house: House) -> None:
    late = await _given_up_though_accepted(house)
    second = await house.place()
    assert second.metadata == {"replaces": late.order_id}
    house.start()
    house.broker.hidden.clear()
    listed = {order.order_id: order for order in (await house.now.orders.list(ACCOUNT)).items}
    assert set(listed) == {late.order_id, second.order_id}
    reopened = listed[late.order_id]
    assert (reopened.status, reopened.broker_order_id) == (OrderStatus.OPEN, "B1")
    assert reopened.history[-1].anomaly
    anomaly = next(event for event in house.audit.events if event.kind is AuditKind.ORDER_ANOMALY)
    assert anomaly.order_id == late.order_id
    assert "NOT_PLACED" in anomaly.facts["anomaly"]
    assert (await house.place()).order_id == second.order_id


async def test_a_search_for_another_order_notices_one_that_turned_up(house: House) -> None:
    late = await _given_up_though_accepted(house)
    house.broker.hidden.clear()
    house.broker.next("place", Mishap(after=lost()))
    await house.place("k2")
    assert (await house.kept(late.order_id)).status is OrderStatus.OPEN
    assert AuditKind.ORDER_ANOMALY in house.audit.kinds(late.order_id)
