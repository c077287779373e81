"""No request, however odd, makes the emulator itself fail: an accident of its own must not look like the broker's."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordo_emulators.control import controlled
from ordo_emulators.fyers.emulator import FyersEmulator
from ordo_emulators.server import Request
from tests.unit.emulators.wire import HASH, ORDER, Clock, Json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=6),
    lambda child: st.lists(child, max_size=3) | st.dictionaries(st.text(max_size=6), child, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [*ORDER, "id", "orderTag", "isSliceOrder", "stopLoss", "exit_all", "segment", "data", "symbols", "convertFrom",
     "convertTo", "convertQty", "positionSide", "overnight", "pending_orders_cancel", "code", "grant_type",
     "appIdHash", "refresh_token", "operation", "fault", "times", "rate_limits", "NSE:SBIN-EQ"]
)  # fmt: skip
VALUES = JSON | st.sampled_from(
    ["NSE:SBIN-EQ", "NSE:SBIN-EQ-CNC", "CNC", "INTRADAY", "DAY", 1, -1, 2, 3, 4, 0, True, False, [10], [1, -1],
     ["ALL"], ["NSE:SBIN-EQ"], "authorization_code", HASH, "place", 900.0]
)  # fmt: skip
FIELDS = st.dictionaries(NAMES, VALUES, max_size=12) | st.dictionaries(NAMES, VALUES, max_size=3).map(
    lambda changes: {**ORDER, **changes}
)
BODIES = JSON | FIELDS | st.lists(FIELDS, max_size=3) | FIELDS.map(lambda fields: {"data": [fields]})
QUERIES = st.dictionaries(
    st.sampled_from(["id", "order_tag", "symbols", "symbol", "resolution", "date_format", "range_from", "range_to",
                     "strikecount", "timestamp", "client_id", "redirect_uri", "response_type", "state"]),
    st.text(max_size=8) | st.sampled_from(["NSE:SBIN-EQ", "NSE:NIFTY50-INDEX", "D", "1", "0", "EMULATED-100", "code",
                                           "http://127.0.0.1/x", "1:t1", "2026-11-20"]),
)  # fmt: skip
PATHS = st.sampled_from(
    [f"/api/v3/{path}" for path in (
        "orders", "orders/sync", "orders/async", "multi-order/sync", "multi-order/async", "orders/x/sync", "positions",
        "multiorder/margin", "tradebook", "holdings", "funds", "profile", "generate-authcode", "validate-authcode",
        "validate-refresh-token")]
    + [f"/data/{path}" for path in ("quotes", "depth", "history", "options-chain-v3", "marketStatus", "symbol-token")]
    + [f"/_emulator/{path}" for path in ("faults", "orders", "prices", "settings")]
    + ["/api/v2/span_margin", "/sym_details/MCX_COM.csv", "/elsewhere"]
)  # fmt: skip


def logged_in() -> tuple[FyersEmulator, str]:
    emulator = FyersEmulator(clock=Clock())
    emulator.change_settings({"rate_limits": False, "refresh_tokens": True})
    query = {"client_id": "EMULATED-100", "redirect_uri": "http://x", "response_type": "code"}
    page = emulator.handle(Request(method="GET", path="/api/v3/generate-authcode", query=query))
    code = page.headers["Location"].partition("auth_code=")[2]
    body = json.dumps({"grant_type": "authorization_code", "appIdHash": HASH, "code": code}).encode()
    token: Json = json.loads(emulator.handle(Request(method="POST", path="/api/v3/validate-authcode", body=body)).body)
    return emulator, f"EMULATED-100:{token['access_token']}"


@settings(max_examples=60, deadline=None)
@given(
    calls=st.lists(st.tuples(st.sampled_from(["GET", "POST", "PATCH", "DELETE"]), PATHS, QUERIES, BODIES), max_size=30)
)
def test_odd_requests_are_answered(calls: list[tuple[str, str, dict[str, str], object]]) -> None:
    emulator, authorization = logged_in()
    handle = controlled(emulator)
    for method, path, query, body in calls:
        handle(
            Request(
                method=method,
                path=path,
                query=query,
                headers={"authorization": authorization},
                body=json.dumps(body).encode(),
            )
        )
    handle(Request(method="GET", path="/_emulator/orders"))
    handle(Request(method="GET", path="/api/v3/orders", headers={"authorization": authorization}))


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[1,]", b"nul", b'{"qty":1e999999999}'])
def test_a_body_that_is_not_json_is_the_clients_fault(body: bytes) -> None:
    emulator, authorization = logged_in()
    headers = {"authorization": authorization}
    answer = emulator.handle(Request(method="POST", path="/api/v3/orders/sync", headers=headers, body=body))
    assert (answer.status, json.loads(answer.body)["code"]) == (400, -50)
