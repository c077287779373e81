from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from ordo.domain.capabilities import Capabilities
from ordo.domain.errors import ErrorCode, Unsupported
from ordo.domain.instruments import InstrumentKey, Venue
from ordo.domain.orders import OrderTerms, OrderType, Product, Validity
from tests.support.orders import BUY_TEN, NIFTY_CALL

ALL = Capabilities(
    venues=frozenset(venue for venue in Venue if not venue.is_index),
    products=frozenset(Product),
    order_types=frozenset(OrderType),
    validities=frozenset(Validity),
    after_market=True,
    disclosed_quantity=True,
    market_protection=True,
    modify=True,
    tag_echo=True,
    rejected_in_book=True,
    order_history_days=1,
)
_MARKET = replace(BUY_TEN, order_type=OrderType.MARKET, price=None)
_STOP = replace(BUY_TEN, order_type=OrderType.STOP_LIMIT, trigger_price=Decimal(799))
_ASKED: list[tuple[OrderTerms, dict[str, object], str]] = [
    (BUY_TEN, {"venues": ALL.venues - {Venue.NSE}}, "instrument"),
    (replace(BUY_TEN, instrument=InstrumentKey.parse("BSE:SBIN")), {"venues": ALL.venues - {Venue.BSE}}, "instrument"),
    (
        replace(BUY_TEN, instrument=NIFTY_CALL, product=Product.NRML),
        {"venues": ALL.venues - {Venue.NFO}},
        "instrument",
    ),
    (BUY_TEN, {"products": ALL.products - {Product.CNC}}, "product"),
    (replace(BUY_TEN, product=Product.MTF), {"products": ALL.products - {Product.MTF}}, "product"),
    (_MARKET, {"order_types": ALL.order_types - {OrderType.MARKET}}, "order_type"),
    (BUY_TEN, {"order_types": ALL.order_types - {OrderType.LIMIT}}, "order_type"),
    (_STOP, {"order_types": ALL.order_types - {OrderType.STOP_LIMIT}}, "order_type"),
    (BUY_TEN, {"validities": frozenset({Validity.IOC})}, "validity"),
    (replace(BUY_TEN, validity=Validity.IOC), {"validities": frozenset({Validity.DAY})}, "validity"),
    (replace(BUY_TEN, after_market=True), {"after_market": False}, "after_market"),
    (replace(BUY_TEN, disclosed_quantity=5), {"disclosed_quantity": False}, "disclosed_quantity"),
    (replace(_MARKET, protection=Decimal(5)), {"market_protection": False}, "protection"),
    (replace(_MARKET, protection="none"), {"market_protection": False}, "protection"),
]


@pytest.mark.parametrize(("terms", "lacking", "field"), _ASKED)
def test_what_is_offered_passes_and_what_is_not_is_refused_by_name(
    terms: OrderTerms, lacking: dict[str, object], field: str
) -> None:
    ALL.require(terms, broker_id="any")
    with pytest.raises(Unsupported) as refusal:
        replace(ALL, **lacking).require(terms, broker_id="any")  # type: ignore[arg-type]
    assert refusal.value.code is ErrorCode.UNSUPPORTED
    assert refusal.value.broker_id == "any"
    assert [fault.field for fault in refusal.value.fields] == [field]
    assert refusal.value.message.startswith("The order was not sent: any does not offer ")


def test_what_is_not_asked_for_need_not_be_offered() -> None:
    bare = replace(
        ALL,
        venues=frozenset({Venue.NSE}),
        products=frozenset({Product.CNC}),
        order_types=frozenset({OrderType.LIMIT}),
        validities=frozenset({Validity.DAY}),
        after_market=False,
        disclosed_quantity=False,
        market_protection=False,
    )
    bare.require(BUY_TEN, broker_id="any")


def test_modifying_is_a_capability_of_its_own() -> None:
    ALL.require_modify(broker_id="any")
    with pytest.raises(Unsupported) as refusal:
        replace(ALL, modify=False).require_modify(broker_id="any")
    assert refusal.value.broker_id == "any"
