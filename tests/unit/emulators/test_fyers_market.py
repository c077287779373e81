from datetime import UTC, datetime

import pytest

from ordo_emulators.clock import IST
from tests.unit.emulators.wire import Clock, Fyers, Json


async def test_quotes_come_in_the_order_of_the_question(fyers: Fyers) -> None:
    answer = (await fyers.data("/quotes", symbols="NSE:M&M-EQ,NSE:NIFTY50-INDEX,NSE:SBIN-EQ")).json()
    assert (answer["s"], answer["code"]) == ("ok", 200)
    assert [(item["n"], item["s"]) for item in answer["d"]] == [
        ("NSE:M&M-EQ", "ok"),
        ("NSE:NIFTY50-INDEX", "ok"),
        ("NSE:SBIN-EQ", "ok"),
    ]


async def test_a_quote(fyers: Fyers) -> None:
    await fyers.price("NSE:SBIN-EQ", "1000")
    value = (await fyers.data("/quotes", symbols="NSE:SBIN-EQ")).json()["d"][0]["v"]
    expected = {
        "lp": 1000,
        "ch": 1.6,
        "chp": 0.16,
        "prev_close_price": 998.4,
        "bid": 999.95,
        "ask": 1000.05,
        "spread": 0.1,
        "exchange": "NSE",
        "symbol": "NSE:SBIN-EQ",
        "fyToken": "10100000003045",
        "short_name": "SBIN-EQ",
    }
    assert {key: value[key] for key in expected} == expected
    assert value["low_price"] <= value["open_price"] <= value["high_price"]
    assert datetime.fromtimestamp(int(value["tt"]), tz=UTC) == datetime(2026, 11, 23, tzinfo=UTC)


async def test_a_symbol_that_is_not_known_fails_by_itself(fyers: Fyers) -> None:
    items = (await fyers.data("/quotes", symbols="NSE:NOPE-EQ,NSE:SBIN-EQ")).json()["d"]
    assert [(item["n"], item["s"]) for item in items] == [("NSE:NOPE-EQ", "error"), ("NSE:SBIN-EQ", "ok")]


async def test_an_ampersand_must_be_encoded(fyers: Fyers) -> None:
    headers = {"Authorization": fyers.authorization}
    raw = await fyers.http.get(f"{fyers.origin}/data/quotes?symbols=NSE:M&M-EQ", headers=headers)
    assert [item["n"] for item in raw.json()["d"]] == ["NSE:M"]


async def test_quotes_are_posted_too(fyers: Fyers) -> None:
    answer = await fyers.request("POST", "/data/quotes", body={"symbols": ["NSE:SBIN-EQ"]})
    assert [item["n"] for item in answer.json()["d"]] == ["NSE:SBIN-EQ"]
    assert (await fyers.request("POST", "/data/quotes", body={"symbols": [1]})).json()["code"] == -50


async def test_fifty_quotes_are_the_most(fyers: Fyers) -> None:
    fifty = ",".join(["NSE:SBIN-EQ"] * 50)
    assert len((await fyers.data("/quotes", symbols=fifty)).json()["d"]) == 50
    assert (await fyers.data("/quotes", symbols=f"{fifty},NSE:SBIN-EQ")).json()["code"] == -351
    assert (await fyers.data("/quotes")).json()["code"] == -50


async def test_quotes_live_under_data_only(fyers: Fyers) -> None:
    answers = [await fyers.request("GET", path) for path in ("/data/v3/quotes", "/api/v3/quotes", "/nowhere")]
    assert [answer.status_code for answer in answers] == [404] * 3


