"""The laws of every broker's writes. What counts is what arrived at the venue, not what the adapter says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial
from itertools import count

import pytest

from ordo.domain.book import Acknowledged
from ordo.domain.errors import ErrorCode, Invalid, NotSent, OutcomeUnknown, Refused, Unsupported
from ordo.domain.orders import OrderStatus, OrderTerms, OrderType, Product, Side, Validity
from ordo.testing.contract.harness import BrokerHarness, VenueOrder

pytestmark = pytest.mark.asyncio

_TAGS = count(373_000_000_000_000)


def tag() -> str:
    return str(next(_TAGS))


def resting(harness: BrokerHarness, **changes: object) -> OrderTerms:
    terms = OrderTerms(
        instrument=harness.instrument,
        side=Side.BUY,
        quantity=harness.lot,
        order_type=OrderType.LIMIT,
        product=Product.CNC if harness.instrument.venue.is_cash else Product.NRML,
        price=harness.cheap,
    )
    return replace(terms, **changes)  # type: ignore[arg-type]


def of_type(harness: BrokerHarness, kind: OrderType, **changes: object) -> OrderTerms:
    """A purchase that fills at once, or waits for its trigger."""
    return resting(
        harness,
        order_type=kind,
        price=harness.dear if kind.has_price else None,
        trigger_price=harness.trigger if kind.has_trigger else None,
        **changes,
    )


async def test_a_placed_order_is_at_the_venue_once_with_its_tag(broker: BrokerHarness) -> None:
    mark = tag()
    answer = await broker.broker.place(broker.session, resting(broker), tag=mark)
    (there,) = [order for order in await broker.venue.orders() if order.broker_order_id == answer.broker_order_id]
    assert there.live
    assert there.quantity == broker.lot
    if broker.broker.capabilities.tag_echo:
        assert there.tag == mark
        rows = (await broker.broker.orders(broker.session)).items
        assert [row.tag for row in rows if row.broker_order_id == answer.broker_order_id] == [mark]


async def test_a_marketable_order_fills_no_worse_than_its_limit(broker: BrokerHarness) -> None:
    answer = await broker.broker.place(broker.session, resting(broker, price=broker.dear), tag=tag())
    (row,) = [
        row
        for row in (await broker.broker.orders(broker.session)).items
        if row.broker_order_id == answer.broker_order_id
    ]
    assert row.status is OrderStatus.FILLED
    assert row.filled_quantity == broker.lot
    assert row.average_price is not None
    assert row.average_price <= broker.dear
    trades = [
        trade
        for trade in (await broker.broker.trades(broker.session)).items
        if trade.broker_order_id == answer.broker_order_id
    ]
    assert sum(trade.quantity for trade in trades) == broker.lot


async def test_a_resting_order_can_be_modified_and_cancelled(broker: BrokerHarness) -> None:
    answer = await broker.broker.place(broker.session, resting(broker), tag=tag())
    await broker.broker.modify(broker.session, answer.broker_order_id, resting(broker, quantity=broker.lot * 2))
    (there,) = [order for order in await broker.venue.orders() if order.broker_order_id == answer.broker_order_id]
    assert there.quantity == broker.lot * 2
    await broker.broker.cancel(broker.session, answer.broker_order_id)
    (there,) = [order for order in await broker.venue.orders() if order.broker_order_id == answer.broker_order_id]
    assert not there.live
    assert there.filled_quantity == 0


async def test_an_ended_order_can_be_neither_modified_nor_cancelled(broker: BrokerHarness) -> None:
    answer = await broker.broker.place(broker.session, resting(broker), tag=tag())
    await broker.broker.cancel(broker.session, answer.broker_order_id)
    for attempt in (
        broker.broker.cancel(broker.session, answer.broker_order_id),
        broker.broker.modify(broker.session, answer.broker_order_id, resting(broker, quantity=broker.lot * 2)),
    ):
        with pytest.raises(Refused) as refusal:
            await attempt
        assert refusal.value.code is ErrorCode.ORDER_NOT_MODIFIABLE


async def test_an_order_that_is_not_there_is_not_found(broker: BrokerHarness) -> None:
    with pytest.raises(Refused) as refusal:
        await broker.broker.cancel(broker.session, "no-such-order")
    assert refusal.value.code is ErrorCode.ORDER_NOT_FOUND


async def test_a_sale_without_shares_is_rejected_and_nothing_is_live(broker: BrokerHarness) -> None:
    sale = resting(broker, side=Side.SELL, price=broker.dear)
    if broker.broker.capabilities.rejects_in_answer:
        with pytest.raises(Refused) as refusal:
            await broker.broker.place(broker.session, sale, tag=tag())
        assert refusal.value.code is ErrorCode.INSUFFICIENT_HOLDINGS
    else:
        answer = await broker.broker.place(broker.session, sale, tag=tag())
        rows = (await broker.broker.orders(broker.session)).items
        (row,) = [row for row in rows if row.broker_order_id == answer.broker_order_id]
        assert row.status is OrderStatus.REJECTED
        assert row.message
    assert not [order for order in await broker.venue.orders() if order.live]


async def test_what_is_not_declared_is_unsupported_and_leaves_no_trace(broker: BrokerHarness) -> None:
    capabilities = broker.broker.capabilities
    undeclared = [
        *(
            resting(broker, product=item)
            for item in (Product.CNC, Product.MIS, Product.MTF)
            if item not in capabilities.products
        ),
        *(resting(broker, validity=item) for item in Validity if item not in capabilities.validities),
        *(of_type(broker, kind) for kind in OrderType if kind not in capabilities.order_types),
        *([] if capabilities.market_protection else [of_type(broker, OrderType.MARKET, protection=Decimal(2))]),
        *([] if capabilities.after_market else [resting(broker, after_market=True)]),
        *([] if capabilities.disclosed_quantity else [resting(broker, disclosed_quantity=broker.lot)]),
    ]
    for terms in undeclared:
        with pytest.raises(Unsupported):
            await broker.broker.place(broker.session, terms, tag=tag())
    assert await broker.venue.orders() == ()


async def test_every_declared_order_type_and_product_works(broker: BrokerHarness) -> None:
    capabilities = broker.broker.capabilities
    for kind in capabilities.order_types:
        for product in capabilities.products & {Product.CNC, Product.MIS}:
            await _placed_as_asked(broker, of_type(broker, kind, product=product))


async def test_every_other_declared_trait_works(broker: BrokerHarness) -> None:
    capabilities = broker.broker.capabilities
    for validity in capabilities.validities:
        await _placed_as_asked(broker, resting(broker, price=broker.dear, validity=validity))
    if capabilities.disclosed_quantity:
        await _placed_as_asked(broker, resting(broker, quantity=broker.lot * 10, disclosed_quantity=broker.lot * 5))
    if capabilities.after_market:
        await _placed_as_asked(broker, resting(broker, after_market=True))


@pytest.mark.parametrize("operation", ["place", "modify", "cancel"])
async def test_a_write_that_goes_wrong_is_never_called_refused(broker: BrokerHarness, operation: str) -> None:
    for fault in sorted(broker.venue.write_faults):
        mark = tag()
        attempt, before = await _prepared(broker, operation, mark)
        await broker.venue.fault(operation, fault)
        with pytest.raises((NotSent, OutcomeUnknown)) as failure:
            await attempt()
        assert failure.type is (NotSent if fault in broker.venue.unsent else OutcomeUnknown), fault
        await _carried_out_once_or_not_at_all(broker, operation, before, reached=broker.venue.reached(fault))
        if broker.broker.capabilities.tag_echo:
            rows = (await broker.broker.orders(broker.session)).items
            there = operation != "place" or broker.venue.reached(fault)
            assert [row.tag for row in rows if row.tag == mark] == [mark] * there, fault


@pytest.mark.parametrize("operation", ["place", "modify", "cancel"])
async def test_a_write_that_the_broker_refuses_has_no_effect(broker: BrokerHarness, operation: str) -> None:
    for fault, code in sorted(broker.venue.refusals.items()):
        attempt, before = await _prepared(broker, operation, tag())
        await broker.venue.fault(operation, fault)
        with pytest.raises(Refused) as refusal:
            await attempt()
        assert refusal.value.code is code, fault
        assert refusal.value.broker_id == broker.account.adapter_id
        await _carried_out_once_or_not_at_all(broker, operation, before, reached=False)


async def test_an_order_that_the_book_shows_late_or_badly_is_there_once(broker: BrokerHarness) -> None:
    for fault in sorted(broker.venue.book_faults):
        mark = tag()
        await broker.venue.fault("place", fault)
        answer = await broker.broker.place(broker.session, resting(broker), tag=mark)
        await broker.venue.settle()
        rows = (await broker.broker.orders(broker.session)).items
        (row,) = [row for row in rows if row.broker_order_id == answer.broker_order_id]
        assert row.tag in (mark, None)


async def test_invalid_terms_never_get_as_far_as_the_broker(broker: BrokerHarness) -> None:
    with pytest.raises(Invalid):
        resting(broker, price=None)
    assert await broker.venue.orders() == ()


async def _prepared(
    broker: BrokerHarness, operation: str, mark: str
) -> tuple[Callable[[], Awaitable[Acknowledged]], tuple[VenueOrder, ...]]:
    """A write that is ready to be made, and what stands at the venue before it."""
    target = ""
    if operation != "place":
        target = (await broker.broker.place(broker.session, resting(broker), tag=mark)).broker_order_id
    attempt = {
        "place": partial(broker.broker.place, broker.session, resting(broker), tag=mark),
        "modify": partial(broker.broker.modify, broker.session, target, resting(broker, quantity=broker.lot * 2)),
        "cancel": partial(broker.broker.cancel, broker.session, target),
    }[operation]
    return attempt, await broker.venue.orders()


async def _carried_out_once_or_not_at_all(
    broker: BrokerHarness, operation: str, before: tuple[VenueOrder, ...], *, reached: bool
) -> None:
    after = await broker.venue.orders()
    if not reached:
        assert after == before
    elif operation == "place":
        assert len(after) == len(before) + 1
        assert after[-1].quantity == broker.lot
    else:
        assert after[:-1] == before[:-1]
        assert len(after) == len(before)
        if operation == "modify":
            assert (after[-1].quantity, after[-1].live) == (broker.lot * 2, True)
        else:
            assert (after[-1].quantity, after[-1].live) == (broker.lot, False)


async def _placed_as_asked(broker: BrokerHarness, terms: OrderTerms) -> None:
    answer = await broker.broker.place(broker.session, terms, tag=tag())
    rows = (await broker.broker.orders(broker.session)).items
    (row,) = [row for row in rows if row.broker_order_id == answer.broker_order_id]
    assert row.status is not None
    for name in ("instrument", "side", "quantity", "product", "order_type", "validity", "trigger_price"):
        assert getattr(row, name) == getattr(terms, name), name
    if terms.price is not None:
        assert row.price == terms.price
