import re

import pytest

from ordo_emulators.instruments import Instrument
from tests.unit.emulators.hdfc_wire import CHANGE, OPTION, ORDER, RESTING, Hdfc
from tests.unit.emulators.wire import Clock, Json

STOP: Json = {**ORDER, "order_type": "SL-M", "trigger_price": 1050}
STOP_LIMIT: Json = {**STOP, "order_type": "SL", "price": 1051}


@pytest.fixture
def option(instruments: tuple[Instrument, ...]) -> Json:
    (token,) = [i.token for i in instruments if i.key == "NFO:NIFTY:20261201:26000:CE"]
    return {**OPTION, "security_id": str(token)}


@pytest.fixture
def future(instruments: tuple[Instrument, ...]) -> Json:
    (token,) = [i.token for i in instruments if i.key == "NFO:NIFTY:20261229:FUT"]
    without = {name: value for name, value in OPTION.items() if name not in {"strike_price", "option_type"}}
    return {**without, "security_id": str(token), "instrument_segment": "FUTIDX", "expiry_date": "20261229"}


async def test_a_placed_order_fills_and_is_in_the_book(hdfc: Hdfc) -> None:
    await hdfc.price("NSE:SBIN", "1000.05")
    answer = await hdfc.api("POST", "/orders/regular", {**ORDER, "external_reference_number": 260110093015001})
    order_id = answer.json()["data"]["order_id"]
    assert answer.json() == {"status": "success", "data": {"order_id": order_id}}
    assert re.fullmatch(r"261123\d{8}", order_id)
    (row,) = await hdfc.rows("/orders")
    exchange_order_id = row.pop("exchange_order_id")
    assert isinstance(exchange_order_id, str)
    assert exchange_order_id
    assert row == {
        "client_id": "7000001",
        "order_id": order_id,
        "status": "Traded",
        "status_message": "",
        "status_message_raw": "",
        "order_timestamp": "23/11/2026 10:00:00",
        "exchange": "NSE",
        "instrument_segment": "EQUITY",
        "security_id": "STABANEQNR",
        "tradingsymbol": "STABANEQNR",
        "company_name": "SBIN",
        "underlying_symbol": "",
        "instrument_type": "Equity",
        "expiry_date": "",
        "strike_price": 0.0,
        "option_type": "",
        "isin": "INE062A01020",
        "transaction_type": "Buy",
        "order_type": "MARKET",
        "product": "DELIVERY",
        "validity": "DAY",
        "quantity": 10,
        "filled_quantity": 10,
        "pending_quantity": 0,
        "cancelled_quantity": 0,
        "disclosed_quantity": 0,
        "price": 0.0,
        "trigger_price": 0.0,
        "average_price": 0.0,
        "total_traded_value": 10_000.5,
        "order_source": "C",
        "order_subchannel": "C",
        "modification_allowed": "",
        "cancellation_allowed": "",
        "token_id": "NSEENL3045",
        "order_slot": "Online",
        "good_till_date": "",
        "external_reference_number": "260110093015001",
        "modified": False,
        "instrument_token": 0,
        "market_protection": 0,
    }
    assert await hdfc.rows(f"/orders/{order_id}") == [{**row, "exchange_order_id": exchange_order_id}]


async def test_a_derivatives_row_has_codes_and_display_names(hdfc: Hdfc, option: Json) -> None:
    row = await hdfc.order(await hdfc.place(**option))
    expected = {
        "exchange": "NSE",
        "instrument_segment": "OPTIDX",
        "security_id": option["security_id"],
        "tradingsymbol": option["security_id"],
        "company_name": "NIFTY",
        "underlying_symbol": "NIFTY",
        "instrument_type": "Equity Derivatives",
        "expiry_date": "01 DEC 2026",
        "strike_price": 26000.0,
        "option_type": "Call",
        "product": "OVERNIGHT",
        "token_id": f"NSEDNL{option['security_id']}",
    }
    assert {name: row[name] for name in expected} == expected


