import re
from uuid import UUID

import pytest

from tests.unit.emulators.wire import ORDER, RESTING, Clock, Fyers, Json

STOP: Json = {**ORDER, "type": 3, "stopPrice": 1050.0}
STOP_LIMIT: Json = {**ORDER, "type": 4, "stopPrice": 1050.0, "limitPrice": 1051.0}
FUTURE: Json = {**ORDER, "symbol": "NSE:NIFTY26DECFUT", "qty": 65, "productType": "MARGIN"}


async def test_a_placed_order_fills_and_is_in_the_book(fyers: Fyers) -> None:
    await fyers.price("NSE:SBIN-EQ", "1000.05")
    answer = await fyers.place(orderTag="alpha7")
    order_id = answer["id"]
    assert answer == {
        "s": "ok",
        "code": 1101,
        "message": f"Order submitted successfully. Your Order Ref. No.{order_id}",
        "id": order_id,
    }
    assert re.fullmatch(r"261123\d{8}", order_id)
    row = await fyers.order(order_id)
    UUID(row["id_fyers"])
    expected = {
        "clientId": "XE00001",
        "id": order_id,
        "qty": 10,
        "filledQty": 10,
        "remainingQuantity": 0,
        "limitPrice": 1000.05,
        "stopPrice": 0,
        "tradedPrice": 1000.05,
        "type": 2,
        "side": 1,
        "status": 2,
        "productType": "CNC",
        "orderValidity": "DAY",
        "offlineOrder": False,
        "orderDateTime": "23-Nov-2026 10:00:00",
        "symbol": "NSE:SBIN-EQ",
        "fyToken": "10100000003045",
        "exchange": 10,
        "segment": 10,
        "instrument": 0,
        "ex_sym": "SBIN",
        "message": "",
        "orderTag": "1:alpha7",
        "orderNumStatus": f"{order_id}:2",
        "source": "API",
        "slNo": 1,
    }
    assert {key: row[key] for key in expected} == expected
    assert {"exchOrdId", "disclosedQty", "discloseQty", "dqQtyRem", "pan", "lp", "ch", "chp"} <= row.keys()


async def test_the_trade_book_has_a_row_per_fill(fyers: Fyers) -> None:
    await fyers.set(liquidity=4)
    await fyers.price("NSE:SBIN-EQ", "1000")
    order = await fyers.place(orderTag="alpha7", type=1, limitPrice=1000.0)
    await fyers.price("NSE:SBIN-EQ", "1000")
    rows = (await fyers.api("GET", "/tradebook")).json()["tradeBook"]
    assert [(row["tradedQty"], row["tradePrice"], row["tradeValue"]) for row in rows] == [(4, 1000, 4000)] * 2
    assert {row["orderNumber"] for row in rows} == {order["id"]}
    assert len({row["tradeNumber"] for row in rows}) == 2
    assert (rows[0]["orderTag"], rows[0]["orderDateTime"]) == ("1:alpha7", "23-Nov-2026 10:00:00")
    book = await fyers.order(order["id"])
    assert (book["status"], book["filledQty"], book["remainingQuantity"]) == (6, 8, 2)


async def test_a_market_order_short_of_liquidity_stays_pending(fyers: Fyers) -> None:
    await fyers.set(liquidity=4)
    order = await fyers.place()
    row = await fyers.order(order["id"])
    assert (row["status"], row["filledQty"], row["limitPrice"] > 0) == (6, 4, True)


async def test_the_tag_filter_takes_the_prefix(fyers: Fyers) -> None:
    await fyers.place(orderTag="alpha7")
    await fyers.place(orderTag="beta8")
    await fyers.place()
    found = {
        tag: [row["orderTag"] for row in await fyers.book(order_tag=tag)]
        for tag in ("1:alpha7", "alpha7", "2:alpha7", "1:nobody", "2:Untagged")
    }
    assert found == {
        "1:alpha7": ["1:alpha7"],
        "alpha7": [],
        "2:alpha7": [],
        "1:nobody": [],
        "2:Untagged": ["2:Untagged"],
    }
    trades = (await fyers.api("GET", "/tradebook", order_tag="1:beta8")).json()["tradeBook"]
    assert [row["orderTag"] for row in trades] == ["1:beta8"]


