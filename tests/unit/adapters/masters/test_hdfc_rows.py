"""The example rows of the dossier (4.11) resolve to the keys that a reader expects, and its rules of loading hold."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from ordo.adapters.masters.hdfc_rows import CashNames, Dropped, HdfcRecord, row_of
from ordo.domain.instruments import InstrumentKey, QuantityUnit
from ordo.domain.master_rows import MasterRow

TODAY = date(2026, 11, 23)
SHARE = "NSE,MAHMAHEQNR,EQUITY,,,,1,10,3400,2031,M&M,,3390"
OPTION = "NSE,71234,OPTIDX,2026-11-24,25000,PE,75,5,180.5,71234,NIFTY,NIFTYEQEQNR,182"
FUTURE = "BSE,B900001,FUTIDX,2026-11-26,-.01,XX,20,5,81000,900001,SENSEX,SENSEXEQ,80950"
DOLLAR = "NSE,1103,FUTCUR,2026-12-29,-.0000001,XX,1,.0025,88,1103,USDINR,USDINR,88"


def rows(*lines: str) -> list[MasterRow]:
    records = [HdfcRecord(*line.split(",")) for line in lines]
    names = CashNames(records)
    return [row_of(record, names, TODAY) for record in records]


def keys(*lines: str) -> list[str | None]:
    return [None if (key := row.key()) is None else str(key) for row in rows(*lines)]


@pytest.mark.parametrize(
    ("line", "key", "lot", "tick", "reference"),
    [
        (SHARE, "NSE:M&M", 1, "0.10", "NSE:EQUITY:MAHMAHEQNR"),
        (OPTION, "NFO:NIFTY:20261124:25000:PE", 75, "0.05", "NSE:OPTIDX:71234"),
        (FUTURE, "BFO:SENSEX:20261126:FUT", 20, "0.05", "BSE:FUTIDX:B900001"),
    ],
)
def test_an_example_row_resolves_both_ways(line: str, key: str, lot: int, tick: str, reference: str) -> None:
    (row,) = rows(line)

    assert row.key() == InstrumentKey.parse(key)
    assert (row.lot, row.tick, row.reference) == (lot, Decimal(tick), reference)
    assert (row.doubt, row.damage) == (None, None)


@pytest.mark.parametrize(
    ("text", "tick"), [("5", "0.05"), ("10", "0.1"), ("100", "1"), (".0025", "0.0025"), ("0.05", "0.05")]
)
def test_a_tick_without_a_point_is_paise(text: str, tick: str) -> None:
    assert rows(SHARE.replace(",1,10,", f",1,{text},"))[0].tick == Decimal(tick)


@pytest.mark.parametrize("text", ["0", "", "NaN", "-5", ".0", "0.00001", "5e1"])
def test_a_tick_that_is_no_step_of_a_price_is_damage(text: str) -> None:
    assert rows(SHARE.replace(",1,10,", f",1,{text},"))[0].damage == f"NSE:EQUITY:MAHMAHEQNR has the tick {text!r}"


@pytest.mark.parametrize(
    ("exchange", "token", "key"),
    [
        ("NSE", "26000", "NSE_INDEX:NIFTY"),
        ("NSE", "26999", "NSE_INDEX:ANY"),
        ("NSE", "27000", "NSE:ANY"),
        ("NSE", "25999", "NSE:ANY"),
        ("BSE", "1", "BSE_INDEX:SENSEX"),
        ("BSE", "999", "BSE_INDEX:ANY"),
        ("BSE", "1000", "BSE:ANY"),
    ],
)
def test_an_index_is_known_by_its_token(exchange: str, token: str, key: str) -> None:
    (row,) = rows(f"{exchange},ANYANYEQNR,EQUITY,,,,1,5,0,{token},ANY,,0")

    assert str(row.key()) == key
    assert row.tradable is not row.venue.is_index


def test_the_share_has_its_issuers_name_and_the_bonds_have_none() -> None:
    assert keys(
        "NSE,STABAN848NR,EQUITY,,,,1,1,0,9001,SBIN,,0",
        "NSE,STABANEQNR,EQUITY,,,,1,5,0,3045,SBIN,,0",
        "NSE,STABANLONGEQNR,EQUITY,,,,1,1,0,9002,SBIN,,0",
        "NSE,STABANN5,EQUITY,,,,1,1,0,9003,SBIN,,0",
    ) == [None, "NSE:SBIN", None, None]


def test_two_with_an_equal_claim_to_a_name_have_none() -> None:
    lines = ("NSE,STABANN5,EQUITY,,,,1,1,0,9003,SBIN,,0", "NSE,STABANN6,EQUITY,,,,1,1,0,9004,SBIN,,0")

    assert keys(*lines) == [None, None]
    assert keys(lines[0]) == ["NSE:SBIN"]


def test_only_the_normal_class_is_called_eq() -> None:
    normal, trade_to_trade = rows(SHARE, "NSE,MODRUBEQTT,EQUITY,,,,1,1,0,2114,MODIRUBBER,,0")

    assert (normal.series, trade_to_trade.series) == ("EQ", None)
    assert str(trade_to_trade.key()) == "NSE:MODIRUBBER"


def test_a_blank_name_at_bse_is_borrowed_from_nse_or_is_the_code() -> None:
    assert keys(
        "BSE,MAHMAHEQNR,EQUITY,,,,1,5,0,500520,,,0", "BSE,ONLYBSEQNR,EQUITY,,,,1,5,0,500999,,,0", SHARE
    ) == ["BSE:M&M", "BSE:ONLYBSEQNR", "NSE:M&M"]  # fmt: skip


def test_the_lot_of_a_currency_is_not_told() -> None:
    (row,) = rows(DOLLAR)

    assert (row.lot, row.tick, row.quantity_unit) == (None, Decimal("0.0025"), QuantityUnit.LOTS)
    assert str(row.key()) == "CDS:USDINR:20261229:FUT"


def test_a_code_of_two_markets_is_two_references() -> None:
    currency, option = rows(DOLLAR, OPTION.replace("71234", "1103"))

    assert (currency.token, currency.reference) == ("1103", "NSE:FUTCUR:1103")
    assert (option.token, option.reference) == ("1103", "NSE:OPTIDX:1103")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (SHARE.replace("2031", "DUMMY17"), "its exchange token is a dummy"),
        (SHARE.replace(",1,10,", ",999999999,10,"), "its lot is a placeholder"),
        ("MCX,CRUDEOIL,COM,,,,1,100,0,294,CRUDEOIL,,0", "it is an underlying that does not trade"),
        (OPTION.replace("OPTIDX", "OPTNEW"), "its segment is unknown"),
        (OPTION.replace("NSE,", "NCDEX,"), "its exchange has no such segment"),
        (OPTION.replace("25000", "-.01"), "it is an option without a strike, or neither CE nor PE"),
        (OPTION.replace("PE", "XX"), "it is an option without a strike, or neither CE nor PE"),
        (OPTION.replace("2026-11-24", "24-NOV-26"), "its expiry is unreadable"),
        (FUTURE.replace("-.01", "81000"), "it is a future with a strike or a right"),
    ],
)
def test_a_row_that_names_nothing_is_left_out_with_its_reason(line: str, reason: str) -> None:
    with pytest.raises(Dropped) as left_out:
        rows(line)
    assert str(left_out.value) == reason


@pytest.mark.parametrize("line", [OPTION.replace("NSE,71234", "NSE,71235"), FUTURE.replace("B900001", "900001")])
def test_a_code_that_is_not_of_its_token_is_doubted(line: str) -> None:
    assert rows(line)[0].doubt == "its code does not fit its exchange token"
