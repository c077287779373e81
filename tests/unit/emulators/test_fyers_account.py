import pytest

from tests.unit.emulators.wire import ORDER, RESTING, Clock, Fyers, Json

INTRADAY: Json = {**ORDER, "productType": "INTRADAY"}
SHORT: Json = {**INTRADAY, "side": -1, "qty": 5}


async def exit_with(fyers: Fyers, body: object) -> Json:
    answer: Json = (await fyers.api("DELETE", "/positions", body)).json()
    return answer


async def nets(fyers: Fyers) -> dict[str, int]:
    return {row["id"]: row["netQty"] for row in await fyers.positions()}


async def test_the_profile_is_masked(fyers: Fyers) -> None:
    data = (await fyers.api("GET", "/profile")).json()["data"]
    assert (data["fy_id"], data["PAN"], data["totp"]) == ("XE00001", "AAxxxxxx1A", True)
    assert data["display_name"] is None


async def test_funds_have_ten_rows_that_add_up(fyers: Fyers) -> None:
    start = await fyers.funds()
    assert sorted(start) == list(range(1, 11))
    assert start[10] == start[3] == start[9] == 100_000_000
    await fyers.price("NSE:SBIN-EQ", "1000")
    await fyers.place()
    await fyers.place(**RESTING)
    funds = await fyers.funds()
    assert (funds[2], funds[10]) == (19_000, 100_000_000 - 19_000)
    await fyers.price("NSE:SBIN-EQ", "1010")
    await fyers.place(side=-1)
    funds = await fyers.funds()
    assert (funds[4], funds[2], funds[10]) == (100, 9_000, 100_000_000 + 100 - 9_000)


async def test_holdings_count_what_was_sold_today(fyers: Fyers) -> None:
    await fyers.price("NSE:SBIN-EQ", "1000")
    await fyers.place(side=-1, qty=30)
    answer = (await fyers.api("GET", "/holdings")).json()
    rows = {row["symbol"]: row for row in answer["holdings"]}
    sbin = rows["NSE:SBIN-EQ"]
    assert (sbin["quantity"], sbin["remainingQuantity"], sbin["qty_t1"], sbin["holdingType"]) == (100, 70, 0, "HLD")
    assert (sbin["costPrice"], sbin["ltp"], sbin["marketVal"], sbin["pl"]) == (612.35, 1000, 100_000, 38_765)
    assert (sbin["isin"], sbin["fyToken"], sbin["exchange"], sbin["segment"]) == (
        "INE062A01020",
        "10100000003045",
        10,
        10,
    )
    assert (rows["NSE:TCS-EQ"]["holdingType"], rows["NSE:TCS-EQ"]["qty_t1"]) == ("T1", 5)
    overall = answer["overall"]
    assert overall["count_total"] == len(rows) == 3
    assert overall["total_pl"] == pytest.approx(overall["total_current_value"] - overall["total_investment"])


async def test_a_position_row(fyers: Fyers) -> None:
    await fyers.price("NSE:SBIN-EQ", "1000")
    await fyers.place(**SHORT)
    await fyers.price("NSE:SBIN-EQ", "998")
    answer = (await fyers.api("GET", "/positions")).json()
    row = answer["netPositions"][0]
    expected = {
        "symbol": "NSE:SBIN-EQ",
        "id": "NSE:SBIN-EQ-INTRADAY",
        "productType": "INTRADAY",
        "netQty": -5,
        "qty": 5,
        "side": -1,
        "netAvg": 1000,
        "buyQty": 0,
        "sellQty": 5,
        "sellAvg": 1000,
        "sellVal": 5000,
        "dayBuyQty": 0,
        "daySellQty": 5,
        "cfBuyQty": 0,
        "cfSellQty": 0,
        "realized_profit": 0,
        "unrealized_profit": 10,
        "pl": 10,
        "ltp": 998,
        "fyToken": "10100000003045",
        "crossCurrency": "",
        "qtyMulti_com": 1,
    }
    assert {key: row[key] for key in expected} == expected
    assert answer["overall"] == {
        "count_total": 1,
        "count_open": 1,
        "pl_total": 10,
        "pl_realized": 0,
        "pl_unrealized": 10,
    }


async def test_one_symbol_has_a_position_per_product_and_flat_ones_stay(fyers: Fyers) -> None:
    await fyers.place()
    await fyers.place(**INTRADAY)
    await fyers.place(**{**INTRADAY, "side": -1})
    rows = {row["id"]: (row["netQty"], row["side"]) for row in await fyers.positions()}
    assert rows == {"NSE:SBIN-EQ-CNC": (10, 1), "NSE:SBIN-EQ-INTRADAY": (0, 0)}


async def test_a_future_is_carried_over_night(fyers: Fyers, clock: Clock) -> None:
    await fyers.place(symbol="NSE:NIFTY26DECFUT", qty=65, productType="MARGIN")
    clock.forward(24 * 3600)
    await fyers.login()
    row = (await fyers.positions())[0]
    assert (row["netQty"], row["cfBuyQty"], row["dayBuyQty"], row["buyQty"]) == (65, 65, 0, 65)