async def test_depth(fyers: Fyers) -> None:
    await fyers.price("NSE:SBIN-EQ", "1000")
    answer = (await fyers.data("/depth", symbol="NSE:SBIN-EQ", ohlcv_flag="1")).json()
    assert "code" not in answer
    row = answer["d"]["NSE:SBIN-EQ"]
    assert [level["price"] for level in row["bids"]] == [999.95, 999.9, 999.85, 999.8, 999.75]
    assert [level["price"] for level in row["ask"]] == [1000.05, 1000.1, 1000.15, 1000.2, 1000.25]
    assert (row["c"], row["tick_Size"], row["lower_ckt"], row["upper_ckt"]) == (998.4, 0.05, 798.75, 1198.05)
    assert row["totalbuyqty"] == sum(level["volume"] for level in row["bids"])
    future = (await fyers.data("/depth", symbol="NSE:NIFTY26DECFUT")).json()["d"]["NSE:NIFTY26DECFUT"]
    assert (future["oi"] > 0, future["expiry"]) == (True, "1798539000")
    assert (await fyers.data("/depth", symbol="NSE:NOPE-EQ")).json()["code"] == -300


async def test_the_option_chain(fyers: Fyers) -> None:
    data = (await fyers.data("/options-chain-v3", symbol="NSE:NIFTY50-INDEX", strikecount="2")).json()["data"]
    first, *options = data["optionsChain"]
    assert (first["option_type"], first["strike_price"], first["symbol"]) == ("", -1, "NSE:NIFTY50-INDEX")
    strikes = sorted({row["strike_price"] for row in options})
    assert strikes == [25900, 25950, 26000, 26050, 26100]
    assert {row["option_type"] for row in options} == {"CE", "PE"}
    assert len(options) == 10
    flags = [row["expiry_flag"] for row in data["expiryData"]]
    assert flags == ["M", "W", "W", "W", "W", "M", "W", "W", "W", "M"]
    assert data["expiryData"][1]["date"] == "01-12-2026"
    weekly = data["expiryData"][1]["expiry"]
    other = await fyers.data("/options-chain-v3", symbol="NSE:NIFTY50-INDEX", strikecount="1", timestamp=weekly)
    assert "NSE:NIFTY26D0126000CE" in {row["symbol"] for row in other.json()["data"]["optionsChain"]}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"symbol": "NSE:MRF-EQ"}, -300),
        ({"symbol": "NSE:NOPE"}, -300),
        ({"symbol": "NSE:SBIN-EQ", "strikecount": "51"}, -50),
        ({"symbol": "NSE:SBIN-EQ", "strikecount": "x"}, -50),
        ({"symbol": "NSE:SBIN-EQ", "timestamp": "1"}, -50),
    ],
)
async def test_a_chain_that_does_not_exist(fyers: Fyers, query: dict[str, str], code: int) -> None:
    assert (await fyers.data("/options-chain-v3", **query)).json()["code"] == code


async def test_the_market_is_open_until_it_is_closed(fyers: Fyers) -> None:
    async def statuses() -> set[str]:
        rows = (await fyers.data("/marketStatus")).json()["marketStatus"]
        assert {(row["exchange"], row["segment"]) for row in rows} >= {(10, 10), (10, 11), (12, 10), (11, 20)}
        return {row["status"] for row in rows if row["market_type"] == "NORMAL"}

    assert await statuses() == {"OPEN"}
    await fyers.set(market_open=False)
    assert await statuses() == {"CLOSED"}


async def test_symbol_tokens_take_the_bare_token(fyers: Fyers) -> None:
    fyers.authorization = fyers.authorization.partition(":")[2]
    answer = await fyers.request("POST", "/data/symbol-token", body={"symbols": ["NSE:SBIN-EQ", "NSE:NOPE"]})
    assert answer.json()["validSymbol"] == {"NSE:SBIN-EQ": "10100000003045"}
    assert answer.json()["invalidSymbol"] == ["NSE:NOPE"]
    assert (await fyers.request("POST", "/data/symbol-token", body={"symbols": [[]]})).json()["code"] == -50


HISTORY = {
    "symbol": "NSE:SBIN-EQ",
    "resolution": "D",
    "date_format": "1",
    "range_from": "2026-11-16",
    "range_to": "2026-11-20",
}


