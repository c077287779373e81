from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from ordo.adapters.paper.events import MarketMoved, Move
from ordo.domain.orders import OrderStatus, Product, Validity
from tests.unit.adapters.paper.paper_desk import MORNING, SBIN, Desk, terms_of

ASKS = (("780.00", 10), ("780.50", 20), ("781.00", 30))
BIDS = (("779.50", 10), ("779.00", 20), ("778.50", 30))


def desk(*accounts: str) -> Desk:
    one = Desk("1000000.00", *accounts)
    one.tell(SBIN, "779.75", bids=BIDS, asks=ASKS)
    return one


def test_a_limit_takes_the_better_prices_first_and_rests_with_what_remains() -> None:
    one = desk()
    order = one.buy(SBIN, 100, "780.50")
    assert one.prices(order) == [("780.00", 10), ("780.50", 20)]
    assert (order.status, order.filled, order.remaining) == (OrderStatus.PARTIALLY_FILLED, 30, 70)


def test_what_one_order_took_is_gone_for_the_next_until_the_market_moves() -> None:
    one = desk("A", "B")
    one.buy(SBIN, 15, "780.50")
    second = one.place(terms_of(SBIN, "BUY", 30, "780.50"), account="B")
    assert one.prices(second) == [("780.50", 15)]
    one.move(SBIN, "779.80", bids=BIDS, asks=(("780.40", 10),))
    assert one.prices(second) == [("780.50", 15), ("780.50", 10)]
    assert second.remaining == 5


def test_an_order_that_rests_fills_at_its_own_price() -> None:
    one = desk()
    order = one.buy(SBIN, 10, "779.00")
    assert one.prices(order) == []
    one.move(SBIN, "778.00", asks=(("778.20", 4), ("778.90", 100)))
    assert one.prices(order) == [("779.00", 10)]
    assert order.status is OrderStatus.FILLED


def test_a_touch_fills_nothing_but_an_offer_at_the_price_does() -> None:
    one = desk()
    order = one.buy(SBIN, 10, "779.00")
    one.move(SBIN, "779.00", bids=(("779.00", 500),), asks=(("779.05", 500),))
    assert order.filled == 0
    one.move(SBIN, "779.05", asks=(("779.00", 3),))
    assert one.prices(order) == [("779.00", 3)]


def test_price_goes_before_time_and_time_before_everything_else() -> None:
    one = desk("A", "B", "C")
    late_but_dear = terms_of(SBIN, "BUY", 10, "779.20")
    first = one.place(terms_of(SBIN, "BUY", 10, "779.00"), account="A")
    second = one.place(terms_of(SBIN, "BUY", 10, "779.00"), account="B")
    best = one.place(late_but_dear, account="C")
    one.move(SBIN, "778.00", asks=(("779.00", 15),))
    assert (best.filled, first.filled, second.filled) == (10, 5, 0)
    one.move(SBIN, "778.00", asks=(("778.90", 6),))
    assert (first.filled, second.filled) == (10, 1)


def test_sales_mirror_purchases() -> None:
    one = desk()
    mis = {"product": Product.MIS}
    low = one.place(terms_of(SBIN, "SELL", 10, "780.50", **mis))  # type: ignore[arg-type]
    high = one.place(terms_of(SBIN, "SELL", 10, "781.00", **mis))  # type: ignore[arg-type]
    incoming = one.place(terms_of(SBIN, "SELL", 15, "779.00", **mis))  # type: ignore[arg-type]
    assert one.prices(incoming) == [("779.50", 10), ("779.00", 5)]
    one.move(SBIN, "781.20", bids=(("781.10", 12),))
    assert one.prices(low) == [("780.50", 10)]
    assert one.prices(high) == [("781.00", 2)]


def test_what_an_ioc_order_can_not_fill_at_once_is_cancelled() -> None:
    one = desk()
    order = one.place(terms_of(SBIN, "BUY", 100, "780.00", validity=Validity.IOC))
    assert (order.status, order.filled) == (OrderStatus.CANCELLED, 10)
    assert order.message is not None
    none = one.place(terms_of(SBIN, "BUY", 1, "770.00", validity=Validity.IOC))
    assert (none.status, none.filled) == (OrderStatus.CANCELLED, 0)


def test_a_market_order_runs_to_its_protection_and_rests_there() -> None:
    one = desk()
    one.tell(SBIN, "780.00", asks=(("780.00", 10), ("783.90", 10), ("783.95", 10)))
    order = one.place(terms_of(SBIN, "BUY", 25))
    # 780.00 plus half a percent is 783.90.
    assert one.prices(order) == [("780.00", 10), ("783.90", 10)]
    assert (order.status, order.worst) == (OrderStatus.PARTIALLY_FILLED, Decimal("783.90"))
    one.move(SBIN, "784.50", asks=(("784.00", 100),))
    assert order.filled == 20
    one.move(SBIN, "783.50", asks=(("783.40", 100),))
    assert one.prices(order)[-1] == ("783.90", 5)


def test_an_ioc_market_order_rests_nowhere() -> None:
    one = desk()
    order = one.place(terms_of(SBIN, "BUY", 100, validity=Validity.IOC))
    assert (order.status, order.filled) == (OrderStatus.CANCELLED, 60)