async def test_bse_contracts_are_known_by_a_prefixed_token(hdfc: Hdfc, instruments: tuple[Instrument, ...]) -> None:
    (token,) = [i.token for i in instruments if i.key == "BFO:SENSEX:20261126:FUT"]
    fields = {
        "exchange": "BSE",
        "security_id": f"B{token}",
        "instrument_segment": "FUTIDX",
        "underlying_symbol": "SENSEXEQ",
        "expiry_date": "20261126",
        "product": "OVERNIGHT",
        "quantity": 20,
    }
    row = await hdfc.order(await hdfc.place(**fields))
    assert (row["exchange"], row["security_id"], row["status"]) == ("BSE", f"B{token}", "Traded")


@pytest.mark.parametrize(("side", "shown"), [("Buy", "Buy"), ("BUY", "Buy"), ("Sell", "Sell"), ("SELL", "Sell")])
async def test_sides_are_taken_in_two_spellings_and_shown_in_one(hdfc: Hdfc, side: str, shown: str) -> None:
    assert (await hdfc.order(await hdfc.place(transaction_type=side)))["transaction_type"] == shown


@pytest.mark.parametrize("reference", [7, "7", 10**19, "0" * 20, "00123", 10**15 - 1])
async def test_a_reference_is_a_number_or_text(hdfc: Hdfc, reference: object) -> None:
    order_id = await hdfc.place(external_reference_number=reference)
    assert (await hdfc.order(order_id))["external_reference_number"] == str(reference)
    assert (await hdfc.arrived())[0]["tag"] == str(reference)


@pytest.mark.parametrize("reference", [10**20, "x1", 1.5, -1, True, "", [1]])
async def test_a_reference_that_is_not_numeric_is_refused(hdfc: Hdfc, reference: object) -> None:
    assert "external_reference_number" in await hdfc.refusal(external_reference_number=reference)


async def test_a_reference_is_no_key(hdfc: Hdfc) -> None:
    for _ in range(2):
        await hdfc.place(external_reference_number=7)
    assert [row["external_reference_number"] for row in await hdfc.rows("/orders")] == ["7", "7"]


async def test_the_broker_may_put_its_own_reference_in_the_place_of_ours(hdfc: Hdfc) -> None:
    await hdfc.place(external_reference_number=7)
    unnamed = await hdfc.place()
    assert re.fullmatch(r"STAPI20261123\d{7}", (await hdfc.order(unnamed))["external_reference_number"])
    await hdfc.set(reference_mode="stapi")
    shown = [row["external_reference_number"] for row in await hdfc.rows("/orders")]
    assert all(re.fullmatch(r"STAPI20261123\d{7}", reference) for reference in shown)
    assert len(set(shown)) == 2
    assert [row["tag"] for row in await hdfc.arrived()] == ["7", ""]


