"""Orders to place and to look at, as examples and for Hypothesis."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Literal

from hypothesis import strategies as st

from ordo.domain.accounts import Account
from ordo.domain.book import BrokerOrder
from ordo.domain.instruments import Instrument, InstrumentKey, Kind, Right, Venue
from ordo.domain.orders import (
    BROKER_STATUSES,
    MatchedBy,
    Order,
    OrderStatus,
    OrderTerms,
    OrderType,
    PendingOp,
    PlaceOrder,
    Product,
    Side,
    Validity,
)
from tests.support.clock import MONDAY_MORNING

ACCOUNT = Account(adapter_id="scripted", account_id="XA1")
OTHER = Account(adapter_id="scripted", account_id="XA2")
SBIN = InstrumentKey.parse("NSE:SBIN")
NIFTY_CALL = InstrumentKey.parse("NFO:NIFTY:20261201:26000:CE")
NIFTY = InstrumentKey.parse("NSE_INDEX:NIFTY")

BUY_TEN = PlaceOrder(
    instrument=SBIN,
    side=Side.BUY,
    quantity=10,
    order_type=OrderType.LIMIT,
    product=Product.CNC,
    price=Decimal("800.00"),
    allow_duplicate=True,
)
ONE_SLIP = replace(BUY_TEN, allow_duplicate=False)
"""The same order, of which a second one within a moment is taken for a slip."""


def share(key: InstrumentKey = SBIN) -> Instrument:
    return Instrument(
        key=key,
        kind=Kind.EQUITY,
        name="State Bank of India",
        exchange_token="3045",
        lot_size=1,
        tick_size=Decimal("0.05"),
        as_of=MONDAY_MORNING.date(),
    )


def option(key: InstrumentKey = NIFTY_CALL) -> Instrument:
    return Instrument(
        key=key,
        kind=Kind.OPTION,
        name="NIFTY 1 Dec 26000 CE",
        exchange_token="73895",
        lot_size=65,
        tick_size=Decimal("0.05"),
        freeze_quantity=1800,
        as_of=MONDAY_MORNING.date(),
    )


def order_of(terms: OrderTerms = BUY_TEN, *, order_id: str = "375000000000001") -> Order:
    """An order that is on its way to the broker."""
    return Order(
        instrument=terms.instrument,
        side=terms.side,
        quantity=terms.quantity,
        order_type=terms.order_type,
        product=terms.product,
        price=terms.price,
        trigger_price=terms.trigger_price,
        validity=terms.validity,
        disclosed_quantity=terms.disclosed_quantity,
        after_market=terms.after_market,
        protection=terms.protection,
        order_id=order_id,
        account=ACCOUNT,
        status=OrderStatus.SUBMITTING,
        created_at=MONDAY_MORNING,
        updated_at=MONDAY_MORNING,
    )


def row_of(
    order: Order,
    status: OrderStatus | None = OrderStatus.OPEN,
    *,
    filled: int = 0,
    quantity: int | None = None,
    broker_order_id: str = "B1",
) -> BrokerOrder:
    """The broker's row of an order."""
    return BrokerOrder(
        broker_order_id=broker_order_id,
        instrument=order.instrument,
        side=order.side,
        quantity=order.quantity if quantity is None else quantity,
        order_type=order.order_type,
        product=order.product,
        price=order.price,
        trigger_price=order.trigger_price,
        validity=order.validity,
        status=status,
        raw_status="no word of ours" if status is None else f"raw {status}",
        filled_quantity=filled,
        average_price=order.price if filled else None,
        placed_at=MONDAY_MORNING,
        updated_at=MONDAY_MORNING,
        tag=order.order_id,
    )


_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
roots = st.builds(str.__add__, st.sampled_from(_ALPHABET), st.text(st.sampled_from(_ALPHABET + "&_.+-"), max_size=31))
series = st.text(st.sampled_from(_ALPHABET), min_size=1, max_size=4)
expiries = st.dates(min_value=date(1000, 1, 1), max_value=date(9999, 12, 31))
strikes = st.decimals(min_value=Decimal("0.0001"), max_value=Decimal("999999999.9999"), places=4) | st.integers(
    1, 999_999_999
).map(Decimal)