async def test_a_commodity_counts_lots_and_multiplies_the_profit(fyers: Fyers) -> None:
    await fyers.price("MCX:CRUDEOIL:20261229:FUT", "5300")
    await fyers.place(symbol="MCX:CRUDEOIL26DECFUT", qty=1, productType="MARGIN")
    await fyers.price("MCX:CRUDEOIL:20261229:FUT", "5310")
    row = (await fyers.positions())[0]
    assert (row["netQty"], row["qtyMulti_com"], row["pl"], row["buyAvg"]) == (1, 100, 1000, 5300)
    assert (row["exchange"], row["segment"]) == (11, 20)


@pytest.mark.parametrize("body", [{"exit_all": 1}, {}, None, {"id": ""}, {"id": []}])
async def test_an_exit_that_names_nothing_closes_everything(fyers: Fyers, body: object) -> None:
    await fyers.place()
    await fyers.place(**SHORT)
    answer = await exit_with(fyers, body)
    assert (answer["s"], answer["code"], answer["message"]) == ("ok", 200, "The position is closed.")
    assert await nets(fyers) == {"NSE:SBIN-EQ-CNC": 0, "NSE:SBIN-EQ-INTRADAY": 0}


async def test_an_exit_by_id_closes_that_position_by_an_order_of_the_brokers_own(fyers: Fyers) -> None:
    await fyers.place(orderTag="mine")
    await fyers.place(**SHORT, orderTag="mine")
    answer = await exit_with(fyers, {"id": "NSE:SBIN-EQ-INTRADAY"})
    assert (answer["code"], answer["message"]) == (1101, "Position NSE:SBIN-EQ-INTRADAY is closed.")
    assert await nets(fyers) == {"NSE:SBIN-EQ-CNC": 10, "NSE:SBIN-EQ-INTRADAY": 0}
    last = (await fyers.book())[-1]
    assert (last["orderTag"], last["side"], last["qty"], last["type"]) == ("2:ExitPosition", 1, 5, 2)
    assert len(await fyers.book(order_tag="2:ExitPosition")) == 1
    assert len(await fyers.book(order_tag="1:mine")) == 2


async def test_an_exit_takes_a_list_of_ids(fyers: Fyers) -> None:
    await fyers.place()
    await fyers.place(**SHORT)
    answer = await exit_with(fyers, {"id": ["NSE:SBIN-EQ-INTRADAY", "NSE:SBIN-EQ-CNC"]})
    assert answer["code"] == 200
    assert set((await nets(fyers)).values()) == {0}


@pytest.mark.parametrize(
    ("body", "closed"),
    [
        ({"segment": [10], "side": [1], "productType": ["ALL"]}, {"NSE:SBIN-EQ-CNC"}),
        ({"segment": [10], "side": [1, -1], "productType": ["INTRADAY"]}, {"NSE:SBIN-EQ-INTRADAY"}),
        ({"segment": [10], "side": [1, -1], "productType": ["ALL"]}, {"NSE:SBIN-EQ-CNC", "NSE:SBIN-EQ-INTRADAY"}),
    ],
)
async def test_an_exit_by_filter(fyers: Fyers, body: Json, closed: set[str]) -> None:
    await fyers.place()
    await fyers.place(**SHORT)
    await exit_with(fyers, body)
    assert {position for position, net in (await nets(fyers)).items() if net == 0} == closed


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"id": "NSE:SBIN-EQ"}, -53),
        ({"id": [["NSE:SBIN-EQ-CNC"]]}, -53),
        ({"id": 7}, -50),
        ({"segment": [10]}, -50),
        ({"segment": [10], "side": 1, "productType": ["ALL"]}, -50),
        ({"segment": [20], "side": [1], "productType": ["ALL"]}, -352),
        ([], -50),
    ],
)
async def test_an_exit_that_matches_nothing_closes_nothing(fyers: Fyers, body: object, code: int) -> None:
    await fyers.place()
    assert (await exit_with(fyers, body))["code"] == code
    assert await nets(fyers) == {"NSE:SBIN-EQ-CNC": 10}


async def test_nothing_to_exit_is_overloaded_with_another_code(fyers: Fyers) -> None:
    answer = await fyers.api("DELETE", "/positions", {"exit_all": 1})
    assert (answer.status_code, answer.json()["code"]) == (400, -352)


async def test_an_exit_short_of_liquidity_is_not_done_yet(fyers: Fyers) -> None:
    await fyers.place()
    await fyers.set(liquidity=1)
    assert (await exit_with(fyers, {"exit_all": 1}))["code"] == 201


async def test_an_exit_may_cancel_what_stands_against_it(fyers: Fyers) -> None:
    await fyers.place()
    selling = await fyers.place(side=-1, type=1, limitPrice=1100.0)
    buying = await fyers.place(**RESTING)
    await exit_with(fyers, {"pending_orders_cancel": 1, "id": "NSE:SBIN-EQ-CNC"})
    assert (await fyers.order(selling["id"]))["status"] == 1
    assert (await fyers.order(buying["id"]))["status"] == 6
    assert await nets(fyers) == {"NSE:SBIN-EQ-CNC": 0}


