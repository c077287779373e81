"""Every call of the client against the real application: what it sends is understood, what comes back can be read."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from ordo.client import AsyncOrdoClient, OrdoApiError
from ordo.entrypoints.cli.in_process import application
from ordo.schemas.v1.orders import PLACE_EXAMPLES, PlaceOrder
from ordo.schemas.v1.sessions import Session

TOKEN = "a-token-for-this-test"
DEMO = "paper/DEMO"


@pytest.fixture
async def ordo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AsyncOrdoClient]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ORDO_TOKEN", TOKEN)
    async with application() as app, AsyncOrdoClient(token=TOKEN, app=app) as client:
        yield client


async def test_orders_from_preview_to_trade(ordo: AsyncOrdoClient) -> None:
    preview = await ordo.orders.preview(DEMO, "NSE:SBIN", "BUY", 2, limit=Decimal("700.00"))
    assert preview.would_send
    waiting = await ordo.orders.place(DEMO, "NSE:SBIN", "BUY", 2, limit=Decimal("700.00"), key="k1")
    assert (waiting.status, waiting.price) == ("OPEN", Decimal("700.00"))
    assert await ordo.orders.place(DEMO, "NSE:SBIN", "BUY", 2, limit=Decimal("700.00"), key="k1") == waiting
    changed = await ordo.orders.modify(DEMO, waiting.order_id, limit="900.00", quantity=3)
    assert (changed.status, changed.quantity) == ("FILLED", 3)
    assert await ordo.orders.get(DEMO, waiting.order_id) == (await ordo.orders.list(DEMO))[0]
    (trade,) = await ordo.trades(DEMO)
    assert (trade.order_id, trade.quantity) == (waiting.order_id, 3)
    with pytest.raises(OrdoApiError) as raised:
        await ordo.orders.cancel(DEMO, waiting.order_id)
    assert raised.value.error_code == "ORDER_NOT_MODIFIABLE"
    assert raised.value.details["outcome"] == "not_sent"


async def test_a_basket_and_its_replay(ordo: AsyncOrdoClient) -> None:
    order = PlaceOrder.model_validate_json(json.dumps(PLACE_EXAMPLES["limit"]))
    legs = [(DEMO, order), (DEMO, order.model_copy(update={"price": Decimal("700.00")}))]
    result = await ordo.baskets.place(legs, mode="IN_ORDER", key="b1")
    assert [leg.outcome for leg in result.legs] == ["PLACED", "PLACED"]
    assert await ordo.baskets.place(legs, mode="IN_ORDER", key="b1") == result
    with pytest.raises(OrdoApiError) as raised:
        await ordo.baskets.place(legs, mode="AT_ONCE", key="b1")
    assert raised.value.error_code == "IDEMPOTENCY_KEY_REUSED"


async def test_a_slip_is_refused_unless_it_is_meant(ordo: AsyncOrdoClient) -> None:
    await ordo.orders.place(DEMO, "NSE:SBIN", "BUY", 1, limit="700.00")
    second = await ordo.orders.place(DEMO, "NSE:SBIN", "BUY", 1, limit="700.00", allow_duplicate=True)
    with pytest.raises(OrdoApiError) as raised:
        await ordo.orders.place(DEMO, "NSE:SBIN", "BUY", 1, limit="700.00")
    assert raised.value.error_code == "RISK_LIMIT"
    with pytest.raises(OrdoApiError) as raised:
        await ordo.orders.resolve(DEMO, second.order_id, "NOT_PLACED", "only a try")
    assert raised.value.error_code == "ORDER_NOT_MODIFIABLE"


async def test_what_an_account_has(ordo: AsyncOrdoClient) -> None:
    await ordo.orders.place(DEMO, "NSE:SBIN", "BUY", 2)
    portfolio = await ordo.portfolio(DEMO)
    assert portfolio.positions == await ordo.positions(DEMO)
    assert portfolio.holdings == await ordo.holdings(DEMO) == ()
    assert portfolio.cash_balance == (await ordo.funds(DEMO)).cash
    quotes = await ordo.quotes(DEMO, "NSE:SBIN", "NSE:M&M")
    assert [quote.instrument_token for quote in quotes] == ["NSE:SBIN", "NSE:M&M"]


async def test_instruments(ordo: AsyncOrdoClient) -> None:
    found = await ordo.instruments.search("M&M", limit=1)
    assert [instrument.key for instrument in found] == ["NSE:M&M"]
    assert await ordo.instruments.get("NSE:M&M") == found[0]


async def test_sessions(ordo: AsyncOrdoClient) -> None:
    assert (await ordo.sessions.get(DEMO)).state == "NONE"
    challenge = await ordo.sessions.begin(DEMO)
    assert (challenge.kind, challenge.fields) == ("none", ())
    opened = await ordo.sessions.answer(DEMO, challenge.challenge_id, answers={})
    assert isinstance(opened, Session)
    assert await ordo.sessions.list() == (opened,)
    await ordo.sessions.end(DEMO)
    assert await ordo.sessions.list() == ()
    with pytest.raises(OrdoApiError) as raised:
        await ordo.sessions.answer(DEMO, "no-such-challenge", answers={"otp": "123456"})
    assert raised.value.error_code == "NOT_FOUND"


async def test_the_gateway_itself(ordo: AsyncOrdoClient) -> None:
    assert (await ordo.health()).status == "ok"
    assert [broker.adapter_id for broker in await ordo.brokers()] == ["paper"]
    assert (await ordo.kill_switch.get()).state == "ACTIVE"
    halted = await ordo.kill_switch.set("HALTED", "a test")
    assert (await ordo.status()).kill_switch == halted
    with pytest.raises(OrdoApiError) as raised:
        await ordo.orders.place(DEMO, "NSE:SBIN", "BUY", 2)
    assert raised.value.error_code == "KILL_SWITCH_ACTIVE"
