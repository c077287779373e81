import csv
from datetime import datetime
from io import StringIO

import pytest

from ordo_emulators.clock import IST
from ordo_emulators.fyers.emulator import FyersEmulator
from ordo_emulators.fyers.masters import Masters
from ordo_emulators.fyers.symbols import Symbols, ticker
from ordo_emulators.instruments import Instrument
from ordo_emulators.server import Request
from tests.unit.emulators.wire import Clock, Fyers, Json

FILES = ["NSE_CM", "NSE_FO", "NSE_CD", "NSE_COM", "BSE_CM", "BSE_FO", "MCX_COM"]


async def rows(fyers: Fyers, stem: str) -> list[list[str]]:
    answer = await fyers.request("GET", f"/sym_details/{stem}.csv")
    assert answer.headers["content-type"] == "text/csv"
    return list(csv.reader(StringIO(answer.text)))


async def values(fyers: Fyers, stem: str) -> dict[str, Json]:
    found: dict[str, Json] = (await fyers.request("GET", f"/sym_details/{stem}_sym_master.json")).json()
    return found


@pytest.mark.parametrize("stem", FILES)
async def test_both_forms_list_the_same(fyers: Fyers, stem: str) -> None:
    fyers.authorization = ""
    listed, keyed = await rows(fyers, stem), await values(fyers, stem)
    assert [row[9] for row in listed] == list(keyed)
    assert {len(row) for row in listed} <= {21}
    assert (listed == []) == (stem == "NSE_COM")
    for row in listed:
        value = keyed[row[9]]
        assert (value["fyToken"], value["minLotSize"], value["tickSize"]) == (row[0], int(row[3]), float(row[4]))
        assert (value["expiryDate"], value["strikePrice"], value["optType"]) == (row[8], float(row[15]), row[16])
        assert (value["exchange"], value["segment"], value["underFyTok"]) == (int(row[10]), int(row[11]), row[17])


@pytest.mark.parametrize(
    ("stem", "line"),
    [
        (
            "NSE_CM",
            (
                "10100000003045,STATE BANK OF INDIA,0,1,0.05,INE062A01020,0915-1530|1815-1915:,2026-11-23,,NSE:SBIN-EQ,"
                "10,10,3045,SBIN,3045,-1.0,XX,10100000003045,None,1,3.5"
            ),
        ),
        (
            "NSE_CM",
            (
                "101000000026000,NIFTY50-INDEX,10,0,0.05,,0915-1530|1815-1915:,2026-11-23,,NSE:NIFTY50-INDEX,"
                "10,10,26000,NIFTY,26000,-1.0,XX,101000000026000,None,0,0.0"
            ),
        ),
        (
            "NSE_FO",
            (
                "101126122935002,NIFTY 29 Dec 26 FUT,11,65,0.1,,0915-1540|1815-1915:,2026-11-23,1798539000,"
                "NSE:NIFTY26DECFUT,10,11,35002,NIFTY,26000,-1.0,XX,101000000026000,None,0,0.0"
            ),
        ),
        (
            "BSE_CM",
            (
                "1210000000532628,3I INFOTECH LTD.,0,1,0.01,INE748C01038,0915-1530|1815-1915:,2026-11-23,,"
                "BSE:3IINFOLTD-T,12,10,532628,3IINFOLTD,532628,-1.0,XX,1210000000532628,None,0,0.0"
            ),
        ),
        (
            "BSE_CM",
            (
                "121000000000001,SENSEX-INDEX,10,0,0.05,,0915-1530|1815-1915:,2026-11-23,,BSE:SENSEX-INDEX,"
                "12,10,1,SENSEX,1,-1.0,XX,121000000000001,None,0,0.0"
            ),
        ),
        (
            "MCX_COM",
            (
                "1120261229560004,CRUDEOIL 29 Dec 26 FUT,30,1,1.0,,0900-2330|1815-1915:,2026-11-23,1798567200,"
                "MCX:CRUDEOIL26DECFUT,11,20,560004,CRUDEOIL,294,-1.0,XX,1120000000294,1798567200,0,0.0"
            ),
        ),
    ],
)
async def test_rows_have_the_brokers_layout(fyers: Fyers, stem: str, line: str) -> None:
    assert line.split(",") in await rows(fyers, stem)


async def test_expiries_are_at_the_close_in_india(fyers: Fyers) -> None:
    closes = {}
    for stem in ("NSE_FO", "BSE_FO", "NSE_CD", "MCX_COM"):
        moments = {datetime.fromtimestamp(int(row[8]), tz=IST) for row in await rows(fyers, stem)}
        closes[stem] = {moment.strftime("%H:%M") for moment in moments}
        assert {moment.year for moment in moments} <= {2026, 2027}
    assert closes == {"NSE_FO": {"15:40"}, "BSE_FO": {"15:40"}, "NSE_CD": {"12:30"}, "MCX_COM": {"23:30"}}