def test_protection_is_the_orders_own() -> None:
    one = desk()
    one.tell(SBIN, "780.00", asks=(("781.60", 1), ("781.65", 1), ("850.00", 1)))
    tight = one.place(terms_of(SBIN, "BUY", 3, protection=Decimal("0.2")))
    assert one.prices(tight) == [("781.60", 1)]
    free = one.place(terms_of(SBIN, "BUY", 2, protection="none"))
    assert one.prices(free) == [("781.65", 1), ("850.00", 1)]


def test_a_market_order_without_a_price_is_rejected() -> None:
    one = Desk()
    order = one.buy(SBIN, 1)
    assert order.status is OrderStatus.REJECTED
    assert order.message is not None
    assert "no price" in order.message


def test_a_market_order_with_nobody_on_the_other_side_waits_at_its_protection() -> None:
    one = Desk()
    one.tell(SBIN, "780.00", bids=BIDS)
    order = one.buy(SBIN, 1)
    assert (order.status, order.worst) == (OrderStatus.OPEN, Decimal("783.90"))


def test_a_stop_fires_on_the_last_price_and_then_is_a_limit() -> None:
    one = desk()
    order = one.place(terms_of(SBIN, "BUY", 10, "782.00", trigger="781.00"))
    one.move(SBIN, "780.95", asks=(("780.95", 100),))
    assert (order.status, order.filled) == (OrderStatus.TRIGGER_PENDING, 0)
    one.move(SBIN, "781.00", asks=(("781.05", 4), ("782.00", 2), ("782.05", 9)))
    assert one.prices(order) == [("781.05", 4), ("782.00", 2)]
    assert (order.status, order.filled) == (OrderStatus.PARTIALLY_FILLED, 6)
    one.move(SBIN, "779.00", asks=(("779.00", 100),))
    assert one.prices(order)[-1] == ("782.00", 4)


def test_a_market_stop_is_protected_from_its_trigger() -> None:
    one = desk()
    order = one.place(terms_of(SBIN, "SELL", 10, trigger="778.00", product=Product.MIS))
    one.move(SBIN, "770.00", bids=(("770.00", 100),))
    # 778.00 less half a percent, down to the tick, is 774.10: the gap is not sold into.
    assert (order.status, order.worst) == (OrderStatus.OPEN, Decimal("774.10"))
    one.move(SBIN, "775.00", bids=(("774.50", 100),))
    assert one.prices(order) == [("774.10", 10)]


def test_a_stop_that_the_market_has_passed_is_turned_away_and_one_at_the_last_price_fires() -> None:
    one = desk()
    late = one.place(terms_of(SBIN, "BUY", 1, "782.00", trigger="779.70"))
    assert late.status is OrderStatus.REJECTED
    assert late.message is not None
    assert "last price" in late.message
    exact = one.place(terms_of(SBIN, "BUY", 1, "782.00", trigger="779.75"))
    assert exact.status is OrderStatus.FILLED
    down = one.place(terms_of(SBIN, "SELL", 1, "770.00", trigger="779.80", product=Product.MIS))
    assert down.status is OrderStatus.REJECTED


def test_an_ioc_stop_waits_for_its_trigger_only() -> None:
    one = desk()
    order = one.place(terms_of(SBIN, "BUY", 10, "782.00", trigger="781.00", validity=Validity.IOC))
    assert order.status is OrderStatus.TRIGGER_PENDING
    one.move(SBIN, "781.00", asks=(("781.05", 4),))
    assert (order.status, order.filled) == (OrderStatus.CANCELLED, 4)


def test_orders_that_rest_go_before_stops_that_fire_and_those_in_order_of_time() -> None:
    one = desk("A", "B", "C")
    stop = one.place(terms_of(SBIN, "BUY", 10, "783.00", trigger="781.00"), account="A")
    later = one.place(terms_of(SBIN, "BUY", 10, "784.00", trigger="780.50"), account="B")
    rests = one.place(terms_of(SBIN, "BUY", 10, "779.90"), account="C")
    one.move(SBIN, "781.50", asks=(("779.90", 25),))
    assert (rests.filled, stop.filled, later.filled) == (10, 10, 5)


def test_a_stop_stands_in_line_from_when_it_fires() -> None:
    one = desk("A", "B")
    stop = one.place(terms_of(SBIN, "BUY", 10, "782.00", trigger="781.00"), account="A")
    one.tell(SBIN, "780.00")
    limit = one.place(terms_of(SBIN, "BUY", 10, "782.00"), account="B")
    one.move(SBIN, "781.00")
    assert (stop.status, limit.status) == (OrderStatus.OPEN, OrderStatus.OPEN)
    one.move(SBIN, "781.50", asks=(("781.80", 12),))
    assert (stop.filled, limit.filled) == (2, 10)


def test_an_older_market_is_not_believed() -> None:
    one = desk()
    order = one.buy(SBIN, 10, "779.00")
    depth = one.tell(SBIN, "780.00", asks=(("778.00", 100),))
    stale = replace(depth, at=MORNING - timedelta(days=1))
    one.apply(MarketMoved(at=one.tick(), moves=(Move(instrument=SBIN.key, depth=stale),)))
    assert order.filled == 0
