"""What FYERS' answers to writes prove, on real sockets."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from ordo.domain.book import Acknowledged
from ordo.domain.errors import ErrorCode, Invalid, NotSent, OutcomeUnknown, Refused
from ordo.domain.orders import OrderTerms, OrderType, Product, Side, Validity
from tests.support.fyers import ACCOUNT, CRUDE, INFY, SBIN, SESSION, Desk, payload, payloads

ORDER = "26100500012345"
TAG = "261005000000017"
BUY = OrderTerms(
    instrument=INFY,
    side=Side.BUY,
    quantity=10,
    order_type=OrderType.LIMIT,
    product=Product.CNC,
    price=Decimal("1580.05"),
)
_SYNC = "/api/orders/sync"
_BOOK = "/api/orders"


def place(desk: Desk, terms: OrderTerms = BUY) -> Awaitable[Acknowledged]:
    return desk.broker.place(SESSION, terms, tag=TAG)


WRITES: dict[str, Callable[[Desk], Awaitable[Acknowledged]]] = {
    "place": place,
    "modify": lambda desk: desk.broker.modify(SESSION, ORDER, BUY),
    "cancel": lambda desk: desk.broker.cancel(SESSION, ORDER),
}
ANSWERS = [name for name in payloads() if "outcome" in payload(name)]


@pytest.mark.parametrize("name", ANSWERS)
async def test_each_recorded_answer_proves_what_it_should(desk: Desk, name: str) -> None:
    found = payload(name)
    desk.host.shows(_SYNC, name)
    if found["outcome"] == "done":
        assert (await WRITES[found["call"]](desk)).broker_order_id == ORDER
        return
    with pytest.raises((Refused, OutcomeUnknown)) as failure:
        await WRITES[found["call"]](desk)
    assert failure.type is {"refused": Refused, "unknown": OutcomeUnknown}[found["outcome"]]
    assert failure.value.broker_id == "fyers"
    if found["outcome"] == "refused":
        assert failure.value.code == found["error"]
        assert failure.value.native_error is not None
        assert found["answer"]["message"][:20] in failure.value.native_error
    assert ACCOUNT.account_id not in f"{failure.value.native_error}{failure.value}"


@pytest.mark.parametrize("call", WRITES)
@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 404, 429, 500, 502])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>blocked</html>",
        b'{"s":"ok","co',
        b"[]",
        b"null",
        b'{"code":-50,"message":"Invalid input"}',
        b'{"s":"refused"}',
        b'{"s":"error","code":-7077,"message":""}' * 2,
        b"[" * 100_000,
        b'{"s":"ok","code":1101,"id":NaN}',
        b'{"s":"ok","code":1101,"id":"1","at":1e99999999999999999999999}',
    ],
    ids=["empty", "html", "cut", "list", "null", "without s", "another s", "twice", "deep", "nan", "huge"],
)
async def test_a_body_that_is_not_the_brokers_is_never_a_refusal(
    desk: Desk, call: str, status: int, body: bytes
) -> None:
    desk.host.says(_SYNC, body, status)
    with pytest.raises(OutcomeUnknown):
        await WRITES[call](desk)


@pytest.mark.parametrize("call", WRITES)
@pytest.mark.parametrize(
    ("status", "code", "proven"),
    [
        (200, -7077, None),
        (400, -7077, None),
        (500, -7077, None),
        (401, -7077, "INVALID_SESSION"),
        (403, -7077, "PERMISSION_DENIED"),
        (429, None, "RATE_LIMITED"),
        (503, -16, None),
        (408, -50, None),
    ],
)
async def test_an_unknown_code_leaves_the_outcome_open_unless_the_status_speaks(
    desk: Desk, call: str, status: int, code: int | None, proven: str | None
) -> None:
    desk.host.says(_SYNC, {"s": "error", "code": code, "message": "Invalid input"}, status)
    with pytest.raises(OutcomeUnknown if proven is None else Refused) as failure:
        await WRITES[call](desk)
    if proven is not None:
        assert failure.value.code == proven


@pytest.mark.parametrize(
    "answer",
    [
        {"s": "ok", "code": 1101},
        {"s": "ok", "code": 1101, "id": ""},
        {"s": "ok", "code": 7, "id": ORDER},
        {"s": "ok", "id": ORDER},
        {"s": "ok", "code": 1101, "id": ORDER, "message": []},
    ],
)
async def test_an_acceptance_that_is_not_whole_is_unknown(desk: Desk, answer: object) -> None:
    desk.host.says(_SYNC, answer)
    with pytest.raises(OutcomeUnknown):
        await place(desk)


async def test_a_refused_connection_sends_nothing(desk: Desk) -> None:
    desk.line.find_nobody()
    with pytest.raises(NotSent):
        await place(desk)
    assert desk.host.asked == []


async def test_the_delay_that_the_broker_asks_for_is_told(desk: Desk) -> None:
    desk.host.shows(_SYNC, "over_the_limit")
    with pytest.raises(Refused) as refusal:
        await place(desk)
    assert refusal.value.retry_after_ms == 1500
    desk.host.says(_SYNC, {"s": "error", "code": -429, "message": ""}, 429, {"Retry-After": "2"})
    with pytest.raises(Refused) as refusal:
        await place(desk)
    assert refusal.value.retry_after_ms == 2000


def _row(status: int, **more: object) -> dict[str, object]:
    row: dict[str, object] = payload("orders")["answer"]["orderBook"][0]
    return row | {"status": status, "filledQty": 0, "tradedPrice": 0, "orderTag": f"1:{TAG}", **more}


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        ([_row(5, message="The moon stands wrong for XA00123")], Refused),
        ([_row(6)], OutcomeUnknown),
        ([_row(5), _row(6, id="26100500012346")], OutcomeUnknown),
        ([_row(5, orderTag="1:another")], OutcomeUnknown),
        ([_row(8)], OutcomeUnknown),
        ([], OutcomeUnknown),
        (None, OutcomeUnknown),
    ],
)
async def test_a_rejection_in_new_words_without_an_id_is_believed_when_the_book_shows_it(
    desk: Desk, rows: list[object] | None, error: type[Exception]
) -> None:
    desk.host.says(_SYNC, {"s": "error", "code": -99, "message": "The moon stands wrong"}, 400)
    if rows is not None:
        desk.host.says(_BOOK, {"s": "ok", "code": 200, "message": "", "orderBook": rows})
    with pytest.raises(error) as failure:
        await place(desk)
    assert [(one.method, one.path) for one in desk.host.asked] == [("POST", _SYNC), ("GET", _BOOK)]
    assert desk.host.asked[1].query == {"order_tag": f"1:{TAG}"}
    if isinstance(failure.value, Refused):
        assert failure.value.native_error == "The moon stands wrong for ***"


@pytest.mark.parametrize(
    ("rows", "error", "told"),
    [
        ([_row(5, orderTag="2:Untagged", message="Not today")], Refused, "Not today"),
        ([_row(5, message="")], Refused, "The moon stands wrong [-99]"),
        ([_row(6)], OutcomeUnknown, "The moon stands wrong [-99]"),
        ([], Refused, "The moon stands wrong [-99]"),
        (None, Refused, "The moon stands wrong [-99]"),
    ],
)
async def test_a_rejection_in_new_words_with_an_id_is_one_unless_the_book_shows_it_alive(
    desk: Desk, rows: list[object] | None, error: type[Refused | OutcomeUnknown], told: str
) -> None:
    desk.host.shows(_SYNC, "rejected_in_new_words")
    if rows is not None:
        desk.host.says(_BOOK, {"s": "ok", "code": 200, "message": "", "orderBook": rows})
    with pytest.raises(error) as failure:
        await place(desk)
    assert failure.value.native_error == told
    assert desk.host.asked[1].query == {"id": ORDER}


async def test_an_order_goes_out_whole(desk: Desk) -> None:
    desk.host.shows(_SYNC, "placed")
    stop = replace(
        BUY,
        side=Side.SELL,
        order_type=OrderType.STOP_LIMIT,
        product=Product.MIS,
        trigger_price=Decimal("1580.10"),
        disclosed_quantity=5,
        after_market=True,
    )
    await place(desk, stop)
    (asked,) = desk.host.asked
    assert asked.method == "POST"
    assert asked.headers["authorization"] == "AB12CD34EF-100:a-token"
    assert asked.headers["content-type"] == "application/json"
    assert json.loads(asked.body) == {
        "symbol": "NSE:INFY-EQ",
        "qty": 10,
        "type": 4,
        "side": -1,
        "productType": "INTRADAY",
        "limitPrice": 1580.05,
        "stopPrice": 1580.1,
        "validity": "DAY",
        "disclosedQty": 5,
        "offlineOrder": True,
        "orderTag": TAG,
    }


async def test_a_market_order_has_no_prices(desk: Desk) -> None:
    desk.host.shows(_SYNC, "placed")
    await place(desk, replace(BUY, order_type=OrderType.MARKET, price=None, validity=Validity.IOC))
    sent = json.loads(desk.host.asked[0].body)
    assert (sent["type"], sent["limitPrice"], sent["stopPrice"], sent["validity"]) == (2, 0, 0, "IOC")


async def test_commodities_are_sent_in_lots(desk: Desk) -> None:
    desk.host.shows(_SYNC, "placed")
    oil = replace(BUY, instrument=CRUDE, quantity=300, product=Product.NRML, price=Decimal(5284))
    await place(desk, oil)
    assert json.loads(desk.host.asked[0].body)["qty"] == 3
    with pytest.raises(Invalid, match="lot of 100"):
        await place(desk, replace(oil, quantity=150))
    assert len(desk.host.asked) == 1


async def test_a_change_sends_all_that_can_change(desk: Desk) -> None:
    desk.host.shows(_SYNC, "modified")
    await desk.broker.modify(SESSION, ORDER, BUY)
    (asked,) = desk.host.asked
    assert asked.method == "PATCH"
    assert json.loads(asked.body) == {
        "id": ORDER,
        "type": 1,
        "limitPrice": 1580.05,
        "stopPrice": 0,
        "qty": 10,
        "disclosedQty": 0,
    }
    desk.host.shows(_SYNC, "cancelled")
    await desk.broker.cancel(SESSION, ORDER)
    assert (desk.host.asked[1].method, json.loads(desk.host.asked[1].body)) == ("DELETE", {"id": ORDER})


async def test_what_is_known_to_be_refused_is_not_sent(desk: Desk) -> None:
    equal = replace(BUY, order_type=OrderType.STOP_LIMIT, trigger_price=BUY.price)
    immediate = replace(BUY, validity=Validity.IOC)
    unlisted = replace(BUY, instrument=replace(SBIN, root="NOSUCH"))
    for attempt, field in (
        (place(desk, equal), "trigger_price"),
        (place(desk, replace(equal, side=Side.SELL)), "trigger_price"),
        (desk.broker.modify(SESSION, ORDER, immediate), "validity"),
        (place(desk, unlisted), "instrument"),
    ):
        with pytest.raises(Invalid) as refusal:
            await attempt
        assert [fault.field for fault in refusal.value.fields] == [field]
        assert refusal.value.code in (ErrorCode.INVALID_ORDER, ErrorCode.INVALID_INSTRUMENT)
    assert desk.host.asked == []
