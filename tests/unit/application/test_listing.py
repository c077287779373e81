from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from ordo.application import listing
from ordo.application.listing import external_id
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditKind
from ordo.domain.errors import ErrorCode, Invalid, OutcomeUnknown, Unavailable
from ordo.domain.orders import MatchedBy, Order, OrderStatus, OrderType, Product, Side
from tests.support.broker import ALL, Mishap, lost
from tests.support.clock import quiet
from tests.support.house import House, order_in
from tests.support.orders import ACCOUNT, BUY_TEN, NIFTY_CALL, OTHER
from tests.support.stores import fail

S = OrderStatus


async def _list(house: House, account: Account = ACCOUNT) -> tuple[Order, ...]:
    return (await house.now.orders.list(account)).items


async def test_the_list_holds_ours_and_others_oldest_first(house: House) -> None:
    first = await house.place("k1")
    house.clock.step(timedelta(seconds=1))
    house.broker.external(replace(BUY_TEN, side=Side.SELL))
    house.clock.step(timedelta(seconds=1))
    last = await house.place("k2")
    snapshot = await house.now.orders.list(ACCOUNT)
    assert [order.broker_order_id for order in snapshot.items] == ["B1", "B2", "B3"]
    assert [order.order_id for order in snapshot.items] == [
        first.order_id,
        external_id(ACCOUNT, house.broker.book["B2"]),
        last.order_id,
    ]
    assert snapshot.as_of == house.clock.now()


async def test_another_programs_order_is_shown_with_all_that_its_row_says(house: House) -> None:
    row = house.broker.external(BUY_TEN, filled_quantity=4, average_price=Decimal("799.5"), message="hello")
    (order,) = await _list(house)
    assert (order.status, order.filled_quantity, order.average_price) == (S.PARTIALLY_FILLED, 4, Decimal("799.5"))
    assert (order.price, order.status_message, order.matched_by) == (BUY_TEN.price, "hello", None)
    assert order.metadata == {"external": "true", "raw_status": "accepted"}
    assert order.created_at == row.placed_at
    assert [(step.status, step.filled_quantity) for step in order.history] == [(S.PARTIALLY_FILLED, 4)]
    assert await house.now.orders.get(ACCOUNT, order.order_id) == order


async def test_another_programs_order_is_made_anew_only_where_its_row_has_changed(house: House) -> None:
    await house.log_in(OTHER)
    house.broker.external(BUY_TEN)
    house.broker.external(BUY_TEN)
    first, second = await _list(house)
    house.broker.fill("B1", 4)
    house.broker.change("B2", metadata={"exchange_order_id": "7"})
    for order in await _list(house, OTHER):
        assert order.account == OTHER
    filled, told = await _list(house)
    assert (first.filled_quantity, filled.filled_quantity) == (0, 4)
    assert told == replace(second, metadata=second.metadata | {"exchange_order_id": "7"})
    assert [one is other for one, other in zip(await _list(house), (filled, told), strict=True)] == [True, True]


