"""Every fault on every operation where it can be armed: what the client sees, and what reached the broker."""

import json
from dataclasses import dataclass

import httpx2
import pytest

from ordo_emulators.faults import WRITES, Fault, Operation, sensible
from tests.unit.emulators.hdfc_wire import CHANGE, ORDER, RESTING, Hdfc
from tests.unit.emulators.wire import Clock, Json

# Only a client that is meant to lose its patience is given little of it.
PATIENCE, HANGS = 0.15, {Fault.TIMEOUT_BEFORE_ACCEPT, Fault.TIMEOUT_AFTER_ACCEPT}
TAGGED: Json = {**RESTING, "external_reference_number": 41}

BEFORE = {
    Fault.DROP_BEFORE_ACCEPT,
    Fault.TIMEOUT_BEFORE_ACCEPT,
    Fault.BAD_GATEWAY_BEFORE_ACCEPT,
    Fault.RATE_LIMITED,
    Fault.EXPIRED_SESSION,
}
ARMABLE = [(operation, fault) for operation in Operation for fault in sorted(sensible(operation))]
PATHS = {
    Operation.ORDERS: "/orders",
    Operation.TRADES: "/trades",
    Operation.FUNDS: "/user/margins",
    Operation.HOLDINGS: "/portfolio/holdings",
    Operation.POSITIONS: "/portfolio/cumulative-positions",
}


@dataclass(frozen=True)
class Seen:
    """What a client can tell about an answer."""

    kind: str
    status: int | None = None


async def ask(hdfc: Hdfc, operation: Operation, order_id: str, request_token: str) -> httpx2.Response:
    if operation is Operation.PLACE:
        return await hdfc.api("POST", "/orders/regular", TAGGED)
    if operation is Operation.MODIFY:
        return await hdfc.api("PUT", f"/orders/regular/{order_id}", CHANGE)
    if operation is Operation.CANCEL:
        return await hdfc.api("DELETE", f"/orders/regular/{order_id}")
    if operation is Operation.LOGIN:
        return await hdfc.exchange(request_token)
    if operation is Operation.QUOTES:
        return await hdfc.api("PUT", "/fetch-ltp", {"data": [{"exchange": "NSE", "token": "3045"}]})
    return await hdfc.api("GET", PATHS[operation])


async def see(hdfc: Hdfc, operation: Operation, order_id: str, request_token: str) -> Seen:
    try:
        answer = await ask(hdfc, operation, order_id, request_token)
    except httpx2.ReadTimeout:
        return Seen("timeout")
    except httpx2.RemoteProtocolError as error:
        return Seen("cut" if "message body" in str(error) else "dropped")
    except httpx2.ReadError:
        return Seen("dropped")
    if not answer.content:
        return Seen("empty", answer.status_code)
    if answer.headers["content-type"].startswith("text/html"):
        return Seen("html", answer.status_code)
    return Seen("ok" if succeeded(json.loads(answer.content)) else "error", answer.status_code)


def succeeded(body: Json) -> bool:
    """By the envelopes: of the login, of prices, of everything else."""
    if "accessToken" in body:
        return True
    if "meta" in body:
        return bool(body["meta"]["statusCode"] == "OK")
    return body.get("status") == "success"


EXPECTED = {
    Fault.DROP_BEFORE_ACCEPT: Seen("dropped"),
    Fault.DROP_AFTER_ACCEPT: Seen("dropped"),
    Fault.TIMEOUT_BEFORE_ACCEPT: Seen("timeout"),
    Fault.TIMEOUT_AFTER_ACCEPT: Seen("timeout"),
    Fault.BAD_GATEWAY_BEFORE_ACCEPT: Seen("html", 502),
    Fault.BAD_GATEWAY_AFTER_ACCEPT: Seen("html", 502),
    Fault.HTML_AFTER_ACCEPT: Seen("html", 200),
    Fault.EMPTY_AFTER_ACCEPT: Seen("empty", 200),
    Fault.CUT_BODY_AFTER_ACCEPT: Seen("cut"),
    Fault.UNKNOWN_CODE: Seen("error", 200),
    Fault.RATE_LIMITED: Seen("error", 429),
    Fault.EXPIRED_SESSION: Seen("error", 401),
    Fault.LATE_IN_BOOK: Seen("ok", 200),
    Fault.NO_TAG_ECHO: Seen("ok", 200),
}


async def happened(hdfc: Hdfc, operation: Operation, request_token: str) -> bool:
    """Whether the write reached the broker, by the broker's own word."""
    if operation is Operation.LOGIN:
        return (await hdfc.exchange(request_token)).status_code == 400
    arrived = await hdfc.arrived()
    if operation is Operation.PLACE:
        return len(arrived) == 2
    (row,) = arrived
    if operation is Operation.CANCEL:
        return bool(row["status"] == "CANCELLED")
    return bool((await hdfc.order(row["id"]))["price"] == 910)


