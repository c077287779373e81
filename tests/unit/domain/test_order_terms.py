from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.instruments import InstrumentKey, Venue
from ordo.domain.orders import ModifyOrder, OrderType, PlaceOrder, Product, Side, Validity
from tests.support.orders import BUY_TEN, NIFTY, NIFTY_CALL, terms

_NO_PRICES = [
    Decimal(text)
    for text in (
        "0", "-0.05", "NaN", "sNaN", "-NaN", "Infinity", "-Infinity", "1000000000.05", "1E+30",
        "0.00001", "800.00001", "1E-999999999",
    )
]  # fmt: skip
_PRICES = [Decimal("799.95"), Decimal(800), Decimal("1E+9"), Decimal("0.0001")]


def _faulty(*, wanted: bool, value: Decimal | None) -> bool:
    if value is None:
        return wanted
    return not wanted or any(value is wrong for wrong in _NO_PRICES)


def _fields(refusal: pytest.ExceptionInfo[Invalid]) -> set[str]:
    return {fault.field for fault in refusal.value.fields}


def _order(order_type: OrderType, side: Side, price: Decimal | None, trigger: Decimal | None) -> PlaceOrder:
    return replace(BUY_TEN, order_type=order_type, side=side, price=price, trigger_price=trigger)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("order_type", OrderType)
def test_price_and_trigger_fit_the_type_or_are_named(order_type: OrderType, side: Side) -> None:
    has_price = order_type in {OrderType.LIMIT, OrderType.STOP_LIMIT}
    has_trigger = order_type in {OrderType.STOP_LIMIT, OrderType.STOP_MARKET}
    for price, trigger in product([None, *_PRICES, *_NO_PRICES], repeat=2):
        wrong = set()
        if _faulty(wanted=has_price, value=price):
            wrong.add("price")
        if _faulty(wanted=has_trigger, value=trigger):
            wrong.add("trigger_price")
        if not wrong and price is not None and trigger is not None:
            fits = trigger <= price if side is Side.BUY else trigger >= price
            wrong = set() if fits else {"trigger_price"}
        if wrong:
            with pytest.raises(Invalid) as refusal:
                _order(order_type, side, price, trigger)
            assert refusal.value.code is ErrorCode.INVALID_ORDER
            assert _fields(refusal) == wrong
            assert all(name in refusal.value.message for name in wrong)
        else:
            assert _order(order_type, side, price, trigger).price == price


@pytest.mark.parametrize("quantity", [0, -1, 1_000_000_001])
def test_a_quantity_out_of_bounds_is_named(quantity: int) -> None:
    with pytest.raises(Invalid) as refusal:
        replace(BUY_TEN, quantity=quantity)
    assert _fields(refusal) == {"quantity"}


@pytest.mark.parametrize("quantity", [1, 1_000_000_000])
def test_the_bounds_of_quantity_belong_to_it(quantity: int) -> None:
    assert replace(BUY_TEN, quantity=quantity).quantity == quantity


@pytest.mark.parametrize(
    ("disclosed", "validity", "key", "ok"),
    [
        (None, Validity.IOC, "NSE:SBIN", True),
        (1, Validity.DAY, "NSE:SBIN", True),
        (10, Validity.DAY, "BSE:SBIN", True),
        (0, Validity.DAY, "NSE:SBIN", False),
        (-1, Validity.DAY, "NSE:SBIN", False),
        (11, Validity.DAY, "NSE:SBIN", False),
        (5, Validity.IOC, "NSE:SBIN", False),
        (5, Validity.DAY, "NFO:NIFTY:20261229:FUT", False),
    ],
)
def test_what_may_be_disclosed(disclosed: int | None, validity: Validity, key: str, *, ok: bool) -> None:
    instrument = InstrumentKey.parse(key)
    product = Product.CNC if instrument.venue.is_cash else Product.NRML
    parts = {"instrument": instrument, "product": product, "validity": validity, "disclosed_quantity": disclosed}
    if ok:
        assert replace(BUY_TEN, **parts).disclosed_quantity == disclosed  # type: ignore[arg-type]
    else:
        with pytest.raises(Invalid) as refusal:
            replace(BUY_TEN, **parts)  # type: ignore[arg-type]
        assert _fields(refusal) == {"disclosed_quantity"}


@pytest.mark.parametrize("venue", Venue)
@pytest.mark.parametrize("held", Product)
def test_which_product_goes_where(venue: Venue, held: Product) -> None:
    tail = ":20261229:FUT" if venue.is_derivative else ""
    parts = {"instrument": InstrumentKey.parse(f"{venue}:NIFTY{tail}"), "product": held}
    allowed = {
        "cash": {Product.CNC, Product.MIS, Product.MTF},
        "derivative": {Product.NRML, Product.MIS},
        "index": set[Product](),
    }["index" if venue.is_index else "cash" if venue.is_cash else "derivative"]
    if held in allowed:
        assert replace(BUY_TEN, **parts).product is held  # type: ignore[arg-type]
    else:
        with pytest.raises(Invalid) as refusal:
            replace(BUY_TEN, **parts)  # type: ignore[arg-type]
        assert _fields(refusal) == {"instrument" if venue.is_index else "product"}