async def test_a_tag_names_every_order_that_carries_it(fyers: Fyers) -> None:
    for _ in range(2):
        await fyers.place(orderTag="same")
    assert len(await fyers.book(order_tag="1:same")) == 2


@pytest.mark.parametrize("tag", ["a b", "a-b", "a_b", "ü", "1:x", "x" * 31, "XE00001", "Untagged", 7])
async def test_a_tag_that_breaks_the_rule_is_refused(fyers: Fyers, tag: object) -> None:
    answer = await fyers.place(orderTag=tag)
    assert (answer["code"], "id" in answer) == (-50, False)
    assert await fyers.arrived() == []


async def test_a_tag_may_have_thirty_letters_and_digits(fyers: Fyers) -> None:
    assert (await fyers.place(orderTag="a1" * 15))["code"] == 1101


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"symbol": "NSE:NOPE-EQ"}, "The input symbol is invalid."),
        ({"symbol": "NSE:NIFTY50-INDEX"}, "The input symbol is invalid."),
        ({"symbol": ["NSE:SBIN-EQ"]}, "The input symbol is invalid."),
        ({"qty": 0}, "qty"),
        ({"qty": -1}, "qty"),
        ({"qty": 1.0}, "qty"),
        ({"qty": "1"}, "qty"),
        ({"qty": 10**10}, "qty"),
        ({"type": 5}, "type"),
        ({"type": "2"}, "type"),
        ({"side": 0}, "side"),
        ({"side": True}, "side"),
        ({"productType": "CARRYFORWARD"}, "productType must be one of the following"),
        ({"productType": "BO"}, "productType must be one of the following"),
        ({"productType": "MARGIN"}, "not allowed for this symbol"),
        ({"validity": "GTC"}, "validity"),
        ({"offlineOrder": "False"}, "offlineOrder"),
        ({"disclosedQty": 11}, "disclosedQty"),
        ({"limitPrice": 900.0}, "limitPrice must be 0"),
        ({"stopPrice": 900.0}, "stopPrice must be 0"),
        ({"type": 1}, "limitPrice is required"),
        ({"type": 3}, "stopPrice is required"),
        ({"type": 1, "limitPrice": 900.01}, "LimitPrice not a multiple of tick size 0.0500"),
        ({"type": 1, "limitPrice": -1}, "negative"),
        ({"type": 1, "limitPrice": "900"}, "limitPrice"),
        ({"type": 1, "limitPrice": 1e30}, "out of range"),
        ({"type": 3, "stopPrice": 1050.01}, "StopPrice not a multiple of tick size 0.0500"),
        ({"type": 3, "stopPrice": 900.0}, "stopPrice must not be below"),
        ({"type": 3, "side": -1, "stopPrice": 1100.0}, "stopPrice must not be below"),
        ({"type": 4, "stopPrice": 1050.0, "limitPrice": 1050.0}, "stopPrice must be below limitPrice"),
        ({"stopLoss": 5}, "not available"),
    ],
)
async def test_a_wrong_parameter_is_minus_fifty_without_an_id(fyers: Fyers, changes: Json, text: str) -> None:
    answer = await fyers.api("POST", "/orders/sync", {**ORDER, **changes})
    body = answer.json()
    assert (answer.status_code, body["s"], body["code"], "id" in body) == (400, "error", -50, False)
    assert text in body["message"]
    assert await fyers.arrived() == []


@pytest.mark.parametrize("name", sorted(ORDER))
async def test_every_base_field_is_needed(fyers: Fyers, name: str) -> None:
    answer = await fyers.api("POST", "/orders/sync", {key: ORDER[key] for key in ORDER if key != name})
    assert (answer.json()["code"], answer.json()["message"]) == (-50, f"{name} is required")