async def test_an_exit_can_be_rejected(fyers: Fyers) -> None:
    await fyers.place()
    await fyers.set(market_open=False)
    assert (await exit_with(fyers, {"exit_all": 1}))["code"] == -99
    assert await nets(fyers) == {"NSE:SBIN-EQ-CNC": 10}


CONVERSION: Json = {
    "symbol": "NSE:SBIN-EQ-INTRADAY",
    "positionSide": 1,
    "convertQty": 4,
    "convertFrom": "INTRADAY",
    "convertTo": "CNC",
    "overnight": 0,
}


@pytest.mark.parametrize("symbol", ["NSE:SBIN-EQ-INTRADAY", "NSE:SBIN-EQ"])
async def test_a_position_is_converted(fyers: Fyers, symbol: str) -> None:
    await fyers.price("NSE:SBIN-EQ", "1000")
    await fyers.place(**INTRADAY)
    answer = (await fyers.api("POST", "/positions", {**CONVERSION, "symbol": symbol})).json()
    assert answer == {
        "s": "ok",
        "code": 200,
        "message": "Position Converted Successfully!!",
        "positionDetails": 1101,
    }
    rows = {row["id"]: (row["netQty"], row["netAvg"], row["realized_profit"]) for row in await fyers.positions()}
    assert rows == {"NSE:SBIN-EQ-INTRADAY": (6, 1000, 0), "NSE:SBIN-EQ-CNC": (4, 1000, 0)}
    assert (await fyers.funds())[2] == 6 * 200 + 4 * 1000


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"convertFrom": "CNC"}, -50),
        ({"convertTo": "MTF"}, -50),
        ({"convertTo": "INTRADAY"}, -50),
        ({"convertTo": "MARGIN"}, -50),
        ({"convertFrom": ["INTRADAY"]}, -50),
        ({"overnight": 2}, -50),
        ({"positionSide": -1}, -50),
        ({"convertQty": 11}, -50),
        ({"convertQty": 0}, -50),
        ({"symbol": "NSE:INFY-EQ"}, -53),
    ],
)
async def test_a_conversion_that_is_not_possible_changes_nothing(fyers: Fyers, changes: Json, code: int) -> None:
    await fyers.place(**INTRADAY)
    assert (await fyers.api("POST", "/positions", {**CONVERSION, **changes})).json()["code"] == code
    assert await nets(fyers) == {"NSE:SBIN-EQ-INTRADAY": 10}


async def test_a_conversion_needs_the_money(fyers: Fyers) -> None:
    await fyers.price("NSE:SBIN-EQ", "1000")
    await fyers.place(**{**INTRADAY, "qty": 400_000})
    answer = (await fyers.api("POST", "/positions", {**CONVERSION, "convertQty": 400_000})).json()
    assert (answer["code"], answer["message"][:20]) == (-99, "RED:Margin Shortfall")


LEG: Json = {
    "symbol": "NSE:NIFTY26DECFUT",
    "qty": 65,
    "side": 1,
    "type": 2,
    "productType": "MARGIN",
    "limitPrice": 0.0,
    "stopLoss": 0.0,
    "stopPrice": 0.0,
    "takeProfit": 0.0,
}


async def test_margins_of_orders(fyers: Fyers) -> None:
    await fyers.price("NFO:NIFTY:20261229:FUT", "26000")
    data = (await fyers.api("POST", "/multiorder/margin", {"data": [LEG, LEG]})).json()["data"]
    assert data == {
        "margin_avail": 100_000_000,
        "margin_total": 2 * 65 * 26_000 * 0.15,
        "margin_new_order": 2 * 65 * 26_000 * 0.15,
    }
    await fyers.place(symbol="NSE:NIFTY26DECFUT", qty=65, productType="MARGIN")
    data = (await fyers.api("POST", "/multiorder/margin", {"data": [{**LEG, "side": -1}]})).json()["data"]
    assert data["margin_new_order"] == 65 * 26_000 * 0.15


async def test_the_legacy_margin(fyers: Fyers) -> None:
    await fyers.price("NFO:NIFTY:20261229:FUT", "26000")
    answer = (await fyers.request("POST", "/api/v2/span_margin", body={"data": [LEG]})).json()
    assert answer["data"]["total"] == 65 * 26_000 * 0.15
    assert answer["individual_info"]["0"].keys() == {"ltp_info", "span", "expo", "total"}
    wrong = await fyers.request("POST", "/api/v2/span_margin", body={"data": [{**LEG, "symbol": "NSE:NOPE"}]})
    assert (wrong.status_code, wrong.json()["code"]) == (400, -310)
    empty = await fyers.request("POST", "/api/v2/span_margin", body={})
    assert (empty.json()["code"], empty.json()["message"]) == (-50, "Invalid input")
