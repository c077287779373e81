"""What an account and the gateway look like from outside."""

from __future__ import annotations

from ordo.domain.errors import ErrorCode, Unavailable
from ordo.domain.instruments import InstrumentKey
from tests.unit.entrypoints.http.gateway_door import BUY, ORDERS, Door

ACCOUNT = "/api/v1/accounts/paper/DEMO"
AS_OF = "2026-11-23T10:00:00+05:30"


async def test_a_portfolio_has_every_field(door: Door) -> None:
    await door.place({**BUY, "product": "MIS"})
    portfolio = (await door.http.get(f"{ACCOUNT}/portfolio")).json()
    assert set(portfolio) == {
        "cash_balance",
        "margin_available",
        "positions",
        "holdings",
        "as_of",
        "metadata_json",
    }
    assert portfolio["as_of"] == AS_OF
    (position,) = portfolio["positions"]
    assert set(position) == {
        "instrument",
        "product",
        "quantity",
        "average_price",
        "last_price",
        "realised_pnl",
        "unrealised_pnl",
        "pnl",
        "buy_quantity",
        "sell_quantity",
        "buy_value",
        "sell_value",
        "metadata_json",
    }
    assert (position["quantity"], position["average_price"], position["buy_value"]) == (10, "780.05", "7800.50")
    assert (await door.http.get(f"{ACCOUNT}/positions")).json() == [position]


async def test_lists_are_bare_arrays_with_their_time(door: Door) -> None:
    await door.place()
    for name in ("positions", "holdings", "orders", "trades"):
        answer = await door.http.get(f"{ACCOUNT}/{name}")
        assert answer.status_code == 200
        assert isinstance(answer.json(), list)
        assert answer.headers["X-Ordo-As-Of"] == AS_OF
    (trade,) = (await door.http.get(f"{ACCOUNT}/trades")).json()
    (order,) = (await door.http.get(ORDERS)).json()
    assert trade["order_id"] == order["order_id"]
    assert (trade["price"], trade["quantity"], trade["traded_at"]) == ("780.05", 10, AS_OF)


async def test_funds_are_strings_and_never_invented(door: Door) -> None:
    funds = (await door.http.get(f"{ACCOUNT}/funds")).json()
    assert funds["cash"] == funds["available"] == "1000000.00"
    assert all(value is None or isinstance(value, str) for name, value in funds.items() if name != "metadata_json")


async def test_quotes_come_in_the_order_asked(door: Door) -> None:
    one = await door.http.get(f"{ACCOUNT}/quotes", params={"instrument": "NSE:SBIN"})
    assert one.json() == [
        {
            "instrument_token": "NSE:SBIN",
            "last_price": "780.00",
            "timestamp": AS_OF,
            "extended_fields_json": one.json()[0]["extended_fields_json"],
        }
    ]
    two = await door.http.get(f"{ACCOUNT}/quotes?instrument=NSE:SBIN&instrument=NSE%3ASBIN")
    assert [quote["instrument_token"] for quote in two.json()] == ["NSE:SBIN", "NSE:SBIN"]


async def test_questions_that_can_t_be_read_are_refused_by_their_field(door: Door) -> None:
    for path, field in (
        (f"{ACCOUNT}/quotes", "instrument"),
        (f"{ACCOUNT}/quotes?instruments=NSE:SBIN", "instrument"),
        (f"{ACCOUNT}/quotes?instrument=NSE:SBIN&depth=5", "depth"),
        (f"{ACCOUNT}/quotes?" + "&".join(["instrument=NSE:SBIN"] * 51), "instrument"),
        ("/api/v1/instruments", "query"),
        ("/api/v1/instruments?query=", "query"),
        ("/api/v1/instruments?query=%20", "query"),
        ("/api/v1/instruments?query=a&query=b", "query"),
        ("/api/v1/instruments?query=a&limit=0", "limit"),
        ("/api/v1/instruments?query=a&limit=101", "limit"),
        ("/api/v1/instruments?query=a&limit=1.0", "limit"),
        ("/api/v1/instruments?query=a&limit=%EF%BC%91", "limit"),
        ("/api/v1/instruments?query=a&limit=1&limit=2", "limit"),
        ("/api/v1/instruments?query=a&q=b", "q"),
    ):
        answer = await door.http.get(path)
        assert (answer.status_code, answer.json()["error_code"]) == (400, "VALIDATION_ERROR"), path
        assert answer.json()["details"]["fields"][0]["field"] == field, path


async def test_quotes_of_what_is_not_known_are_refused(door: Door) -> None:
    for key in ("SBIN", "NSE:NOSUCH", ""):
        answer = await door.http.get(f"{ACCOUNT}/quotes", params={"instrument": ["NSE:SBIN", key]})
        assert (answer.status_code, answer.json()["error_code"]) == (422, "INVALID_INSTRUMENT")


async def test_an_account_that_no_broker_serves_is_404(door: Door) -> None:
    for account in ("nobody/DEMO", "PAPER/DEMO", "paper/..%20", "paper/" + "X" * 33, "p%C3%A4per/DEMO"):
        for answer in (
            await door.http.get(f"/api/v1/accounts/{account}/portfolio"),
            await door.http.get(f"/api/v1/accounts/{account}/orders"),
            await door.http.get(f"/api/v1/sessions/{account}"),
            await door.http.post(
                f"/api/v1/accounts/{account}/orders", json=dict(BUY), headers={"Idempotency-Key": "k"}
            ),
        ):
            assert (answer.status_code, answer.json()["error_code"]) == (404, "UNKNOWN_ACCOUNT"), account


