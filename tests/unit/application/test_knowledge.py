from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from ordo.domain.errors import ErrorCode, Unavailable
from ordo.domain.idempotency import Intent
from ordo.domain.orders import Order
from tests.support.house import House
from tests.support.orders import ACCOUNT


async def _placed(house: House) -> Intent:
    order = await house.place()
    placement = await house.intents.placement(ACCOUNT, order.order_id)
    assert placement is not None
    return placement


def _note(order: Order, note: str) -> Order:
    return replace(order, metadata=order.metadata | {note: "seen"})


async def test_seven_who_learn_at_once_lose_nothing_though_the_clock_stands_still(house: House) -> None:
    placement = await _placed(house)

    async def switch() -> None:
        await asyncio.sleep(0)

    house.now.store.before["record"] = switch
    learners = [
        house.now.knowledge.learn(placement, lambda order, note=note: _note(order, note))  # type: ignore[misc]
        for note in map(str, range(7))
    ]
    await asyncio.gather(*learners)
    assert set((await house.kept(placement.order_id)).metadata) == set(map(str, range(7)))


async def test_each_piece_of_knowledge_is_later_than_the_one_before(house: House) -> None:
    placement = await _placed(house)
    times = [placement.order.updated_at]
    for note in "abc":
        after = await house.now.knowledge.learn(placement, lambda order, note=note: _note(order, note))  # type: ignore[misc]
        times.append(after.updated_at)
        house.clock.step(-(house.clock.now() - placement.created_at))
    assert times == sorted(set(times))


async def test_nothing_to_learn_writes_nothing(house: House) -> None:
    placement = await _placed(house)

    async def never() -> None:
        raise AssertionError("written")

    house.now.store.before["record"] = never
    assert await house.now.knowledge.learn(placement, lambda order: order) == placement.order


async def test_what_changes_too_fast_to_be_written_down_is_said_to(house: House) -> None:
    placement = await _placed(house)

    async def another_learns() -> None:
        kept = await house.kept(placement.order_id)
        newer = replace(kept, updated_at=kept.updated_at + house.clock.now().resolution)
        assert await house.intents.record(newer, replacing=kept)

    house.now.store.before["record"] = another_learns
    with pytest.raises(Unavailable) as failure:
        await house.now.knowledge.learn(placement, lambda order: _note(order, "a"))
    assert failure.value.code is ErrorCode.STORE_UNAVAILABLE


async def test_of_an_order_that_is_gone_the_last_word_is_the_intents(house: House) -> None:
    placement = await _placed(house)
    await house.intents.release(placement.key, placement.order_id)
    after = await house.now.knowledge.learn(placement, lambda order: _note(order, "a"))
    assert after == _note(placement.order, "a")
