"""Prices, and the security master."""

import csv
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from io import StringIO

import httpx2
import pytest

from ordo_emulators.hdfc.codes import Codes
from ordo_emulators.hdfc.emulator import HdfcEmulator
from ordo_emulators.instruments import Instrument
from ordo_emulators.server import Request
from tests.unit.emulators.hdfc_wire import ORDER, Hdfc
from tests.unit.emulators.wire import Json

COLUMNS = [
    "exchange",
    "security_id",
    "instrument_segment",
    "expiry_date",
    "strike_price",
    "option_type",
    "lot_size",
    "tick_size",
    "close_price",
    "exch_security_id",
    "symbol_name",
    "underline_symbol",
    "open_price",
]
Row = dict[str, str]


async def ltp(hdfc: Hdfc, *asked: tuple[object, object]) -> list[Json]:
    answer = await hdfc.api("PUT", "/fetch-ltp", {"data": [{"exchange": e, "token": t} for e, t in asked]})
    body = answer.json()
    assert (answer.status_code, body["meta"]) == (200, {"statusCode": "OK", "statusMsg": "OK"})
    assert body.keys() == {"data", "meta"}
    rows: list[Json] = body["data"]
    return rows


def token(instruments: tuple[Instrument, ...], key: str) -> str:
    (found,) = [str(i.token) for i in instruments if i.key == key]
    return found


async def test_the_last_price_and_yesterdays_close(hdfc: Hdfc) -> None:
    await hdfc.price("NSE:SBIN", "1001.25")
    rows = await ltp(hdfc, ("NSE", "3045"))
    assert rows == [{"prev_close": 998.4, "ltp": 1001.25, "exchange": "NSE", "token": 3045}]


@pytest.mark.parametrize(
    ("exchange", "key", "shown"),
    [
        ("NSE", "NSE:SBIN", "NSE"),
        ("BSE", "BSE:SBIN", "BSE"),
        ("NSE_INDEX", "NSE_INDEX:NIFTY", "NSE_INDEX"),
        ("BSE_INDEX", "BSE_INDEX:SENSEX", "BSE_INDEX"),
        ("NFO", "NFO:NIFTY:20261229:FUT", "NFO"),
        ("MCX", "MCX:CRUDEOIL:20261229:FUT", "MCX"),
        ("BFO", "BFO:SENSEX:20261126:FUT", ""),
        ("CDS", "CDS:USDINR:20261229:FUT", ""),
    ],
)
async def test_each_market_has_its_code_and_two_come_back_blank(
    hdfc: Hdfc, instruments: tuple[Instrument, ...], exchange: str, key: str, shown: str
) -> None:
    number = token(instruments, key)
    assert [(row["exchange"], row["token"]) for row in await ltp(hdfc, (exchange, number))] == [(shown, int(number))]


async def test_what_is_not_known_is_left_out(hdfc: Hdfc) -> None:
    asked: list[tuple[object, object]] = [
        ("NSE", "26000"),
        ("NSE", "999"),
        ("XYZ", "3045"),
        ("NSE", "3045"),
        ("NSE", None),
        (["NSE"], {}),
    ]
    assert [row["token"] for row in await ltp(hdfc, *asked)] == [3045]
    assert await ltp(hdfc) == []


async def test_one_number_in_two_markets(hdfc: Hdfc) -> None:
    bond, contract = await ltp(hdfc, ("NSE", "35001"), ("NFO", "35001"))
    assert (bond["token"], contract["token"]) == (35001, 35001)
    assert (bond["prev_close"], contract["prev_close"]) == (1004.5, 26017)


async def test_more_than_ten_are_refused_whole(hdfc: Hdfc) -> None:
    assert len(await ltp(hdfc, *[("NSE", "3045")] * 10)) == 10
    answer = await hdfc.api("PUT", "/fetch-ltp", {"data": [{"exchange": "NSE", "token": "3045"}] * 11})
    assert (answer.status_code, "maximum 10 items allowed" in answer.text) == (400, True)


@pytest.mark.parametrize("body", [None, {}, [], {"data": "NSE"}, {"data": ["3045"]}, {"data": None}])
async def test_a_body_without_a_list_is_a_400(hdfc: Hdfc, body: object) -> None:
    assert (await hdfc.api("PUT", "/fetch-ltp", body)).status_code == 400