async def candles(fyers: Fyers, **query: str) -> list[list[float]]:
    answer: Json = (await fyers.data("/history", **{**HISTORY, **query})).json()
    assert (answer["s"], "code" in answer) == ("ok", False)
    rows: list[list[float]] = answer["candles"]
    return rows


async def test_daily_candles_are_stamped_at_midnight_utc(fyers: Fyers) -> None:
    rows = await candles(fyers)
    days = [datetime.fromtimestamp(row[0], tz=UTC) for row in rows]
    assert days == [datetime(2026, 11, day, tzinfo=UTC) for day in range(16, 21)]
    for _, opened, high, low, closed, volume in rows:
        assert low <= min(opened, closed) <= max(opened, closed) <= high
        assert volume > 0
    assert rows == await candles(fyers)


async def test_minute_candles_fill_the_session(fyers: Fyers) -> None:
    rows = await candles(fyers, resolution="15", range_to="2026-11-16", oi_flag="1")
    times = [datetime.fromtimestamp(row[0], tz=IST) for row in rows]
    assert (times[0].strftime("%H:%M"), times[-1].strftime("%H:%M"), len(times)) == ("09:15", "15:15", 25)
    assert {len(row) for row in rows} == {7}


async def test_there_are_no_candles_of_the_future_nor_of_holidays(fyers: Fyers, clock: Clock) -> None:
    rows = await candles(fyers, resolution="60", range_from="2026-11-23", range_to="2026-11-30")
    assert [datetime.fromtimestamp(row[0], tz=IST).hour for row in rows] == [9]
    clock.now = datetime(2026, 11, 25, 10, 0, tzinfo=IST)
    await fyers.login()
    rows = await candles(fyers, range_from="2026-11-23", range_to="2026-11-25")
    assert [datetime.fromtimestamp(row[0], tz=UTC).day for row in rows] == [23, 25]
    assert await candles(fyers, range_from="2026-11-24", range_to="2026-11-24") == []


@pytest.mark.parametrize(("resolution", "count"), [("1W", 3), ("1M", 2)])
async def test_weeks_and_months(fyers: Fyers, resolution: str, count: int) -> None:
    rows = await candles(fyers, resolution=resolution, range_from="2026-10-28", range_to="2026-11-13")
    assert len(rows) == count


async def test_seconds_and_epochs(fyers: Fyers) -> None:
    start = int(datetime(2026, 11, 20, 9, 15, tzinfo=IST).timestamp())
    epochs = {"date_format": "0", "range_from": str(start), "range_to": str(start + 59)}
    assert [row[0] for row in await candles(fyers, resolution="15S", **epochs)] == [start + n for n in (0, 15, 30, 45)]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"symbol": "NSE:NOPE"}, -300),
        ({"resolution": "7"}, -301),
        ({"date_format": "2"}, -334),
        ({"range_from": "yesterday"}, -302),
        ({"range_to": "2026-13-01"}, -303),
        ({"date_format": "0", "range_from": "9" * 30, "range_to": "1"}, -302),
        ({"range_from": "2026-11-21"}, -356),
        ({"range_from": "2025-01-01"}, -339),
        ({"range_from": "2026-01-01", "resolution": "60"}, -353),
        ({"range_from": "2026-01-01", "resolution": "1"}, -341),
        ({"range_from": "2026-01-01", "resolution": "5S"}, -341),
    ],
)
async def test_a_wrong_range_has_a_code_of_its_own(fyers: Fyers, query: dict[str, str], code: int) -> None:
    assert (await fyers.data("/history", **{**HISTORY, **query})).json()["code"] == code


async def test_history_is_of_the_trading_family(fyers: Fyers) -> None:
    fyers.authorization = "EMULATED-100:dead"
    assert (await fyers.data("/history", **HISTORY)).json()["code"] == -16
    assert (await fyers.data("/depth", symbol="NSE:SBIN-EQ")).json()["code"] == -15
