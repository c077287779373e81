"""Reads at FYERS: real shapes, and odd ones, on real sockets."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from ordo.domain.calendar import IST
from ordo.domain.errors import ErrorCode, Refused, Unavailable
from ordo.domain.instruments import InstrumentKey
from ordo.domain.orders import OrderStatus, OrderType, Product, Side, Validity
from tests.support.fyers import CRUDE, INFY, SBIN, SESSION, Desk, payload, payloads

READS: dict[str, tuple[str, Callable[[Desk], Awaitable[object]]]] = {
    "orders": ("/api/orders", lambda desk: desk.broker.orders(SESSION)),
    "trades": ("/api/tradebook", lambda desk: desk.broker.trades(SESSION)),
    "funds": ("/api/funds", lambda desk: desk.broker.funds(SESSION)),
    "positions": ("/api/positions", lambda desk: desk.broker.positions(SESSION)),
    "holdings": ("/api/holdings", lambda desk: desk.broker.holdings(SESSION)),
    "quotes": ("/data/quotes", lambda desk: desk.broker.quotes(SESSION, (INFY, SBIN))),
    "depth": ("/data/depth", lambda desk: desk.broker.quotes(SESSION, (INFY,))),
}
RUBBISH: dict[str, tuple[bytes, int]] = {
    "html": (b"<html>Attention Required! | Cloudflare</html>", 403),
    "html 200": (b"<html>Just a moment...</html>", 200),
    "html 429": (b"<html>429</html>", 429),
    "empty": (b"", 200),
    "cut": (b'{"s":"ok","code":200,"orderBook":[{"id":"261', 200),
    "no list": (b'{"s":"ok","code":200,"message":""}', 200),
    "list of nothing": (b'{"s":"ok","code":200,"orderBook":[null],"tradeBook":[{}],"fund_limit":[]}', 200),
    "ok under 502": (b'{"s":"ok","code":200,"orderBook":[],"tradeBook":[],"holdings":[],"netPositions":[]}', 502),
    "error 200": (b'{"s":"error","code":-96,"message":"unexpected"}', 200),
    "unknown code": (b'{"s":"error","code":-7077,"message":"?"}', 200),
    "redirect": (b"", 302),
}


def _at(day: int, hour: int, minute: int, second: int) -> datetime:
    return datetime(2026, 10, day, hour, minute, second, tzinfo=IST)


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("kind", RUBBISH)
async def test_what_cannot_be_read_raises_and_is_never_empty(desk: Desk, read: str, kind: str) -> None:
    path, call = READS[read]
    desk.host.says(path, *RUBBISH[kind])
    with pytest.raises(Unavailable) as failure:
        await call(desk)
    assert failure.value.broker_id == "fyers"
    assert "<html" not in str(failure.value)


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        *((code, status, ErrorCode.INVALID_SESSION) for code in (-8, -15, -16, -17) for status in (200, 401)),
        (-7077, 401, ErrorCode.INVALID_SESSION),
        (-373, 403, ErrorCode.PERMISSION_DENIED),
        (-429, 429, ErrorCode.RATE_LIMITED),
    ],
)
async def test_a_refused_read_says_why(desk: Desk, read: str, code: int, status: int, error: ErrorCode) -> None:
    path, call = READS[read]
    desk.host.says(path, {"s": "error", "code": code, "message": "No, XA00123"}, status)
    with pytest.raises(Refused) as refusal:
        await call(desk)
    assert refusal.value.code is error
    assert refusal.value.native_error == f"No, *** [{code}]"


def test_every_payload_has_a_source_and_was_not_seen_live() -> None:
    for name in payloads():
        assert payload(name)["source"], name
        assert payload(name)["seen_live"] is False


async def test_the_order_book(desk: Desk) -> None:
    desk.host.shows("/api/orders", "orders")
    book = await desk.broker.orders(SESSION)
    assert book.as_of == desk.now
    (row,) = book.items
    assert (row.broker_order_id, row.instrument, row.side, row.quantity) == ("26100500012345", INFY, Side.BUY, 10)
    assert (row.order_type, row.product, row.validity) == (OrderType.LIMIT, Product.CNC, Validity.DAY)
    assert (row.status, row.raw_status, row.filled_quantity) == (OrderStatus.PARTIALLY_FILLED, "6", 4)
    assert (row.price, row.trigger_price, row.average_price) == (Decimal(1580), None, Decimal("1579.9"))
    assert (row.tag, row.message) == ("261005000000017", None)
    assert row.updated_at == _at(5, 10, 15, 31)
    assert row.metadata == {"exchange_order_id": "1100000001234567", "fyers_product": "CNC"}


async def test_an_older_book_with_other_types(desk: Desk) -> None:
    desk.host.shows("/api/orders", "orders_old")
    (row,) = (await desk.broker.orders(SESSION)).items
    assert (row.broker_order_id, row.quantity, row.price) == ("26100500012346", 10, Decimal("1580.05"))
    assert (row.status, row.tag, row.average_price) == (OrderStatus.ACKNOWLEDGED, None, None)
    assert row.updated_at == _at(5, 10, 15, 31)


def _book(*changes: dict[str, Any]) -> dict[str, Any]:
    (row,) = payload("orders")["answer"]["orderBook"]
    return {"s": "ok", "code": 200, "message": "", "orderBook": [row | change for change in changes]}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"status": 1}, OrderStatus.CANCELLED),
        ({"status": 2, "filledQty": 10}, OrderStatus.FILLED),
        ({"status": 4, "filledQty": 0}, OrderStatus.ACKNOWLEDGED),
        ({"status": 4, "filledQty": 0, "offlineOrder": True, "exchOrdId": ""}, OrderStatus.SCHEDULED),
        ({"status": 5, "filledQty": 0}, OrderStatus.REJECTED),
        ({"status": 6, "filledQty": 0}, OrderStatus.OPEN),
        ({"status": 6}, OrderStatus.PARTIALLY_FILLED),
        ({"status": 6, "filledQty": 0, "type": 3, "stopPrice": 1590}, OrderStatus.TRIGGER_PENDING),
        ({"status": 6, "filledQty": 0, "type": 4, "stopPrice": 1570}, OrderStatus.TRIGGER_PENDING),
        ({"status": 6, "filledQty": 0, "offlineOrder": True, "exchOrdId": None}, OrderStatus.SCHEDULED),
        ({"status": 6, "filledQty": 0, "offlineOrder": True}, OrderStatus.OPEN),
        ({"status": 7}, OrderStatus.EXPIRED),
    ],
)
async def test_each_status(desk: Desk, change: dict[str, Any], status: OrderStatus) -> None:
    desk.host.says("/api/orders", _book(change))
    (row,) = (await desk.broker.orders(SESSION)).items
    assert row.status is status


@pytest.mark.parametrize("code", [3, 8, 23, 90, -1])
async def test_an_unknown_status_is_kept_and_told(desk: Desk, code: int, caplog: pytest.LogCaptureFixture) -> None:
    desk.host.says("/api/orders", _book({"status": code}))
    with caplog.at_level(logging.ERROR):
        for _ in range(2):
            (row,) = (await desk.broker.orders(SESSION)).items
            assert (row.status, row.raw_status) == (None, str(code))
    (alert,) = caplog.records
    assert f"status {code}," in alert.getMessage()


async def test_a_triggered_stop_limit_is_still_one(desk: Desk) -> None:
    desk.host.says("/api/orders", _book({"type": 1, "stopPrice": 1575.5, "filledQty": 0}))
    (row,) = (await desk.broker.orders(SESSION)).items
    assert (row.order_type, row.status) == (OrderType.STOP_LIMIT, OrderStatus.OPEN)
    assert (row.price, row.trigger_price) == (Decimal(1580), Decimal("1575.5"))


async def test_a_triggered_stop_that_became_a_market_order_is_still_one(desk: Desk) -> None:
    desk.host.says("/api/orders", _book({"type": 2, "stopPrice": 1575.5, "status": 2, "filledQty": 10}))
    (row,) = (await desk.broker.orders(SESSION)).items
    assert (row.order_type, row.price, row.trigger_price) == (OrderType.STOP_MARKET, None, Decimal("1575.5"))


async def test_the_fill_of_a_market_order_is_not_its_limit(desk: Desk) -> None:
    desk.host.says("/api/orders", _book({"type": 2, "status": 2, "filledQty": 10}))
    (row,) = (await desk.broker.orders(SESSION)).items
    assert (row.order_type, row.price, row.average_price) == (OrderType.MARKET, None, Decimal("1579.9"))


@pytest.mark.parametrize(
    ("text", "tag"),
    [("1:abc", "abc"), ("2:Untagged", None), ("1:Untagged", None), ("2:Exit", None), ("abc", "abc"), ("", None)],
)
async def test_tags(desk: Desk, text: str, tag: str | None) -> None:
    desk.host.says("/api/orders", _book({"orderTag": text}))
    (row,) = (await desk.broker.orders(SESSION)).items
    assert row.tag == tag


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""},
        {"qty": None},
        {"qty": True},
        {"qty": "ten"},
        {"qty": 0},
        {"qty": 1.5},
        {"type": 5},
        {"type": "LIMIT"},
        {"side": 0},
        {"productType": "CARRYFORWARD"},
        {"orderValidity": "GTC"},
        {"status": "pending"},
        {"orderDateTime": "yesterday"},
        {"orderDateTime": "31-Feb-2026 10:00:00"},
        {"limitPrice": "1e99999999"},
        {"limitPrice": "NaN"},
        {"symbol": "NSE:NOSUCH-EQ", "fyToken": "10100000000001"},
    ],
    ids=str,
)
async def test_one_row_that_makes_no_sense_spoils_the_book(desk: Desk, change: dict[str, Any]) -> None:
    desk.host.says("/api/orders", _book({}, {"id": "26100500012346", **change}))
    with pytest.raises(Unavailable) as failure:
        await desk.broker.orders(SESSION)
    assert failure.value.code is ErrorCode.BROKER_ERROR


async def test_a_renamed_symbol_is_found_by_its_token(desk: Desk) -> None:
    desk.host.says("/api/orders", _book({"symbol": "NSE:INFOSYS-EQ"}))
    (row,) = (await desk.broker.orders(SESSION)).items
    assert row.instrument == INFY


async def test_ten_thousand_orders(desk: Desk) -> None:
    rows = [{"id": f"261005{number:08}", "orderTag": f"1:{number}"} for number in range(10_000, 0, -1)]
    desk.host.says("/api/orders", _book(*rows))
    book = (await desk.broker.orders(SESSION)).items
    assert [row.tag for row in book] == [str(number) for number in range(1, 10_001)]


async def test_trades(desk: Desk) -> None:
    desk.host.shows("/api/tradebook", "trades")
    first, second = (await desk.broker.trades(SESSION)).items
    assert (first.trade_id, first.broker_order_id, first.order_id) == ("75012345", "26100500012345", "261005000000017")
    assert (first.quantity, first.price, first.traded_at) == (4, Decimal("1579.9"), _at(5, 10, 15, 31))
    assert (second.trade_id, second.order_id, second.traded_at) == ("75012350", None, _at(5, 10, 16, 0))


async def test_funds(desk: Desk) -> None:
    desk.host.shows("/api/funds", "funds")
    funds = await desk.broker.funds(SESSION)
    assert (funds.available, funds.cash, funds.utilised) == (Decimal("250000.5"), Decimal("58.1500"), Decimal(1200))
    assert (funds.collateral, funds.opening) == (Decimal("251200.5"), Decimal("251258.65"))
    assert funds.realised_pnl == Decimal("-12.5")
    assert funds.metadata == {"commodity_available": "750.25"}


async def test_what_the_funds_do_not_say_is_not_zero(desk: Desk) -> None:
    rows = [{"title": "available balance", "equityAmount": "12.50"}]
    desk.host.says("/api/funds", {"s": "ok", "code": 200, "message": "", "fund_limit": rows})
    funds = await desk.broker.funds(SESSION)
    assert (funds.available, funds.cash, funds.collateral) == (Decimal("12.50"), None, None)
    desk.host.says("/api/funds", {"s": "ok", "code": 200, "message": "", "fund_limit": [{"id": 3, "equityAmount": 1}]})
    with pytest.raises(Unavailable, match="available balance"):
        await desk.broker.funds(SESSION)


async def test_positions_count_units_everywhere(desk: Desk) -> None:
    desk.host.shows("/api/positions", "positions")
    share, oil = (await desk.broker.positions(SESSION)).items
    assert (share.instrument, share.product, share.quantity) == (SBIN, Product.MIS, -5)
    assert (share.average_price, share.pnl, share.last_price) == (Decimal("998.4"), Decimal("7.0"), Decimal("997.0"))
    assert (oil.instrument, oil.quantity, oil.buy_quantity, oil.sell_quantity) == (CRUDE, 200, 300, 100)
    assert oil.metadata == {"fyers_product": "MARGIN", "carried_bought": "100"}


async def test_positions_that_do_not_add_up_are_unreadable(desk: Desk) -> None:
    answer = payload("positions")["answer"]
    answer["netPositions"][0]["buyQty"] = 1
    desk.host.says("/api/positions", answer)
    with pytest.raises(Unavailable):
        await desk.broker.positions(SESSION)


@pytest.mark.parametrize(("read", "key"), [("positions", "netPositions"), ("holdings", "holdings")])
async def test_an_empty_account_and_a_list_that_was_lost(desk: Desk, read: str, key: str) -> None:
    path, call = READS[read]
    empty: list[dict[str, Any]] = [{key: []}, {key: [], "overall": {}}, {"overall": {"count_total": 0}}]
    for answer in empty:
        desk.host.says(path, {"s": "ok", "code": 200, "message": "", **answer})
        snapshot: Any = await call(desk)
        assert snapshot.items == ()
    lost: list[dict[str, Any]] = [
        {"overall": {"count_total": 2}},
        {key: [], "overall": {"count_total": 2}},
        {key: None},
    ]
    for answer in lost:
        desk.host.says(path, {"s": "ok", "code": 200, "message": "", **answer})
        with pytest.raises(Unavailable):
            await call(desk)


async def test_holdings(desk: Desk) -> None:
    desk.host.shows("/api/holdings", "holdings")
    (held,) = (await desk.broker.holdings(SESSION)).items
    assert (held.instrument, held.quantity, held.t1_quantity, held.pledged_quantity) == (INFY, 10, 0, 2)
    assert (held.isin, held.average_price, held.pnl) == ("INE009A01021", Decimal("1500.0"), Decimal("800.0"))
    assert held.metadata == {"remaining": "8"}


async def test_quotes_keep_their_order_and_miss_none(desk: Desk) -> None:
    desk.host.shows("/data/quotes", "quotes")
    quotes = await desk.broker.quotes(SESSION, (SBIN, INFY, SBIN))
    assert [quote.instrument for quote in quotes] == [SBIN, INFY, SBIN]
    assert (quotes[1].last_price, quotes[1].extended["bid"]) == (Decimal("1580.0"), "1579.9")
    assert desk.host.asked[0].query == {"symbols": "NSE:SBIN-EQ,NSE:INFY-EQ"}
    spoils: tuple[dict[str, Any], ...] = (
        {"s": "error", "v": {"code": -300}},
        {"n": "NSE:OTHER-EQ"},
        {"v": {}},
        {"v": {"lp": 0}},
    )
    for spoil in spoils:
        answer = payload("quotes")["answer"]
        answer["d"][1] |= spoil
        desk.host.says("/data/quotes", answer)
        with pytest.raises(Unavailable):
            await desk.broker.quotes(SESSION, (SBIN, INFY))


async def test_one_quote_is_deep(desk: Desk) -> None:
    desk.host.shows("/data/depth", "depth")
    desk.host.shows("/data/marketStatus", "market_status")
    await desk.broker.quotes(SESSION, (INFY,))
    (quote,) = await desk.broker.quotes(SESSION, (INFY,))
    assert quote.last_price == Decimal("1580.0")
    told = quote.extended
    assert (told["bid"], told["bid_quantity"], told["bid_2"], told["bid_2_quantity"]) == (
        "1579.9",
        "100",
        "1579.8",
        "50",
    )
    assert (told["ask"], told["ask_quantity"]) == ("1580.1", "70")
    assert (told["lower_circuit"], told["previous_close"], told["market_status"]) == ("1418.8", "1576.4", "OPEN")
    assert not {"bid_3", "ask_2"} & told.keys()
    assert [one.path for one in desk.host.asked].count("/data/marketStatus") == 1
    await desk.clock.advance(60)
    await desk.broker.quotes(SESSION, (INFY,))
    assert [one.path for one in desk.host.asked].count("/data/marketStatus") == 2


async def test_an_unlisted_instrument_is_not_asked_for(desk: Desk) -> None:
    with pytest.raises(Refused) as refusal:
        await desk.broker.quotes(SESSION, (INFY, InstrumentKey.parse("NSE:NOSUCH")))
    assert refusal.value.code is ErrorCode.INVALID_INSTRUMENT
    assert desk.host.asked == []
