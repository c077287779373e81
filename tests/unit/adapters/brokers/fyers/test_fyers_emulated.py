"""What the contract does not ask of every broker: the oddities of FYERS, as its emulator shows them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from ordo.domain.book import BrokerOrder
from ordo.domain.errors import ErrorCode, OutcomeUnknown, Refused, Unavailable
from ordo.domain.instruments import InstrumentKey
from ordo.domain.orders import OrderStatus, OrderTerms, OrderType, Product, Side
from ordo.domain.sessions import LoginChallenge, Session
from ordo_emulators.faults import Fault, Operation, sensible
from ordo_emulators.fyers.settings import Rejections, Settings
from tests.contract.brokers.fyers import FyersHarness, harness

TAG = "261123000000017"


def buying(fyers: FyersHarness, **changes: object) -> OrderTerms:
    terms = OrderTerms(
        instrument=fyers.instrument,
        side=Side.BUY,
        quantity=10,
        order_type=OrderType.LIMIT,
        product=Product.CNC,
        price=fyers.cheap,
    )
    return replace(terms, **changes)  # type: ignore[arg-type]


async def place(fyers: FyersHarness, **changes: object) -> str:
    return (await fyers.broker.place(fyers.session, buying(fyers, **changes), tag=TAG)).broker_order_id


async def only_row(fyers: FyersHarness) -> BrokerOrder:
    (row,) = (await fyers.broker.orders(fyers.session)).items
    return row


async def test_rows_of_other_types_and_without_the_younger_fields_are_read() -> None:
    async with harness(Settings(rate_limits=False, loose_types=True, sparse_rows=True)) as fyers:
        number = await place(fyers, price=fyers.dear)
        row = await only_row(fyers)
        assert (row.broker_order_id, row.tag, row.status) == (number, TAG, OrderStatus.FILLED)
        (trade,) = (await fyers.broker.trades(fyers.session)).items
        assert (trade.broker_order_id, trade.order_id) == (number, TAG)
        (position,) = (await fyers.broker.positions(fyers.session)).items
        assert position.quantity == 10
        assert len((await fyers.broker.holdings(fyers.session)).items) == 3
        with pytest.raises(Refused) as refusal:
            await fyers.broker.cancel(fyers.session, number)
        assert refusal.value.code is ErrorCode.ORDER_NOT_MODIFIABLE


async def test_an_order_without_an_acknowledgement_is_unknown_and_in_the_book() -> None:
    async with harness(Settings(rate_limits=False, unconfirmed=True)) as fyers:
        with pytest.raises(OutcomeUnknown, match="201"):
            await place(fyers)
        assert (await only_row(fyers)).tag == TAG


async def test_a_rejection_that_comes_later_stands_in_the_book_with_its_reason() -> None:
    async with harness(Settings(rate_limits=False, rejections=Rejections.BOOK)) as fyers:
        await place(fyers, side=Side.SELL)
        row = await only_row(fyers)
        assert row.status is OrderStatus.REJECTED
        assert row.message is not None
        assert row.message.startswith("RED:RULE:{Check Holdings")
        assert "for C-*** " in row.message


async def test_an_app_that_may_not_trade_is_told_all_four_reasons() -> None:
    async with harness(Settings(rate_limits=False, orders_allowed=False)) as fyers:
        with pytest.raises(Refused, match="static IP") as refusal:
            await place(fyers)
        assert refusal.value.code is ErrorCode.PERMISSION_DENIED


async def test_a_page_in_place_of_a_limit_proves_nothing_of_an_order() -> None:
    async with harness(Settings(html_429=True)) as fyers:
        for _ in range(9):  # The login asked once.
            await fyers.broker.funds(fyers.session)
        with pytest.raises(Unavailable) as failure:
            await fyers.broker.funds(fyers.session)
        assert failure.value.code is ErrorCode.RATE_LIMITED
        with pytest.raises(OutcomeUnknown):
            await place(fyers)


async def test_an_order_on_its_way_is_acknowledged() -> None:
    async with harness(Settings(rate_limits=False, transit_seconds=5.0)) as fyers:
        await place(fyers)
        assert (await only_row(fyers)).status is OrderStatus.ACKNOWLEDGED
        fyers.clock.step(timedelta(seconds=5))
        assert (await only_row(fyers)).status is OrderStatus.OPEN


async def test_a_partial_fill() -> None:
    async with harness(Settings(rate_limits=False, liquidity=4)) as fyers:
        await place(fyers, price=fyers.dear)
        row = await only_row(fyers)
        assert (row.status, row.filled_quantity) == (OrderStatus.PARTIALLY_FILLED, 4)


async def test_a_closed_market_takes_orders_for_the_next_session_only() -> None:
    async with harness(Settings(rate_limits=False, market_open=False)) as fyers:
        with pytest.raises(Refused) as refusal:
            await place(fyers)
        assert refusal.value.code is ErrorCode.MARKET_CLOSED
        await fyers.broker.place(fyers.session, buying(fyers, after_market=True), tag="261123000000018")
        rows = (await fyers.broker.orders(fyers.session)).items
        assert [row.status for row in rows] == [OrderStatus.REJECTED, OrderStatus.SCHEDULED]


@pytest.mark.parametrize(
    ("root", "lots", "price", "size"),
    [("NFO:NIFTY:", 2, "27000", 65), ("MCX:CRUDEOIL:", 3, "5500", 100)],
)
async def test_contracts_are_counted_in_units_both_ways(root: str, lots: int, price: str, size: int) -> None:
    async with harness() as fyers:
        listed = [one.key for one in fyers.emulator._desk.exchange.instruments]
        key = next(one for one in listed if one.startswith(root) and one.endswith(":FUT"))
        await place(
            fyers,
            instrument=InstrumentKey.parse(key),
            quantity=lots * size,
            product=Product.NRML,
            price=Decimal(price),
        )
        (there,) = await fyers.venue.orders()
        assert there.quantity == lots * size
        row = await only_row(fyers)
        assert (row.quantity, row.filled_quantity) == (lots * size, lots * size)
        (position,) = (await fyers.broker.positions(fyers.session)).items
        assert (str(position.instrument), position.quantity) == (key, lots * size)
        assert position.buy_value == position.average_price * lots * size


async def test_no_fault_of_a_login_opens_a_session() -> None:
    async with harness() as fyers:
        for fault in sorted(sensible(Operation.LOGIN)):
            challenge = await fyers.login.begin(fyers.account)
            assert isinstance(challenge, LoginChallenge)
            answer = await fyers.answer(challenge)
            await fyers.venue.fault("login", fault)
            with pytest.raises(Refused if fault is Fault.RATE_LIMITED else Unavailable):
                await fyers.login.answer(challenge, answer)


async def test_a_code_works_once() -> None:
    async with harness() as fyers:
        challenge = await fyers.login.begin(fyers.account)
        assert isinstance(challenge, LoginChallenge)
        answer = await fyers.answer(challenge)
        assert isinstance(await fyers.login.answer(challenge, answer), Session)
        with pytest.raises(Refused) as refusal:
            await fyers.login.answer(challenge, answer)
        assert refusal.value.code is ErrorCode.INVALID_CREDENTIALS