async def test_what_was_accepted_is_kept_as_it_came(hdfc: Hdfc) -> None:
    order_id = await hdfc.place(external_reference_number=7, unheard="of")
    (row,) = await hdfc.arrived()
    assert row == {
        "id": order_id,
        "tag": "7",
        "received_at": "2026-11-23T10:00:00+05:30",
        "request": {**ORDER, "external_reference_number": 7, "unheard": "of"},
        "status": "FILLED",
    }


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"exchange": "NFO"}, "exchange"),
        ({"exchange": None}, "exchange"),
        ({"transaction_type": "buy"}, "transaction_type"),
        ({"transaction_type": 1}, "transaction_type"),
        ({"order_type": "SL-L"}, "order_type"),
        ({"order_type": ["MARKET"]}, "order_type"),
        ({"product": "CNC"}, "product"),
        ({"product": "COLL-SELL"}, "product"),
        ({"product": "OVERNIGHT"}, "product"),
        ({"validity": "GTD"}, "validity"),
        ({"quantity": 0}, "quantity"),
        ({"quantity": -1}, "quantity"),
        ({"quantity": 1.5}, "quantity"),
        ({"quantity": "10"}, "quantity"),
        ({"quantity": True}, "quantity"),
        ({"price": 1}, "price"),
        ({"trigger_price": 1}, "trigger_price"),
        ({"order_type": "LIMIT"}, "price"),
        ({"order_type": "LIMIT", "price": 900.01}, "price"),
        ({"order_type": "LIMIT", "price": "900"}, "price"),
        ({"order_type": "SL-M"}, "trigger_price"),
        ({"order_type": "SL", "price": 1049, "trigger_price": 1050}, "trigger_price"),
        ({"order_type": "SL-M", "trigger_price": 950}, "Trigger price"),
        ({"transaction_type": "Sell", "order_type": "SL-M", "trigger_price": 1050}, "Trigger price"),
        ({"disclosed_quantity": 11}, "disclosed_quantity"),
        ({"amo": "true"}, "amo"),
        ({"expiry_date": "20261229"}, "expiry_date"),
        ({"security_id": "3045"}, "Invalid security"),
        ({"security_id": "STABANEQNR", "exchange": "MCX"}, "Invalid security"),
        ({"instrument_segment": "FUTSTK"}, "Invalid security"),
        ({"security_id": "NIFTYEQEQNR"}, "Invalid security"),
        ({"security_id": "LIQFUNMFNR", "exchange": "BSE"}, "Invalid security"),
        ({"security_id": 3045}, "security_id"),
    ],
)
async def test_a_field_that_is_not_as_documented_is_refused(hdfc: Hdfc, fields: Json, field: str) -> None:
    assert field in await hdfc.refusal(**fields)


@pytest.mark.parametrize(
    "name", ["exchange", "security_id", "instrument_segment", "transaction_type", "product", "order_type", "validity"]
)
async def test_a_required_field_is_missed(hdfc: Hdfc, name: str) -> None:
    body = {key: value for key, value in ORDER.items() if key != name}
    assert (await hdfc.api("POST", "/orders/regular", body)).json()["status"] == "error"
    assert await hdfc.arrived() == []


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"underlying_symbol": "NIFTY"}, "underlying_symbol"),
        ({"underlying_symbol": ""}, "underlying_symbol"),
        ({"expiry_date": "2026-12-01"}, "expiry_date"),
        ({"expiry_date": "20261208"}, "expiry_date"),
        ({"strike_price": 26050}, "strike_price"),
        ({"option_type": "CALL"}, "option_type"),
        ({"option_type": "PE"}, "option_type"),
        ({"quantity": 66}, "lot size 65"),
        ({"quantity": 1}, "lot size 65"),
        ({"product": "DELIVERY"}, "product"),
        ({"disclosed_quantity": 65}, "disclosed_quantity"),
        ({"instrument_segment": "FUTIDX"}, "Invalid security"),
    ],
)
async def test_an_options_fields_must_be_those_of_its_row(hdfc: Hdfc, option: Json, fields: Json, field: str) -> None:
    assert field in await hdfc.refusal(**{**option, **fields})


async def test_a_future_has_neither_strike_nor_right(hdfc: Hdfc, future: Json) -> None:
    await hdfc.place(**future)
    await hdfc.place(**future, strike_price=0, option_type="")


async def test_a_bond_of_the_same_name_is_another_thing(hdfc: Hdfc) -> None:
    share = await hdfc.order(await hdfc.place(security_id="HDFBANEQNR"))
    bond = await hdfc.order(await hdfc.place(security_id="HDFBANN1NR"))
    assert share["company_name"] == bond["company_name"] == "HDFCBANK"
    assert share["isin"] != bond["isin"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"quantity": 10**8}, "Margin shortfall"),
        ({"transaction_type": "Sell", "security_id": "TATCONEQNR"}, "Short sell"),
        ({"order_type": "LIMIT", "price": 5000}, "circuit limit"),
        ({"product": "INTRADAY", "security_id": "MODRUBEQTT"}, "INTRADAY"),
        ({"product": "MTF", "security_id": "VODIDEEQNR"}, "MTF"),
    ],
)
async def test_the_risk_system_rejects_only_in_the_book(hdfc: Hdfc, fields: Json, reason: str) -> None:
    row = await hdfc.order(await hdfc.place(**fields))
    assert (row["status"], row["filled_quantity"], row["pending_quantity"]) == ("Rejected", 0, 0)
    assert reason in row["status_message"]
    assert row["exchange_order_id"] == ""


