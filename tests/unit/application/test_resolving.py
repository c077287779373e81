"""What nobody can find out any more is settled by an operator: audited, against the book only where it is silent."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from ordo.domain.audit import AuditKind
from ordo.domain.errors import ErrorCode, InFlight, Invalid, OutcomeUnknown, Unavailable
from ordo.domain.idempotency import Finding
from ordo.domain.orders import MatchedBy, ModifyOrder, Order, OrderStatus, PendingOp
from tests.support.broker import ALL, Mishap, lost
from tests.support.clock import quiet
from tests.support.house import House, order_in
from tests.support.orders import ACCOUNT, BUY_TEN
from tests.support.stores import fail_times

S = OrderStatus
WHY = "asked the broker's desk"


async def _lost_yesterday(house: House, *, accepted: bool = False) -> Order:
    """An order of unknown outcome, of a day whose book is gone."""
    house.login.lasts = timedelta(days=3)
    await house.log_in()
    house.broker.next("place", Mishap(after=lost()) if accepted else Mishap(before=lost()))
    house.broker.unreadable = lost()
    with pytest.raises(OutcomeUnknown) as failure:
        await house.place()
    house.broker.unreadable = None
    await house.clock.advance(24 * 3600)
    if accepted:
        house.broker.hidden.add("B1")
    return order_in(failure.value)


async def _resolve(house: House, order: Order, finding: Finding, broker_order_id: str | None = None) -> Order:
    return await house.now.resolver.resolve(ACCOUNT, order.order_id, finding, why=WHY, broker_order_id=broker_order_id)


async def test_an_order_of_another_day_stays_unknown_until_somebody_settles_it(house: House) -> None:
    order = await _lost_yesterday(house)
    watch = asyncio.ensure_future(house.now.reconciler.watch())
    await house.clock.advance(3600)
    watch.cancel()
    assert [intent.order_id for intent in await house.intents.unsettled()] == [order.order_id]
    after = await _resolve(house, order, Finding.NOT_PLACED)
    assert (after.status, after.history[-1].message) == (S.NOT_PLACED, f"by an operator: {WHY}")
    assert await house.intents.unsettled() == ()
    event = house.audit.events[-1]
    assert event.kind is AuditKind.ORDER_RESOLVED
    assert (event.order_id, event.actor) == (order.order_id, "owner")
    assert (event.facts["finding"], event.facts["why"], event.facts["operation"]) == ("NOT_PLACED", WHY, "PLACE")
    assert house.broker.count("place") == 1


async def test_what_was_found_placed_is_told_so_to_whoever_repeats_its_key(house: House) -> None:
    order = await _lost_yesterday(house, accepted=True)
    after = await _resolve(house, order, Finding.PLACED, "B1")
    assert (after.status, after.broker_order_id, after.matched_by) == (S.ACKNOWLEDGED, "B1", MatchedBy.OPERATOR)
    again = await house.place()
    assert (again.order_id, again.replayed) == (order.order_id, True)
    house.broker.hidden.clear()
    house.broker.fill("B1", 10)
    assert (await house.now.orders.get(ACCOUNT, order.order_id)).status is S.FILLED
    assert house.broker.count("place") == 1


async def test_what_was_found_not_placed_may_be_placed_again_with_its_key(house: House) -> None:
    order = await _lost_yesterday(house)
    await _resolve(house, order, Finding.NOT_PLACED)
    second = await house.place()
    assert second.metadata == {"replaces": order.order_id}


async def test_the_book_counts_more_than_the_operator(house: House) -> None:
    house.broker.next("place", Mishap(after=lost()))
    house.broker.unreadable = lost()
    with pytest.raises(OutcomeUnknown) as failure:
        await house.place()
    house.broker.unreadable = None
    order = await _resolve(house, order_in(failure.value), Finding.NOT_PLACED)
    assert (order.status, order.matched_by) == (S.OPEN, MatchedBy.TAG)
    assert AuditKind.ORDER_RESOLVED not in house.audit.kinds()


async def test_an_operator_may_settle_while_the_book_can_not_be_read(house: House) -> None:
    order = await _lost_yesterday(house)
    house.broker.unreadable = lost()
    assert (await _resolve(house, order, Finding.NOT_PLACED)).status is S.NOT_PLACED


async def test_a_late_appearance_contradicts_the_operator_as_an_anomaly(house: House) -> None:
    order = await _lost_yesterday(house, accepted=True)
    await _resolve(house, order, Finding.NOT_PLACED)
    house.broker.hidden.clear()
    after = await house.now.orders.get(ACCOUNT, order.order_id)
    assert (after.status, after.history[-1].anomaly) == (S.OPEN, True)


async def test_where_nothing_is_unknown_nothing_is_settled(house: House) -> None:
    order = await house.place()
    with pytest.raises(Invalid) as refusal:
        await _resolve(house, order, Finding.NOT_PLACED)
    assert refusal.value.code is ErrorCode.ORDER_NOT_MODIFIABLE
    assert (await house.kept(order.order_id)).status is S.ACKNOWLEDGED


async def test_a_write_at_work_is_left_to_it(house: House) -> None:
    house.broker.next("place", Mishap(wait=asyncio.Event()))
    placing = house.start_place()
    await quiet()
    (intent,) = await house.intents.unsettled()
    with pytest.raises(InFlight):
        await _resolve(house, intent.order, Finding.NOT_PLACED)
    placing.cancel()


async def test_a_word_that_can_not_be_audited_does_not_count(house: House) -> None:
    order = await _lost_yesterday(house)
    house.audit.fails_on.add(AuditKind.ORDER_RESOLVED)
    with pytest.raises(Unavailable):
        await _resolve(house, order, Finding.NOT_PLACED)
    assert (await house.kept(order.order_id)).status is S.UNKNOWN


async def test_a_word_that_can_not_be_written_down_may_be_said_again(house: House) -> None:
    order = await _lost_yesterday(house)
    house.now.store.before["settle"] = fail_times(1)
    with pytest.raises(Unavailable):
        await _resolve(house, order, Finding.NOT_PLACED)
    assert (await _resolve(house, order, Finding.NOT_PLACED)).status is S.NOT_PLACED


@pytest.mark.parametrize(
    ("finding", "why", "broker_order_id", "field"),
    [
        (Finding.NOT_PLACED, "", None, "why"),
        (Finding.NOT_PLACED, "  \n ", None, "why"),
        (Finding.NOT_PLACED, "x" * 501, None, "why"),
        (Finding.NOT_PLACED, WHY, "B1", "broker_order_id"),
        (Finding.PLACED, WHY, "", "broker_order_id"),
        (Finding.PLACED, WHY, "B 1", "broker_order_id"),
        (Finding.PLACED, WHY, "B2", "broker_order_id"),
    ],
)
async def test_a_word_that_can_not_be_is_refused(
    house: House, finding: Finding, why: str, broker_order_id: str | None, field: str
) -> None:
    order = await _lost_yesterday(house, accepted=True)
    assert (await house.place("other")).broker_order_id == "B2"
    with pytest.raises(Invalid) as refusal:
        await house.now.resolver.resolve(ACCOUNT, order.order_id, finding, why=why, broker_order_id=broker_order_id)
    assert [fault.field for fault in refusal.value.fields] == [field]
    assert (await house.kept(order.order_id)).status is S.UNKNOWN


@pytest.mark.parametrize("finding", list(Finding))
async def test_a_change_of_another_day_is_settled_too(house: House, finding: Finding) -> None:
    house.login.lasts = timedelta(days=3)
    await house.log_in()
    order = await house.place()
    house.broker.next("modify", Mishap(before=lost()))
    house.broker.unreadable = lost()
    change = ModifyOrder(price=Decimal("801.00"))
    with pytest.raises(OutcomeUnknown):
        await house.clock.finish(house.now.orders.modify(ACCOUNT, order.order_id, change, key="m1"))
    house.broker.unreadable = None
    await house.clock.advance(24 * 3600)
    house.broker.hidden.add("B1")
    assert (await house.kept(order.order_id)).pending_op is PendingOp.MODIFY
    with pytest.raises(Invalid):
        await _resolve(house, order, Finding.PLACED, "B7")
    after = await _resolve(house, order, finding)
    assert after.pending_op is None
    assert after.price == (Decimal("801.00") if finding is Finding.PLACED else Decimal("800.00"))
    assert house.audit.events[-1].facts["operation"] == "MODIFY"
    assert await house.intents.unsettled() == ()


async def test_an_order_that_only_its_terms_tell_is_settled_with_the_brokers_id(house: House) -> None:
    house.broker.offers = replace(ALL, tag_echo=False)
    house.broker.next("place", Mishap(after=lost()))
    house.broker.external(BUY_TEN)
    with pytest.raises(OutcomeUnknown) as failure:
        await house.place()
    order = await _resolve(house, order_in(failure.value), Finding.PLACED, "B2")
    assert (order.status, order.broker_order_id) == (S.OPEN, "B2")
    listed = (await house.now.orders.list(ACCOUNT)).items
    assert {one.broker_order_id: one.metadata.get("external") for one in listed} == {"B1": "true", "B2": None}


async def test_another_unknown_order_is_left_alone(house: House) -> None:
    house.login.lasts = timedelta(days=3)
    await house.log_in()
    unknown = []
    house.broker.unreadable = lost()
    for key in ("k1", "k2"):
        house.broker.next("place", Mishap(before=lost()))
        with pytest.raises(OutcomeUnknown) as failure:
            await house.place(key)
        unknown.append(order_in(failure.value))
    await _resolve(house, unknown[0], Finding.NOT_PLACED)
    assert [intent.order_id for intent in await house.intents.unsettled()] == [unknown[1].order_id]