async def test_derivatives_come_in_lots_and_not_for_delivery(fyers: Fyers) -> None:
    assert (await fyers.place(**FUTURE))["code"] == 1101
    assert (await fyers.place(**{**FUTURE, "qty": 64}))["message"] == "Quantity should be multiple of min lot size."
    assert "not allowed" in (await fyers.place(**{**FUTURE, "productType": "CNC"}))["message"]
    assert "equity only" in (await fyers.place(**{**FUTURE, "disclosedQty": 65}))["message"]


async def test_a_shortfall_is_rejected_in_the_answer_and_stands_in_the_book(fyers: Fyers) -> None:
    await fyers.price("NSE:SBIN-EQ", "1000")
    answer = await fyers.api("POST", "/orders/sync", {**ORDER, "qty": 200_000, "orderTag": "dear"})
    body = answer.json()
    assert (answer.status_code, body["s"], body["code"]) == (400, "error", -99)
    assert body["message"] == (
        "RED:Margin Shortfall:INR 10,00,00,000.00 Available:INR 10,00,00,000.00 for C-XE00001 [FYERS_RISK_CUG]"
    )
    row = (await fyers.book(order_tag="1:dear"))[0]
    assert (row["id"], row["status"], row["message"], row["remainingQuantity"]) == (body["id"], 5, body["message"], 0)


async def test_a_rejection_may_be_seen_in_the_book_alone(fyers: Fyers) -> None:
    await fyers.set(rejections="book")
    answer = await fyers.place(qty=200_000)
    assert (answer["s"], answer["code"]) == ("ok", 1101)
    assert (await fyers.order(answer["id"]))["status"] == 5


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"productType": "INTRADAY", "symbol": "NSE:MODIRUBBER-BE"}, "RED:RULE:{Allowed Basket}"),
        ({"productType": "MTF", "symbol": "NSE:IDEA-EQ"}, "ORA:Product MTF not enabled for Account XE00001"),
        ({"side": -1, "qty": 101}, "RED:RULE:{Check Holdings Including BTST}"),
        (
            {"type": 1, "limitPrice": 2000},
            "RED:RULE:{Check circuit limit including square off order}Current:INR 2,000.00",
        ),
        ({**FUTURE, "qty": 1820}, "RED:RULE:{Check Freeze qty including square off order}Current:1820 Set:1800"),
    ],
)
async def test_the_risk_system_says_why(fyers: Fyers, changes: Json, text: str) -> None:
    answer = await fyers.place(**changes)
    assert answer["code"] == -99
    assert answer["message"].startswith(text)


async def test_a_closed_market_rejects_and_parks(fyers: Fyers) -> None:
    await fyers.set(market_open=False)
    assert (await fyers.place())["code"] == -99
    parked = await fyers.place(offlineOrder=True)
    row = await fyers.order(parked["id"])
    assert (row["status"], row["offlineOrder"], row["exchOrdId"]) == (6, True, "")
    await fyers.set(market_open=True)
    assert (await fyers.order(parked["id"]))["status"] == 2


async def test_stops_are_pending_until_they_trigger(fyers: Fyers) -> None:
    plain, limited = await fyers.place(**STOP), await fyers.place(**STOP_LIMIT)
    rows = [await fyers.order(o["id"]) for o in (plain, limited)]
    assert [(r["status"], r["type"], r["filledQty"]) for r in rows] == [(6, 3, 0), (6, 4, 0)]
    await fyers.price("NSE:SBIN-EQ", "1052")
    rows = [await fyers.order(o["id"]) for o in (plain, limited)]
    # A triggered stop-limit is shown as a limit order that has a stop price.
    assert [(r["status"], r["type"], r["stopPrice"]) for r in rows] == [(2, 3, 1050.0), (6, 1, 1050.0)]


async def test_an_order_in_transit_is_status_four(fyers: Fyers, clock: Clock) -> None:
    await fyers.set(transit_seconds=2)
    order = await fyers.place()
    row = await fyers.order(order["id"])
    assert (row["status"], row["exchOrdId"]) == (4, "")
    clock.forward(2)
    assert (await fyers.order(order["id"]))["status"] == 2