async def test_more_than_the_freeze_quantity_is_rejected(hdfc: Hdfc, future: Json) -> None:
    row = await hdfc.order(await hdfc.place(**{**future, "quantity": 65 * 28}))
    assert "freeze" in row["status_message"]


async def test_a_closed_market_rejects_but_for_after_market_orders(hdfc: Hdfc) -> None:
    await hdfc.set(market_open=False)
    assert "closed" in (await hdfc.order(await hdfc.place()))["status_message"]
    parked = await hdfc.place(amo=True)
    row = await hdfc.order(parked)
    assert (row["status"], row["order_slot"]) == ("After Market Order Req Received", "AMO")
    await hdfc.set(market_open=True)
    assert (await hdfc.order(parked))["status"] == "Traded"


async def test_a_resting_order_fills_when_the_price_crosses(hdfc: Hdfc) -> None:
    order_id = await hdfc.place(**RESTING)
    row = await hdfc.order(order_id)
    assert (row["status"], row["pending_quantity"], row["price"]) == ("Pending", 10, 900.0)
    await hdfc.price("NSE:STABANEQNR:EQUITY", "899")
    assert (await hdfc.order(order_id))["status"] == "Traded"


async def test_a_partial_fill_is_said_in_words_and_in_numbers(hdfc: Hdfc) -> None:
    await hdfc.set(liquidity=4)
    order_id = await hdfc.place()
    row = await hdfc.order(order_id)
    assert (row["status"], row["filled_quantity"], row["pending_quantity"]) == ("Partially Traded", 4, 6)
    await hdfc.api("DELETE", f"/orders/regular/{order_id}")
    row = await hdfc.order(order_id)
    quantities = (row["filled_quantity"], row["pending_quantity"], row["cancelled_quantity"])
    assert (row["status"], *quantities) == ("CANCELLED", 4, 0, 6)


async def test_what_an_ioc_order_does_not_get_is_cancelled(hdfc: Hdfc) -> None:
    row = await hdfc.order(await hdfc.place(**{**RESTING, "validity": "IOC"}))
    assert (row["status"], row["cancelled_quantity"], row["validity"]) == ("CANCELLED", 10, "IOC")


@pytest.mark.parametrize(("fields", "after"), [(STOP, "Traded"), (STOP_LIMIT, "Traded")])
async def test_a_stop_waits_for_its_trigger(hdfc: Hdfc, fields: Json, after: str) -> None:
    order_id = await hdfc.place(**fields)
    row = await hdfc.order(order_id)
    assert (row["status"], row["trigger_price"], row["order_type"]) == ("Trigger Pending", 1050, fields["order_type"])
    await hdfc.price("NSE:SBIN", "1050")
    assert (await hdfc.order(order_id))["status"] == after


async def test_a_triggered_stop_can_still_be_moved(hdfc: Hdfc) -> None:
    order_id = await hdfc.place(**STOP_LIMIT)
    await hdfc.price("NSE:SBIN", "1060")
    assert (await hdfc.order(order_id))["status"] == "Pending"
    change = {**CHANGE, "order_type": "SL", "price": 1060, "trigger_price": 1050}
    assert (await hdfc.api("PUT", f"/orders/regular/{order_id}", change)).json()["status"] == "success"
    assert (await hdfc.order(order_id))["status"] == "Traded"


