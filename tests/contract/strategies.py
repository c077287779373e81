"""Orders and intents of every shape, for Hypothesis."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

from hypothesis import strategies as st

from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, FieldFault, Outcome
from ordo.domain.idempotency import Failure
from ordo.domain.instruments import InstrumentKey
from ordo.domain.orders import (
    MatchedBy,
    ModifyOrder,
    Order,
    OrderEvent,
    OrderStatus,
    OrderType,
    PendingOp,
    Product,
    Side,
    Validity,
)
from tests.contract.values import ACCOUNT

_SHARES = ("NSE:SBIN", "BSE:500112", "NSE:M&M:BE")
_DERIVATIVES = ("NFO:NIFTY:20261229:FUT", "NFO:NIFTY:20261201:26000:CE", "CDS:USDINR:20261229:83.25:PE")

# RFC 3339 writes offsets in whole minutes.
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1), timezones=zones)  # noqa: DTZ001
texts = st.text(max_size=20)
quantities = st.integers(1, 1_000_000_000)
prices = st.one_of(
    st.decimals(min_value=Decimal("0.0001"), max_value=1_000_000, places=4),
    st.decimals(min_value=1, max_value=1_000_000, places=2),
    st.sampled_from([Decimal("1E+3"), Decimal("800.00"), Decimal("0.0500"), Decimal("1E-4")]),
)


@st.composite
def orders(draw: st.DrawFn, *, order_id: str = "100000000000001", account: Account = ACCOUNT) -> Order:
    share = draw(st.booleans())
    order_type = draw(st.sampled_from(OrderType))
    side = draw(st.sampled_from(Side))
    low, high = sorted((draw(prices), draw(prices)))
    quantity = draw(quantities)
    filled = draw(st.sampled_from([0, quantity, quantity // 2]))
    unfilled = st.sampled_from([status for status in OrderStatus if status is not OrderStatus.FILLED])
    optional_text = st.none() | texts
    return Order(
        instrument=InstrumentKey.parse(draw(st.sampled_from(_SHARES if share else _DERIVATIVES))),
        side=side,
        quantity=quantity,
        order_type=order_type,
        product=draw(
            st.sampled_from([Product.CNC, Product.MIS, Product.MTF] if share else [Product.NRML, Product.MIS])
        ),
        price=(high if side is Side.BUY else low) if order_type.has_price else None,
        trigger_price=(low if side is Side.BUY else high) if order_type.has_trigger else None,
        validity=Validity.DAY,
        disclosed_quantity=draw(st.none() | st.integers(1, quantity)) if share else None,
        after_market=draw(st.booleans()),
        protection=draw(st.sampled_from(["auto", "none", Decimal("2.50"), Decimal("1E+1")])),
        order_id=order_id,
        account=account,
        status=OrderStatus.FILLED if filled == quantity else draw(unfilled),
        created_at=draw(moments),
        updated_at=draw(moments),
        broker_order_id=draw(optional_text),
        pending_op=draw(st.none() | st.sampled_from(PendingOp)),
        filled_quantity=filled,
        average_price=draw(st.none() | prices),
        status_message=draw(optional_text),
        sent_type=draw(st.none() | st.sampled_from(OrderType)),
        sent_price=draw(st.none() | prices),
        matched_by=draw(st.none() | st.sampled_from(MatchedBy)),
        history=tuple(draw(st.lists(events, max_size=3))),
        metadata=draw(st.dictionaries(texts, texts, max_size=3)),
        replayed=draw(st.booleans()),
    )


events = st.builds(
    OrderEvent,
    at=moments,
    status=st.sampled_from(OrderStatus),
    filled_quantity=st.integers(0, 1_000_000_000),
    message=st.none() | texts,
    anomaly=st.booleans(),
)
changes = st.builds(
    ModifyOrder,
    quantity=quantities,
    order_type=st.none() | st.sampled_from(OrderType),
    price=st.none() | prices,
    trigger_price=st.none() | prices,
    validity=st.none() | st.sampled_from(Validity),
)
faults = st.builds(FieldFault, field=texts, message=texts, seen=st.none() | texts)
failures = st.builds(
    Failure,
    code=st.sampled_from(ErrorCode),
    message=texts,
    outcome=st.sampled_from(Outcome),
    fields=st.lists(faults, max_size=3).map(tuple),
    native_error=st.none() | texts,
)
