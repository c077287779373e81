from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from ordo.domain.accounts import Account
from ordo.domain.baskets import MAX_LEGS, Basket, BasketMode, BasketResult, Leg, LegOutcome
from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.orders import OrderStatus
from tests.support.broker import ALL, Mishap, lost, not_sent, refused
from tests.support.clock import quiet
from tests.support.house import House
from tests.support.orders import ACCOUNT, BUY_TEN, ONE_SLIP, OTHER

L = LegOutcome
_LEGS = tuple(Leg(account=ACCOUNT, order=replace(ONE_SLIP, quantity=quantity)) for quantity in (1, 2, 3))
AT_ONCE = Basket(mode=BasketMode.AT_ONCE, legs=_LEGS)
IN_ORDER = Basket(mode=BasketMode.IN_ORDER, legs=_LEGS)
BOTH = pytest.mark.parametrize("basket", [AT_ONCE, IN_ORDER])


async def _place(house: House, basket: Basket, key: str = "b1") -> BasketResult:
    return await house.clock.finish(house.now.baskets.place(basket, key=key))


def _outcomes(result: BasketResult) -> list[LegOutcome]:
    return [leg.outcome for leg in result.legs]


@BOTH
async def test_every_leg_is_an_order_of_its_own(house: House, basket: Basket) -> None:
    result = await _place(house, basket)
    assert result.is_placed
    assert [leg.order.quantity for leg in result.legs if leg.order] == [1, 2, 3]
    assert [row.quantity for row in house.broker.book.values()] == [1, 2, 3]
    assert len({leg.order.order_id for leg in result.legs if leg.order}) == 3


@BOTH
async def test_the_same_key_gives_the_same_answer_and_sends_nothing(house: House, basket: Basket) -> None:
    first = await _place(house, basket)
    house.start()
    again = await _place(house, basket)
    assert again == first
    assert all(leg.order is not None and leg.order.replayed for leg in again.legs)
    assert house.broker.count("place") == 3


@BOTH
async def test_a_replay_continues_what_is_proven_unsent_and_nothing_else(house: House, basket: Basket) -> None:
    house.broker.next("place", Mishap())
    house.broker.next("place", Mishap(before=not_sent()))
    result = await _place(house, basket)
    in_order = basket.mode is BasketMode.IN_ORDER
    assert _outcomes(result) == [L.PLACED, L.NOT_SENT, L.SKIPPED if in_order else L.PLACED]
    assert not result.is_placed
    again = await _place(house, basket)
    assert _outcomes(again) == [L.PLACED] * 3
    assert again.legs[0] == result.legs[0]
    assert sorted(row.quantity for row in house.broker.book.values()) == [1, 2, 3]


@BOTH
async def test_a_refused_leg_stays_refused_and_ends_an_ordered_basket(house: House, basket: Basket) -> None:
    house.broker.next("place", Mishap())
    house.broker.next("place", Mishap(before=refused()))
    last = L.SKIPPED if basket.mode is BasketMode.IN_ORDER else L.PLACED
    for _ in range(2):
        result = await _place(house, basket)
        assert _outcomes(result) == [L.PLACED, L.REFUSED, last]
        error = result.legs[1].error
        assert error is not None
        assert error.code is ErrorCode.INSUFFICIENT_FUNDS
    assert house.broker.count("place") == (2 if last is L.SKIPPED else 3)


@BOTH
async def test_a_lost_leg_is_unknown_until_it_is_found_and_is_never_sent_again(house: House, basket: Basket) -> None:
    house.broker.next("place", Mishap())
    house.broker.next("place", Mishap(after=lost()))
    house.broker.unreadable = lost()
    result = await _place(house, basket)
    last = L.SKIPPED if basket.mode is BasketMode.IN_ORDER else L.PLACED
    assert _outcomes(result) == [L.PLACED, L.UNKNOWN, last]
    assert result.legs[1].order is not None
    assert result.legs[1].order.status is OrderStatus.UNKNOWN
    house.broker.unreadable = None
    assert _outcomes(await _place(house, basket)) == [L.PLACED] * 3
    assert sorted(row.quantity for row in house.broker.book.values()) == [1, 2, 3]


async def test_one_slow_broker_costs_only_its_own_leg(house: House) -> None:
    hold = asyncio.Event()
    house.broker.next("place", Mishap(wait=hold))
    placing = asyncio.ensure_future(house.now.baskets.place(AT_ONCE, key="b1"))
    await quiet()
    assert [row.quantity for row in house.broker.book.values()] == [2, 3]
    again = await house.now.baskets.place(AT_ONCE, key="b1")
    assert _outcomes(again) == [L.UNKNOWN, L.PLACED, L.PLACED]
    hold.set()
    assert (await placing).is_placed
    assert house.broker.count("place") == 3