def test_an_index_is_no_instrument_to_trade() -> None:
    with pytest.raises(Invalid) as refusal:
        replace(BUY_TEN, instrument=NIFTY)
    assert refusal.value.code is ErrorCode.INVALID_INSTRUMENT


@pytest.mark.parametrize("percent", ["0", "-1", "100.01", "NaN", "sNaN", "Infinity", "1E-999999999", "0.00001"])
def test_a_protection_that_is_no_percentage_is_named(percent: str) -> None:
    with pytest.raises(Invalid) as refusal:
        replace(BUY_TEN, order_type=OrderType.MARKET, price=None, protection=Decimal(percent))
    assert _fields(refusal) == {"protection"}


@pytest.mark.parametrize("percent", ["0.01", "5", "100"])
def test_a_protection_is_a_percentage(percent: str) -> None:
    order = replace(BUY_TEN, order_type=OrderType.MARKET, price=None, protection=Decimal(percent))
    assert order.protection == Decimal(percent)


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(Invalid) as refusal:
        PlaceOrder(
            instrument=NIFTY_CALL,
            side=Side.BUY,
            quantity=0,
            order_type=OrderType.LIMIT,
            product=Product.CNC,
            trigger_price=Decimal(1),
        )
    assert _fields(refusal) == {"quantity", "price", "trigger_price", "product"}
    assert refusal.value.message.startswith("The order was not sent: ")


@given(order=terms(), data=st.data())
def test_replacing_a_field_checks_all_rules_again(order: PlaceOrder, data: st.DataObject) -> None:
    assert replace(order) == order
    broken: dict[str, object] = {
        "quantity": 0,
        "price": Decimal("NaN"),
        "trigger_price": Decimal(-1),
        "instrument": NIFTY,
        "disclosed_quantity": order.quantity + 1,
        "protection": Decimal(0),
    }
    name = data.draw(st.sampled_from(sorted(broken)))
    with pytest.raises(Invalid) as refusal:
        replace(order, **{name: broken[name]})  # type: ignore[arg-type]
    assert name in _fields(refusal)


def test_a_change_of_nothing_is_no_change() -> None:
    with pytest.raises(Invalid) as refusal:
        ModifyOrder()
    assert refusal.value.code is ErrorCode.INVALID_ORDER


def test_what_a_change_does_not_name_stays() -> None:
    after = ModifyOrder(quantity=5).applied_to(BUY_TEN)
    assert (after.quantity, after.price, after.order_type) == (5, BUY_TEN.price, BUY_TEN.order_type)
    assert ModifyOrder(price=Decimal(801)).applied_to(BUY_TEN).price == Decimal(801)
    assert ModifyOrder(validity=Validity.IOC).applied_to(BUY_TEN).validity is Validity.IOC


def test_a_new_type_drops_the_price_and_trigger_that_it_does_not_use() -> None:
    stop = replace(BUY_TEN, order_type=OrderType.STOP_LIMIT, trigger_price=Decimal(799))
    market = ModifyOrder(order_type=OrderType.MARKET).applied_to(stop)
    assert (market.price, market.trigger_price) == (None, None)
    limit = ModifyOrder(order_type=OrderType.LIMIT).applied_to(stop)
    assert (limit.price, limit.trigger_price) == (stop.price, None)
    kept = ModifyOrder(quantity=3).applied_to(stop)
    assert (kept.price, kept.trigger_price) == (stop.price, stop.trigger_price)


def test_a_change_to_an_impossible_order_is_refused_with_the_field() -> None:
    with pytest.raises(Invalid) as refusal:
        ModifyOrder(order_type=OrderType.STOP_LIMIT).applied_to(BUY_TEN)
    assert _fields(refusal) == {"trigger_price"}
    with pytest.raises(Invalid) as refusal:
        ModifyOrder(order_type=OrderType.MARKET, price=Decimal(1)).applied_to(BUY_TEN)
    assert _fields(refusal) == {"price"}
    with pytest.raises(Invalid) as refusal:
        ModifyOrder(quantity=0).applied_to(BUY_TEN)
    assert _fields(refusal) == {"quantity"}


@pytest.mark.parametrize(("side", "sign"), [(Side.BUY, 1), (Side.SELL, -1)])
def test_a_side_has_a_sign(side: Side, sign: int) -> None:
    assert side.sign == sign
