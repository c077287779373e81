"""What midnight does to orders, positions and shares."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from ordo.adapters.paper.ledger import Dealings
from ordo.adapters.paper.state import PaperOrder
from ordo.domain.instruments import Instrument
from ordo.domain.orders import OrderStatus, Product, Side
from tests.unit.adapters.paper.paper_desk import CALL, FUTURE, NOTHING, SBIN, Desk, Side_, terms_of

DEEP = 1_000_000


def traded(
    desk: Desk, instrument: Instrument, side: Side_, quantity: int, price: str, product: Product | None = None
) -> PaperOrder:
    desk.tell(instrument, price, bids=((price, DEEP),)) if side == "SELL" else desk.tell(
        instrument, price, asks=((price, DEEP),)
    )
    order = desk.place(terms_of(instrument, side, quantity, price, product=product))
    assert order.status is OrderStatus.FILLED
    return order


def row(desk: Desk, instrument: Instrument, product: Product) -> Dealings:
    found = desk.account().dealings_in(instrument.key, product)
    assert found is not None
    return found


def test_live_orders_expire_and_are_shown_for_one_more_day() -> None:
    desk = Desk()
    done = traded(desk, SBIN, "BUY", 1, "780.00")
    open_ = desk.buy(SBIN, 10, "770.00")
    desk.end_day()
    assert done.number not in desk.exchange.state.orders
    assert (open_.status, open_.blocked) == (OrderStatus.EXPIRED, NOTHING)
    assert list(desk.exchange.state.orders) == [open_.number]
    assert desk.account().blocked == 0
    assert desk.trades() == []
    desk.end_day()
    assert desk.exchange.state.orders == {}


def test_a_purchase_becomes_a_holding_settled_a_day_later() -> None:
    desk = Desk()
    traded(desk, SBIN, "BUY", 10, "780.00")
    traded(desk, SBIN, "SELL", 4, "790.00")
    before = desk.account().cash
    desk.end_day()
    account = desk.account()
    held = account.shares[SBIN.key]
    assert (held.quantity, held.t1_quantity, held.cost) == (6, 6, Decimal("4680.00"))
    assert account.realised == Decimal("40.00")
    assert account.dealings == {}
    assert (account.cash, account.opening) == (before, before)
    desk.end_day()
    assert (held.quantity, held.t1_quantity) == (6, 0)


def test_a_sale_from_holdings_is_a_negative_position_until_the_day_ends() -> None:
    desk = Desk()
    traded(desk, SBIN, "BUY", 10, "780.00")
    desk.end_day()
    traded(desk, SBIN, "SELL", 4, "790.00")
    assert row(desk, SBIN, Product.CNC).net == -4
    assert desk.account().shares[SBIN.key].quantity == 10
    assert desk.account().deliverable(SBIN.key) == 6
    desk.end_day()
    account = desk.account()
    assert (account.shares[SBIN.key].quantity, account.shares[SBIN.key].cost) == (6, Decimal("4680.00"))
    assert account.realised == Decimal("40.00")
    traded(desk, SBIN, "SELL", 6, "700.00")
    desk.end_day()
    assert account.shares == {}
    assert account.realised == Decimal("-440.00")


def test_intraday_positions_are_squared_off_at_the_last_price_with_charges() -> None:
    desk = Desk()
    traded(desk, SBIN, "BUY", 100, "780.00", Product.MIS)
    traded(desk, SBIN, "SELL", 50, "781.00", Product.MIS)
    before = desk.account().charges
    desk.end_day(SBIN="785.00")
    account = desk.account()
    (order,) = desk.exchange.state.orders.values()
    assert (order.tag, order.status, order.terms.side) == (None, OrderStatus.FILLED, Side.SELL)
    assert order.message is not None
    assert [(str(trade.price), trade.quantity) for trade in desk.trades()] == [("785.00", 50)]
    assert account.margin == 0
    assert account.charges > before
    assert account.realised == Decimal("50.00")
    assert row(desk, SBIN, Product.MIS).realised == Decimal("250.00")
    assert account.cash == Decimal("1000300.00") - account.charges
    desk.end_day()
    assert account.dealings == {}
    assert account.realised == Decimal("300.00")


def test_a_short_position_is_bought_back_and_without_a_price_at_its_last_deal() -> None:
    desk = Desk()
    traded(desk, SBIN, "SELL", 10, "780.00", Product.MIS)
    desk.end_day()
    assert [(trade.side, str(trade.price)) for trade in desk.trades()] == [(Side.BUY, "780.00")]
    assert row(desk, SBIN, Product.MIS).net == 0


def test_a_carried_position_keeps_its_cost_and_its_margin() -> None:
    desk = Desk()
    traded(desk, FUTURE, "BUY", 130, "26000.00")
    traded(desk, FUTURE, "SELL", 65, "26100.00")
    margin = desk.account().margin
    assert margin == Decimal("253500.00")
    desk.end_day()
    carried = row(desk, FUTURE, Product.NRML)
    assert (carried.buy_quantity, carried.sell_quantity) == (65, 0)
    assert carried.open_value == Decimal("1690000.00")
    assert carried.realised == 0
    assert (desk.account().margin, desk.account().realised) == (margin, Decimal("6500.00"))
    traded(desk, FUTURE, "SELL", 65, "25900.00")
    assert desk.account().margin == 0
    assert row(desk, FUTURE, Product.NRML).realised == Decimal("-6500.00")


def test_an_expired_option_is_exercised_for_its_worth() -> None:
    desk = Desk()
    desk.at += timedelta(days=8)
    traded(desk, CALL, "BUY", 65, "100.00")
    cash, charged = desk.account().cash, desk.account().charges
    desk.end_day(CALL="150.00")
    account = desk.account()
    stt = Decimal("14.63")
    assert account.charges == charged + stt
    assert account.cash == cash + 9750 - stt
    (order,) = desk.exchange.state.orders.values()
    assert order.message == "settled at expiry"


def test_an_option_may_expire_worthless() -> None:
    desk = Desk()
    desk.at += timedelta(days=8)
    traded(desk, CALL, "SELL", 65, "100.00")
    cash, charged = desk.account().cash, desk.account().charges
    desk.end_day(CALL="0")
    account = desk.account()
    assert (account.cash, account.charges, account.margin) == (cash, charged, NOTHING)
    assert row(desk, CALL, Product.NRML).realised == Decimal("6500.00")


def test_a_contract_is_held_through_its_last_day() -> None:
    desk = Desk()
    desk.at += timedelta(days=7)
    traded(desk, CALL, "BUY", 65, "100.00")
    desk.end_day(CALL="150.00")
    assert row(desk, CALL, Product.NRML).net == 65


def test_a_day_ends_only_when_something_passes_with_it() -> None:
    desk = Desk()
    later = desk.at + timedelta(days=5)
    assert desk.exchange.next_day_end(later) is None
    traded(desk, SBIN, "BUY", 1, "780.00")
    midnight = desk.exchange.next_day_end(later)
    assert midnight is not None
    assert midnight.isoformat() == "2026-11-23T18:30:00+00:00"
    assert desk.exchange.next_day_end(midnight - timedelta(microseconds=1)) is None
    desk.end_day()
    assert desk.exchange.next_day_end(later) == midnight + timedelta(days=1)
    desk.end_day()
    assert desk.exchange.next_day_end(later) is None
