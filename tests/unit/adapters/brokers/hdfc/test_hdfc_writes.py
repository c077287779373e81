"""What is sent to InvestRight, and what its answers prove: nothing is refused but by a table."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ordo.adapters.brokers.hdfc.errors import Call, Said, code_of, of_write
from ordo.domain.book import Acknowledged
from ordo.domain.errors import ErrorCode, Invalid, NotSent, OrdoError, OutcomeUnknown, Refused, Unsupported
from ordo.domain.instruments import InstrumentKey
from ordo.domain.orders import OrderTerms, OrderType, Product, Side, Validity
from ordo.domain.protection import MarketOrders as Bounds
from ordo.domain.secrecy import redact_text
from ordo_emulators.hdfc.settings import MarketOrders, Settings
from tests.support.hdfc import OPTION, SENSEX, SESSION, SHARE, Desk, Host, emulated, payload, payloads, told

TAG = "260110093015001"
ID = "26011000012345"
WRITES = [name for name in payloads() if "call" in payload(name)]
LIMIT = OrderTerms(
    instrument=SHARE,
    side=Side.SELL,
    quantity=10,
    order_type=OrderType.STOP_LIMIT,
    product=Product.MIS,
    price=Decimal("120.50"),
    trigger_price=Decimal(121),
)
CALL = OrderTerms(instrument=OPTION, side=Side.BUY, quantity=65, order_type=OrderType.MARKET, product=Product.NRML)


async def write(desk: Desk, call: str, terms: OrderTerms = LIMIT) -> Acknowledged:
    if call == "place":
        return await desk.broker.place(SESSION, terms, tag=TAG)
    if call == "modify":
        return await desk.broker.modify(SESSION, ID, terms)
    return await desk.broker.cancel(SESSION, ID)


@pytest.mark.parametrize("name", WRITES)
async def test_an_answer_proves_what_its_payload_says(name: str) -> None:
    known = payload(name)
    async with told() as (host, desk):
        host.shows(name)
        if known["outcome"] == "done":
            assert (await write(desk, known["call"])).broker_order_id == ID
        else:
            with pytest.raises(OrdoError) as error:
                await write(desk, known["call"])
            assert error.type is {"unknown": OutcomeUnknown, "refused": Refused}[known["outcome"]]
            assert error.value.code is ErrorCode(known.get("error", "OUTCOME_UNKNOWN"))
        assert len(host.asked) == 1


async def sent(desk: Desk, host: Host, call: str, terms: OrderTerms = LIMIT) -> dict[str, Any]:
    host.shows("placed")
    await write(desk, call, terms)
    (request,) = host.asked
    assert request.headers["authorization"] == "a-token"
    assert request.query == {"api_key": "EMULATED"}
    assert request.headers["content-type"] == "application/json"
    found: dict[str, Any] = json.loads(request.body)
    return found


async def test_a_stop_in_shares_is_sent_as_in_the_worked_example() -> None:
    async with told() as (host, desk):
        body = await sent(desk, host, "place")
        assert (host.asked[0].method, host.asked[0].path) == ("POST", "/oapi/v1/orders/regular")
    assert body == {
        "exchange": "NSE",
        "security_id": "BHAENGEQNR",
        "instrument_segment": "EQUITY",
        "transaction_type": "Sell",
        "product": "INTRADAY",
        "order_type": "SL",
        "price": 120.5,
        "trigger_price": 121,
        "quantity": 10,
        "disclosed_quantity": 0,
        "validity": "DAY",
        "amo": False,
        "external_reference_number": 260110093015001,
    }


@pytest.mark.parametrize(
    ("key", "fields"),
    [
        (
            OPTION,
            {
                "exchange": "NSE",
                "security_id": "35187",
                "instrument_segment": "OPTIDX",
                "underlying_symbol": "NIFTYEQEQNR",
                "expiry_date": "20260428",
                "strike_price": 26000,
                "option_type": "CE",
            },
        ),
        (
            SENSEX,
            {
                "exchange": "BSE",
                "security_id": "B800001",
                "instrument_segment": "FUTIDX",
                "underlying_symbol": "SENSEXEQ",
                "expiry_date": "20260430",
            },
        ),
    ],
)
async def test_a_contract_is_sent_with_all_that_addresses_it(key: InstrumentKey, fields: dict[str, object]) -> None:
    terms = OrderTerms(
        instrument=key, side=Side.BUY, quantity=20 * 65, order_type=OrderType.MARKET, product=Product.NRML,
        validity=Validity.IOC,
    )  # fmt: skip
    async with told(side_style="upper") as (host, desk):
        body = await sent(desk, host, "place", terms)
    assert body.items() >= fields.items()
    assert body.keys() - fields.keys() == {
        "transaction_type", "product", "order_type", "price", "trigger_price", "quantity", "disclosed_quantity",
        "validity", "amo", "external_reference_number",
    }  # fmt: skip
    assert (body["transaction_type"], body["price"], body["trigger_price"], body["validity"]) == ("BUY", 0, 0, "IOC")


async def test_a_change_carries_the_whole_state_and_nothing_else() -> None:
    async with told() as (host, desk):
        body = await sent(desk, host, "modify")
        assert (host.asked[0].method, host.asked[0].path) == ("PUT", f"/oapi/v1/orders/regular/{ID}")
    assert body.keys() == {
        "quantity", "order_type", "validity", "disclosed_quantity", "product", "price", "trigger_price", "amo",
    }  # fmt: skip


@pytest.mark.parametrize("order_id", ["", " ", "..", "../regular", "1?x=1", "1/2", "1%2f", "1#"])
async def test_an_id_can_lead_to_no_other_path(order_id: str) -> None:
    async with told() as (host, desk):
        with pytest.raises(Invalid):
            await desk.broker.cancel(SESSION, order_id)
        with pytest.raises(Invalid):
            await desk.broker.modify(SESSION, order_id, LIMIT)
        assert host.asked == []


@pytest.mark.parametrize("key", ["NSE:NOSUCHSHARE", "MCX:CRUDEOIL:20261216:FUT"])
async def test_what_the_master_lacks_is_invalid_and_never_sent(key: str) -> None:
    terms = OrderTerms(
        instrument=InstrumentKey.parse(key), side=Side.BUY, quantity=1, order_type=OrderType.MARKET, product=Product.MIS
    )
    async with told() as (host, desk):
        for call in ("place", "modify"):
            with pytest.raises(Invalid):
                await write(desk, call, terms)
        assert host.asked == []


async def test_nobody_there_is_not_sent() -> None:
    async with told() as (host, desk):
        desk.line.find_nobody()
        with pytest.raises(NotSent, match="same key"):
            await write(desk, "place")
        assert host.asked == []


@pytest.mark.parametrize(
    "text",
    [
        "Something went wrong",
        "Request timed out: invalid price",
        "Please try again later",
        "Invalid response from exchange",
        "Order sent; exchange is not connected, quantity is required",
        "Failed to confirm the price: it is invalid",
    ],
)
@pytest.mark.parametrize("status", [200, 400, 404, 422])
def test_words_of_doubt_stand_above_every_table(text: str, status: int) -> None:
    said = Said.of(status, json.dumps({"status": "error", "message": text}).encode())
    assert isinstance(of_write(said, Call.PLACE, "hdfc"), OutcomeUnknown)


@pytest.mark.parametrize("status", [200, 400, 422])
def test_an_answer_that_contradicts_itself_proves_nothing(status: int) -> None:
    said = Said.of(status, b'{"status": "success", "error": "Invalid security", "data": {"order_id": "1"}}')
    assert not said.succeeded
    assert isinstance(of_write(said, Call.PLACE, "hdfc"), OutcomeUnknown)


@pytest.mark.parametrize("status", [*range(300, 309), 400, 402, 404, 405, 408, 409, 413, 415, 422, 425, 500, 502, 504])
@pytest.mark.parametrize("body", [b"", b"<html>invalid price</html>", b"[]", b"null", b'{"status": "error"}'])
def test_a_foreign_or_wordless_answer_proves_nothing(status: int, body: bytes) -> None:
    assert isinstance(of_write(Said.of(status, body), Call.PLACE, "hdfc"), OutcomeUnknown)


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, ErrorCode.INVALID_SESSION), (403, ErrorCode.PERMISSION_DENIED), (429, ErrorCode.RATE_LIMITED)],
)
def test_what_is_turned_away_at_the_gate_never_got_in(status: int, code: ErrorCode) -> None:
    error = of_write(Said.of(status, b"<html></html>"), Call.PLACE, "hdfc")
    assert isinstance(error, Refused)
    assert error.code is code


# The pattern ideas of the dossier, section 8.3, each in words that might be the broker's.
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("IP address not whitelisted", "IP_NOT_ALLOWED"),
        ("Unauthorised IP", "IP_NOT_ALLOWED"),
        ("INVALID_APIKEY", "PERMISSION_DENIED"),
        ("Api key is inactive", "PERMISSION_DENIED"),
        ("invalid credentials", "INVALID_SESSION"),
        ("Full authentication is required", "INVALID_SESSION"),
        ("Access token expired", "INVALID_SESSION"),
        ("merchantKeyRateLimit - too many requests", "RATE_LIMITED"),
        ("algo orders from merchant can only of Limit type", "INVALID_ORDER"),
        ("RMS: Margin Exceeds, shortfall", "INSUFFICIENT_FUNDS"),
        ("Insufficient funds", "INSUFFICIENT_FUNDS"),
        ("RMS: Short sell not allowed, quantity 1 available 0", "INSUFFICIENT_HOLDINGS"),
        ("Market is closed", "MARKET_CLOSED"),
        ("AMO not allowed at this time", "MARKET_CLOSED"),
        ("Order does not exist", "ORDER_NOT_FOUND"),
        ("Order cannot be modified", "ORDER_NOT_MODIFIABLE"),
        ("Invalid security", "INVALID_INSTRUMENT"),
        ("Scrip suspended", "INVALID_INSTRUMENT"),
        ("quantity must be a multiple of the lot size 65", "INVALID_ORDER"),
        ("trigger_price is invalid: it is required", "INVALID_ORDER"),
        ("Segment not enabled for client", "PERMISSION_DENIED"),
        # "session" alone is the exchange's word too.
        ("Order not allowed in this trading session", None),
        ("The inside of an amount is a lottery, and invalid", None),
        ("Accepted", None),
    ],
)
def test_a_text_means_what_the_dossier_says(text: str, code: str | None) -> None:
    assert code_of(text) == (None if code is None else ErrorCode(code))


def test_an_order_that_was_done_before_it_was_placed_is_rejected_not_unmodifiable() -> None:
    said = Said.of(422, b'{"message": "already traded"}')
    assert of_write(said, Call.PLACE, "hdfc").code is ErrorCode.ORDER_REJECTED


async def test_market_orders_are_ordos_to_bound_where_the_settings_say_so() -> None:
    async with told(market_orders="limit", protection_percent=5) as (host, desk):
        offered = desk.broker.capabilities
        assert (offered.market_orders, offered.auto_percent) == (Bounds.GATEWAY, Decimal(5))
        assert offered.market_protection
        for terms in (CALL, replace(CALL, order_type=OrderType.STOP_MARKET, trigger_price=Decimal(121))):
            with pytest.raises(Unsupported, match="no limit"):
                await write(desk, "place", terms)
            with pytest.raises(Unsupported, match="no limit"):
                await write(desk, "modify", terms)
        assert host.asked == []
    async with told() as (_, desk):
        assert desk.broker.capabilities.market_orders is Bounds.BROKER


async def test_a_broker_that_forbids_market_orders_says_so() -> None:
    share = InstrumentKey.parse("NSE:HDFCBANK")
    terms = OrderTerms(instrument=share, side=Side.BUY, quantity=1, order_type=OrderType.MARKET, product=Product.CNC)
    async with emulated(Settings(rate_limits=False, market_orders=MarketOrders.FORBID403)) as one:
        session = await one.desk.log_in()
        with pytest.raises(Refused) as refusal:
            await one.desk.broker.place(session, terms, tag=TAG)
        assert refusal.value.code is ErrorCode.INVALID_ORDER


async def test_a_burst_of_orders_waits_and_then_is_not_sent() -> None:
    async with told(orders_per_second=2) as (host, desk):
        host.shows("placed")
        writes = asyncio.gather(*(write(desk, "place") for _ in range(9)), return_exceptions=True)
        await desk.clock.advance(2)
        late = [one for one in await writes if isinstance(one, BaseException)]
        # Two at once, then one each half second; the rest would wait for more than two seconds.
        assert len(host.asked) == 6
    assert [type(one) for one in late] == [NotSent] * 3
    assert {one.code for one in late if isinstance(one, NotSent)} == {ErrorCode.RATE_LIMITED}


async def test_secrets_stand_in_no_error_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with told() as (host, desk):
        for answer, status in (("<html></html>", 502), ({"status": "error", "message": "Invalid security"}, 400)):
            host.says(answer, status=status)
            with pytest.raises((OutcomeUnknown, Refused)) as error:
                await write(desk, "place")
            assert "a-token" not in repr(error.value)
            assert "EMULATED" not in f"{error.value} {error.value.native_error}"
        assert "EMULATED" not in repr(desk.client._door)
    assert "a-token" not in caplog.text
    assert "EMULATED-SECRET" not in caplog.text
    assert "EMULATED" not in redact_text(caplog.text)