async def test_ioc_fills_or_dies(fyers: Fyers) -> None:
    order = await fyers.place(**{**RESTING, "validity": "IOC"})
    assert (await fyers.order(order["id"]))["status"] == 1


async def test_a_modified_order_has_the_new_values(fyers: Fyers, clock: Clock) -> None:
    order = await fyers.place(**RESTING, orderTag="keep")
    clock.forward(60)
    change = {"id": order["id"], "type": 1, "limitPrice": 910.0, "stopPrice": 0, "qty": 20, "disclosedQty": 5}
    answer = (await fyers.api("PATCH", "/orders/sync", change)).json()
    assert (answer["s"], answer["code"], answer["id"]) == ("ok", 1102, order["id"])
    row = await fyers.order(order["id"])
    assert (row["limitPrice"], row["qty"], row["disclosedQty"], row["orderTag"]) == (910.0, 20, 5, "1:keep")
    assert row["orderDateTime"] == "23-Nov-2026 10:01:00"


async def test_what_a_modification_leaves_out_stays(fyers: Fyers) -> None:
    order = await fyers.place(**RESTING)
    await fyers.api("PATCH", "/orders/sync", {"id": order["id"], "type": 1, "limitPrice": 910.0})
    row = await fyers.order(order["id"])
    assert (row["limitPrice"], row["qty"]) == (910.0, 10)
    await fyers.api("PATCH", "/orders/sync", {"id": order["id"], "type": 2})
    assert (await fyers.order(order["id"]))["status"] == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"limitPrice": 910.0}, -50),
        ({"type": 1, "limitPrice": 910.01}, -50),
        ({"type": 1, "qty": 0}, -50),
        ({"type": [1]}, -50),
        ({"type": 1, "qty": 200_000}, -99),
        ({"type": 1, "id": "26112399999999"}, -51),
        ({"type": 1, "id": None}, -51),
    ],
)
async def test_a_refused_modification_changes_nothing(fyers: Fyers, change: Json, code: int) -> None:
    order = await fyers.place(**RESTING)
    before = await fyers.order(order["id"])
    answer = await fyers.api("PATCH", "/orders/sync", {"id": order["id"], **change})
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert await fyers.order(order["id"]) == before


async def test_the_quantity_can_not_fall_to_what_is_filled(fyers: Fyers) -> None:
    await fyers.set(liquidity=4)
    order = await fyers.place(type=1, limitPrice=1010.0)
    answer = await fyers.api("PATCH", "/orders/sync", {"id": order["id"], "type": 1, "qty": 4})
    assert answer.json()["code"] == -50
    answer = await fyers.api("PATCH", "/orders/sync", {"id": order["id"], "type": 1, "qty": 8, "limitPrice": 1010.0})
    assert (await fyers.order(order["id"]))["status"] == 2


@pytest.mark.parametrize("by_path", [False, True])
async def test_a_cancelled_order_is_over(fyers: Fyers, by_path: bool) -> None:  # noqa: FBT001
    order = await fyers.place(**RESTING)
    path = f"/orders/{order['id']}/sync" if by_path else "/orders/sync"
    body = None if by_path else {"id": order["id"]}
    answer = (await fyers.api("DELETE", path, body)).json()
    assert (answer["s"], answer["code"], answer["id"]) == ("ok", 1103, order["id"])
    row = await fyers.order(order["id"])
    assert (row["status"], row["remainingQuantity"]) == (1, 0)
    again = await fyers.api("DELETE", path, body)
    assert (again.status_code, again.json()) == (
        400,
        {"s": "error", "code": -52, "message": "Not a pending order", "id": order["id"]},
    )


async def test_an_order_cancelled_before_the_exchange_keeps_its_remaining_quantity(fyers: Fyers) -> None:
    await fyers.set(transit_seconds=60)
    order = await fyers.place(**RESTING)
    await fyers.api("DELETE", "/orders/sync", {"id": order["id"]})
    row = await fyers.order(order["id"])
    assert (row["status"], row["remainingQuantity"]) == (1, 10)