async def test_no_more_of_other_programs_orders_are_kept_than_that(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_MOST_SHOWN", 2)
    for _ in range(5):
        house.broker.external(BUY_TEN)
    assert len(await _list(house)) == 5
    assert len(house.now.reader._shown) <= 2


async def test_another_programs_order_keeps_its_id(house: House) -> None:
    house.broker.external(BUY_TEN)
    (before,) = await _list(house)
    house.broker.fill("B1", 10)
    house.start()
    (after,) = await _list(house)
    assert before.order_id == after.order_id
    assert len(after.order_id) == 15
    assert after.order_id.startswith("9")
    assert external_id(ACCOUNT, house.broker.book["B1"]) != external_id(OTHER, house.broker.book["B1"])


@pytest.mark.parametrize(
    "facts",
    [
        {"status": S.CANCELLED, "filled_quantity": 10},
        {"status": None, "filled_quantity": 10},
        {"status": S.OPEN, "filled_quantity": 12},
        {"status": S.FILLED},
        {"status": S.REJECTED, "price": None},
        {"status": S.OPEN, "price": Decimal(0)},
        {"order_type": OrderType.STOP_LIMIT, "trigger_price": None},
        {"order_type": OrderType.STOP_LIMIT, "trigger_price": Decimal(900), "status": S.REJECTED},
        {"product": Product.NRML, "status": S.REJECTED},
        {"instrument": NIFTY_CALL, "product": Product.CNC, "status": S.REJECTED},
        {"price": Decimal("800.123456")},
    ],
)
async def test_no_order_of_another_program_makes_the_list_unreadable(house: House, facts: dict[str, object]) -> None:
    ours = await house.place()
    row = house.broker.external(BUY_TEN, **facts)
    mine, other = await _list(house)
    assert mine.order_id == ours.order_id
    assert (other.broker_order_id, other.quantity, other.sent_type) == (row.broker_order_id, 10, row.order_type)
    assert (other.status is S.FILLED) == (other.filled_quantity == 10)


async def test_what_no_order_may_say_is_kept_beside_it(house: House) -> None:
    house.broker.external(
        BUY_TEN, order_type=OrderType.STOP_LIMIT, trigger_price=Decimal(900), product=Product.MTF, status=S.REJECTED
    )
    (order,) = await _list(house)
    assert order.status is S.REJECTED
    assert order.metadata == {
        "external": "true",
        "raw_status": "accepted",
        "order_type": "SL",
        "product": "MTF",
        "price": "800.00",
        "trigger_price": "900",
    }


async def test_a_tag_of_another_gateway_is_another_programs_order(house: House) -> None:
    house.broker.external(BUY_TEN, tag="375000000000007")
    (order,) = await _list(house)
    assert order.metadata["external"] == "true"


async def test_the_store_is_not_asked_for_a_tag_that_can_not_be_ours(house: House) -> None:
    house.broker.external(BUY_TEN, tag="my own \x00 tag")
    house.now.store.before["placement"] = fail
    (order,) = await _list(house)
    assert order.metadata["external"] == "true"


async def test_a_look_into_the_book_is_remembered(house: House) -> None:
    order = await house.place()
    house.broker.fill("B1", 4)
    (seen,) = await _list(house)
    assert (seen.status, seen.filled_quantity) == (S.PARTIALLY_FILLED, 4)
    assert await house.kept(order.order_id) == seen
    house.broker.fill("B1", 6)
    assert (await house.now.orders.get(ACCOUNT, order.order_id)).status is S.FILLED
    assert (await house.kept(order.order_id)).status is S.FILLED
    assert [step.filled_quantity for step in (await house.kept(order.order_id)).history[-2:]] == [4, 10]


async def test_a_look_without_news_writes_nothing(house: House) -> None:
    await house.place()
    await _list(house)
    (before,) = await _list(house)
    events = len(house.audit.events)
    house.clock.step(timedelta(seconds=1))
    (after,) = await _list(house)
    assert after.updated_at == before.updated_at
    assert len(house.audit.events) == events


async def test_what_was_learnt_is_told_and_anomalies_as_such(house: House) -> None:
    order = await house.place()
    await _list(house)
    assert house.audit.kinds(order.order_id)[-1] is AuditKind.ORDER_CHANGED
    house.broker.change("B1", status=None, raw_status="WHAT")
    await _list(house)
    assert house.audit.kinds(order.order_id)[-1] is AuditKind.ORDER_ANOMALY
    events = len(house.audit.events)
    await _list(house)
    assert len(house.audit.events) == events


async def test_a_change_of_terms_alone_is_no_step_in_the_orders_life(house: House) -> None:
    order = await house.place()
    await _list(house)
    events = len(house.audit.events)
    house.broker.change("B1", price=Decimal("805.00"))
    (seen,) = await _list(house)
    assert (seen.sent_price, seen.price) == (Decimal("805.00"), order.price)
    assert len(house.audit.events) == events


async def test_an_order_on_its_way_is_listed_once_whether_or_not_the_book_has_it(house: House) -> None:
    hold = asyncio.Event()
    house.broker.next("place", Mishap(wait_after=hold))
    placing = house.start_place()
    await quiet()
    (listed,) = await _list(house)
    assert (listed.status, listed.broker_order_id) == (S.SUBMITTING, None)
    assert await house.now.orders.get(ACCOUNT, listed.order_id) == listed
    house.broker.hidden.add("B1")
    assert await _list(house) == (listed,)
    hold.set()
    assert (await placing).order_id == listed.order_id


async def test_an_order_that_the_book_does_not_show_yet_is_listed_as_it_is_known(house: House) -> None:
    order = await house.place()
    house.broker.hidden.add("B1")
    assert await _list(house) == (order,)
    assert await house.now.orders.get(ACCOUNT, order.order_id) == order


async def test_an_order_without_a_tag_is_known_by_the_brokers_id(house: House) -> None:
    house.broker.offers = replace(ALL, tag_echo=False)
    order = await house.place()
    house.broker.fill("B1", 10)
    (listed,) = await _list(house)
    assert (listed.order_id, listed.status, listed.matched_by) == (order.order_id, S.FILLED, MatchedBy.ANSWER)


async def test_an_order_of_yesterday_that_waits_for_today_is_ours(house: House) -> None:
    house.clock.step(timedelta(days=-1))
    order = await house.place(command=replace(BUY_TEN, after_market=True))
    house.clock.step(timedelta(days=1))
    house.broker.change("B1", status=S.OPEN)
    (listed,) = await _list(house)
    assert (listed.order_id, listed.status) == (order.order_id, S.OPEN)
    assert "external" not in listed.metadata


async def test_orders_of_another_day_that_the_book_does_not_show_are_not_listed(house: House) -> None:
    house.clock.step(timedelta(days=-1))
    await house.place()
    house.clock.step(timedelta(days=1))
    house.broker.book.clear()
    assert await _list(house) == ()


async def test_an_order_of_another_account_is_not_listed(house: House) -> None:
    await house.log_in(OTHER)
    order = await house.place()
    house.broker.book.clear()
    assert await _list(house, OTHER) == ()
    with pytest.raises(Invalid) as refusal:
        await house.now.orders.get(OTHER, order.order_id)
    assert refusal.value.code is ErrorCode.ORDER_NOT_FOUND


@pytest.mark.parametrize("order_id", ["375000000000000", "900000000000000", "B1", ""])
async def test_an_order_that_is_nowhere_is_not_found(house: House, order_id: str) -> None:
    house.broker.external(BUY_TEN)
    with pytest.raises(Invalid) as refusal:
        await house.now.orders.get(ACCOUNT, order_id)
    assert refusal.value.code is ErrorCode.ORDER_NOT_FOUND


async def test_an_account_without_a_broker_has_no_orders_to_find(house: House) -> None:
    stranger = Account(adapter_id="nobody", account_id="X")
    for call in (house.now.orders.list(stranger), house.now.orders.get(stranger, "375000000000000")):
        with pytest.raises(Invalid) as refusal:
            await call
        assert refusal.value.code is ErrorCode.UNKNOWN_ACCOUNT


async def test_an_unreadable_book_is_not_an_empty_one(house: House) -> None:
    order = await house.place()
    house.broker.unreadable = Unavailable(ErrorCode.BROKER_UNAVAILABLE, "502")
    for call in (house.now.orders.list(ACCOUNT), house.now.orders.get(ACCOUNT, order.order_id)):
        with pytest.raises(Unavailable):
            await call


async def test_an_order_at_its_end_is_told_without_asking_the_broker(house: House) -> None:
    order = await house.place()
    house.broker.fill("B1", 10)
    await _list(house)
    house.broker.unreadable = lost()
    assert (await house.now.orders.get(ACCOUNT, order.order_id)).status is S.FILLED


async def test_a_lost_order_is_looked_for_when_it_is_asked_for(house: House) -> None:
    house.broker.next("place", Mishap(after=lost()))
    house.broker.unreadable = lost()
    with pytest.raises(OutcomeUnknown) as failure:
        await house.place()
    lost_id = order_in(failure.value).order_id
    assert (await house.now.orders.get(ACCOUNT, lost_id)).status is S.UNKNOWN
    house.broker.unreadable = None
    assert (await house.now.orders.get(ACCOUNT, lost_id)).status is S.OPEN


async def test_two_who_learn_at_once_lose_nothing_of_each_other(house: House) -> None:
    """A slow read of an older book ends after a newer one was learnt from."""
    order = await house.place()
    house.broker.fill("B1", 3)
    hold = asyncio.Event()
    house.broker.next("orders", Mishap(wait_after=hold))
    slow = asyncio.ensure_future(_list(house))
    await quiet()
    house.broker.fill("B1", 4)
    (fast,) = await house.clock.finish(_list(house))
    assert fast.filled_quantity == 7
    assert not slow.done()
    hold.set()
    (late,) = await slow
    assert late.filled_quantity == 7
    assert (await house.kept(order.order_id)).filled_quantity == 7


async def test_executions_are_read_from_the_broker(house: House) -> None:
    assert (await house.now.orders.trades(ACCOUNT)).items == ()
    assert house.broker.calls == ["trades"]


async def test_a_lost_order_whose_row_stands_in_the_book_is_not_listed_as_unknown(house: House) -> None:
    house.broker.next("place", Mishap(after=lost()))
    house.broker.unreadable = lost()
    with pytest.raises(OutcomeUnknown) as failure:
        await house.place()
    house.broker.unreadable = None
    reads = house.broker.count("orders")
    (order,) = await _list(house)
    assert (order.order_id, order.status) == (order_in(failure.value).order_id, S.OPEN)
    assert house.broker.count("orders") == reads + 1
    assert (await house.place()).replayed


async def test_a_list_alone_never_proves_that_an_order_is_absent(house: House) -> None:
    house.broker.next("place", Mishap(before=lost()))
    with pytest.raises(OutcomeUnknown):
        await house.place()
    for _ in range(5):
        await house.clock.advance(61)
        assert [order.status for order in await _list(house)] == [S.UNKNOWN]


# What no order explains, and what goes back.


def _strange(house: House) -> list[str]:
    return [event.facts["anomaly"] for event in house.audit.events if event.kind is AuditKind.ORDER_ANOMALY]


async def test_each_order_of_another_program_is_told_once(house: House) -> None:
    house.broker.external(BUY_TEN)
    await _list(house)
    house.broker.external(BUY_TEN, tag="375000000000007")
    await _list(house)
    await _list(house)
    assert _strange(house) == [
        "another program placed this order",
        "the tag 375000000000007 has the form of Ordo's, but is not on record here",
    ]
    told = [event for event in house.audit.events if event.kind is AuditKind.ORDER_ANOMALY]
    assert [event.facts["broker_order_id"] for event in told] == ["B1", "B2"]
    assert told[0].account == ACCOUNT


async def test_a_second_order_under_one_tag_is_told_as_such(house: House) -> None:
    order = await house.place()
    house.broker.external(BUY_TEN, tag=order.order_id)
    await _list(house)
    assert _strange(house) == [f"a second order stands in the broker's book under the tag {order.order_id}"]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"filled_quantity": 3}, "went back from 4 to 3 units filled"),
        ({"status": S.TRIGGER_PENDING, "filled_quantity": 0}, "went back from 4 to 0 units filled"),
    ],
)
async def test_a_book_that_takes_a_fill_back_is_an_anomaly_and_not_believed(
    house: House, facts: dict[str, object], words: str
) -> None:
    await house.place()
    house.broker.fill("B1", 4)
    await _list(house)
    await house.clock.advance(1)
    house.broker.change("B1", **facts)
    for _ in range(2):
        (order,) = await _list(house)
        assert (order.status, order.filled_quantity) == (S.PARTIALLY_FILLED, 4)
    (told,) = _strange(house)
    assert words in told


async def test_a_book_that_takes_an_end_back_is_an_anomaly_and_not_believed(house: House) -> None:
    await house.place()
    house.broker.end("B1", S.CANCELLED)
    await _list(house)
    await house.clock.advance(1)
    house.broker.change("B1", status=S.OPEN)
    (order,) = await _list(house)
    assert order.status is S.CANCELLED
    (told,) = _strange(house)
    assert "went back from CANCELLED to OPEN" in told


async def test_what_is_filled_beyond_the_order_is_told_with_its_words(house: House) -> None:
    await house.place()
    house.broker.change("B1", filled_quantity=12, status=S.FILLED)
    await _list(house)
    assert _strange(house) == ["the broker filled 12 of 10"]
