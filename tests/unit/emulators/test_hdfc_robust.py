"""No request, however odd, makes the emulator itself fail: an accident of its own must not look like the broker's."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from ordo_emulators.control import controlled
from ordo_emulators.hdfc.emulator import HdfcEmulator
from ordo_emulators.server import Handler, Request
from tests.unit.emulators.hdfc_wire import CHANGE, OPTION, ORDER
from tests.unit.emulators.wire import Clock, Json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=6),
    lambda child: st.lists(child, max_size=3) | st.dictionaries(st.text(max_size=6), child, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [*OPTION, "external_reference_number", "username", "password", "answer", "apiSecret", "data", "operation", "fault",
     "times", "bucket", "twofa", "profile_verb", "NSE:SBIN"]
)  # fmt: skip
VALUES = JSON | st.sampled_from(
    ["NSE", "BSE", "MCX", "STABANEQNR", "35002", "EQUITY", "FUTIDX", "NIFTYEQEQNR", "20261229", "CE", "Buy", "SELL",
     "DELIVERY", "INTRADAY", "LIMIT", "SL", "SL-M", "MARKET", "DAY", "IOC", 0, 1, 10, 65, 900, 1050, True, "EMUSER",
     "emu-pass", "123456", "EMULATED-SECRET", [{"exchange": "NSE", "token": "3045"}], [{}]]
)  # fmt: skip
FIELDS = st.dictionaries(NAMES, VALUES, max_size=12) | st.dictionaries(NAMES, VALUES, max_size=3).map(
    lambda changes: {**ORDER, **changes}
)
BODIES = JSON | FIELDS | st.sampled_from([CHANGE, {"data": [{"exchange": "NSE", "token": 3045}]}])
QUERIES = st.dictionaries(
    st.sampled_from(["token_id", "request_token", "consent"]), st.text(max_size=8) | st.just("true")
)
PATHS = st.sampled_from(
    [f"/oapi/v1/{path}" for path in (
        "login", "login/validate", "twofa/resend", "twofa/validate", "authorise", "access-token", "orders/regular",
        "orders/regular/", "orders/regular/x", "orders", "orders/x", "orders/x/trades", "trades", "user/margins",
        "portfolio/holdings", "portfolio/cumulative-positions", "fetch-ltp", "margin", "security-master")]
    + [f"/_emulator/{path}" for path in ("faults", "orders", "prices", "settings")]
    + ["/oapi/v3/user/profile", "/elsewhere"]
)  # fmt: skip
QUERY = {"api_key": "EMULATED"}
AGENT = {"user-agent": "x"}


def logged_in() -> tuple[Handler, dict[str, str]]:
    emulator = HdfcEmulator(clock=Clock())
    emulator.change_settings({"rate_limits": False})

    def step(method: str, path: str, body: object = None, **query: str) -> Json:
        content = b"" if body is None else json.dumps(body).encode()
        request = Request(method=method, path=f"/oapi/v1{path}", query={**QUERY, **query}, headers=AGENT, body=content)
        found: Json = json.loads(emulator.handle(request).body)
        return found

    token_id = step("GET", "/login")["tokenId"]
    step("POST", "/login/validate", {"username": "EMUSER", "password": "emu-pass"}, token_id=token_id)
    third = step("POST", "/twofa/validate", {"answer": "123456"}, token_id=token_id)["requestToken"]
    fourth = step("GET", "/authorise", token_id=token_id, consent="true", request_token=third)["requestToken"]
    granted = step("POST", "/access-token", {"apiSecret": "EMULATED-SECRET"}, request_token=fourth)
    return controlled(emulator), {**AGENT, "authorization": granted["accessToken"]}


@settings(max_examples=60, deadline=None)
@given(
    calls=st.lists(st.tuples(st.sampled_from(["GET", "POST", "PUT", "DELETE"]), PATHS, QUERIES, BODIES), max_size=30)
)
def test_odd_requests_are_answered(calls: list[tuple[str, str, dict[str, str], object]]) -> None:
    handle, headers = logged_in()
    for method, path, query, body in calls:
        content = json.dumps(body).encode()
        handle(Request(method=method, path=path, query={**QUERY, **query}, headers=headers, body=content))
    for path in ("/orders", "/trades", "/portfolio/cumulative-positions", "/user/margins"):
        handle(Request(method="GET", path=f"/oapi/v1{path}", query=QUERY, headers=headers))
    handle(Request(method="GET", path="/_emulator/orders"))