async def test_in_order_a_leg_is_sent_once_the_one_before_is_at_the_broker(house: House) -> None:
    hold = asyncio.Event()
    house.broker.next("place", Mishap(wait=hold))
    placing = asyncio.ensure_future(house.now.baskets.place(IN_ORDER, key="b1"))
    await quiet()
    assert house.broker.count("place") == 1
    hold.set()
    assert (await placing).is_placed


async def test_a_leg_that_a_check_denies_costs_only_itself(house: House) -> None:
    stranger = Leg(account=Account(adapter_id="nobody", account_id="X"), order=ONE_SLIP)
    bad = Leg(account=ACCOUNT, order=replace(ONE_SLIP, price=Decimal("800.01")))
    result = await _place(house, Basket(mode=BasketMode.AT_ONCE, legs=(stranger, bad, _LEGS[0])))
    assert _outcomes(result) == [L.NOT_SENT, L.NOT_SENT, L.PLACED]
    assert [leg.error.code for leg in result.legs if leg.error] == [ErrorCode.UNKNOWN_ACCOUNT, ErrorCode.INVALID_ORDER]


async def test_a_mistake_in_one_leg_leaves_that_one_unknown_and_the_others_told(house: House) -> None:
    left = 1

    async def mistake() -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            raise KeyError("a mistake")

    house.now.store.before["reserve"] = mistake
    result = await _place(house, AT_ONCE)
    assert sorted(_outcomes(result)) == [L.PLACED, L.PLACED, L.UNKNOWN]


@pytest.mark.parametrize(
    "other",
    [
        replace(AT_ONCE, mode=BasketMode.IN_ORDER),
        replace(AT_ONCE, legs=_LEGS[:2]),
        replace(AT_ONCE, legs=(*_LEGS, Leg(account=ACCOUNT, order=BUY_TEN))),
        replace(AT_ONCE, legs=(*_LEGS[:2], Leg(account=OTHER, order=_LEGS[2].order))),
        replace(AT_ONCE, legs=_LEGS[::-1]),
    ],
)
async def test_a_key_that_served_one_basket_serves_no_other(house: House, other: Basket) -> None:
    await house.log_in(OTHER)
    await _place(house, AT_ONCE)
    with pytest.raises(Invalid) as refusal:
        await _place(house, other)
    assert refusal.value.code is ErrorCode.IDEMPOTENCY_KEY_REUSED
    assert house.broker.count("place") == 3


async def test_a_basket_and_an_order_may_share_a_key(house: House) -> None:
    await _place(house, AT_ONCE, key="k1")
    assert (await house.place("k1")).broker_order_id == "B4"


async def test_legs_that_look_alike_are_meant_and_another_basket_of_them_is_not(house: House) -> None:
    twins = Basket(mode=BasketMode.AT_ONCE, legs=(_LEGS[0], _LEGS[0]))
    assert (await _place(house, twins)).is_placed
    result = await _place(house, twins, key="b2")
    assert _outcomes(result) == [L.NOT_SENT, L.NOT_SENT]


async def test_where_the_book_shows_no_tags_legs_that_look_alike_go_one_after_the_other(house: House) -> None:
    house.broker.offers = replace(ALL, tag_echo=False)
    twins = Basket(mode=BasketMode.AT_ONCE, legs=(_LEGS[0], _LEGS[0]))
    hold = asyncio.Event()
    house.broker.next("place", Mishap(wait=hold))
    placing = asyncio.ensure_future(house.now.baskets.place(twins, key="b1"))
    await quiet()
    assert house.broker.count("place") == 1
    hold.set()
    assert sorted(_outcomes(await placing)) == [L.NOT_SENT, L.PLACED]
    assert (await _place(house, twins)).is_placed
    assert house.broker.count("place") == 2


@pytest.mark.parametrize("number", [0, MAX_LEGS + 1])
def test_a_basket_has_one_to_twenty_legs(number: int) -> None:
    with pytest.raises(Invalid) as refusal:
        Basket(mode=BasketMode.AT_ONCE, legs=_LEGS[:1] * number)
    assert [fault.field for fault in refusal.value.fields] == ["legs"]


async def test_a_key_that_can_not_be_is_refused(house: House) -> None:
    with pytest.raises(Invalid) as refusal:
        await _place(house, AT_ONCE, key="")
    assert refusal.value.code is ErrorCode.IDEMPOTENCY_KEY_MISSING
