"""Every fault on every operation where it can be armed: what the client sees, and what reached the broker."""

import json
from dataclasses import dataclass

import httpx2
import pytest

from ordo_emulators.faults import WRITES, Fault, Operation, sensible
from tests.unit.emulators.wire import HASH, ORDER, RESTING, Clock, Fyers, Json

# Only a client that is meant to lose its patience is given little of it.
PATIENCE, HANGS = 0.15, {Fault.TIMEOUT_BEFORE_ACCEPT, Fault.TIMEOUT_AFTER_ACCEPT}
TAGGED: Json = {**RESTING, "orderTag": "t1"}

BEFORE = {
    Fault.DROP_BEFORE_ACCEPT,
    Fault.TIMEOUT_BEFORE_ACCEPT,
    Fault.BAD_GATEWAY_BEFORE_ACCEPT,
    Fault.RATE_LIMITED,
    Fault.EXPIRED_SESSION,
}
OF_THE_BOOK = {Fault.LATE_IN_BOOK, Fault.NO_TAG_ECHO}
ARMABLE = [(operation, fault) for operation in Operation for fault in sorted(sensible(operation))]


@dataclass(frozen=True)
class Seen:
    """What a client can tell about an answer."""

    kind: str
    code: int | None = None


async def ask(fyers: Fyers, operation: Operation, order_id: str, code: str) -> httpx2.Response:
    change = {"id": order_id, "type": 1, "limitPrice": 910.0}
    writes: dict[Operation, tuple[str, str, object]] = {
        Operation.PLACE: ("POST", "/orders/sync", TAGGED),
        Operation.MODIFY: ("PATCH", "/orders/sync", change),
        Operation.CANCEL: ("DELETE", "/orders/sync", {"id": order_id}),
    }
    if operation in writes:
        return await fyers.api(*writes[operation])
    if operation is Operation.LOGIN:
        return await fyers.exchange(code)
    if operation is Operation.QUOTES:
        return await fyers.data("/quotes", symbols="NSE:SBIN-EQ")
    return await fyers.api("GET", "/tradebook" if operation is Operation.TRADES else f"/{operation.value}")


async def see(fyers: Fyers, operation: Operation, order_id: str, code: str) -> Seen:
    try:
        answer = await ask(fyers, operation, order_id, code)
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
    body = json.loads(answer.content)
    return Seen(body["s"], body["code"])


def expected(operation: Operation, fault: Fault) -> Seen:
    ok = {Operation.PLACE: 1101, Operation.MODIFY: 1102, Operation.CANCEL: 1103}.get(operation, 200)
    dead = -15 if operation is Operation.QUOTES else -16
    return {
        Fault.DROP_BEFORE_ACCEPT: Seen("dropped"),
        Fault.DROP_AFTER_ACCEPT: Seen("dropped"),
        Fault.TIMEOUT_BEFORE_ACCEPT: Seen("timeout"),
        Fault.TIMEOUT_AFTER_ACCEPT: Seen("timeout"),
        Fault.BAD_GATEWAY_BEFORE_ACCEPT: Seen("html", 502),
        Fault.BAD_GATEWAY_AFTER_ACCEPT: Seen("html", 502),
        Fault.HTML_AFTER_ACCEPT: Seen("html", 200),
        Fault.EMPTY_AFTER_ACCEPT: Seen("empty", 200),
        Fault.CUT_BODY_AFTER_ACCEPT: Seen("cut"),
        Fault.UNKNOWN_CODE: Seen("error", -7077),
        Fault.RATE_LIMITED: Seen("error", -429),
        Fault.EXPIRED_SESSION: Seen("error", dead),
        Fault.LATE_IN_BOOK: Seen("ok", ok),
        Fault.NO_TAG_ECHO: Seen("ok", ok),
    }[fault]


async def happened(fyers: Fyers, operation: Operation, code: str) -> bool:
    """Whether the write reached the broker, by the broker's own word."""
    if operation is Operation.LOGIN:
        return (await fyers.exchange(code)).status_code == 400
    arrived = await fyers.arrived()
    if operation is Operation.PLACE:
        return len(arrived) == 2
    assert len(arrived) == 1
    if operation is Operation.CANCEL:
        return bool(arrived[0]["status"] == "CANCELLED")
    return (await fyers.funds())[2] == 9_100


@pytest.mark.parametrize(("operation", "fault"), ARMABLE)
async def test_a_fault_shows_and_does_exactly_what_it_says(fyers: Fyers, operation: Operation, fault: Fault) -> None:
    order_id, code = (await fyers.place(**RESTING))["id"], await fyers.auth_code()
    await fyers.arm(operation, fault)
    fyers.http.timeout = httpx2.Timeout(PATIENCE if fault in HANGS else 10)
    seen = await see(fyers, operation, order_id, code)
    fyers.http.timeout = httpx2.Timeout(10)
    assert seen == expected(operation, fault)
    if operation in WRITES or operation is Operation.LOGIN:
        assert await happened(fyers, operation, code) == (fault not in BEFORE)
    assert (await fyers.control("GET", "/faults")).json() == {"faults": []}


@pytest.mark.parametrize("operation", sorted(set(Operation) - {Operation.LOGIN}))
async def test_after_a_fault_the_session_and_the_operation_live_on(fyers: Fyers, operation: Operation) -> None:
    order_id = (await fyers.place(**RESTING))["id"]
    await fyers.arm(operation, "expired_session")
    seen = [await see(fyers, operation, order_id, "") for _ in range(2)]
    assert [s.kind for s in seen] == ["error", "ok"]