async def test_an_order_may_be_on_its_way(hdfc: Hdfc, clock: Clock) -> None:
    await hdfc.set(transit_seconds=2)
    order_id = await hdfc.place()
    row = await hdfc.order(order_id)
    assert (row["status"], row["exchange_order_id"]) == ("Transit", "")
    clock.forward(2)
    assert (await hdfc.order(order_id))["status"] == "Traded"


async def test_the_books_are_of_today(hdfc: Hdfc, clock: Clock) -> None:
    await hdfc.set(token_ttl=100_000)
    await hdfc.login()
    order_id = await hdfc.place()
    clock.forward(86_400)
    assert (await hdfc.rows("/orders"), await hdfc.rows("/trades")) == ([], [])
    assert (await hdfc.api("GET", f"/orders/{order_id}")).json()["status"] == "error"


async def test_modifying_replaces_the_terms(hdfc: Hdfc) -> None:
    order_id = await hdfc.place(**RESTING, external_reference_number=7)
    answer = await hdfc.api("PUT", f"/orders/regular/{order_id}", {**CHANGE, "quantity": 12})
    assert answer.json()["status"] == "success"
    row = await hdfc.order(order_id)
    assert (row["price"], row["quantity"], row["pending_quantity"]) == (910, 12, 12)
    assert (row["modified"], row["external_reference_number"], row["status"]) == (True, "7", "Pending")
    await hdfc.api("PUT", f"/orders/regular/{order_id}", {**CHANGE, "order_type": "MARKET", "price": 0})
    row = await hdfc.order(order_id)
    assert (row["status"], row["quantity"], row["order_type"]) == ("Traded", 10, "MARKET")


async def test_the_answer_to_a_modification_names_another_id(hdfc: Hdfc) -> None:
    order_id = await hdfc.place(**RESTING)
    answered = (await hdfc.api("PUT", f"/orders/regular/{order_id}", CHANGE)).json()["data"]["order_id"]
    assert answered != order_id
    assert (await hdfc.api("GET", f"/orders/{answered}")).json()["status"] == "error"


async def test_what_a_modification_leaves_out_stays(hdfc: Hdfc) -> None:
    order_id = await hdfc.place(**RESTING)
    await hdfc.api("PUT", f"/orders/regular/{order_id}", {"order_type": "LIMIT", "quantity": 11})
    row = await hdfc.order(order_id)
    assert (row["price"], row["quantity"], row["product"], row["validity"]) == (900, 11, "DELIVERY", "DAY")


@pytest.mark.parametrize(
    "fields",
    [{"order_type": None}, {"price": 900.01}, {"quantity": 4}, {"trigger_price": 5}, {"product": "OVERNIGHT"}],
)
async def test_a_wrong_modification_changes_nothing(hdfc: Hdfc, fields: Json) -> None:
    await hdfc.set(liquidity=4)
    order_id = await hdfc.place(order_type="LIMIT", price=1000)
    before = await hdfc.order(order_id)
    assert (await hdfc.api("PUT", f"/orders/regular/{order_id}", {**CHANGE, **fields})).json()["status"] == "error"
    assert await hdfc.order(order_id) == before


async def test_a_modification_that_the_risk_system_refuses_leaves_the_order_working(hdfc: Hdfc) -> None:
    order_id = await hdfc.place(**RESTING)
    answer = await hdfc.api("PUT", f"/orders/regular/{order_id}", {**CHANGE, "price": 5000})
    assert answer.json()["status"] == "success"
    row = await hdfc.order(order_id)
    assert (row["status"], row["price"], row["pending_quantity"]) == ("Modify Rejected", 900, 10)
    assert "circuit limit" in row["status_message"]
    await hdfc.price("NSE:SBIN", "899")
    row = await hdfc.order(order_id)
    assert (row["status"], row["status_message"]) == ("Traded", "")