@pytest.mark.parametrize("key", ["NSE:NOWHERE", "NSE:STABANEQNR", "NSE:STABANEQNR:FUTSTK", ""])
async def test_prices_of_nothing_are_refused(hdfc: Hdfc, key: str) -> None:
    answer = await hdfc.control("POST", "/prices", {"NSE:SBIN": 1, key: 1})
    assert (answer.status_code, "unknown instrument" in answer.json()["error"]) == (400, True)
    assert (await ltp(hdfc, ("NSE", "3045")))[0]["ltp"] > 900


async def file(hdfc: Hdfc) -> httpx2.Response:
    request = hdfc.http.build_request("GET", f"{hdfc.origin}/oapi/v1/security-master")
    request.headers = httpx2.Headers({"Host": request.headers["host"]})
    return await hdfc.http.send(request)


def parsed(text: str) -> list[Row]:
    return list(csv.DictReader(StringIO(text)))


@pytest.fixture(scope="module")
def master() -> list[Row]:
    answer = HdfcEmulator().handle(Request(method="GET", path="/oapi/v1/security-master"))
    return parsed(answer.body.decode())


async def test_the_master_is_public(hdfc: Hdfc) -> None:
    answer = await file(hdfc)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv")
    assert "ir-security-master.csv" in answer.headers["content-disposition"]
    assert answer.text.splitlines()[0].split(",") == COLUMNS
    assert len(parsed(answer.text)) > 3000


async def test_the_master_may_begin_with_a_mark(hdfc: Hdfc) -> None:
    plain = (await file(hdfc)).content
    await hdfc.set(master_bom=True)
    assert (await file(hdfc)).content == b"\xef\xbb\xbf" + plain


def one(master: list[Row], **known: str) -> Row:
    (row,) = [r for r in master if r.items() >= known.items()]
    return row


@pytest.mark.parametrize(
    "line",
    [
        "NSE,STABANEQNR,EQUITY,,,,1,5,998.4,3045,SBIN,,",
        "NSE,MAHMAHEQNR,EQUITY,,,,1,10,3702.1,2031,M&M,,",
        "NSE,WIPLTDEQNR,EQUITY,,,,1,1,243.91,3787,WIPRO,,",
        "NSE,MODRUBEQTT,EQUITY,,,,1,1,118.42,2114,MODIRUBBER,,",
        "NSE,NIFTYEQEQNR,EQUITY,,,,1,5,26012.35,26000,NIFTY,,",
        "BSE,SENSEXEQ,EQUITY,,,,1,5,85107.8,1,SENSEX,,",
        "NSE,35002,FUTIDX,2026-12-29,-.01,XX,65,10,26183.7,35002,NIFTY,NIFTYEQEQNR,",
    ],
)
def test_rows_are_written_as_the_broker_writes_them(master: list[Row], line: str) -> None:
    values = dict(zip(COLUMNS, line.split(","), strict=True))
    row = one(master, exchange=values["exchange"], security_id=values["security_id"])
    assert {**row, "open_price": ""} == values
    assert Decimal(row["open_price"]) > 0


def rupees(tick: str) -> Decimal:
    return Decimal(tick) if "." in tick else Decimal(tick) / 100


MARKETS = {
    ("NSE", "FUTCUR"): "CDS",
    ("NSE", "OPTCUR"): "CDS",
    ("MCX", "FUTCOM"): "MCX",
    ("MCX", "OPTFUT"): "MCX",
    **{("NSE", segment): "NFO" for segment in ("FUTIDX", "OPTIDX", "FUTSTK", "OPTSTK")},
    **{("BSE", segment): "BFO" for segment in ("FUTIDX", "OPTIDX", "FUTSTK", "OPTSTK")},
}