async def test_an_order_over_the_limit_by_fault_is_told_when_to_come_back(fyers: Fyers) -> None:
    await fyers.arm("place", "rate_limited")
    answer = await fyers.api("POST", "/orders/sync", ORDER)
    assert (answer.status_code, answer.headers["retry-after"], answer.headers["x-retry-after-ms"]) == (429, "1", "1000")


@pytest.mark.parametrize("path", ["/orders/sync", "/orders/async"])
async def test_a_lost_answer_leaves_one_order_that_its_tag_finds(fyers: Fyers, path: str) -> None:
    await fyers.arm("place", "drop_after_accept")
    with pytest.raises(httpx2.TransportError):
        await fyers.api("POST", path, {**ORDER, "orderTag": "lost"})
    assert [row["status"] for row in await fyers.book(order_tag="1:lost")] == [2]


async def test_a_late_order_is_in_no_book_until_its_time(fyers: Fyers, clock: Clock) -> None:
    await fyers.arm("place", "late_in_book")
    late = await fyers.place(orderTag="late")
    prompt = await fyers.place(orderTag="prompt")

    async def books() -> tuple[list[str], list[str], int, list[str]]:
        trades = (await fyers.api("GET", "/tradebook")).json()["tradeBook"]
        by_id = (await fyers.api("GET", "/orders", id=late["id"])).json()
        return (
            [row["id"] for row in await fyers.book()],
            [row["id"] for row in await fyers.book(order_tag="1:late")],
            by_id["code"],
            [row["orderNumber"] for row in trades],
        )

    assert await books() == ([prompt["id"]], [], -51, [prompt["id"]])
    assert [row["id"] for row in await fyers.arrived()] == [late["id"], prompt["id"]]
    clock.forward(2.999)
    assert (await books())[0] == [prompt["id"]]
    clock.forward(0.001)
    both = [late["id"], prompt["id"]]
    assert await books() == (both, [late["id"]], 200, both)


async def test_how_late_can_be_set(fyers: Fyers, clock: Clock) -> None:
    await fyers.set(late_seconds=10)
    await fyers.arm("place", "late_in_book")
    await fyers.place()
    clock.forward(9)
    assert await fyers.book() == []
    clock.forward(1)
    assert len(await fyers.book()) == 1


async def test_a_lost_answer_and_a_late_book_can_meet_on_one_order(fyers: Fyers, clock: Clock) -> None:
    await fyers.arm("place", "late_in_book")
    await fyers.arm("place", "timeout_after_accept")
    fyers.http.timeout = httpx2.Timeout(PATIENCE)
    with pytest.raises(httpx2.ReadTimeout):
        await fyers.place(orderTag="both")
    fyers.http.timeout = httpx2.Timeout(10)
    assert await fyers.book(order_tag="1:both") == []
    clock.forward(3)
    assert len(await fyers.book(order_tag="1:both")) == 1


async def test_an_order_without_its_tag_is_never_found_by_it(fyers: Fyers) -> None:
    await fyers.arm("place", "no_tag_echo")
    order = await fyers.place(orderTag="gone")
    assert (await fyers.order(order["id"]))["orderTag"] == "2:Untagged"
    assert await fyers.book(order_tag="1:gone") == []
    assert (await fyers.api("GET", "/tradebook")).json()["tradeBook"][0]["orderTag"] == "2:Untagged"
    assert (await fyers.arrived())[0]["tag"] == "gone"


async def test_one_reading_of_the_book_may_lack_the_tags(fyers: Fyers) -> None:
    await fyers.place(orderTag="here")
    await fyers.arm("orders", "no_tag_echo", 2)
    assert await fyers.book(order_tag="1:here") == []
    assert [row["orderTag"] for row in await fyers.book()] == ["2:Untagged"]
    assert [row["orderTag"] for row in await fyers.book()] == ["1:here"]


async def test_a_refused_order_under_a_fault_is_not_accepted_either(fyers: Fyers) -> None:
    await fyers.arm("place", "html_after_accept")
    answer = await fyers.api("POST", "/orders/sync", {**ORDER, "qty": 0})
    assert answer.headers["content-type"].startswith("text/html")
    assert await fyers.arrived() == []


async def test_a_fault_waits_for_a_request_that_is_let_in(fyers: Fyers) -> None:
    await fyers.arm("funds", "unknown_code")
    alive, fyers.authorization = fyers.authorization, "EMULATED-100:dead"
    assert (await fyers.api("GET", "/funds")).status_code == 401
    fyers.authorization = alive
    assert (await fyers.api("GET", "/funds")).json()["code"] == -7077


async def test_baskets_suffer_the_faults_of_their_operation(fyers: Fyers) -> None:
    await fyers.arm("place", "drop_after_accept")
    with pytest.raises(httpx2.TransportError):
        await fyers.api("POST", "/multi-order/sync", [ORDER, ORDER])
    assert len(await fyers.arrived()) == 2


async def test_a_replayed_code_after_a_lost_login_is_refused(fyers: Fyers) -> None:
    code = await fyers.auth_code()
    await fyers.arm("login", "drop_after_accept")
    with pytest.raises(httpx2.TransportError):
        await fyers.exchange(code)
    assert (await fyers.exchange(code, HASH)).json()["code"] == -437


async def test_a_refused_login_is_disturbed_too(fyers: Fyers) -> None:
    await fyers.arm("login", "html_after_accept")
    answer = await fyers.exchange("guessed")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=UTF-8")