@st.composite
def keys(draw: st.DrawFn) -> InstrumentKey:
    venue = draw(st.sampled_from(Venue))
    root = draw(roots)
    if venue.is_index:
        return InstrumentKey(venue=venue, root=root)
    if venue.is_cash:
        return InstrumentKey(venue=venue, root=root, series=draw(st.none() | series))
    if draw(st.booleans()):
        return InstrumentKey(venue=venue, root=root, expiry=draw(expiries))
    return InstrumentKey(
        venue=venue, root=root, expiry=draw(expiries), strike=draw(strikes), right=draw(st.sampled_from(Right))
    )


prices = st.decimals(min_value=Decimal("0.0001"), max_value=Decimal(1_000_000_000), places=4)
quantities = st.integers(1, 1_000_000_000)


@st.composite
def terms(draw: st.DrawFn) -> PlaceOrder:
    """Any order that the rules allow."""
    key = draw(keys().filter(lambda key: not key.venue.is_index))
    order_type = draw(st.sampled_from(OrderType))
    side = draw(st.sampled_from(Side))
    validity = draw(st.sampled_from(Validity))
    low, high = sorted((draw(prices), draw(prices)))
    quantity = draw(quantities)
    protections: list[Literal["auto", "none"] | Decimal] = [
        "auto",
        "none",
        Decimal("0.5"),
        Decimal("2.50"),
        Decimal(100),
    ]
    products = [Product.CNC, Product.MIS, Product.MTF] if key.venue.is_cash else [Product.NRML, Product.MIS]
    disclosing = key.venue.is_cash and validity is Validity.DAY
    return PlaceOrder(
        instrument=key,
        side=side,
        quantity=quantity,
        order_type=order_type,
        product=draw(st.sampled_from(products)),
        price=(high if side is Side.BUY else low) if order_type.has_price else None,
        trigger_price=(low if side is Side.BUY else high) if order_type.has_trigger else None,
        validity=validity,
        disclosed_quantity=draw(st.none() | st.integers(1, quantity)) if disclosing else None,
        after_market=draw(st.booleans()),
        protection=draw(st.sampled_from(protections)),
    )


_few_prices = st.sampled_from([None, Decimal(799), Decimal("800.00"), Decimal("1E+12")])


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """An order at any point of its life, with small quantities, so that fills meet their bounds."""
    quantity = draw(st.integers(1, 6))
    disclosed = draw(st.none() | st.integers(1, quantity))
    base = order_of(replace(BUY_TEN, quantity=quantity, disclosed_quantity=disclosed))
    filled = draw(st.integers(0, quantity))
    status = (
        OrderStatus.FILLED
        if filled == quantity
        else draw(st.sampled_from([status for status in OrderStatus if status is not OrderStatus.FILLED]))
    )
    return replace(
        base,
        status=status,
        filled_quantity=filled,
        broker_order_id=draw(st.sampled_from([None, "B1"])),
        matched_by=draw(st.sampled_from([None, *MatchedBy])),
        pending_op=draw(st.sampled_from([None, *PendingOp])),
        average_price=draw(_few_prices),
    )


@st.composite
def rows(draw: st.DrawFn, order: Order) -> BrokerOrder:
    """Any row that a broker's book might show for an order, however little sense it makes."""
    return replace(
        row_of(order),
        broker_order_id=draw(st.sampled_from(["B1", "B2"])),
        quantity=draw(st.integers(1, 8)),
        filled_quantity=draw(st.integers(0, 9)),
        status=draw(st.none() | st.sampled_from(sorted(BROKER_STATUSES))),
        raw_status=draw(st.sampled_from(["OPEN", "WHAT IS THIS"])),
        order_type=draw(st.sampled_from(OrderType)),
        price=draw(_few_prices),
        trigger_price=draw(_few_prices),
        average_price=draw(_few_prices),
        message=draw(st.sampled_from([None, "RMS", ""])),
        tag=draw(st.sampled_from([None, order.order_id])),
    )
