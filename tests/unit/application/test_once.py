from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from ordo.application.context import Context
from ordo.application.once import Write
from ordo.domain.book import Acknowledged
from ordo.domain.errors import ErrorCode, Invalid, OutcomeUnknown
from ordo.domain.idempotency import Intent, IntentState, Operation, fingerprint
from ordo.domain.orders import Order, OrderStatus
from tests.support.broker import Mishap
from tests.support.clock import quiet
from tests.support.house import House, order_in
from tests.support.orders import BUY_TEN, order_of


async def _open() -> None:
    """A gate that stands open."""


async def _accept(intent: Intent) -> Acknowledged:
    return Acknowledged(broker_order_id=f"B of {intent.order_id}")


def _acknowledged(order: Order, answer: Acknowledged) -> Order:
    return replace(order, status=OrderStatus.ACKNOWLEDGED, broker_order_id=answer.broker_order_id)


def _write(house: House, operation: Operation = Operation.PLACE) -> Write:
    intent = house.now.once.intent(operation, order_of(), "k", fingerprint(BUY_TEN), Context())
    return Write(intent=intent, gate=_open, send=_accept, accepted=_acknowledged)


async def test_an_intent_tells_who_works_on_it_and_until_when_it_is_kept(house: House) -> None:
    context = Context(principal="algo", correlation_id="c")
    intent = house.now.once.intent(Operation.CANCEL, order_of(), "k", "f", context)
    assert (intent.key.principal, intent.key.route, intent.owner) == ("algo", "CANCEL 375000000000001", "gateway-1")
    assert (intent.state, intent.correlation_id, intent.created_at) == (IntentState.OPEN, "c", house.clock.now())
    assert (intent.expires_at - intent.created_at).days == 7
    order = replace(order_of(), created_at=house.clock.now() - timedelta(seconds=3))
    scope = house.now.once.scope(order.account, "leg", "k", context)
    placement = house.now.once.placement(order, scope, "f", context)
    assert (placement.key, placement.operation, placement.owner) == (scope, Operation.PLACE, intent.owner)
    assert (placement.created_at, placement.expires_at) == (order.created_at, order.created_at + timedelta(days=7))


async def test_what_the_broker_accepted_is_never_denied_because_ordo_does_not_understand_the_answer(
    house: House,
) -> None:
    def chokes(order: Order, answer: Acknowledged) -> Order:  # noqa: ARG001
        raise Invalid(ErrorCode.INVALID_ORDER, "nothing was sent")

    with pytest.raises(OutcomeUnknown) as failure:
        await house.now.once.run(_write(house)._replace(accepted=chokes), Context())
    assert order_in(failure.value).order_id == order_of().order_id
    stored = await house.intent("k")
    assert stored is not None
    assert stored.state is IntentState.OPEN
    looked = await house.now.reconciler.look(stored)
    assert looked.state is IntentState.UNKNOWN


@pytest.mark.parametrize("where", ["gate", "store"])
async def test_a_mistake_on_the_way_leaves_an_intent_that_is_looked_for(house: House, where: str) -> None:
    async def breaks() -> None:
        raise ZeroDivisionError

    write = _write(house)
    if where == "gate":
        write = write._replace(gate=breaks)
    else:
        house.now.store.before["settle"] = breaks
    with pytest.raises((ZeroDivisionError, OutcomeUnknown)):
        await house.now.once.run(write, Context())
    house.now.store.before.clear()
    stored = await house.intent("k")
    assert stored is not None
    assert (await house.now.reconciler.look(stored)).state is IntentState.UNKNOWN


async def test_a_key_that_was_freed_while_it_was_asked_about_is_in_flight_until_asked_again(house: House) -> None:
    """The holder that the store answered with has been released meanwhile."""
    gate, shut = asyncio.Event(), Invalid(ErrorCode.KILL_SWITCH_ACTIVE, "m")

    async def closes() -> None:
        await gate.wait()
        raise shut

    first = asyncio.ensure_future(house.now.once.run(_write(house)._replace(gate=closes), Context()))
    await quiet()
    slow = asyncio.Event()

    async def late() -> None:
        await slow.wait()

    house.now.store.after["reserve"] = late
    second = asyncio.ensure_future(house.now.once.run(_write(house), Context()))
    await quiet()
    gate.set()
    with pytest.raises(Invalid) as refusal:
        await first
    assert refusal.value is shut
    slow.set()
    with pytest.raises(Invalid) as in_flight:
        await second
    assert in_flight.value.code is ErrorCode.IDEMPOTENCY_IN_FLIGHT
    assert (await house.now.once.run(_write(house), Context())).status is OrderStatus.ACKNOWLEDGED


async def test_draining_waits_for_every_write_under_way(house: House) -> None:
    hold = asyncio.Event()
    house.broker.next("place", Mishap(wait=hold))
    house.broker.next("place", Mishap(wait=hold))
    writes = [house.start_place(key) for key in ("k1", "k2")]
    await quiet()
    draining = asyncio.ensure_future(house.now.once.drain())
    await quiet()
    assert not draining.done()
    hold.set()
    await draining
    assert [(await write).status for write in writes] == [OrderStatus.ACKNOWLEDGED] * 2
    await house.now.once.drain()