@pytest.mark.parametrize(("operation", "fault"), ARMABLE)
async def test_a_fault_shows_and_does_exactly_what_it_says(hdfc: Hdfc, operation: Operation, fault: Fault) -> None:
    order_id, request_token = await hdfc.place(**RESTING), await hdfc.request_token()
    await hdfc.arm(operation, fault)
    hdfc.http.timeout = httpx2.Timeout(PATIENCE if fault in HANGS else 10)
    seen = await see(hdfc, operation, order_id, request_token)
    hdfc.http.timeout = httpx2.Timeout(10)
    assert seen == EXPECTED[fault]
    if operation in WRITES or operation is Operation.LOGIN:
        assert await happened(hdfc, operation, request_token) == (fault not in BEFORE)
    assert (await hdfc.control("GET", "/faults")).json() == {"faults": []}


@pytest.mark.parametrize("operation", sorted(set(Operation) - {Operation.LOGIN}))
async def test_after_a_fault_the_session_and_the_operation_live_on(hdfc: Hdfc, operation: Operation) -> None:
    order_id = await hdfc.place(**RESTING)
    await hdfc.arm(operation, "expired_session")
    seen = [await see(hdfc, operation, order_id, "") for _ in range(2)]
    assert seen == [Seen("error", 401), Seen("ok", 200)]


async def test_a_lost_answer_leaves_one_order_that_its_reference_finds(hdfc: Hdfc) -> None:
    await hdfc.arm("place", "drop_after_accept")
    with pytest.raises(httpx2.TransportError):
        await hdfc.place(external_reference_number=260110093015001)
    found = [row for row in await hdfc.rows("/orders") if row["external_reference_number"] == "260110093015001"]
    assert [row["status"] for row in found] == ["Traded"]


async def test_a_late_order_is_in_no_book_until_its_time(hdfc: Hdfc, clock: Clock) -> None:
    await hdfc.arm("place", "late_in_book")
    late, prompt = await hdfc.place(), await hdfc.place()

    async def books() -> tuple[list[str], list[str], list[str]]:
        trades = await hdfc.rows("/trades")
        alone = [(await hdfc.api("GET", f"/orders/{late}{suffix}")).json()["status"] for suffix in ("", "/trades")]
        return [row["order_id"] for row in await hdfc.rows("/orders")], [row["order_id"] for row in trades], alone

    assert await books() == ([prompt], [prompt], ["error", "error"])
    assert [row["id"] for row in await hdfc.arrived()] == [late, prompt]
    clock.forward(2.999)
    assert (await books())[0] == [prompt]
    clock.forward(0.001)
    assert await books() == ([late, prompt], [late, prompt], ["success", "success"])


async def test_how_late_can_be_set(hdfc: Hdfc, clock: Clock) -> None:
    await hdfc.set(late_seconds=10)
    await hdfc.arm("place", "late_in_book")
    await hdfc.place()
    clock.forward(9)
    assert await hdfc.rows("/orders") == []
    clock.forward(1)
    assert len(await hdfc.rows("/orders")) == 1


async def test_an_order_whose_reference_is_lost_is_never_found_by_it(hdfc: Hdfc) -> None:
    await hdfc.arm("place", "no_tag_echo")
    order_id = await hdfc.place(external_reference_number=7)
    other = await hdfc.place(external_reference_number=8)
    assert (await hdfc.order(order_id))["external_reference_number"].startswith("STAPI")
    assert (await hdfc.order(other))["external_reference_number"] == "8"
    assert (await hdfc.arrived())[0]["tag"] == "7"


async def test_one_reading_of_the_book_may_lack_the_references(hdfc: Hdfc) -> None:
    await hdfc.place(external_reference_number=7)
    await hdfc.arm("orders", "no_tag_echo")
    shown = [(await hdfc.rows("/orders"))[0]["external_reference_number"] for _ in range(2)]
    assert shown[0].startswith("STAPI")
    assert shown[1] == "7"


async def test_a_refused_order_under_a_fault_is_not_accepted_either(hdfc: Hdfc) -> None:
    await hdfc.arm("place", "html_after_accept")
    answer = await hdfc.api("POST", "/orders/regular", {**ORDER, "quantity": 0})
    assert answer.headers["content-type"].startswith("text/html")
    assert await hdfc.arrived() == []


@pytest.mark.parametrize("wrong", [{"api_key": "OTHER"}, {}])
async def test_a_fault_waits_for_a_request_that_is_let_in(hdfc: Hdfc, wrong: dict[str, str]) -> None:
    await hdfc.arm("funds", "unknown_code")
    alive, hdfc.token = hdfc.token, hdfc.token if wrong else "dead"
    assert (await hdfc.api("GET", "/user/margins", **wrong)).status_code == 401
    hdfc.token = alive
    assert (await hdfc.api("GET", "/user/margins")).json()["status"] == "error"


async def test_the_first_steps_of_a_login_suffer_nothing(hdfc: Hdfc) -> None:
    await hdfc.arm("login", "drop_after_accept")
    granted = await hdfc.request_token()
    with pytest.raises(httpx2.TransportError):
        await hdfc.exchange(granted)
    assert (await hdfc.exchange(granted)).status_code == 400
    assert (await hdfc.exchange(await hdfc.request_token())).status_code == 200
