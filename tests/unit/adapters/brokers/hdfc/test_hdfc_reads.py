"""What InvestRight's answers become: rows in Ordo's words, or an error; never fewer rows and never zeros."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from ordo.adapters.brokers.hdfc.mapping.words import FOREIGN_PRODUCTS, PRODUCTS, REQUEST_WORDS, SENT_TYPES, STATUSES
from ordo.adapters.brokers.hdfc.symbols import VENUES, day_of
from ordo.domain.book import BrokerOrder
from ordo.domain.errors import ErrorCode, Refused, Unavailable, Unreadable
from ordo.domain.instruments import InstrumentKey
from ordo.domain.orders import OrderStatus, OrderTerms, OrderType, Product, Side, Validity
from ordo_emulators.hdfc.settings import Changes, Settings
from ordo_emulators.server import Request, Response, json_response
from tests.support.hdfc import OPTION, SENSEX, SESSION, SHARE, Desk, emulated, payload, payloads, told

S = OrderStatus
READS: dict[str, Callable[[Desk], Awaitable[object]]] = {
    "orders": lambda desk: desk.broker.orders(SESSION),
    "trades": lambda desk: desk.broker.trades(SESSION),
    "funds": lambda desk: desk.broker.funds(SESSION),
    "positions": lambda desk: desk.broker.positions(SESSION),
    "holdings": lambda desk: desk.broker.holdings(SESSION),
    "quotes": lambda desk: desk.broker.quotes(SESSION, (SHARE,)),
}


async def book(rows: str | list[dict[str, Any]]) -> tuple[BrokerOrder, ...]:
    async with told() as (host, desk):
        if isinstance(rows, str):
            host.shows(rows)
        else:
            host.says({"status": "success", "data": rows})
        return (await desk.broker.orders(SESSION)).items


async def row_with(**changes: object) -> BrokerOrder:
    (row,) = await book([{**payload("order_rejected")["answer"]["data"][0], **changes}])
    return row


def test_every_payload_has_a_source_and_was_not_seen_live() -> None:
    for name in payloads():
        assert payload(name)["source"], name
        assert payload(name)["seen_live"] is False, name


async def test_a_rejected_order_keeps_its_reason_and_its_tag() -> None:
    (row,) = await book("order_rejected")
    assert (row.broker_order_id, row.instrument, row.side) == ("26011000012345", SHARE, Side.SELL)
    assert (row.quantity, row.filled_quantity, row.status) == (10, 0, S.REJECTED)
    assert (row.order_type, row.price, row.trigger_price) == (OrderType.STOP_LIMIT, Decimal("120.5"), Decimal(121))
    assert (row.product, row.validity, row.message) == (Product.MIS, Validity.DAY, "RMS: margin shortfall")
    assert (row.tag, row.metadata["reference"]) == ("260110093015001", "260110093015001")
    assert row.placed_at == datetime(2026, 1, 10, 4, 0, 15, tzinfo=UTC)


async def test_a_filled_order_has_the_average_that_the_broker_leaves_at_zero() -> None:
    (row,) = await book("orders_derivative")
    assert (row.instrument, row.status, row.product) == (OPTION, S.FILLED, Product.NRML)
    assert row.average_price == Decimal("121.75")
    assert (row.price, row.trigger_price) == (None, None)
    assert (row.tag, row.metadata["reference"]) == (None, "STAPI202604240000017")


async def test_a_sparse_row_is_read_as_far_as_it_speaks() -> None:
    (row,) = await book("order_sparse")
    assert (row.broker_order_id, row.status, row.validity) == ("26011000012346", S.PARTIALLY_FILLED, Validity.DAY)
    assert (row.quantity, row.filled_quantity, row.price) == (1200, 200, Decimal("120000.50"))
    assert (row.average_price, row.message) == (Decimal(120000), None)
    assert row.tag == "260110093015001"  # From the key that the glossary misspells, its zeros dropped.


async def test_a_day_without_orders_is_an_empty_book() -> None:
    assert await book("orders_none") == ()


@pytest.mark.parametrize(
    ("word", "filled", "pending", "status"),
    [
        *((word, 0, 10, found) for word, found in STATUSES.items() if not found.is_terminal),
        *((word, 0, 0, found) for word, found in STATUSES.items() if found.is_terminal),
        ("Traded", 10, 0, S.FILLED),
        ("Traded", 4, 6, S.PARTIALLY_FILLED),
        ("Pending", 10, 0, S.FILLED),
        ("Pending", 4, 6, S.PARTIALLY_FILLED),
        ("CANCELLED", 4, 0, S.CANCELLED),
        ("CANCELLED", 4, 6, S.PARTIALLY_FILLED),
        ("after_market-order  req received", 0, 10, S.SCHEDULED),
        ("Something new", 0, 10, None),
        ("Something new", 4, 6, None),
    ],
)
async def test_where_an_order_stands(word: str, filled: int, pending: int, status: OrderStatus | None) -> None:
    if status in (S.FILLED, S.PARTIALLY_FILLED) and filled == 0:
        status = None  # It says that something is filled, and shows that nothing is.
    row = await row_with(status=word, filled_quantity=filled, pending_quantity=pending, order_type="LIMIT")
    assert (row.status, row.raw_status) == (status, word)


@pytest.mark.parametrize("word", sorted(REQUEST_WORDS))
async def test_a_refused_request_does_not_end_the_order(word: str) -> None:
    assert (await row_with(status=word, pending_quantity=10, order_type="LIMIT")).status is S.OPEN
    # Whether a stop has fired, it does not tell.
    assert (await row_with(status=word, pending_quantity=10, order_type="SL")).status is S.ACKNOWLEDGED


async def test_a_word_that_nobody_knows_is_loud(caplog: pytest.LogCaptureFixture) -> None:
    await row_with(status="FROZEN", pending_quantity=10)
    (record,) = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert "FROZEN" in record.getMessage()
    assert "26011000012345" in record.getMessage()


@pytest.mark.parametrize("product", sorted(FOREIGN_PRODUCTS))
async def test_a_product_of_another_program_is_shown_beside_the_nearest(product: str) -> None:
    row = await row_with(product=product)
    assert (row.product, row.metadata["product"]) == (FOREIGN_PRODUCTS[product], product)


@pytest.mark.parametrize(
    "changes",
    [
        {"order_id": ""},
        {"status": None},
        {"quantity": ""},
        {"quantity": 0},
        {"quantity": 1.5},
        {"quantity": True},
        {"filled_quantity": None, "status": "Pending", "pending_quantity": None},
        {"transaction_type": "Hold"},
        {"order_type": "MKT"},
        {"product": "NRML"},
        {"validity": "GTC"},
        {"order_timestamp": ""},
        {"order_timestamp": "2026-01-10 09:30:15"},
        {"exchange": "NCDEX"},
        {"security_id": "", "company_name": "", "isin": ""},
        {"price": "1.2.3"},
        {"price": "12,34"},
        {"price": [1]},
        {"expiry_date": "31 FEB 2026", "instrument_segment": "FUTIDX", "security_id": ""},
        {"instrument_segment": "FUTXYZ", "security_id": "1"},
    ],
    ids=str,
)
async def test_one_row_that_makes_no_sense_makes_the_book_unreadable(changes: dict[str, object]) -> None:
    good = payload("order_rejected")["answer"]["data"][0]
    with pytest.raises(Unreadable):
        await book([good, {**good, **changes}])


@pytest.mark.parametrize("name", sorted(READS))
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, ""),
        (200, "<!DOCTYPE html><html></html>"),
        (200, '{"status": "success"'),
        (200, "[]"),
        (200, "null"),
        (200, "{}"),
        (200, '{"status": "success"}'),
        (200, '{"status": "success", "data": "none"}'),
        (200, '{"status": "success", "data": ""}'),
        (200, '{"status": "success", "data": 0}'),
        (200, '{"status": "success", "data": {"equity": {}}}'),
        (200, '{"status": "success", "data": {"equity": {"total_available_limit": "", "total_utilised_limit": 1}}}'),
        (200, '{"status": "success", "data": [7]}'),
        (200, '{"status": "success", "data": {"net": [{}]}}'),
        (200, '{"status": "error", "data": []}'),
        (200, '{"data": [], "meta": {"statusCode": "77077", "statusMsg": "?"}}'),
        (200, '{"status": "success", "data": [{"quantity": NaN}]}'),
        (200, '{"status": "success", "data": [{"quantity": 1e99999999999999999999}]}'),
        (200, "[" * 100_000),
        (204, ""),
        (302, ""),
        (404, ""),
        (405, ""),
        (422, '{"status": "error", "message": "Unprocessable entity"}'),
        (500, '{"status": "success", "data": []}'),
        (502, "<html></html>"),
    ],
)
async def test_a_read_that_is_odd_raises(name: str, status: int, body: str) -> None:
    async with told() as (host, desk):
        host.says(body, status=status)
        with pytest.raises(Unavailable):
            await READS[name](desk)


@pytest.mark.parametrize("name", sorted(READS))
@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, '{"error": "invalid credentials"}', "INVALID_SESSION"),
        (401, "", "INVALID_SESSION"),
        (401, '{"error": "INVALID_APIKEY"}', "PERMISSION_DENIED"),
        (403, '{"message": "IP not mapped"}', "IP_NOT_ALLOWED"),
        (403, "<html></html>", "PERMISSION_DENIED"),
        (429, '{"error": "merchantKeyRateLimit - too many requests"}', "RATE_LIMITED"),
    ],
)
async def test_a_read_that_is_turned_down_says_why(name: str, status: int, body: str, code: str) -> None:
    async with told() as (host, desk):
        host.says(body, status=status)
        with pytest.raises(Refused) as refusal:
            await READS[name](desk)
    assert refusal.value.code is ErrorCode(code)


@pytest.mark.parametrize(
    ("status", "message", "empty"),
    [
        (422, "Your Portfolio Holding is Null", True),
        (422, "portfolio is null", True),
        (422, "Unprocessable entity", False),
        (400, "Your Portfolio Holding is Null", False),
        (200, "Your Portfolio Holding is Null", False),
        (422, "Null", False),
    ],
)
async def test_nothing_is_held_where_the_broker_says_exactly_that(status: int, message: str, *, empty: bool) -> None:
    for believed in (True, False):
        async with told(null_holdings_are_none=believed) as (host, desk):
            host.says({"status": "error", "message": message, "error_code": 60014}, status=status)
            if empty and believed:
                assert (await desk.broker.holdings(SESSION)).items == ()
            else:
                with pytest.raises(Unavailable):
                    await desk.broker.holdings(SESSION)


def shop(prices: dict[tuple[str, str], object], path: str, name: str) -> Callable[[Request], Response]:
    """A host that shows one payload at a path, and these prices; blank exchanges for BFO, as reported."""

    def rule(request: Request) -> Response:
        if request.path.endswith("/fetch-ltp"):
            asked = [(one["exchange"], one["token"]) for one in json.loads(request.body)["data"]]
            rows = [
                {"exchange": "" if place == "BFO" else place, "token": int(token), "ltp": prices[place, token]}
                for place, token in asked
                if (place, token) in prices
            ]
            return json_response({"data": rows, "meta": {"statusCode": "OK", "statusMsg": "OK"}})
        assert request.path.endswith(path), request.path
        return json_response(payload(name)["answer"])

    return rule


async def test_positions_are_marked_to_the_last_price() -> None:
    async with told() as (host, desk):
        host.rule = shop({("NSE", "419"): 121.6}, "/portfolio/cumulative-positions", "positions")
        share, option = (await desk.broker.positions(SESSION)).items
    assert (share.instrument, share.product, share.quantity, share.average_price) == (
        SHARE,
        Product.MIS,
        10,
        Decimal(121),
    )
    assert (share.last_price, share.unrealised_pnl, share.realised_pnl, share.pnl) == (
        Decimal("121.6"),
        Decimal(6),
        Decimal(0),
        Decimal(6),
    )
    assert (option.instrument, option.quantity, option.realised_pnl) == (OPTION, 0, Decimal("669.5"))
    assert (option.last_price, option.pnl) == (None, None)
    assert option.metadata["realised_by_broker"] == "669.50"


@pytest.mark.parametrize("status", [429, 500, 400])
async def test_positions_without_prices_are_positions_without_a_value(status: int) -> None:
    async with told() as (host, desk):
        good = shop({}, "/portfolio/cumulative-positions", "positions")
        host.rule = lambda request: Response(status=status) if request.path.endswith("/fetch-ltp") else good(request)
        share, _ = (await desk.broker.positions(SESSION)).items
        assert (share.last_price, share.unrealised_pnl, share.pnl) == (None, None, None)
        assert share.realised_pnl == 0
        host.rule = lambda request: Response(status=401) if request.path.endswith("/fetch-ltp") else good(request)
        with pytest.raises(Refused):
            await desk.broker.positions(SESSION)


@pytest.mark.parametrize(
    "changes",
    [
        {"net_qty": 9},
        {"product": "COVER"},
        {"product": ""},
        {"total_buy_value": "", "average_buy_price": ""},
        {"total_buy_quantity": -10, "net_qty": -10},
        {"net_qty": ""},
    ],
    ids=str,
)
async def test_a_position_that_contradicts_itself_or_can_not_be_left_is_unreadable(changes: dict[str, object]) -> None:
    row = payload("positions")["answer"]["data"]["net"][0]
    async with told() as (host, desk):
        host.says({"status": "success", "data": [{**row, **changes}]})
        with pytest.raises(Unreadable):
            await desk.broker.positions(SESSION)


async def test_no_positions_may_be_null() -> None:
    async with told() as (host, desk):
        host.shows("positions_none")
        assert (await desk.broker.positions(SESSION)).items == ()


async def test_holdings_are_marked_and_none_is_dropped() -> None:
    async with told() as (host, desk):
        host.rule = shop({("NSE", "419"): "1,121.60"}, "/portfolio/holdings", "holdings")
        share, fund = (await desk.broker.holdings(SESSION)).items
    assert (share.instrument, share.quantity, share.isin) == (SHARE, 40, "INE000X01010")
    assert (share.last_price, share.pnl) == (Decimal("1121.60"), Decimal("40804.00"))
    assert (fund.instrument, fund.quantity) == (InstrumentKey.parse("NSE:INF204KB14I2"), 1045)
    assert (fund.last_price, fund.metadata["last_price"]) == (Decimal("122.94"), "previous close")
    assert fund.metadata["mtf"] == "true"
    assert "listed" not in share.metadata
    assert fund.metadata["listed"] == "false"
    assert (fund.t1_quantity, fund.pledged_quantity) == (None, None)


async def test_funds_say_what_the_broker_says_and_no_more() -> None:
    async with told() as (host, desk):
        host.shows("funds")
        funds = await desk.broker.funds(SESSION)
    assert (funds.available, funds.utilised, funds.cash) == tuple(map(Decimal, ("52000.25", "8000", "20000.25")))
    assert funds.collateral == 0
    assert (funds.opening, funds.realised_pnl) == (None, None)
    assert funds.metadata == {"bank_hold": "40000.0"}


async def test_trades_take_their_instrument_from_their_order() -> None:
    async with told() as (host, desk):
        order = {**payload("order_rejected")["answer"]["data"][0], "status": "Traded", "filled_quantity": 10}
        host.rule = lambda request: json_response(
            payload("trades")["answer"] if request.path.endswith("/trades") else {"status": "success", "data": [order]}
        )
        (trade,) = (await desk.broker.trades(SESSION)).items
        assert (trade.instrument, trade.side, trade.quantity, trade.price) == (SHARE, Side.BUY, 10, Decimal("121.3"))
        assert (trade.trade_id, trade.order_id) == ("512", "260110093015001")
        host.rule = lambda request: json_response(
            payload("trades" if request.path.endswith("/trades") else "orders_none")["answer"]
        )
        with pytest.raises(Unreadable, match="not the order"):
            await desk.broker.trades(SESSION)


async def test_both_styles_of_keys_say_the_same() -> None:
    async with told() as (host, desk):
        host.shows("trades_of_one_order")
        (camel,) = await desk.client.trades_of(SESSION.access_token, "26042400054321")
        host.shows("trades")
        (snake,) = await desk.client.trades(SESSION.access_token)
        host.shows("order_rejected")
        with pytest.raises(Unreadable, match="another order"):
            await desk.client.order(SESSION.access_token, "7")
        one = await desk.client.order(SESSION.access_token, "26011000012345")
    assert (camel.trade_id, camel.filled_quantity, camel.average_price) == ("512", 65, Decimal("121.75"))
    assert (snake.trade_id, snake.filled_quantity) == ("512", 10)
    assert one.status == "Rejected"


async def test_prices_are_asked_ten_at_a_time_and_none_is_invented() -> None:
    keys = (SHARE, OPTION, SENSEX)
    async with told(quote_batch=2) as (host, desk):
        host.rule = shop({("NSE", "419"): 121.6, ("NFO", "35187"): 1, ("BFO", "800001"): 85107.8}, "", "ltp")
        quotes = await desk.broker.quotes(SESSION, keys)
        assert [quote.instrument for quote in quotes] == list(keys)
        assert quotes[2].last_price == Decimal("85107.8")
        assert [len(json.loads(request.body)["data"]) for request in host.asked] == [2, 1]
        host.rule = shop({("NSE", "419"): 0, ("NFO", "35187"): 1, ("BFO", "800001"): 1}, "", "ltp")
        with pytest.raises(Unavailable, match="NSE:BEPL"):
            await desk.broker.quotes(SESSION, keys)


async def test_a_price_that_could_be_of_two_markets_is_no_price() -> None:
    async with told(quote_exchanges="parent") as (host, desk):
        host.says({"data": [{"exchange": "", "token": 9, "ltp": 5}, {"exchange": "", "token": 9, "ltp": 6}]})
        with pytest.raises(Unavailable):
            await desk.broker.quotes(SESSION, (SHARE,))
        host.says({"data": [{"exchange": "BSE", "token": 800001, "ltp": 5}]})
        (quote,) = await desk.broker.quotes(SESSION, (SENSEX,))
    assert quote.last_price == 5


@pytest.mark.parametrize("text", ["20261124", "2026-11-24", "24 NOV 2026", "24-Nov-26", "24-NOV-2026"])
def test_a_date_has_many_forms(text: str) -> None:
    assert day_of(text) == date(2026, 11, 24)
    assert day_of("") is None


async def test_a_feed_of_three_thousand_orders_is_read_whole() -> None:
    row = payload("orders_derivative")["answer"]["data"][0]
    rows = [
        {**row, "order_id": f"2604240{number:07}", "order_timestamp": "24/04/2026 10:02:11"} for number in range(3000)
    ]
    found = await book(rows)
    assert [one.broker_order_id for one in found] == [one["order_id"] for one in rows]


async def test_reads_wait_for_their_turn_and_not_for_ever() -> None:
    async with told(reads_per_second=1, timeout_seconds=2) as (host, desk):
        host.shows("funds")
        reads = asyncio.gather(*(desk.broker.funds(SESSION) for _ in range(5)), return_exceptions=True)
        await desk.clock.advance(2)
        found = await reads
    assert [isinstance(one, Unavailable) for one in found] == [False, False, False, True, True]
    assert len(host.asked) == 3


async def test_a_book_with_the_newest_first_is_turned() -> None:
    row = payload("order_rejected")["answer"]["data"][0]
    times = ("10/01/2026 11:00:00", "10/01/2026 10:00:00", "10/01/2026 10:00:00", "10/01/2026 09:00:00")
    found = await book([{**row, "order_id": str(number), "order_timestamp": at} for number, at in enumerate(times)])
    assert [one.broker_order_id for one in found] == ["3", "2", "1", "0"]


async def test_a_cancellation_that_the_exchange_refuses_leaves_the_order_alive() -> None:
    settings = Settings(rate_limits=False, changes=Changes.REJECTED)
    async with emulated(settings) as one:
        session = await one.desk.log_in()
        terms = OrderTerms(
            instrument=InstrumentKey.parse("NSE:HDFCBANK"),
            side=Side.BUY,
            quantity=1,
            order_type=OrderType.LIMIT,
            product=Product.CNC,
            price=Decimal(900),
        )
        answer = await one.desk.broker.place(session, terms, tag="260110093015001")
        await one.desk.broker.cancel(session, answer.broker_order_id)
        (row,) = (await one.desk.broker.orders(session)).items
    assert (row.status, row.raw_status) == (S.OPEN, "Cancel Rejected")
    assert row.message == "Order cannot be cancelled"


async def test_the_whole_portfolio_of_the_emulator_has_prices() -> None:
    async with emulated(Settings(rate_limits=False)) as one:
        session = await one.desk.log_in()
        holdings = (await one.desk.broker.holdings(session)).items
        assert [str(held.instrument) for held in holdings] == ["NSE:INFY", "NSE:SBIN", "NSE:INF204KB14I2"]
        assert all(held.last_price is not None for held in holdings)
        keys = tuple(listed.key for listed in one.desk.listed() if not listed.key.venue.is_cash)[::60]
        assert len(await one.desk.broker.quotes(session, keys)) == len(keys) > 20


def test_no_word_of_ordo_is_without_one_of_the_broker() -> None:
    assert set(SENT_TYPES) == set(OrderType)
    assert set(PRODUCTS.values()) == set(Product)
    assert set(STATUSES.values()) == {status for status in S if status.is_broker_word}
    assert {len(segment) for segment in VENUES} == {6}
