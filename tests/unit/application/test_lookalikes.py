"""A second order of the same terms, under another key, a moment later: a slip, unless its sender says otherwise."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from ordo.domain.audit import AuditKind
from ordo.domain.capabilities import Capabilities
from ordo.domain.errors import ErrorCode, Invalid, OutcomeUnknown
from ordo.domain.orders import Order, OrderStatus
from tests.support.broker import ALL, Mishap, lost, not_sent, refused
from tests.support.clock import quiet
from tests.support.house import House, order_in
from tests.support.orders import ACCOUNT, BUY_TEN, ONE_SLIP

UNTAGGED = replace(ALL, tag_echo=False)


async def _refused(house: House, key: str = "k2") -> Invalid:
    with pytest.raises(Invalid) as failure:
        await house.place(key, ONE_SLIP)
    return failure.value


async def test_a_double_click_under_two_keys_is_one_order(house: House) -> None:
    calls = [house.start_place(f"k{n}", ONE_SLIP) for n in range(10)]
    told = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(one, Order) for one in told) == 1
    assert house.broker.count("place") == 1
    errors = [one for one in told if isinstance(one, Invalid)]
    assert {error.code for error in errors} == {ErrorCode.RISK_LIMIT}
    assert len(errors) == 9


async def test_the_refusal_says_which_order_it_looks_like_and_what_to_do(house: House) -> None:
    first = await house.place("k1", ONE_SLIP)
    await house.clock.advance(1.5)
    error = await _refused(house)
    assert first.order_id in error.message
    assert "1.5 s ago" in error.message
    assert [fault.field for fault in error.fields] == ["allow_duplicate"]
    told = order_in(error)
    assert told.status is OrderStatus.NOT_PLACED
    assert house.audit.kinds(told.order_id) == [AuditKind.ORDER_DENIED]
    assert await house.intent("k2") is None


async def test_the_guard_holds_across_a_restart_and_ends_after_two_seconds(house: House) -> None:
    await house.place("k1", ONE_SLIP)
    house.start()
    await house.clock.advance(1.9)
    await _refused(house)
    await house.clock.advance(0.2)
    assert (await house.place("k2", ONE_SLIP)).broker_order_id == "B2"


async def test_one_that_is_meant_is_placed(house: House) -> None:
    await house.place("k1", ONE_SLIP)
    assert (await house.place("k2", BUY_TEN)).broker_order_id == "B2"


async def test_the_same_key_is_the_same_order_whether_or_not_a_duplicate_is_allowed(house: House) -> None:
    first = await house.place("k1", ONE_SLIP)
    again = await house.place("k1", BUY_TEN)
    assert (again, again.replayed) == (first, True)


@pytest.mark.parametrize("other", [replace(ONE_SLIP, quantity=11), replace(ONE_SLIP, price=Decimal(801))])
async def test_another_order_is_no_duplicate(house: House, other: object) -> None:
    await house.place("k1", ONE_SLIP)
    assert isinstance(other, type(ONE_SLIP))
    assert (await house.place("k2", other)).broker_order_id == "B2"


@pytest.mark.parametrize("error", [not_sent(), refused()])
async def test_what_came_to_nothing_stands_in_nobodys_way(house: House, error: Exception) -> None:
    house.broker.next("place", Mishap(before=error))
    with pytest.raises(type(error)):
        await house.place("k1", ONE_SLIP)
    assert (await house.place("k2", ONE_SLIP)).broker_order_id == "B1"


# Where the book shows no tags.


async def _in_the_dark(house: House, offers: Capabilities) -> None:
    house.broker.offers = offers
    house.broker.next("place", Mishap(before=lost()))
    house.broker.unreadable = lost()
    with pytest.raises(OutcomeUnknown):
        await house.place("k1", BUY_TEN)
    house.broker.unreadable = None


async def test_two_that_only_their_terms_tell_apart_are_never_both_in_the_dark(house: House) -> None:
    await _in_the_dark(house, UNTAGGED)
    await house.clock.advance(3600)
    with pytest.raises(Invalid) as failure:
        await house.place("k2", BUY_TEN)
    assert failure.value.code is ErrorCode.OPERATION_PENDING
    assert house.broker.count("place") == 1
    assert (await house.place("k3", replace(BUY_TEN, quantity=11))).broker_order_id == "B1"


async def test_with_tags_one_in_the_dark_does_not_freeze_its_account(house: House) -> None:
    await _in_the_dark(house, ALL)
    assert (await house.place("k2", BUY_TEN)).broker_order_id == "B1"


async def test_an_account_whose_rows_have_shown_tags_is_trusted_to_show_them(house: House) -> None:
    house.broker.shows_tags = True
    house.broker.offers = UNTAGGED
    await house.place("k0", BUY_TEN)
    await house.now.orders.list(ACCOUNT)
    await _in_the_dark(house, UNTAGGED)
    assert (await house.place("k2", BUY_TEN)).broker_order_id == "B2"


async def test_without_tags_two_at_once_are_sent_one_after_the_other(house: House) -> None:
    house.broker.offers = UNTAGGED
    hold = asyncio.Event()
    house.broker.next("place", Mishap(wait=hold))
    first = house.start_place("k1", BUY_TEN)
    await quiet()
    with pytest.raises(Invalid):
        await house.place("k2", BUY_TEN)
    hold.set()
    await first
    assert (await house.place("k2", BUY_TEN)).broker_order_id == "B2"
