"""Modifying and cancelling at the paper exchange."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from ordo.adapters.paper.events import OrderCancelled, OrderModified
from ordo.adapters.paper.state import PaperOrder, dump
from ordo.domain.errors import ErrorCode
from ordo.domain.orders import OrderStatus, OrderTerms, OrderType, Product, Validity
from tests.unit.adapters.paper.paper_desk import SBIN, Desk, terms_of


@pytest.fixture
def desk() -> Desk:
    one = Desk("1000000.00", "A", "B")
    one.tell(SBIN, "779.75", bids=(("779.50", 10),), asks=(("780.00", 10),))
    return one


def refused(desk: Desk, order: PaperOrder, terms: OrderTerms) -> ErrorCode:
    """What a change is turned away with; and that it leaves no trace, reviewed or applied."""
    before = dump(desk.exchange.state)
    event = OrderModified(at=desk.at, number=order.number, terms=terms, depth=None)
    refusal = desk.exchange.review(event)
    assert refusal is not None
    assert dump(desk.exchange.state) == before
    desk.exchange.apply(event)
    assert dump(desk.exchange.state) == before
    return refusal.code


def test_a_smaller_quantity_keeps_the_place_in_the_line(desk: Desk) -> None:
    first = desk.buy(SBIN, 20, "779.00")
    second = desk.place(terms_of(SBIN, "BUY", 20, "779.00"), account="B")
    desk.modify(first, terms_of(SBIN, "BUY", 10, "779.00"))
    desk.move(SBIN, "778.00", asks=(("779.00", 15),))
    assert (first.filled, second.filled) == (10, 5)


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": 21},
        {"price": Decimal("778.95")},
        {"quantity": 10, "price": Decimal("779.05")},
        {"validity": Validity.IOC},
    ],
)
def test_every_other_change_goes_to_the_end_of_the_line(desk: Desk, change: dict[str, object]) -> None:
    first = desk.buy(SBIN, 20, "779.00")
    before = first.priority
    desk.modify(first, replace(first.terms, **change))  # type: ignore[arg-type]
    assert first.priority > before


def test_a_better_price_may_trade_at_once(desk: Desk) -> None:
    order = desk.buy(SBIN, 20, "779.00")
    desk.modify(order, terms_of(SBIN, "BUY", 20, "780.00"))
    assert desk.prices(order) == [("780.00", 10)]


def test_a_limit_can_become_a_market_order_and_a_stop(desk: Desk) -> None:
    order = desk.buy(SBIN, 5, "779.00")
    desk.modify(order, terms_of(SBIN, "BUY", 5, "782.00", trigger="781.00"))
    assert order.status is OrderStatus.TRIGGER_PENDING
    desk.modify(order, terms_of(SBIN, "BUY", 5, "782.00", trigger="780.50"))
    assert order.status is OrderStatus.TRIGGER_PENDING
    desk.modify(order, terms_of(SBIN, "BUY", 5))
    assert (order.status, desk.prices(order)) == (OrderStatus.FILLED, [("780.00", 5)])


def test_a_stop_that_has_fired_stays_fired(desk: Desk) -> None:
    order = desk.place(terms_of(SBIN, "BUY", 10, "781.00", trigger="780.50"))
    desk.move(SBIN, "780.50", asks=(("782.00", 10),))
    desk.modify(order, terms_of(SBIN, "BUY", 10, "781.50", trigger="780.50"))
    assert (order.status, order.armed) == (OrderStatus.OPEN, False)
    moved = terms_of(SBIN, "BUY", 10, "781.50", trigger="781.00")
    assert refused(desk, order, moved) is ErrorCode.ORDER_NOT_MODIFIABLE
    desk.modify(order, terms_of(SBIN, "BUY", 10, "782.00"))
    assert order.remaining == 0


def test_a_trigger_can_not_be_moved_behind_the_market(desk: Desk) -> None:
    order = desk.place(terms_of(SBIN, "BUY", 10, "782.00", trigger="781.00"))
    desk.modify(order, terms_of(SBIN, "BUY", 10, "782.00", trigger="779.00"))
    assert order.terms.trigger_price == Decimal("781.00")


def test_the_quantity_stays_above_what_is_filled(desk: Desk) -> None:
    order = desk.buy(SBIN, 20, "780.00")
    assert order.filled == 10
    for quantity in (10, 9):
        smaller = terms_of(SBIN, "BUY", quantity, "780.00")
        assert refused(desk, order, smaller) is ErrorCode.INVALID_ORDER
    desk.modify(order, terms_of(SBIN, "BUY", 11, "780.00"))
    assert order.remaining == 1


def test_a_change_must_keep_the_rules_and_be_affordable(desk: Desk) -> None:
    order = desk.buy(SBIN, 20, "779.00")
    assert refused(desk, order, terms_of(SBIN, "BUY", 20, "779.01")) is ErrorCode.INVALID_ORDER
    assert refused(desk, order, terms_of(SBIN, "BUY", 20, "950.00")) is ErrorCode.INVALID_ORDER
    dear = terms_of(SBIN, "BUY", 2000, "779.00")
    assert refused(desk, order, dear) is ErrorCode.INSUFFICIENT_FUNDS
    assert refused(desk, order, terms_of(SBIN, "BUY", 20)) is ErrorCode.ORDER_REJECTED


def test_an_order_that_has_ended_can_not_be_changed_or_cancelled(desk: Desk) -> None:
    order = desk.cancel(desk.buy(SBIN, 5, "779.00"))
    assert order.status is OrderStatus.CANCELLED
    other = terms_of(SBIN, "BUY", 6, "779.00")
    assert refused(desk, order, other) is ErrorCode.ORDER_NOT_MODIFIABLE
    refusal = desk.exchange.review(OrderCancelled(at=desk.at, number=order.number))
    assert refusal is not None
    assert refusal.code is ErrorCode.ORDER_NOT_MODIFIABLE
    desk.cancel(order)
    assert order.status is OrderStatus.CANCELLED


def test_an_order_that_is_not_there_is_not_found(desk: Desk) -> None:
    refusal = desk.exchange.review(OrderCancelled(at=desk.at, number="1"))
    assert refusal is not None
    assert refusal.code is ErrorCode.ORDER_NOT_FOUND


def test_a_market_order_that_rests_keeps_its_price_when_made_smaller(desk: Desk) -> None:
    order = desk.buy(SBIN, 100)
    assert (order.terms.order_type, order.worst) == (OrderType.MARKET, Decimal("783.65"))
    desk.tell(SBIN, "700.00", asks=(("900.00", 1),))
    desk.modify(order, terms_of(SBIN, "BUY", 50))
    assert (order.worst, order.remaining) == (Decimal("783.65"), 40)


def test_a_sale_for_delivery_can_not_grow_beyond_the_shares(desk: Desk) -> None:
    desk.buy(SBIN, 10, "780.00")
    order = desk.sell(SBIN, 4, "790.00")
    too_many = terms_of(SBIN, "SELL", 11, "790.00")
    assert refused(desk, order, too_many) is ErrorCode.INSUFFICIENT_HOLDINGS
    desk.modify(order, terms_of(SBIN, "SELL", 10, "790.00"))
    assert order.terms.quantity == 10
    assert order.terms.product is Product.CNC