async def test_a_book_that_can_t_be_read_is_an_error_and_never_empty(door: Door) -> None:
    door.broker.hides_book = True
    answer = await door.http.get(ORDERS)
    assert (answer.status_code, answer.json()["error_code"]) == (503, "BROKER_UNAVAILABLE")
    assert answer.json()["details"] == {"broker_id": "paper"}


async def test_instruments_are_found_by_key_and_by_name(door: Door) -> None:
    found = (await door.http.get("/api/v1/instruments", params={"query": "state bank", "limit": "1"})).json()
    assert len(found) == 1
    one = (await door.http.get("/api/v1/instruments/NSE:SBIN")).json()
    assert (one["key"], one["venue"], one["lot_size"], one["tick_size"]) == ("NSE:SBIN", "NSE", 1, "0.05")
    assert (await door.http.get("/api/v1/instruments", params={"query": "no such thing"})).json() == []


async def test_keys_stand_in_a_path_whatever_they_hold(door: Door) -> None:
    for key in ("NSE:M&M", "NSE_INDEX:NIFTY", "NFO:NIFTY:20261229:FUT"):
        known = door.container.instruments().directory().get(InstrumentKey.parse(key))
        assert known is not None
        for written in (key, key.replace(":", "%3A").replace("&", "%26")):
            assert (await door.http.get(f"/api/v1/instruments/{written}")).json()["key"] == key
    future = (await door.http.get("/api/v1/instruments/NFO:NIFTY:20261229:FUT")).json()
    assert (future["expiry"], future["strike"], future["right"]) == ("2026-12-29", None, None)
    unlisted = await door.http.get("/api/v1/instruments/NSE:NOSUCH")
    assert (unlisted.status_code, unlisted.json()["error_code"]) == (404, "NOT_FOUND")
    for nothing in ("SBIM", "NFO:NIFTY:20269999:FUT", "%00", "%F0%9F%92%A9"):
        answer = await door.http.get(f"/api/v1/instruments/{nothing}")
        assert (answer.status_code, answer.json()["error_code"]) == (422, "INVALID_INSTRUMENT")


async def test_the_gateway_tells_how_it_is(door: Door) -> None:
    assert (await door.http.get("/health")).json() == {"status": "ok"}
    assert (await door.http.get("/ready")).json() == {"status": "ready"}
    await door.place()
    status = (await door.http.get("/api/v1/status")).json()
    assert {"started_at", "now", "kill_switch", "sessions", "stores", "unknown_orders"} <= set(status)
    assert [session["account"] for session in status["sessions"]] == ["paper/DEMO"]
    assert all(store["ok"] for store in status["stores"])
    assert status["unknown_orders"] == []
    door.broker.loses_replies = door.broker.hides_book = True
    lost = (await door.place(key="2")).json()
    (unknown,) = (await door.http.get("/api/v1/status")).json()["unknown_orders"]
    assert unknown["order_id"] == lost["order_id"]


async def test_brokers_tell_what_they_can_do(door: Door) -> None:
    paper, asks = (await door.http.get("/api/v1/brokers")).json()
    assert (paper["adapter_id"], paper["kind"], asks["adapter_id"]) == ("paper", "paper", "asks")
    assert paper["capabilities"]["order_types"] == ["LIMIT", "MARKET", "SL", "SL-M"]
    assert paper["capabilities"]["tag_echo"] is True


async def test_a_store_that_is_away_makes_the_gateway_unready_and_names_itself(door: Door) -> None:
    async def away() -> None:
        raise Unavailable(ErrorCode.STORE_UNAVAILABLE, "the disk is gone")

    door.container.gateway().status._probes = {"database": away}
    answer = await door.http.get("/ready", headers={"Authorization": ""})
    assert (answer.status_code, answer.json()["error_code"]) == (503, "STORE_UNAVAILABLE")
    assert answer.json()["details"]["fields"] == [{"field": "database", "message": "the disk is gone"}]
    assert (await door.http.get("/health")).status_code == 200


async def test_the_kill_switch_is_set_with_who_when_and_why(door: Door) -> None:
    switch = "/api/v1/kill-switch"
    assert (await door.http.get(switch)).json()["state"] == "ACTIVE"
    halted = await door.http.put(switch, json={"state": "HALTED", "reason": "a wrong fill"})
    assert halted.json() == {
        "state": "HALTED",
        "account": None,
        "changed_by": "owner",
        "changed_at": AS_OF,
        "reason": "a wrong fill",
    }
    assert (await door.http.get(switch)).json() == halted.json()
    for body, status, code in (
        ({"state": "HALTED", "reason": "x", "account": "nobody/DEMO"}, 404, "UNKNOWN_ACCOUNT"),
        ({"state": "HALTED", "reason": "x", "account": "DEMO"}, 404, "UNKNOWN_ACCOUNT"),
        ({"state": "HALTED", "reason": "x", "account": 7}, 400, "VALIDATION_ERROR"),
        ({"state": "OFF", "reason": "x"}, 400, "VALIDATION_ERROR"),
        ({"state": "ACTIVE", "reason": "  "}, 400, "VALIDATION_ERROR"),
        ({"state": "ACTIVE", "reason": "x" * 201}, 400, "VALIDATION_ERROR"),
    ):
        answer = await door.http.put(switch, json=body)
        assert (answer.status_code, answer.json()["error_code"]) == (status, code)
        assert "outcome" not in answer.json()["details"]
    assert (await door.http.get(switch)).json() == halted.json()
    assert (await door.http.put(switch, json={"state": "ACTIVE"})).json()["reason"] == "no reason given"
    assert (await door.place()).status_code == 201