def test_every_instrument_has_the_row_that_its_reader_expects(
    master: list[Row], instruments: tuple[Instrument, ...]
) -> None:
    rows = {
        (MARKETS.get((r["exchange"], r["instrument_segment"]), r["exchange"]), r["exch_security_id"]): r for r in master
    }
    for i in instruments:
        row = rows[i.venue.value, str(i.token)]
        assert row["expiry_date"] == (i.expiry.isoformat() if i.expiry else ""), i.key
        assert rupees(row["tick_size"]) == i.tick, i.key
        assert Decimal(row["close_price"]) == i.close, i.key
        assert Decimal(row["open_price"]) == i.opening, i.key
        assert row["option_type"] == (i.right or ("XX" if i.expiry else "")), i.key
        assert row["symbol_name"] in {i.symbol, ""}, i.key
        assert max(Decimal(row["strike_price"] or 0), Decimal(0)) == (i.strike or 0), i.key
        expected = i.lot * i.multiplier if i.venue == "MCX" else max(i.lot, 1)
        assert int(row["lot_size"]) == expected, i.key


def test_a_contract_names_its_underlying_by_the_code_of_a_row(master: list[Row]) -> None:
    cash = {(row["exchange"], row["security_id"]) for row in master if row["instrument_segment"] == "EQUITY"}
    for row in master:
        if row["instrument_segment"] in {"FUTIDX", "OPTIDX", "FUTSTK", "OPTSTK"}:
            assert (row["exchange"], row["underline_symbol"]) in cash
        elif row["expiry_date"]:
            assert row["underline_symbol"] == row["symbol_name"]
        else:
            assert row["underline_symbol"] == ""


def test_codes_and_tokens_are_what_they_are_said_to_be(master: list[Row]) -> None:
    contracts = [row for row in master if row["expiry_date"]]
    for row in contracts:
        prefix = "B" if row["exchange"] == "BSE" else ""
        assert row["security_id"] == prefix + row["exch_security_id"]
        date.fromisoformat(row["expiry_date"])
    addresses = Counter((row["exchange"], row["security_id"], row["instrument_segment"]) for row in master)
    assert max(addresses.values()) == 1


def test_strikes_that_are_none_stand_for_their_market(master: list[Row]) -> None:
    found = defaultdict(set)
    for row in master:
        if row["option_type"] == "XX":
            found[row["instrument_segment"]].add(row["strike_price"])
    assert found == {"FUTIDX": {"-.01"}, "FUTSTK": {"-.01"}, "FUTCUR": {"-.0000001"}, "FUTCOM": {"0"}}


def test_the_traps_of_the_real_file_are_set(master: list[Row]) -> None:
    cash = [row for row in master if row["instrument_segment"] == "EQUITY"]
    names = defaultdict(list)
    for row in cash:
        names[row["exchange"], row["symbol_name"]].append(row["security_id"])
    assert sorted(names["NSE", "HDFCBANK"]) == ["HDFBANEQNR", "HDFBANN1NR", "HDFBANN2NR"]
    assert names["NSE", ""] == ["NAMDEBN3NR"]
    at_nse = {row["security_id"]: row["symbol_name"] for row in cash if row["exchange"] == "NSE"}
    assert {at_nse.get(code) for code in names["BSE", ""]} >= {"INFY", "WIPRO", None}
    assert {"COM", "UNDCUR"} <= {row["instrument_segment"] for row in master}
    assert any(row["exch_security_id"].startswith("DUMMY") for row in cash)
    assert any(row["lot_size"] == "999999999" for row in cash)
    assert any("." in row["tick_size"] for row in master)


async def test_the_ticks_of_the_master_are_those_of_the_desk(hdfc: Hdfc, master: list[Row]) -> None:
    row = one(master, exchange="NSE", security_id="MRFLTDEQNR")
    assert row["tick_size"] == "500"
    fields = {"security_id": "MRFLTDEQNR", "quantity": 1, "order_type": "LIMIT"}
    assert (await hdfc.api("POST", "/orders/regular", {**ORDER, **fields, "price": 152_341})).json()[
        "status"
    ] == "error"
    await hdfc.place(**fields, price=152_345)


def test_a_master_of_full_size() -> None:
    emulator = HdfcEmulator(rows=117_000)
    lines = emulator.handle(Request(method="GET", path="/oapi/v1/security-master")).body.decode().splitlines()
    assert 117_000 <= len(lines) < 120_000
    assert {line.count(",") for line in lines} == {len(COLUMNS) - 1}


def test_two_things_of_one_name_are_an_error(instruments: tuple[Instrument, ...]) -> None:
    with pytest.raises(ValueError, match="names two instruments"):
        Codes([instruments[0], instruments[0]])
