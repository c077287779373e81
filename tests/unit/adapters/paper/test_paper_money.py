"""What orders block, what trades cost, and what is left."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ordo.adapters.paper.charges import order_charges
from ordo.adapters.paper.margins import protection_percent, unit_margin, worst_price
from ordo.adapters.paper.state import PaperOrder
from ordo.domain.errors import ErrorCode
from ordo.domain.instruments import Instrument
from ordo.domain.orders import OrderStatus, Product, Side
from tests.unit.adapters.paper.paper_desk import CALL, FUTURE, NIFTY_LEVEL, NOTHING, SBIN, Desk, Levels, terms_of

DEEP = 1_000_000


def quoted(desk: Desk, instrument: Instrument, bid: str, ask: str, last: str | None = None) -> None:
    bids: Levels = ((bid, DEEP),)
    desk.tell(instrument, last or bid, bids=bids, asks=((ask, DEEP),))


def rejection(order: PaperOrder) -> ErrorCode | None:
    assert order.status is OrderStatus.REJECTED
    assert order.blocked == 0
    return order.refusal


def charges(instrument: Instrument, product: Product, side: Side, value: str, desk: Desk) -> Decimal:
    return order_charges(instrument, product, side, Decimal(value), day=desk.at.date()).total


def test_a_purchase_for_delivery_blocks_its_limit_and_its_charges_in_full() -> None:
    desk = Desk()
    quoted(desk, SBIN, "779.00", "780.00")
    order = desk.buy(SBIN, 10, "770.00")
    fees = charges(SBIN, Product.CNC, Side.BUY, "7700", desk)
    assert order.blocked == Decimal("7700.00") + fees
    assert desk.account().available == Decimal("1000000.00") - order.blocked
    desk.cancel(order)
    assert (order.blocked, desk.account().available) == (NOTHING, Decimal("1000000.00"))


def test_a_purchase_pays_what_it_traded_and_releases_the_rest() -> None:
    desk = Desk()
    quoted(desk, SBIN, "779.00", "780.00")
    order = desk.buy(SBIN, 10, "790.00")
    fees = charges(SBIN, Product.CNC, Side.BUY, "7800", desk)
    assert order.charged == fees
    assert desk.account().cash == Decimal("1000000.00") - 7800 - fees
    assert desk.account().available == desk.account().cash


def test_charges_of_an_order_that_fills_in_parts_are_those_of_the_whole() -> None:
    desk = Desk()
    desk.tell(SBIN, "780.00", asks=(("780.00", 3),))
    order = desk.buy(SBIN, 10, "780.00")
    desk.move(SBIN, "780.00", asks=(("780.00", 3),))
    desk.move(SBIN, "780.00", asks=(("779.00", 30),))
    assert order.status is OrderStatus.FILLED
    assert order.charged == charges(SBIN, Product.CNC, Side.BUY, "7800", desk)
    assert desk.account().charges == order.charged


def test_an_order_that_costs_a_paisa_too_much_is_rejected_with_both_amounts() -> None:
    probe = Desk()
    quoted(probe, SBIN, "779.00", "780.00")
    needed = probe.buy(SBIN, 10, "770.00").blocked

    enough = Desk(str(needed))
    quoted(enough, SBIN, "779.00", "780.00")
    assert enough.buy(SBIN, 10, "770.00").status is OrderStatus.OPEN
    assert enough.account().available == 0

    short = Desk(str(needed - Decimal("0.01")))
    quoted(short, SBIN, "779.00", "780.00")
    order = short.buy(SBIN, 10, "770.00")
    assert rejection(order) is ErrorCode.INSUFFICIENT_FUNDS
    assert order.message is not None
    assert str(needed) in order.message
    assert str(needed - Decimal("0.01")) in order.message
    assert short.account().blocked == 0


@pytest.mark.parametrize(
    ("instrument", "side", "product", "price", "expected"),
    [
        (SBIN, Side.BUY, Product.CNC, "780.00", "780.00"),
        (SBIN, Side.SELL, Product.CNC, "780.00", "0"),
        (SBIN, Side.BUY, Product.MIS, "780.00", "156.00"),
        (SBIN, Side.SELL, Product.MIS, "780.00", "156.00"),
        (FUTURE, Side.BUY, Product.NRML, "26000", "3900.00"),
        (FUTURE, Side.SELL, Product.MIS, "26000", "3900.00"),
        (CALL, Side.BUY, Product.NRML, "100", "100"),
        (CALL, Side.SELL, Product.NRML, "100", "4000.00"),
    ],
)
def test_the_margin_of_one_unit(
    instrument: Instrument, side: Side, product: Product, price: str, expected: str
) -> None:
    margin = unit_margin(instrument, product, side, Decimal(price), NIFTY_LEVEL)
    assert margin == Decimal(expected)


def test_intraday_blocks_a_fifth_until_it_is_closed() -> None:
    desk = Desk()
    quoted(desk, SBIN, "779.95", "780.00")
    desk.place(terms_of(SBIN, "BUY", 100, "780.00", product=Product.MIS))
    account = desk.account()
    assert account.margin == Decimal("15600.00")
    assert account.cash == Decimal("1000000.00") - account.charges
    quoted(desk, SBIN, "785.00", "785.05")
    out = desk.place(terms_of(SBIN, "SELL", 100, "785.00", product=Product.MIS))
    assert out.status is OrderStatus.FILLED
    assert (account.margin, account.blocked) == (NOTHING, NOTHING)
    assert account.cash == Decimal("1000000.00") + 500 - account.charges


def test_a_block_turns_into_margin_without_gaining_or_losing_a_paisa() -> None:
    desk = Desk()
    desk.tell(FUTURE, "26000.10", asks=(("26000.10", 65),))
    order = desk.buy(FUTURE, 130, "26000.10")
    # 130 times 3,900.015; half of it would be rounded up twice.
    assert desk.account().margin == Decimal("253500.98")
    assert order.blocked - (order.reserve - order.charged) == Decimal("253500.97")
    desk.move(FUTURE, "26000.10", asks=(("26000.10", 65),))
    assert (order.status, desk.account().blocked) == (OrderStatus.FILLED, NOTHING)
    assert desk.account().margin == Decimal("507001.95")


def test_a_position_blocks_margin_for_what_it_traded_at() -> None:
    desk = Desk()
    quoted(desk, SBIN, "779.95", "780.00")
    desk.place(terms_of(SBIN, "BUY", 100, "800.00", product=Product.MIS))
    assert (desk.account().margin, desk.account().blocked) == (Decimal("15600.00"), NOTHING)
    quoted(desk, CALL, "110.00", "110.05")
    desk.sell(CALL, 65, "100.00")
    assert desk.account().margin == Decimal("15600.00") + (NIFTY_LEVEL * Decimal("0.15") + 110) * 65


def test_a_sale_blocks_for_the_highest_price_it_may_meet() -> None:
    desk = Desk()
    quoted(desk, SBIN, "779.95", "780.00", last="780.00")
    resting = desk.place(terms_of(SBIN, "SELL", 1, "800.00", product=Product.MIS))
    assert (resting.unit, resting.status) == (Decimal("160.00"), OrderStatus.OPEN)
    stop = desk.place(terms_of(SBIN, "SELL", 1, "700.00", trigger="775.00", product=Product.MIS))
    assert (stop.unit, stop.status) == (Decimal("155.00"), OrderStatus.TRIGGER_PENDING)
    crossing = desk.place(terms_of(SBIN, "SELL", 1, "700.00", product=Product.MIS))
    assert (crossing.unit, crossing.status) == (Decimal("156.00"), OrderStatus.FILLED)


def test_an_order_that_only_reduces_blocks_nothing_even_in_an_empty_account() -> None:
    desk = Desk("16000.00")
    quoted(desk, SBIN, "779.95", "780.00")
    desk.place(terms_of(SBIN, "BUY", 100, "780.00", product=Product.MIS))
    out = desk.place(terms_of(SBIN, "SELL", 100, "800.00", product=Product.MIS))
    assert (out.status, out.blocked) == (OrderStatus.OPEN, NOTHING)
    more = desk.place(terms_of(SBIN, "SELL", 100, "801.00", product=Product.MIS))
    assert rejection(more) is ErrorCode.INSUFFICIENT_FUNDS


def test_only_the_part_beyond_the_position_is_blocked() -> None:
    desk = Desk()
    quoted(desk, SBIN, "779.95", "780.00")
    desk.place(terms_of(SBIN, "BUY", 100, "780.00", product=Product.MIS))
    out = desk.place(terms_of(SBIN, "SELL", 150, "800.00", product=Product.MIS))
    assert out.blocked == Decimal("8000.00") + out.reserve
    assert out.reserve == charges(SBIN, Product.MIS, Side.SELL, "120000", desk)


def test_two_orders_out_of_one_position_never_need_more_than_was_blocked() -> None:
    desk = Desk()
    quoted(desk, SBIN, "779.95", "780.00")
    desk.place(terms_of(SBIN, "BUY", 100, "780.00", product=Product.MIS))
    exit_ = desk.place(terms_of(SBIN, "SELL", 100, "810.00", product=Product.MIS))
    other = desk.place(terms_of(SBIN, "SELL", 100, "800.00", product=Product.MIS))
    # The dearer of the two counts as the one that opens: 20 % of 810.00.
    assert (exit_.blocked, other.blocked) == (Decimal("16200.00"), other.reserve)
    before = desk.account().available
    desk.move(SBIN, "800.00", bids=(("800.00", 100),))
    assert other.status is OrderStatus.FILLED
    assert exit_.blocked == Decimal("16200.00")
    assert desk.account().margin == 0
    desk.move(SBIN, "810.00", bids=(("810.00", 100),))
    assert (exit_.status, desk.account().margin) == (OrderStatus.FILLED, Decimal("16200.00"))
    assert desk.account().available >= before


def test_a_bought_option_is_paid_and_a_sold_one_blocks_its_risk() -> None:
    desk = Desk()
    quoted(desk, CALL, "100.00", "100.05")
    account = desk.account()
    desk.sell(CALL, 65, "100.00")
    assert account.margin == (NIFTY_LEVEL * Decimal("0.15") + 100) * 65
    assert account.cash == Decimal("1000000.00") + 6500 - account.charges
    desk.buy(CALL, 130, "100.05")
    assert account.margin == 0
    assert account.cash == Decimal("1000000.00") + 6500 - Decimal("100.05") * 130 - account.charges


def test_shares_are_sold_once() -> None:
    desk = Desk()
    quoted(desk, SBIN, "779.95", "780.00")
    assert rejection(desk.sell(SBIN, 1, "790.00")) is ErrorCode.INSUFFICIENT_HOLDINGS
    desk.buy(SBIN, 10, "780.00")
    first = desk.sell(SBIN, 6, "790.00")
    assert (first.status, first.blocked) == (OrderStatus.OPEN, NOTHING)
    assert rejection(desk.sell(SBIN, 5, "790.00")) is ErrorCode.INSUFFICIENT_HOLDINGS
    assert desk.sell(SBIN, 4, "790.00").status is OrderStatus.OPEN
    desk.cancel(first)
    assert desk.sell(SBIN, 6, "779.95").status is OrderStatus.FILLED
    assert rejection(desk.sell(SBIN, 1, "779.95")) is ErrorCode.INSUFFICIENT_HOLDINGS


def test_accounts_do_not_share_money() -> None:
    desk = Desk("1000000.00", "A", "B")
    quoted(desk, SBIN, "779.95", "780.00")
    desk.buy(SBIN, 10, "780.00")
    assert desk.account("B").cash == Decimal("1000000.00")
    assert desk.account("B").dealings == {}


@pytest.mark.parametrize(
    ("instrument", "price", "percent"),
    [
        (SBIN, "99.95", "2"),
        (SBIN, "100", "1"),
        (SBIN, "500", "1"),
        (SBIN, "500.05", "0.5"),
        (CALL, "9.95", "5"),
        (CALL, "10", "3"),
        (CALL, "99.95", "3"),
        (CALL, "100", "2"),
        (CALL, "500", "2"),
        (CALL, "500.05", "1"),
    ],
)
def test_protection_follows_the_slabs(instrument: Instrument, price: str, percent: str) -> None:
    assert protection_percent(instrument, Decimal(price)) == Decimal(percent)


def test_protection_ends_at_the_band_and_above_nothing() -> None:
    desk = Desk()
    wide = Decimal(50)
    up = desk.tell(SBIN, "930.00")
    down = desk.tell(SBIN, "630.00")
    assert worst_price(terms_of(SBIN, "BUY", 1, protection=wide), SBIN, up) == Decimal("936.00")
    assert worst_price(terms_of(SBIN, "SELL", 1, protection=wide), SBIN, down) == Decimal("624.00")
    cheap = desk.tell(CALL, "0.05", bids=(("0.05", 65),), asks=(("0.10", 65), ("0.40", 65)))
    assert worst_price(terms_of(CALL, "SELL", 65), CALL, cheap) == Decimal("0.05")
    assert worst_price(terms_of(CALL, "BUY", 65, protection="none"), CALL, cheap) == Decimal("0.40")
    empty = desk.tell(CALL, "5.00")
    assert worst_price(terms_of(CALL, "SELL", 65, protection="none"), CALL, empty) == Decimal("5.00")