async def test_a_filled_order_can_be_neither_changed_nor_cancelled(fyers: Fyers) -> None:
    order = await fyers.place()
    for method in ("PATCH", "DELETE"):
        answer = await fyers.api(method, "/orders/sync", {"id": order["id"], "type": 1, "limitPrice": 900.0})
        assert answer.json()["code"] == -52


async def test_an_unknown_order_is_minus_fifty_one(fyers: Fyers) -> None:
    answers = [
        await fyers.api("DELETE", "/orders/sync", {"id": "26112399999999"}),
        await fyers.api("DELETE", "/orders/26112399999999/sync"),
        await fyers.api("GET", "/orders", id="26112399999999"),
    ]
    assert [a.json()["code"] for a in answers] == [-51] * 3


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "PUT"])
async def test_the_bare_path_is_blocked_at_the_edge(fyers: Fyers, method: str) -> None:
    answer = await fyers.api(method, "/orders", ORDER)
    assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html; charset=UTF-8")
    assert await fyers.arrived() == []


async def test_slices_answer_in_another_shape(fyers: Fyers) -> None:
    answer = await fyers.place(**{**FUTURE, "qty": 65 * 60}, isSliceOrder=True, orderTag="big")
    assert answer.keys() == {"code", "message", "data"}
    ids = [item["body"]["id"] for item in answer["data"]]
    rows = await fyers.book(order_tag="1:big")
    assert [row["id"] for row in rows] == ids
    assert [row["qty"] for row in rows] == [1755, 1755, 390]
    assert {item["body"]["s"] for item in answer["data"]} == {"ok"}


async def test_a_slice_can_be_rejected_by_itself(fyers: Fyers) -> None:
    await fyers.price("NFO:NIFTY:20261229:FUT", "26000")
    answer = await fyers.place(**{**FUTURE, "qty": 1755 * 10}, isSliceOrder=True)
    statuses = [item["statusCode"] for item in answer["data"]]
    assert (statuses[0], statuses[-1]) == (200, 200)
    await fyers.price("NFO:NIFTY:20261229:FUT", "28000")
    answer = await fyers.place(**{**FUTURE, "qty": 1755 * 10}, isSliceOrder=True)
    assert [item["body"]["code"] for item in answer["data"]][-1] == -99


async def test_more_than_ten_slices_are_refused(fyers: Fyers) -> None:
    answer = await fyers.place(**{**FUTURE, "qty": 1755 * 10 + 65}, isSliceOrder=True)
    assert (answer["code"], await fyers.arrived()) == (-50, [])


async def test_a_small_order_is_not_sliced(fyers: Fyers) -> None:
    assert "id" in await fyers.place(isSliceOrder=True)


async def test_a_basket_is_ok_whatever_its_items_are(fyers: Fyers) -> None:
    items = [ORDER, {**ORDER, "qty": 0}, {**ORDER, "qty": 200_000}, "nonsense"]
    answer = (await fyers.api("POST", "/multi-order/sync", items)).json()
    assert (answer["s"], answer["code"]) == ("ok", 200)
    assert [item["body"]["code"] for item in answer["data"]] == [1101, -50, -99, -50]
    assert [item["statusCode"] for item in answer["data"]] == [200, 400, 400, 400]
    assert len(await fyers.arrived()) == 2


async def test_baskets_modify_and_cancel_too(fyers: Fyers) -> None:
    ids = [(await fyers.place(**RESTING))["id"] for _ in range(2)]
    changes = [{"id": order_id, "type": 1, "limitPrice": 905.0} for order_id in ids]
    answer = (await fyers.api("PATCH", "/multi-order/sync", changes)).json()
    assert [item["body"]["code"] for item in answer["data"]] == [1102, 1102]
    answer = (await fyers.api("DELETE", "/multi-order/sync", [{"id": ids[0]}, {"id": "x"}])).json()
    assert [item["body"]["code"] for item in answer["data"]] == [1103, -51]
    assert [(row["status"], row["limitPrice"]) for row in await fyers.book()] == [(1, 905.0), (6, 905.0)]