async def test_what_only_json_says(fyers: Fyers) -> None:
    cash, futures, oil = [await values(fyers, stem) for stem in ("NSE_CM", "NSE_FO", "MCX_COM")]
    assert (cash["NSE:SBIN-EQ"]["qtyFreeze"], cash["NSE:SBIN-EQ"]["is_mtf_tradable"]) == ("", 1)
    assert (cash["NSE:SBIN-EQ"]["lowerPrice"], cash["NSE:SBIN-EQ"]["upperPrice"]) == (798.75, 1198.05)
    assert cash["NSE:NIFTY50-INDEX"]["tradeStatus"] == 0
    assert (futures["NSE:NIFTY26DECFUT"]["qtyFreeze"], futures["NSE:NIFTY26DECFUT"]["minLotSize"]) == ("1800", 65)
    assert futures["NSE:NIFTY26DECFUT"]["display_format_mob"] == "29 Dec 2026"
    assert (oil["MCX:CRUDEOIL26DECFUT"]["minLotSize"], oil["MCX:CRUDEOIL26DECFUT"]["qtyMultiplier"]) == (1, 100)


def test_tickers(instruments: tuple[Instrument, ...]) -> None:
    named = {i.key: ticker(i) for i in instruments}
    expected = {
        "NSE:M&M": "NSE:M&M-EQ",
        "NSE:BAJAJ-AUTO": "NSE:BAJAJ-AUTO-EQ",
        "NSE:MODIRUBBER:BE": "NSE:MODIRUBBER-BE",
        "BSE:RELIANCE": "BSE:RELIANCE-A",
        "NSE_INDEX:BANKNIFTY": "NSE:NIFTYBANK-INDEX",
        "NSE_INDEX:FINNIFTY": "NSE:FINNIFTY-INDEX",
        "BSE_INDEX:SENSEX": "BSE:SENSEX-INDEX",
        "NFO:NIFTY:20261123:26000:CE": "NSE:NIFTY26NOV26000CE",
        "NFO:NIFTY:20261201:26000:CE": "NSE:NIFTY26D0126000CE",
        "NFO:NIFTY:20261229:26000:PE": "NSE:NIFTY26DEC26000PE",
        "NFO:NIFTY:20270105:26000:PE": "NSE:NIFTY2710526000PE",
        "NFO:BANKNIFTY:20270125:FUT": "NSE:BANKNIFTY27JANFUT",
        "NFO:BAJAJ-AUTO:20261229:FUT": "NSE:BAJAJ-AUTO26DECFUT",
        "BFO:SENSEX:20261231:FUT": "BSE:SENSEX26DECFUT",
        "CDS:USDINR:20261229:FUT": "NSE:USDINR26DECFUT",
        "MCX:CRUDEOIL:20261229:5500:PE": "MCX:CRUDEOIL26DEC5500PE",
        "NFO:ITC:20261229:400:CE": "NSE:ITC26DEC400CE",
        "NFO:IDEA:20261229:9.5:CE": "NSE:IDEA26DEC9.5CE",
    }
    assert {key: named[key] for key in expected} == expected


def test_a_ticker_names_one_instrument(instruments: tuple[Instrument, ...]) -> None:
    symbols = Symbols(instruments)
    assert len(symbols.by_ticker) == len(instruments)
    with pytest.raises(ValueError, match="names two instruments"):
        Symbols([*instruments, instruments[0]])


async def test_the_index_map_and_nothing_else(fyers: Fyers) -> None:
    mapping = (await fyers.request("GET", "/sym_details/index_hsm_mapping.json")).json()
    assert mapping["NSE:NIFTY50-INDEX"] == "Nifty 50"
    for name in ("NSE_XX.csv", "NSE_CM.json", "NSE_CM", "NSE_CM_sym_master.csv", ""):
        assert (await fyers.request("GET", f"/sym_details/{name}")).status_code == 404


def test_a_master_is_dated_today_and_made_once_a_day(instruments: tuple[Instrument, ...], clock: Clock) -> None:
    masters = Masters(instruments)
    today = clock().date()
    first = masters.file("NSE_CM.csv", today)
    assert masters.file("NSE_CM.csv", today) is first
    assert masters.file("NSE_CM.csv", today.replace(day=25)).body != first.body


def test_a_large_master_has_its_rows(clock: Clock) -> None:
    emulator = FyersEmulator(rows=20_000, clock=clock)
    listed = emulator.handle(Request(method="GET", path="/sym_details/NSE_FO.csv")).body.decode().splitlines()
    tickers = {line.split(",")[9] for line in listed}
    assert len(listed) == len(tickers) > 18_000
