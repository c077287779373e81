"""The other gateway was wrong: what it gave up was still on its way, and the broker then took it."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from ordo.domain.errors import OutcomeUnknown
from ordo.domain.idempotency import IntentState
from ordo.domain.orders import ModifyOrder, OrderStatus
from tests.support.broker import Mishap
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