@pytest.mark.parametrize("body", [[], [ORDER] * 11, ORDER, None])
async def test_a_basket_holds_one_to_ten(fyers: Fyers, body: object) -> None:
    answer = await fyers.api("POST", "/multi-order/sync", body)
    assert (answer.json()["code"], await fyers.arrived()) == (-50, [])


async def test_the_asynchronous_family_answers_without_an_id(fyers: Fyers) -> None:
    answer = (await fyers.api("POST", "/orders/async", {**RESTING, "orderTag": "q"})).json()
    assert (answer["s"], answer["code"], "id" in answer) == ("ok", 1101, False)
    row = (await fyers.book(order_tag="1:q"))[0]
    assert row["id_fyers"] == answer["id_fyers"]
    change = {"id": row["id"], "type": 1, "limitPrice": 905.0}
    assert (await fyers.api("PATCH", "/orders/async", change)).json()["id_fyers"] == row["id_fyers"]
    answer = (await fyers.api("DELETE", "/multi-order/async", [{"id": row["id"]}])).json()
    assert answer["data"][0]["body"]["id_fyers"] == row["id_fyers"]
    assert (await fyers.order(row["id"]))["status"] == 1


async def test_a_queued_order_is_rejected_in_the_book_only(fyers: Fyers) -> None:
    answer = (await fyers.api("POST", "/orders/async", {**ORDER, "qty": 200_000})).json()
    assert answer["code"] == 1101
    assert (await fyers.book())[0]["status"] == 5
    assert (await fyers.api("POST", "/orders/async", {**ORDER, "qty": 0})).json()["code"] == -50


async def test_an_unconfirmed_order_is_201_and_exists(fyers: Fyers) -> None:
    await fyers.set(unconfirmed=True)
    answer = await fyers.place()
    assert (answer["s"], answer["code"]) == ("ok", 201)
    assert len(await fyers.book()) == 1


async def test_an_app_that_may_not_trade_may_still_read(fyers: Fyers) -> None:
    order = await fyers.place(**RESTING)
    await fyers.set(orders_allowed=False)
    answers = [
        await fyers.api("POST", "/orders/sync", ORDER),
        await fyers.api("POST", "/multi-order/sync", [ORDER]),
        await fyers.api("PATCH", "/orders/sync", {"id": order["id"], "type": 2}),
        await fyers.api("DELETE", "/orders/sync", {"id": order["id"]}),
        await fyers.api("DELETE", "/positions", {"exit_all": 1}),
    ]
    assert [a.json()["code"] for a in answers] == [-50] * 5
    assert all("Algo orders are not allowed from this app EMULATED-100" in a.json()["message"] for a in answers)
    assert [row["status"] for row in await fyers.book()] == [6]


async def test_loose_types_are_the_same_facts(fyers: Fyers) -> None:
    await fyers.set(loose_types=True)
    answer = await fyers.place()
    assert (answer["code"], isinstance(answer["id"], int)) == ("1101", True)
    row = (await fyers.book())[0]
    assert (row["id"], row["exchange"], row["segment"], row["fyToken"]) == (answer["id"], "10", "10", 10100000003045)


async def test_sparse_rows_lack_what_older_captures_lack(fyers: Fyers) -> None:
    await fyers.set(sparse_rows=True, transit_seconds=60)
    await fyers.place()
    row = (await fyers.book())[0]
    assert row.keys().isdisjoint({"id_fyers", "instrument", "takeProfit", "stopLoss"})
    assert row["exchOrdId"] is None


async def test_yesterdays_orders_are_not_in_the_book(fyers: Fyers, clock: Clock) -> None:
    order = await fyers.place(**RESTING)
    clock.forward(24 * 3600)
    await fyers.login()
    assert await fyers.book() == []
    assert (await fyers.api("GET", "/orders", id=order["id"])).json()["code"] == -51
    assert (await fyers.arrived())[0]["status"] == "EXPIRED"
