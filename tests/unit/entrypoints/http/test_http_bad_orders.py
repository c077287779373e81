"""Every field of an order, wrong in every way: refused before anything is written down, and told which and why."""

from __future__ import annotations

from typing import Any

from ordo.domain.audit import AuditKind
from tests.unit.entrypoints.http.gateway_door import BUY, ORDERS, Door

ABSENT = object()
FUTURE = {"instrument": "NFO:NIFTY:20261229:FUT", "product": "NRML", "quantity": 65, "price": "26000.00"}
STOP = {"order_type": "SL", "price": "800.00", "trigger_price": "790.00"}

UNREADABLE: list[tuple[str, object, str | None]] = [
    ("instrument", ABSENT, None),
    ("instrument", None, "null"),
    ("instrument", 5, "5"),
    ("instrument", ["NSE:SBIN"], '["NSE:SBIN"]'),
    ("side", ABSENT, None),
    ("side", "buy", "buy"),
    ("side", "HOLD", "HOLD"),
    ("side", 1, "1"),
    ("side", None, "null"),
    ("quantity", ABSENT, None),
    ("quantity", "10", "10"),
    ("quantity", 10.0, "10.0"),
    ("quantity", 1.5, "1.5"),
    ("quantity", True, "true"),
    ("quantity", None, "null"),
    ("quantity", [10], "[10]"),
    ("order_type", ABSENT, None),
    ("order_type", "STOP", "STOP"),
    ("order_type", "limit", "limit"),
    ("order_type", None, "null"),
    ("product", ABSENT, None),
    ("product", "BO", "BO"),
    ("product", {}, "{}"),
    ("price", 800, "800"),
    ("price", 800.05, "800.05"),
    ("price", "", ""),
    ("price", " 800.00", " 800.00"),
    ("price", "800.", "800."),
    ("price", ".5", ".5"),
    ("price", "+800", "+800"),
    ("price", "-800.00", "-800.00"),
    ("price", "8e2", "8e2"),
    ("price", "0800.00", "0800.00"),
    ("price", "8_00", "8_00"),
    ("price", "\u0968\u0966\u0966", "\u0968\u0966\u0966"),
    ("price", "NaN", "NaN"),
    ("price", "Infinity", "Infinity"),
    ("price", "1e400", "1e400"),
    ("price", "800.00001", "800.00001"),
    ("price", "1000000000.00", "1000000000.00"),
    ("price", "9" * 5000, "9" * 100 + "\u2026"),
    ("price", True, "true"),
    ("price", ["800.00"], '["800.00"]'),
    ("trigger_price", 790, "790"),
    ("trigger_price", "-1", "-1"),
    ("validity", "GTC", "GTC"),
    ("validity", None, "null"),
    ("disclosed_quantity", "5", "5"),
    ("disclosed_quantity", 5.5, "5.5"),
    ("after_market", "false", "false"),
    ("after_market", 0, "0"),
    ("after_market", None, "null"),
    ("protection", 1, "1"),
    ("protection", "AUTO", "AUTO"),
    ("protection", "-1", "-1"),
    ("protection", "1%", "1%"),
    ("protection", None, "null"),
    ("limit_price", "800.00", "800.00"),
    ("order_id", "375000000000001", "375000000000001"),
    ("", "", ""),
]

UNSOUND: list[tuple[dict[str, Any], str, str, str | None]] = [
    ({"instrument": "SBIN"}, "INVALID_INSTRUMENT", "instrument", "SBIN"),
    ({"instrument": ""}, "INVALID_INSTRUMENT", "instrument", ""),
    ({"instrument": "nse:sbin"}, "INVALID_INSTRUMENT", "instrument", "nse:sbin"),
    ({"instrument": "NSE:SBIN:BE:X:Y:Z"}, "INVALID_INSTRUMENT", "instrument", "NSE:SBIN:BE:X:Y:Z"),
    ({"instrument": "NSE:NOSUCH"}, "INVALID_INSTRUMENT", "instrument", "NSE:NOSUCH"),
    ({"instrument": "NSE_INDEX:NIFTY"}, "INVALID_INSTRUMENT", "instrument", "NSE_INDEX:NIFTY"),
    ({"instrument": "NFO:NIFTY:20261332:FUT"}, "INVALID_INSTRUMENT", "instrument", "NFO:NIFTY:20261332:FUT"),
    ({"quantity": 0}, "INVALID_ORDER", "quantity", "0"),
    ({"quantity": -10}, "INVALID_ORDER", "quantity", "-10"),
    ({"quantity": 10**18}, "INVALID_ORDER", "quantity", str(10**18)),
    ({"price": "0"}, "INVALID_ORDER", "price", "0"),
    ({"price": "0.00"}, "INVALID_ORDER", "price", "0.00"),
    ({"price": None}, "INVALID_ORDER", "price", None),
    ({"price": "800.03"}, "INVALID_ORDER", "price", "800.03"),
    ({"price": "800.0001"}, "INVALID_ORDER", "price", "800.0001"),
    ({"order_type": "MARKET"}, "INVALID_ORDER", "price", "800.00"),
    ({"order_type": "SL-M", "trigger_price": "790.00"}, "INVALID_ORDER", "price", "800.00"),
    ({"trigger_price": "790.00"}, "INVALID_ORDER", "trigger_price", "790.00"),
    ({"order_type": "SL"}, "INVALID_ORDER", "trigger_price", None),
    ({**STOP, "trigger_price": "800.05"}, "INVALID_ORDER", "trigger_price", "800.05"),
    ({**STOP, "side": "SELL"}, "INVALID_ORDER", "trigger_price", "790.00"),
    ({**STOP, "trigger_price": "790.02"}, "INVALID_ORDER", "trigger_price", "790.02"),
    ({"product": "NRML"}, "INVALID_ORDER", "product", "NRML"),
    ({"product": "MTF"}, "UNSUPPORTED", "product", "MTF"),
    ({"disclosed_quantity": 0}, "INVALID_ORDER", "disclosed_quantity", "0"),
    ({"disclosed_quantity": 11}, "INVALID_ORDER", "disclosed_quantity", "11"),
    ({"disclosed_quantity": 5, "validity": "IOC"}, "INVALID_ORDER", "disclosed_quantity", "5"),
    ({"disclosed_quantity": 5}, "UNSUPPORTED", "disclosed_quantity", "5"),
    ({"after_market": True}, "UNSUPPORTED", "after_market", "true"),
    ({"protection": "0"}, "INVALID_ORDER", "protection", "0"),
    ({"protection": "100.5"}, "INVALID_ORDER", "protection", "100.5"),
    ({**FUTURE, "quantity": 66}, "INVALID_ORDER", "quantity", "66"),
    ({**FUTURE, "quantity": 1820}, "INVALID_ORDER", "quantity", "1820"),
    ({**FUTURE, "product": "CNC"}, "INVALID_ORDER", "product", "CNC"),
    ({**FUTURE, "disclosed_quantity": 65}, "INVALID_ORDER", "disclosed_quantity", "65"),
]

