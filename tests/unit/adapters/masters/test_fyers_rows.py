"""The example rows of the dossier resolve to the keys that a reader expects, and back."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from ordo.adapters.masters.fyers_record import from_csv, from_json
from ordo.adapters.masters.fyers_rows import SEGMENTS, Dropped, row_of
from ordo.domain.instruments import InstrumentKey, Kind, QuantityUnit, Venue
from tests.support.masters import Listed, fyers_json

_EXAMPLES: Final = Path(__file__).with_name("fyers_rows.txt").read_text("utf-8").splitlines()
ROWS: Final = [tuple(line.split(" ", 2)) for line in _EXAMPLES if not line.startswith("#")]


@pytest.mark.parametrize(("key", "file", "line"), ROWS)
def test_an_example_row_resolves_both_ways(key: str, file: str, line: str) -> None:
    columns = next(csv.reader([line]))
    row = row_of(from_csv(columns), SEGMENTS[file])

    assert str(row.key()) == key
    assert InstrumentKey.parse(key) == row.key()
    assert (row.reference, row.token) == (columns[9], columns[12])
    assert row.tick == Decimal(columns[4])
    assert row.damage is None


@pytest.mark.parametrize(("key", "file", "line"), ROWS)
def test_only_where_lots_are_counted_the_csv_can_not_say_the_lot(key: str, file: str, line: str) -> None:
    row = row_of(from_csv(next(csv.reader([line]))), SEGMENTS[file])

    if row.venue in (Venue.CDS, Venue.MCX):
        assert (row.lot, row.quantity_unit) == (None, QuantityUnit.LOTS)
        assert row.doubt == "its true lot is only in the JSON master"
    else:
        assert row.doubt is None, key
        assert row.quantity_unit is QuantityUnit.UNITS


def share(**changed: object) -> dict[str, object]:
    one = Listed(
        key="NSE:MODIRUBBER:BE", venue="NSE", root="MODIRUBBER", token=2114, lot=1, tick=Decimal("0.01"), type_code=0,
        series="BE", isin="INE832A01018",
    )  # fmt: skip
    return fyers_json(one) | changed


def future(**changed: object) -> dict[str, object]:
    one = Listed(
        key="NFO:NIFTY:20261229:FUT", venue="NFO", root="NIFTY", token=68407, lot=65, tick=Decimal("0.1"), type_code=11,
        expiry=date(2026, 12, 29), freeze=1800,
    )  # fmt: skip
    return fyers_json(one) | changed


def dollar(**changed: object) -> dict[str, object]:
    one = Listed(
        key="CDS:USDINR:20261229:FUT", venue="CDS", root="USDINR", token=1103, lot=1000, tick=Decimal("0.0025"),
        type_code=16, expiry=date(2026, 12, 29), freeze=10_000,
    )  # fmt: skip
    return fyers_json(one) | changed


def test_a_series_other_than_eq_is_spelt_out() -> None:
    row = row_of(from_json(share()), Venue.NSE)

    assert (str(row.key()), row.series, row.doubt) == ("NSE:MODIRUBBER:BE", "BE", None)


def test_a_bond_has_a_name_and_is_not_traded() -> None:
    row = row_of(from_json(share(exInstType="5")), Venue.NSE)

    assert row.kind is Kind.EQUITY
    assert row.doubt == "it is neither a share nor a fund"


def test_the_json_knows_freeze_quantity_and_band() -> None:
    row = row_of(from_json(future(lowerPrice="23400.0", upperPrice="28600.0")), Venue.NFO)

    assert (row.freeze, row.band_low, row.band_high) == (1800, Decimal(23400), Decimal(28600))
    assert (row.lot, row.doubt) == (65, None)


def test_where_lots_are_counted_the_multiplier_is_the_lot_and_the_freeze_quantity_in_lots() -> None:
    row = row_of(from_json(dollar()), Venue.CDS)

    assert (row.lot, row.freeze, row.quantity_unit) == (1000, 10_000_000, QuantityUnit.LOTS)


@pytest.mark.parametrize(
    ("changed", "doubt"),
    [
        ({"symTicker": "NSE:MODIRUBBER-EQ"}, "its ticker is not its symbol and series"),
        ({"fyToken": "10100000009999"}, "its FYERS token does not fit its columns"),
        ({"minLotSize": "10"}, "the lot of a security is not 1"),
        ({"exSeries": "SM", "symTicker": "NSE:MODIRUBBER-SM"}, "the lot of a small company's share is 1"),
        ({"tradeStatus": "2"}, "its trade status is unknown"),
        ({"lowerPrice": "12.0", "upperPrice": "11.0"}, "its price band is unreadable"),
        ({"upperPrice": "NaN"}, "its price band is unreadable"),
        ({"qtyFreeze": "many"}, "its freeze quantity is unreadable"),
    ],
)
def test_a_share_that_contradicts_itself_is_doubted(changed: dict[str, object], doubt: str) -> None:
    assert row_of(from_json(share(**changed)), Venue.NSE).doubt == doubt


@pytest.mark.parametrize(
    ("changed", "doubt"),
    [
        ({"fyToken": "101127010568407"}, "its FYERS token does not fit its columns"),
        ({"symTicker": "NSE:NIFTY26DEC26000CE"}, "its ticker does not fit its columns"),
        ({"qtyFreeze": "64"}, "its freeze quantity is less than a lot"),
    ],
)
def test_a_contract_that_contradicts_itself_is_doubted(changed: dict[str, object], doubt: str) -> None:
    assert row_of(from_json(future(**changed)), Venue.NFO).doubt == doubt


def test_an_expiry_that_was_moved_may_stay_in_the_token() -> None:
    row = row_of(from_json(future(expiryDate="1798452600", originalExpDate="1798538400")), Venue.NFO)

    assert (str(row.key()), row.doubt) == ("NFO:NIFTY:20261228:FUT", None)


@pytest.mark.parametrize("multiplier", ["0.0", "1.0", "-1000", "NaN", "1000.5", ""])
def test_a_currency_lot_that_can_not_be_told_is_never_guessed(multiplier: str) -> None:
    row = row_of(from_json(dollar(qtyMultiplier=multiplier)), Venue.CDS)

    assert (row.lot, row.doubt) == (None, "its true lot can't be told from its lot and multiplier")


@pytest.mark.parametrize("tick", ["0", "0.0", "-0.05", "NaN", "Infinity", "", "0.00001", "5e-2", "\u0661"])
def test_a_tick_that_is_no_step_of_a_price_is_damage(tick: str) -> None:
    assert row_of(from_json(future(tickSize=tick)), Venue.NFO).damage == f"NSE:NIFTY26DECFUT has the tick {tick!r}"


@pytest.mark.parametrize("lot", ["0", "-65", "NaN", "65.5", "", "6_5"])
def test_a_lot_that_is_no_number_of_units_is_damage(lot: str) -> None:
    assert row_of(from_json(future(minLotSize=lot)), Venue.NFO).damage == f"NSE:NIFTY26DECFUT has the lot {lot!r}"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"exInstType": "99"}, "its instrument type '99' is unknown"),
        ({"exInstType": "14"}, "it is an option without a strike, or neither CE nor PE"),
        ({"strikePrice": "26000.0"}, "it is a future with a strike or a right"),
        ({"expiryDate": "2026-12-29"}, "its expiry is unreadable"),
        ({"segment": "12"}, "its exchange and segment are not those of the file"),
        ({"lastUpdate": "yesterday"}, "it does not say which day it is of"),
        ({"exToken": "x"}, "its token or ticker is unreadable"),
    ],
)
def test_a_row_that_names_nothing_is_left_out_with_its_reason(changed: dict[str, object], reason: str) -> None:
    with pytest.raises(Dropped) as left_out:
        row_of(from_json(future(**changed)), Venue.NFO)
    assert str(left_out.value) == reason
