"""Every word of either side has one on the other, or a stated refusal."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordo.adapters.brokers.fyers.adapter import CAPABILITIES
from ordo.adapters.brokers.fyers.mapping import codes
from ordo.adapters.brokers.fyers.symbols import UNITS, VENUES, from_wire, to_wire
from ordo.adapters.brokers.fyers.wire import ProductCode, SideCode, StatusCode, TypeCode, ValidityCode
from ordo.domain.calendar import IST
from ordo.domain.errors import Unreadable
from ordo.domain.instruments import InstrumentKey, QuantityUnit, Venue
from ordo.domain.master_rows import LOT_VENUES
from ordo.domain.orders import OrderStatus, OrderType, Product, Side, Validity
from tests.support.fyers import CRUDE, INSTRUMENTS, listed


def test_every_word_goes_out_and_comes_back() -> None:
    assert codes.SIDES.keys() == set(Side)
    assert codes.TYPES.keys() == set(OrderType) == set(CAPABILITIES.order_types)
    assert codes.PRODUCTS.keys() == set(Product) == set(CAPABILITIES.products)
    assert codes.VALIDITIES.keys() == set(Validity) == set(CAPABILITIES.validities)
    assert all(codes.SIDES_IN[code] is word for word, code in codes.SIDES.items())
    assert all(codes.TYPES_IN[code] is word for word, code in codes.TYPES.items())
    assert all(codes.PRODUCTS_IN[code] is word for word, code in codes.PRODUCTS.items())
    assert all(codes.VALIDITIES_IN[code] is word for word, code in codes.VALIDITIES.items())


def test_every_word_of_the_brokers_comes_in() -> None:
    assert codes.SIDES_IN.keys() == set(SideCode)
    assert codes.TYPES_IN.keys() == set(TypeCode)
    assert codes.PRODUCTS_IN.keys() == set(ProductCode)
    assert codes.VALIDITIES_IN.keys() == set(ValidityCode)
    assert codes.STATUSES.keys() == set(StatusCode) - {StatusCode.UNUSED}


def test_the_numbers_are_those_of_the_documents() -> None:
    assert codes.TYPES == {
        OrderType.LIMIT: 1,
        OrderType.MARKET: 2,
        OrderType.STOP_MARKET: 3,
        OrderType.STOP_LIMIT: 4,
    }
    assert codes.SIDES == {Side.BUY: 1, Side.SELL: -1}
    assert codes.STATUSES == {
        1: OrderStatus.CANCELLED,
        2: OrderStatus.FILLED,
        4: OrderStatus.ACKNOWLEDGED,
        5: OrderStatus.REJECTED,
        6: OrderStatus.OPEN,
        7: OrderStatus.EXPIRED,
    }


def test_each_venue_has_its_numbers_and_its_unit() -> None:
    tradable = {venue for venue in Venue if not venue.is_index}
    assert set(VENUES.values()) == UNITS.keys() == tradable
    assert CAPABILITIES.venues <= tradable
    assert {venue for venue, unit in UNITS.items() if unit is QuantityUnit.LOTS} == LOT_VENUES


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda one: str(one.key))
@given(lots=st.integers(1, 10**6))
@settings(max_examples=20)
def test_quantities_survive_the_way_out_and_back(instrument: object, lots: int) -> None:
    found = next(one for one in INSTRUMENTS if one is instrument)
    units = lots * found.lot_size
    assert from_wire(found, to_wire(found, units)) == units
    assert to_wire(found, units) == (lots if found.key == CRUDE else units)


def test_a_contract_of_unknown_lot_cannot_be_counted() -> None:
    rupee = InstrumentKey.parse("CDS:USDINR:20261229:FUT")
    with pytest.raises(Unreadable, match="lot"):
        from_wire(listed(rupee, "1103", "NSE:USDINR26DECFUT", tradable=False), 3)
    assert from_wire(listed(CRUDE, "1", "MCX:GOLDPETAL26DECFUT"), 3) == 3


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2099, 1, 1)))  # noqa: DTZ001
@settings(max_examples=50)
def test_both_ways_of_writing_a_time_mean_the_same(moment: datetime) -> None:
    moment = replace_micro(moment)
    month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[moment.month - 1]
    for name in (month, month.upper(), f"{moment.month:02}"):
        assert codes.moment(f"{moment.day:02}-{name}-{moment:%Y %H:%M:%S}") == moment


def replace_micro(moment: datetime) -> datetime:
    return moment.replace(microsecond=0, tzinfo=IST)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=4))
@settings(max_examples=50)
def test_the_noise_of_floats_is_taken_off_and_nothing_else(amount: Decimal) -> None:
    assert codes.rupees(amount) == amount
    assert codes.rupees(Decimal(repr(float(amount)))) == amount