async def test_the_exchange_may_refuse_changes_that_were_taken(hdfc: Hdfc) -> None:
    await hdfc.set(changes="rejected")
    order_id = await hdfc.place(**RESTING)
    assert (await hdfc.api("PUT", f"/orders/regular/{order_id}", CHANGE)).json()["status"] == "success"
    row = await hdfc.order(order_id)
    assert (row["status"], row["price"], row["modified"]) == ("Modify Rejected", 900, False)
    assert (await hdfc.api("DELETE", f"/orders/regular/{order_id}")).json()["status"] == "success"
    row = await hdfc.order(order_id)
    assert (row["status"], row["pending_quantity"]) == ("Cancel Rejected", 10)
    await hdfc.set(changes="done")
    await hdfc.api("PUT", f"/orders/regular/{order_id}", CHANGE)
    assert (await hdfc.order(order_id))["status"] == "Pending"
    await hdfc.api("DELETE", f"/orders/regular/{order_id}")
    assert (await hdfc.order(order_id))["status"] == "CANCELLED"


async def test_cancelling_ends_the_order(hdfc: Hdfc) -> None:
    order_id = await hdfc.place(**RESTING)
    answer = await hdfc.api("DELETE", f"/orders/regular/{order_id}")
    assert answer.json() == {"status": "success", "data": {"order_id": order_id}}
    row = await hdfc.order(order_id)
    assert (row["status"], row["cancelled_quantity"], row["pending_quantity"]) == ("CANCELLED", 10, 0)


@pytest.mark.parametrize(("style", "status"), [("http200", 200), ("http4xx", 422)])
async def test_what_is_final_stays_final(hdfc: Hdfc, style: str, status: int) -> None:
    await hdfc.set(refusal_style=style)
    order_id = await hdfc.place()
    for method, body in (("DELETE", None), ("PUT", CHANGE)):
        answer = await hdfc.api(method, f"/orders/regular/{order_id}", body)
        assert (answer.status_code, answer.json()["status"]) == (status, "error")
    assert (await hdfc.order(order_id))["status"] == "Traded"


@pytest.mark.parametrize(("style", "status"), [("http200", 200), ("http4xx", 404)])
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/orders/x"), ("GET", "/orders/x/trades"), ("PUT", "/orders/regular/x"), ("DELETE", "/orders/regular/x")],
)
async def test_an_unknown_order_is_said_to_be_unknown(
    hdfc: Hdfc, style: str, status: int, method: str, path: str
) -> None:
    await hdfc.set(refusal_style=style)
    answer = await hdfc.api(method, path, CHANGE if method == "PUT" else None)
    assert (answer.status_code, answer.json()["status"]) == (status, "error")


@pytest.mark.parametrize(("style", "statuses"), [("http200", {200}), ("http4xx", {400, 422})])
async def test_a_refusal_wears_the_status_that_was_chosen(hdfc: Hdfc, style: str, statuses: set[int]) -> None:
    await hdfc.set(refusal_style=style)
    bodies: list[object] = [{**ORDER, "quantity": 0}, {**ORDER, "security_id": "X"}, [ORDER], None]
    answers = [await hdfc.api("POST", "/orders/regular", body) for body in bodies]
    assert {answer.status_code for answer in answers} == statuses
    assert {answer.json()["status"] for answer in answers} == {"error"}
    assert await hdfc.arrived() == []


@pytest.mark.parametrize("style", ["http200", "http4xx"])
@pytest.mark.parametrize("fields", [{}, {"order_type": "SL-M", "trigger_price": 1050}])
async def test_market_orders_may_be_forbidden(hdfc: Hdfc, style: str, fields: Json) -> None:
    await hdfc.set(market_orders="forbid403", refusal_style=style)
    answer = await hdfc.api("POST", "/orders/regular", {**ORDER, **fields})
    assert (answer.status_code, "can only of Limit type" in answer.text) == (403, True)
    order_id = await hdfc.place(**RESTING)
    change = {**CHANGE, "order_type": "MARKET", "price": 0}
    assert (await hdfc.api("PUT", f"/orders/regular/{order_id}", change)).status_code == 403
    assert len(await hdfc.arrived()) == 1