OFF_TICK: list[tuple[dict[str, Any], str, str, str]] = [
    ({"price": "800.03"}, "price", "800.00", "800.05"),
    ({"price": "799.9999"}, "price", "799.95", "800.00"),
    ({**STOP, "trigger_price": "790.02"}, "trigger_price", "790.00", "790.05"),
    ({**FUTURE, "price": "26000.03"}, "price", "26000.00", "26000.10"),
]


async def _nothing_happened(door: Door) -> None:
    assert await door.intents() == ()
    assert not door.broker.reached.is_set()
    kinds = {event.kind for event in door.audit.events}
    assert kinds <= {AuditKind.GATEWAY_STARTED, AuditKind.SESSION_OPENED, AuditKind.ORDER_DENIED}


async def test_what_can_t_be_read_is_refused_by_its_field(door: Door) -> None:
    for field, value, seen in UNREADABLE:
        body = {**BUY, field: value}
        if value is ABSENT:
            del body[field]
        answer = await door.place(body)
        told = answer.json()
        assert (answer.status_code, told["error_code"]) == (400, "VALIDATION_ERROR"), (field, value)
        assert told["details"]["outcome"] == "not_sent"
        (fault,) = told["details"]["fields"]
        assert fault["field"] == (field or "body"), (field, value)
        assert fault.get("seen") == seen, (field, value)
        assert fault["message"]
        assert f"{fault['field']} {fault['message']}" in told["message"]
    await _nothing_happened(door)


async def test_what_makes_no_order_is_refused_by_its_field(door: Door) -> None:
    for changes, code, field, seen in UNSOUND:
        answer = await door.place({**BUY, **changes})
        told = answer.json()
        assert (answer.status_code, told["error_code"]) == (422, code), changes
        assert told["details"]["outcome"] == "not_sent"
        fault = told["details"]["fields"][0]
        assert (fault["field"], fault.get("seen")) == (field, seen), changes
    await _nothing_happened(door)


async def test_every_wrong_field_is_told_at_once(door: Door) -> None:
    unreadable = await door.place({**BUY, "quantity": "10", "price": 800.0, "side": None, "extra": 1})
    fields = [fault["field"] for fault in unreadable.json()["details"]["fields"]]
    assert sorted(fields) == ["extra", "price", "quantity", "side"]
    mixed = await door.place({**BUY, "quantity": "10", "instrument": "SBIN"})
    assert mixed.status_code == 400
    assert [fault["field"] for fault in mixed.json()["details"]["fields"]] == ["instrument", "quantity"]
    unsound = await door.place({**BUY, "order_type": "MARKET", "quantity": 0, "product": "NRML"})
    assert [fault["field"] for fault in unsound.json()["details"]["fields"]] == ["quantity", "price", "product"]
    await _nothing_happened(door)


async def test_a_price_off_the_tick_is_answered_with_its_neighbours(door: Door) -> None:
    for changes, field, below, above in OFF_TICK:
        (fault,) = (await door.place({**BUY, **changes})).json()["details"]["fields"]
        assert fault["field"] == field
        assert fault["message"].endswith(f"nearest: {below} and {above}")
        for price in (below, above):
            preview = await door.http.post(f"{ORDERS}/preview", json={**BUY, **changes, field: price})
            assert [check["passed"] for check in preview.json()["checks"] if check["name"] == "tick"] == [True]


async def test_a_quantity_off_the_lot_is_answered_with_its_neighbours(door: Door) -> None:
    (fault,) = (await door.place({**BUY, **FUTURE, "quantity": 66})).json()["details"]["fields"]
    assert fault["message"].endswith("nearest: 65 and 130")
    (fault,) = (await door.place({**BUY, **FUTURE, "quantity": 1820})).json()["details"]["fields"]
    assert fault["message"] == "exceeds the freeze quantity of 1800 units; split it into 2 orders"


async def test_a_refused_order_frees_its_key(door: Door) -> None:
    assert (await door.place({**BUY, "price": "800.03"})).status_code == 422
    assert (await door.place({**BUY, "price": "800.05"})).status_code == 201
