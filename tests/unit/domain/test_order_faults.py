"""Every fault of an order, in one order and in the same words, against the rules written down one by one."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.instruments import InstrumentKey
from ordo.domain.orders import MAX_PRICE, MAX_QUANTITY, OrderTerms, OrderType, Product, Side, Validity
from tests.support.orders import NIFTY, NIFTY_CALL, SBIN

_money = st.sampled_from(
    [None, *map(Decimal, ("799.95", "800", "800.05", "1E+9", "0.0001", "0", "-1", "NaN", "Infinity", "0.00005"))]
)
_asked = st.fixed_dictionaries(
    {
        "instrument": st.sampled_from([SBIN, InstrumentKey.parse("BSE:SBIN"), NIFTY, NIFTY_CALL]),
        "side": st.sampled_from(Side),
        "quantity": st.sampled_from([-1, 0, 1, 10, MAX_QUANTITY, MAX_QUANTITY + 1]),
        "order_type": st.sampled_from(OrderType),
        "product": st.sampled_from(Product),
        "price": _money,
        "trigger_price": _money,
        "validity": st.sampled_from(Validity),
        "disclosed_quantity": st.sampled_from([None, None, 0, 1, 10, 11]),
        "protection": st.sampled_from(["auto", "none", *map(Decimal, ("5", "0", "100", "100.01", "NaN"))]),
    }
)


def _is_money(value: Decimal, most: Decimal) -> bool:
    return value.is_finite() and Decimal("0.0001") <= value <= most and value == round(value, 4)


def _of_quantity(asked: dict[str, object], quantity: int, disclosed: int | None) -> Iterator[tuple[str, str, object]]:
    if not 0 < quantity <= MAX_QUANTITY:
        yield "quantity", "must be 1 to 1000000000 units", quantity
    if disclosed is None:
        return
    if not 0 < disclosed <= quantity:
        yield "disclosed_quantity", "must be 1 to the order's quantity", disclosed
    if str(asked["instrument"]).split(":")[0] not in ("NSE", "BSE"):
        yield "disclosed_quantity", "is possible on NSE and BSE only", disclosed
    if asked["validity"] is Validity.IOC:
        yield "disclosed_quantity", "can't go with validity IOC", disclosed


def _of_one_price(asked: dict[str, object], name: str, *kinds: OrderType) -> Iterator[tuple[str, str, object]]:
    kind, value = asked["order_type"], asked[name]
    if value is None and kind in kinds:
        yield name, f"is required for order_type {kind}", None
    if isinstance(value, Decimal) and kind not in kinds:
        yield name, f"must be absent for order_type {kind}", value
    elif isinstance(value, Decimal) and not _is_money(value, MAX_PRICE):
        yield name, "must be a price above 0, at most 1000000000, to 4 decimals", value


def _of_prices(asked: dict[str, object]) -> Iterator[tuple[str, str, object]]:
    single = [
        *_of_one_price(asked, "price", OrderType.LIMIT, OrderType.STOP_LIMIT),
        *_of_one_price(asked, "trigger_price", OrderType.STOP_LIMIT, OrderType.STOP_MARKET),
    ]
    yield from single
    price, trigger, protection = asked["price"], asked["trigger_price"], asked["protection"]
    if not single and isinstance(price, Decimal) and isinstance(trigger, Decimal):
        if asked["side"] is Side.BUY and trigger > price:
            yield "trigger_price", "must be at or below the price for a BUY stop", trigger
        if asked["side"] is Side.SELL and trigger < price:
            yield "trigger_price", "must be at or above the price for a SELL stop", trigger
    if isinstance(protection, Decimal) and not _is_money(protection, Decimal(100)):
        yield "protection", "must be auto, none, or a percentage above 0 and at most 100", protection


def _of_fit(asked: dict[str, object]) -> Iterator[tuple[str, str, object]]:
    venue = str(asked["instrument"]).split(":")[0]
    if venue == "NSE_INDEX":
        yield "instrument", "is an index: it has a level, but can't be traded", asked["instrument"]
    elif venue == "NFO" and asked["product"] in (Product.CNC, Product.MTF):
        yield "product", "must be NRML or MIS for derivatives", asked["product"]
    elif venue != "NFO" and asked["product"] is Product.NRML:
        yield "product", "must be CNC, MIS or MTF for shares", asked["product"]


@given(asked=_asked)
def test_all_faults_are_told_at_once_in_their_order(asked: dict[str, object]) -> None:
    disclosed = asked["disclosed_quantity"]
    assert isinstance(asked["quantity"], int)
    assert disclosed is None or isinstance(disclosed, int)
    faults = [*_of_quantity(asked, asked["quantity"], disclosed), *_of_prices(asked), *_of_fit(asked)]
    if not faults:
        OrderTerms(**asked)  # type: ignore[arg-type]
        return
    with pytest.raises(Invalid) as refusal:
        OrderTerms(**asked)  # type: ignore[arg-type]
    said = [(fault.field, fault.message, fault.seen) for fault in refusal.value.fields]
    assert said == [(name, message, None if seen is None else str(seen)) for name, message, seen in faults]
    told = "; ".join(f"{name} {message}" for name, message, _ in faults)
    assert refusal.value.message == f"The order was not sent: {told}."
    first = faults[0][0] == "instrument"
    assert refusal.value.code is (ErrorCode.INVALID_INSTRUMENT if first else ErrorCode.INVALID_ORDER)
