from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import pytest

from ordo.application.context import Context
from ordo.domain.audit import AuditKind
from ordo.domain.errors import Invalid, NotSent, OrdoError, OutcomeUnknown, Refused, Unavailable
from ordo.domain.orders import ModifyOrder, OrderStatus
from ordo.domain.safety import KillState
from tests.support.broker import Mishap, lost, not_sent, refused
from tests.support.house import House, order_in
from tests.support.orders import ACCOUNT, BUY_TEN
from tests.support.stores import fail_times

K = AuditKind
_SENT = [K.ORDER_RECEIVED, K.ORDER_SUBMITTED]


async def test_the_life_of_an_order(house: House) -> None:
    house.broker.answers_with_row = True
    order = await house.place()
    await house.place()
    house.broker.fill("B1", 4)
    await house.now.orders.get(ACCOUNT, order.order_id)
    await house.now.orders.modify(ACCOUNT, order.order_id, ModifyOrder(price=Decimal(801)), key="m")
    await house.now.orders.cancel(ACCOUNT, order.order_id, key="c")
    assert house.audit.kinds(order.order_id) == [
        *_SENT,
        K.ORDER_PLACED,
        K.ORDER_REPLAYED,
        K.ORDER_CHANGED,
        K.ORDER_MODIFY_SUBMITTED,
        K.ORDER_MODIFIED,
        K.ORDER_CANCEL_SUBMITTED,
        K.ORDER_CANCELLED,
    ]


@pytest.mark.parametrize(
    ("mishap", "kinds"),
    [
        (Mishap(before=refused()), [*_SENT, K.ORDER_REFUSED]),
        (Mishap(before=not_sent()), [*_SENT, K.ORDER_NOT_SENT]),
        (Mishap(before=lost()), [*_SENT, K.ORDER_UNKNOWN]),
        (Mishap(after=lost()), [*_SENT, K.ORDER_UNKNOWN, K.ORDER_RECONCILED]),
    ],
)
async def test_the_ends_of_a_placement(house: House, mishap: Mishap, kinds: list[AuditKind]) -> None:
    house.broker.next("place", mishap)
    with suppress(OrdoError):
        await house.place()
    assert house.audit.kinds() == kinds


async def test_a_denied_order_is_told_with_the_reason_and_was_never_submitted(house: House) -> None:
    await house.now.safety.set(KillState.HALTED, "test")
    with pytest.raises(Invalid):
        await house.place(context=Context(principal="algo", correlation_id="c-1"))
    event = house.audit.events[-1]
    assert (event.kind, event.actor, event.correlation_id, event.account) == (K.ORDER_DENIED, "algo", "c-1", ACCOUNT)
    assert (event.facts["status"], event.facts["error_code"]) == ("DENIED", "KILL_SWITCH_ACTIVE")
    assert K.ORDER_RECEIVED not in house.audit.kinds()


async def test_an_order_stopped_at_the_gate_was_received_but_not_submitted(house: House) -> None:
    async def pull() -> None:
        await house.now.safety.set(KillState.HALTED, "test")

    house.now.store.after["reserve"] = pull
    with pytest.raises(Invalid):
        await house.place()
    assert house.audit.kinds() == [K.KILL_SWITCH_CHANGED, K.ORDER_RECEIVED, K.ORDER_NOT_SENT]


async def test_the_facts_of_an_order_are_plain_words(house: House) -> None:
    house.broker.next("place", Mishap(before=refused()))
    with pytest.raises(Refused):
        await house.place()
    received, _, end = house.audit.events
    assert received.facts == {
        "instrument": "NSE:SBIN",
        "side": "BUY",
        "quantity": "10",
        "order_type": "LIMIT",
        "product": "CNC",
        "status": "SUBMITTING",
        "filled_quantity": "0",
        "price": "800.00",
    }
    assert end.facts["native_error"] == "RMS:margin"
    assert end.facts["error_code"] == "INSUFFICIENT_FUNDS"
    assert end.at == house.clock.now()


@pytest.mark.parametrize("kind", _SENT)
async def test_a_trail_that_can_not_be_written_before_sending_stops_the_order(house: House, kind: AuditKind) -> None:
    house.audit.fails_on.add(kind)
    with pytest.raises(Unavailable):
        await house.place()
    assert house.broker.calls == []
    assert await house.intent() is None
    house.audit.fails_on.clear()
    assert (await house.place()).status is OrderStatus.ACKNOWLEDGED


async def test_it_stops_a_modification_and_lets_a_cancellation_pass(house: House) -> None:
    order = await house.place()
    house.audit.fails_on |= {K.ORDER_MODIFY_SUBMITTED, K.ORDER_CANCEL_SUBMITTED}
    with pytest.raises(Unavailable):
        await house.now.orders.modify(ACCOUNT, order.order_id, ModifyOrder(price=Decimal(801)), key="k")
    assert house.broker.count("modify") == 0
    await house.now.orders.cancel(ACCOUNT, order.order_id, key="k")
    assert house.broker.count("cancel") == 1


async def test_the_first_line_that_can_be_written_again_tells_how_many_are_missing(house: House) -> None:
    house.audit.fails_on |= set(K)
    await house.now.safety.set(KillState.HALTED, "test")
    await house.now.safety.set(KillState.ACTIVE, "test")
    house.audit.fails_on.clear()
    await house.place()
    first = house.audit.events[0]
    assert (first.kind, first.facts) == (K.AUDIT_RESUMED, {"unwritten": "2"})
    assert house.audit.kinds()[1:] == [*_SENT, K.ORDER_PLACED]
    assert house.now.trail.unwritten == 0


_LATER = {
    K.ORDER_PLACED,
    K.ORDER_REFUSED,
    K.ORDER_NOT_SENT,
    K.ORDER_UNKNOWN,
    K.ORDER_RECONCILED,
    K.ORDER_REPLAYED,
    K.ORDER_CHANGED,
    K.ORDER_DENIED,
}


async def test_a_trail_that_can_not_be_written_after_sending_changes_nothing_of_the_truth(house: House) -> None:
    house.audit.fails_on |= _LATER
    order = await house.place("k1")
    assert order.status is OrderStatus.ACKNOWLEDGED
    assert (await house.place("k1")).order_id == order.order_id
    house.broker.fill("B1", 10)
    assert (await house.now.orders.get(ACCOUNT, order.order_id)).status is OrderStatus.FILLED
    house.broker.next("place", Mishap(after=lost()))
    assert (await house.place("k2")).broker_order_id == "B2"
    for number, (mishap, error) in enumerate(
        [
            (Mishap(before=refused()), Refused),
            (Mishap(before=not_sent()), NotSent),
            (Mishap(before=lost()), OutcomeUnknown),
        ]
    ):
        house.broker.next("place", mishap)
        with pytest.raises(error):
            await house.place(f"end {number}")
    await house.now.safety.set(KillState.HALTED, "test")
    with pytest.raises(Invalid):
        await house.place("denied")


async def test_an_accepted_order_that_can_not_be_written_down_is_told_as_unknown(house: House) -> None:
    house.now.store.before["settle"] = fail_times(1)
    with pytest.raises(OutcomeUnknown) as failure:
        await house.place()
    assert house.audit.kinds(order_in(failure.value).order_id) == [*_SENT, K.ORDER_UNKNOWN]


async def test_no_secret_is_in_the_trail(house: House) -> None:
    await house.place()
    session = await house.session_store.get(ACCOUNT)
    assert session is not None
    assert session.access_token.reveal() not in repr(house.audit.events)
    assert BUY_TEN.instrument.root in repr(house.audit.events)
