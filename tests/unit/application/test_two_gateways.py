"""Two gateways over one store: what lives is left alone, and whoever settles first is believed by the other."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from ordo.domain.errors import InFlight, NotSent
from ordo.domain.idempotency import IntentState
from ordo.domain.orders import MatchedBy, OrderStatus
from tests.support.clock import quiet
from tests.support.house import House, Services, order_in
from tests.support.orders import ACCOUNT, BUY_TEN
from tests.support.stores import wait_for


async def test_an_order_found_by_the_other_gateway_is_told_as_the_other_wrote_it_down(house: House) -> None:
    answered = asyncio.Event()
    house.now.store.before["settle"] = wait_for(answered)
    placing = house.start_place()
    await quiet()
    other = Services(house, "other")
    house.owners.leave(house.now.owner)
    assert await other.reconciler.recover() == 1
    (unknown,) = await house.intents.unsettled()
    found = await other.reconciler.look(unknown)
    assert (found.state, found.order.matched_by) == (IntentState.DONE, MatchedBy.TAG)

    answered.set()
    told = await placing
    assert told == found.answer
    assert await house.place() == told
    assert len(house.broker.book) == 1


async def test_an_answer_written_down_meanwhile_is_not_made_unknown(house: House) -> None:
    answered = asyncio.Event()
    house.now.store.before["settle"] = wait_for(answered)
    placing = house.start_place()
    await quiet()
    other = Services(house, "other")
    house.owners.leave(house.now.owner)

    async def settled_first() -> None:
        answered.set()
        await placing

    other.store.before["settle"] = settled_first
    assert await other.reconciler.recover() == 1
    kept = await house.intent()
    assert kept is not None
    assert (kept.state, kept.answer) == (IntentState.DONE, await placing)
    assert kept.order.status is not OrderStatus.UNKNOWN


async def test_an_intent_that_is_released_meanwhile_is_left_alone(house: House) -> None:
    held = asyncio.Event()
    house.now.store.before["settle"] = wait_for(held)
    placing = house.start_place()
    await quiet()
    (open_,) = await house.intents.unsettled()
    other = Services(house, "other")
    house.owners.leave(house.now.owner)

    async def released_first() -> None:
        await house.intents.release(open_.key, open_.order_id)

    other.store.before["settle"] = released_first
    assert await other.reconciler.recover() == 1
    assert await house.intents.unsettled() == ()
    placing.cancel()


async def test_a_look_that_comes_second_repeats_the_first_verdict(house: House) -> None:
    answered = asyncio.Event()
    house.now.store.before["settle"] = wait_for(answered)
    placing = house.start_place()
    await quiet()
    other, third = Services(house, "other"), Services(house, "third")
    house.owners.leave(house.now.owner)
    await other.reconciler.recover()
    (unknown,) = await house.intents.unsettled()

    async def looked_first() -> None:
        third.store.before.clear()
        await other.reconciler.look(unknown)

    third.store.before["settle"] = looked_first
    verdict = await third.reconciler.look(replace(unknown))
    assert verdict == await house.intent()
    answered.set()
    await placing


async def test_what_a_living_gateway_works_on_is_left_to_it_however_long_that_takes(house: House) -> None:
    reserved = asyncio.Event()
    house.now.store.after["reserve"] = wait_for(reserved)
    placing = house.start_place()
    await quiet()
    other = Services(house, "other")
    await other.reconciler.recover()
    await house.clock.advance(3600)
    with pytest.raises(InFlight):
        await other.orders.place(ACCOUNT, BUY_TEN, key="k1")
    (kept,) = await house.intents.unsettled()
    assert kept.state is IntentState.OPEN

    reserved.set()
    with pytest.raises(NotSent) as late:
        await placing
    assert order_in(late.value).status is OrderStatus.NOT_PLACED
    assert house.broker.calls == []
    assert await house.intents.unsettled() == ()
    assert (await other.orders.place(ACCOUNT, BUY_TEN, key="k1")).status is OrderStatus.ACKNOWLEDGED


@pytest.mark.parametrize("seconds", [11, -3600])
async def test_a_clock_that_is_stepped_never_makes_an_order_late_unless_forward(house: House, seconds: int) -> None:
    async def step() -> None:
        house.clock.step(timedelta(seconds=seconds))

    house.now.store.after["reserve"] = step
    if seconds < 0:
        assert (await house.place()).status is OrderStatus.ACKNOWLEDGED
    else:
        with pytest.raises(NotSent, match="11 s went by"):
            await house.place()
        assert house.broker.calls == []
