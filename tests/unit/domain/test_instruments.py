from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.instruments import Instrument, InstrumentKey, Right, Venue, format_decimal
from tests.support.orders import NIFTY_CALL, SBIN, option, share

_DAY = date(2026, 12, 29)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("NSE:SBIN", InstrumentKey(venue=Venue.NSE, root="SBIN")),
        ("NSE:SBIN:BE", InstrumentKey(venue=Venue.NSE, root="SBIN", series="BE")),
        ("NSE_INDEX:NIFTY", InstrumentKey(venue=Venue.NSE_INDEX, root="NIFTY")),
        ("NFO:NIFTY:20261229:FUT", InstrumentKey(venue=Venue.NFO, root="NIFTY", expiry=_DAY)),
        (
            "NFO:NIFTY:20261201:26000:CE",
            InstrumentKey(
                venue=Venue.NFO, root="NIFTY", expiry=date(2026, 12, 1), strike=Decimal(26000), right=Right.CE
            ),
        ),
        ("NFO:BAJAJ-AUTO:20261229:FUT", InstrumentKey(venue=Venue.NFO, root="BAJAJ-AUTO", expiry=_DAY)),
        ("NSE:M&M", InstrumentKey(venue=Venue.NSE, root="M&M")),
        (
            "MCX:CRUDEOIL:20261216:292.5:PE",
            InstrumentKey(
                venue=Venue.MCX,
                root="CRUDEOIL",
                expiry=date(2026, 12, 16),
                strike=Decimal("292.50"),
                right=Right.PE,
            ),
        ),
    ],
)
def test_the_published_forms_of_a_key(text: str, key: InstrumentKey) -> None:
    assert InstrumentKey.parse(text) == key
    assert str(key) == key.text == text
    assert "text" not in repr(key)


@pytest.mark.parametrize("strike", ["26000.0", "026000", "2.6E4", "0", "-1", "+1", "1_000", "1,000", ".5", "5.", "NaN"])
def test_a_strike_has_one_spelling(strike: str) -> None:
    with pytest.raises(Invalid) as refusal:
        InstrumentKey.parse(f"NFO:NIFTY:20261201:{strike}:CE")
    assert refusal.value.code is ErrorCode.INVALID_INSTRUMENT


@pytest.mark.parametrize(
    "parts",
    [
        {"venue": Venue.NSE, "root": "SBIN", "expiry": _DAY},
        {"venue": Venue.NSE_INDEX, "root": "NIFTY", "expiry": _DAY},
        {"venue": Venue.NSE_INDEX, "root": "NIFTY", "series": "EQ"},
        {"venue": Venue.NFO, "root": "NIFTY"},
        {"venue": Venue.NFO, "root": "NIFTY", "series": "EQ", "expiry": _DAY},
        {"venue": Venue.NFO, "root": "NIFTY", "expiry": _DAY, "strike": Decimal(1)},
        {"venue": Venue.NFO, "root": "NIFTY", "expiry": _DAY, "right": Right.CE},
        {"venue": Venue.NSE, "root": "SBIN", "strike": Decimal(1), "right": Right.CE},
        {"venue": Venue.NSE, "root": ""},
        {"venue": Venue.NSE, "root": "sbin"},
        {"venue": Venue.NSE, "root": "A" * 33},
        {"venue": Venue.NSE, "root": "SBIN", "series": ""},
        {"venue": Venue.NFO, "root": "NIFTY", "expiry": date(999, 12, 31)},
    ],
)
def test_a_key_that_could_not_be_read_back_can_not_be_made(parts: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refusal:
        InstrumentKey(**parts)  # type: ignore[arg-type]
    assert refusal.value.code is ErrorCode.INVALID_INSTRUMENT


@pytest.mark.parametrize("strike", ["NaN", "sNaN", "Infinity", "0", "-5", "1E+9", "0.00001", "1E-999999"])
def test_a_strike_that_is_no_price_can_not_be_made(strike: str) -> None:
    with pytest.raises(Invalid) as refusal:
        replace(NIFTY_CALL, strike=Decimal(strike))
    assert refusal.value.code is ErrorCode.INVALID_INSTRUMENT


def test_every_venue_is_exactly_one_of_cash_index_and_derivative() -> None:
    for venue in Venue:
        assert [venue.is_cash, venue.is_index, venue.is_derivative].count(True) == 1
    assert {venue for venue in Venue if venue.is_cash} == {Venue.NSE, Venue.BSE}
    assert {venue for venue in Venue if venue.is_index} == {Venue.NSE_INDEX, Venue.BSE_INDEX}


@pytest.mark.parametrize(
    ("number", "text"),
    [("1.50", "1.5"), ("100", "100"), ("1E+3", "1000"), ("-0.00", "0"), ("0.0025", "0.0025"), ("-1.10", "-1.1")],
)
def test_numbers_are_written_plainly(number: str, text: str) -> None:
    assert format_decimal(Decimal(number)) == text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lot_size", 0),
        ("tick_size", Decimal(0)),
        ("tick_size", Decimal("-0.05")),
        ("tick_size", Decimal("NaN")),
        ("tick_size", Decimal("Infinity")),
        ("freeze_quantity", 64),
        ("multiplier", Decimal(0)),
        ("multiplier", Decimal("NaN")),
    ],
)
def test_an_instrument_with_impossible_facts_can_not_be_made(field: str, value: object) -> None:
    with pytest.raises(Invalid) as refusal:
        replace(option(), **{field: value})  # type: ignore[arg-type]
    assert [fault.field for fault in refusal.value.fields] == [field]


@pytest.mark.parametrize("price", ["NaN", "sNaN", "Infinity", "1E+40"])
def test_no_tick_is_met_by_what_is_no_price(price: str) -> None:
    assert not share().on_tick(Decimal(price))


_TICKS = st.sampled_from([Decimal(tick) for tick in ("0.0025", "0.01", "0.05", "0.1", "0.5", "1", "5")])


@given(tick=_TICKS, steps=st.integers(1, 10**6), beside=st.integers(0, 10**4))
def test_neighbours_are_the_nearest_ticks_on_both_sides(tick: Decimal, steps: int, beside: int) -> None:
    instrument: Instrument = replace(share(SBIN), tick_size=tick)
    price = steps * tick + Decimal(beside) / 10_000
    below, above = instrument.neighbours(price)
    assert instrument.on_tick(below)
    assert instrument.on_tick(above)
    assert below <= price <= above
    assert above - below == (0 if instrument.on_tick(price) else tick)
    assert instrument.on_tick(price) == (below == price)