async def test_the_trade_book_has_a_row_per_fill(hdfc: Hdfc, option: Json) -> None:
    await hdfc.set(liquidity=65)
    await hdfc.price("NFO:NIFTY:20261201:26000:CE", "300")
    order_id = await hdfc.place(**{**option, "order_type": "LIMIT", "price": 300, "quantity": 130})
    await hdfc.price("NFO:NIFTY:20261201:26000:CE", "299.5")
    first, second = await hdfc.rows("/trades")
    assert first == {
        "client_id": "7000001",
        "trade_id": first["trade_id"],
        "order_id": order_id,
        "exchange_order_id": (await hdfc.order(order_id))["exchange_order_id"],
        "exchange": "NSE",
        "product": "OVERNIGHT",
        "average_price": 300.0,
        "filled_quantity": 65,
        "pending_quantity": 65,
        "transaction_type": "BUY",
        "fill_timestamp": "23/11/2026 10:00:00",
        "security_id": "NIFTY",
        "company_name": "NIFTY",
        "underlying_symbol": "NIFTY",
        "instrument_segment": "OPTIDX",
        "expiry_date": "01 DEC 2026",
        "strike_price": 26000.0,
        "option_type": "Call",
        "isin": "",
        "status": "Traded",
        "validity": "DAY",
        "total_traded_value": 19_500.0,
        "order_source": "C",
        "order_type": "LIMIT",
    }
    assert (second["filled_quantity"], second["pending_quantity"]) == (65, 0)
    assert first["trade_id"] != second["trade_id"]


async def test_the_trades_of_one_order_have_other_names(hdfc: Hdfc) -> None:
    order_id = await hdfc.place()
    await hdfc.place()
    (plain,) = [row for row in await hdfc.rows("/trades") if row["order_id"] == order_id]
    (renamed,) = await hdfc.rows(f"/orders/{order_id}/trades")
    assert renamed == {
        "client_id": "7000001",
        "tradeId": plain["trade_id"],
        "orderId": order_id,
        "exchangeOrderId": plain["exchange_order_id"],
        "exchange": "NSE",
        "product": "DELIVERY",
        "averagePrice": plain["average_price"],
        "filledQuantity": 10,
        "pendingQuantity": 0,
        "transactionType": "BUY",
        "fillTimestamp": "23/11/2026 10:00:00",
        "securityId": "SBIN",
        "companyName": "SBIN",
        "underlyingSymbol": "",
        "instrumentSegment": "EQUITY",
        "expiryDate": "",
        "strikePrice": 0.0,
        "optionType": "",
        "isin": "INE062A01020",
        "status": "Traded",
        "validity": "1",
        "totalTradedValue": plain["total_traded_value"],
        "orderSource": "C",
        "orderType": "MARKET",
        "instrumentToken": None,
        "orderTimestamp": None,
        "exchangeTimestamp": None,
    }


async def test_commodities_are_counted_in_units(hdfc: Hdfc, instruments: tuple[Instrument, ...]) -> None:
    (token,) = [i.token for i in instruments if i.key == "MCX:CRUDEOIL:20261229:FUT"]
    fields = {
        "exchange": "MCX",
        "security_id": str(token),
        "instrument_segment": "FUTCOM",
        "underlying_symbol": "CRUDEOIL",
        "expiry_date": "20261229",
        "product": "OVERNIGHT",
        "quantity": 100,
    }
    await hdfc.price("MCX:CRUDEOIL:20261229:FUT", "5300")
    row = await hdfc.order(await hdfc.place(**fields))
    assert (row["quantity"], row["total_traded_value"]) == (100, 530_000)
    assert (await hdfc.api("POST", "/orders/regular", {**ORDER, **fields, "quantity": 1})).json()["status"] == "error"
