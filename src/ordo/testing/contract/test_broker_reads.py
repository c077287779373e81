"""The laws of every broker's reads and logins: a failed read raises; it is never empty and never zero."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from ordo.domain.errors import Refused, Unavailable
from ordo.domain.instruments import InstrumentKey
from ordo.domain.sessions import Session, SessionState
from ordo.testing.contract.harness import BrokerHarness
from ordo.testing.contract.test_broker_writes import resting, tag

pytestmark = pytest.mark.asyncio

READS: dict[str, Callable[[BrokerHarness], Awaitable[object]]] = {
    "orders": lambda one: one.broker.orders(one.session),
    "trades": lambda one: one.broker.trades(one.session),
    "funds": lambda one: one.broker.funds(one.session),
    "positions": lambda one: one.broker.positions(one.session),
    "holdings": lambda one: one.broker.holdings(one.session),
    "quotes": lambda one: one.broker.quotes(one.session, (one.instrument,)),
}


@pytest.mark.parametrize("operation", READS)
async def test_a_failed_read_raises(broker: BrokerHarness, operation: str) -> None:
    await broker.broker.place(broker.session, resting(broker, price=broker.dear), tag=tag())
    for fault in sorted(broker.venue.read_faults(operation)):
        await broker.venue.fault(operation, fault)
        with pytest.raises(Unavailable):
            await READS[operation](broker)
        await READS[operation](broker)


@pytest.mark.parametrize("operation", READS)
async def test_a_refused_read_raises_with_its_reason(broker: BrokerHarness, operation: str) -> None:
    await broker.broker.place(broker.session, resting(broker, price=broker.dear), tag=tag())
    for fault, code in sorted(broker.venue.refusals.items()):
        await broker.venue.fault(operation, fault)
        with pytest.raises(Refused) as refusal:
            await READS[operation](broker)
        assert refusal.value.code is code, fault
        await READS[operation](broker)


async def test_a_purchase_shows_in_positions_and_funds(broker: BrokerHarness) -> None:
    before = await broker.broker.funds(broker.session)
    await broker.broker.place(broker.session, resting(broker, price=broker.dear), tag=tag())
    after = await broker.broker.funds(broker.session)
    assert before.available is not None
    assert after.available is not None
    assert after.available < before.available
    (position,) = (await broker.broker.positions(broker.session)).items
    assert position.instrument == broker.instrument
    assert position.quantity == broker.lot


async def test_quotes_come_in_the_order_asked_or_not_at_all(broker: BrokerHarness) -> None:
    (quote,) = await broker.broker.quotes(broker.session, (broker.instrument,))
    assert quote.instrument == broker.instrument
    assert quote.last_price > 0
    assert quote.timestamp.tzinfo is not None
    unknown = InstrumentKey.parse("NSE:NOSUCHSHARE")
    with pytest.raises((Refused, Unavailable)):
        await broker.broker.quotes(broker.session, (broker.instrument, unknown))


async def test_snapshots_say_when(broker: BrokerHarness) -> None:
    for read in (broker.broker.orders, broker.broker.trades, broker.broker.positions, broker.broker.holdings):
        assert (await read(broker.session)).as_of.tzinfo is not None


async def test_a_login_gives_a_session_that_hides_its_token(broker: BrokerHarness) -> None:
    step = await broker.login.begin(broker.account)
    while not isinstance(step, Session):
        step = await broker.login.answer(step, await broker.answer(step))
    assert step.account == broker.account
    assert step.state(step.issued_at) is SessionState.ACTIVE
    assert step.state(step.expires_at) is SessionState.EXPIRED
    assert step.access_token.reveal() not in repr(step)
    await broker.login.end(step)
    await broker.login.end(step)
