from __future__ import annotations

import asyncio
import gc
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from ordo.application.context import Context
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditKind
from ordo.domain.errors import (
    ErrorCode,
    InFlight,
    Invalid,
    NotSent,
    OrdoError,
    Outcome,
    OutcomeUnknown,
    Refused,
    Unavailable,
    Unsupported,
)
from ordo.domain.idempotency import IntentState
from ordo.domain.orders import MatchedBy, OrderStatus, OrderType, Product, Validity
from ordo.domain.safety import KillState
from ordo.domain.sessions import SessionState
from tests.support.broker import Mishap, lost, not_sent, refused
from tests.support.clock import quiet
from tests.support.house import House, Services, order_in
from tests.support.orders import ACCOUNT, BUY_TEN
from tests.support.stores import fail, fail_times, outage, wait_for

S = OrderStatus


async def test_an_order_is_placed_and_told_as_the_broker_answered(house: House) -> None:
    order = await house.place()
    assert (order.status, order.broker_order_id, order.matched_by) == (S.ACKNOWLEDGED, "B1", MatchedBy.ANSWER)
    assert [step.status for step in order.history] == [S.RECEIVED, S.SUBMITTING, S.ACKNOWLEDGED]
    assert (order.account, order.instrument, order.price, order.replayed) == (
        ACCOUNT,
        BUY_TEN.instrument,
        BUY_TEN.price,
        False,
    )
    assert [row.broker_order_id for row in house.broker.tagged(order.order_id)] == ["B1"]
    assert await house.kept(order.order_id) == order


async def test_an_answer_that_holds_the_row_says_more(house: House) -> None:
    house.broker.answers_with_row = True
    order = await house.place()
    assert (order.status, order.sent_price, order.matched_by) == (S.OPEN, Decimal("800.00"), MatchedBy.ANSWER)


async def test_every_field_of_the_command_reaches_the_broker_and_the_order(house: House) -> None:
    command = replace(
        BUY_TEN,
        order_type=OrderType.STOP_LIMIT,
        trigger_price=Decimal("799.95"),
        product=Product.MIS,
        disclosed_quantity=5,
        after_market=True,
    )
    order = await house.place(command=command)
    row = house.broker.book["B1"]
    assert (row.order_type, row.price, row.trigger_price, row.product) == (
        OrderType.STOP_LIMIT,
        Decimal("800.00"),
        Decimal("799.95"),
        Product.MIS,
    )
    assert (order.disclosed_quantity, order.after_market, order.validity) == (5, True, Validity.DAY)


async def test_the_intent_is_durable_before_the_broker_receives_anything(house: House) -> None:
    seen = []

    async def on_receipt(tag: str) -> None:
        placement = await house.intents.placement(ACCOUNT, tag)
        assert placement is not None
        seen.append((placement.state, placement.order.status, placement.order_id == tag))

    house.broker.on_place = on_receipt
    await house.place()
    assert seen == [(IntentState.OPEN, S.SUBMITTING, True)]


async def test_the_same_key_gives_the_same_order_and_sends_nothing_more(house: House) -> None:
    first = await house.place()
    house.broker.fill("B1", 10)
    again = await house.place()
    assert again == first
    assert (first.replayed, again.replayed) == (False, True)
    assert house.broker.count("place") == 1
    stored = await house.intent()
    assert stored is not None
    assert stored.answer is not None
    assert not stored.answer.replayed


async def test_the_same_key_for_another_order_is_refused(house: House) -> None:
    first = await house.place()
    with pytest.raises(Invalid) as refusal:
        await house.place(command=replace(BUY_TEN, quantity=11))
    assert refusal.value.code is ErrorCode.IDEMPOTENCY_KEY_REUSED
    assert order_in(refusal.value).order_id == first.order_id
    assert house.broker.count("place") == 1


async def test_a_key_belongs_to_its_caller(house: House) -> None:
    first = await house.place(context=Context(principal="algo"))
    second = await house.place(context=Context(principal="desk"))
    assert first.order_id != second.order_id
    assert house.broker.count("place") == 2


async def test_direct_calls_without_a_context_share_the_owners_keys(house: House) -> None:
    first = await house.place()
    assert (await house.place(context=Context())).order_id == first.order_id
    assert Context().correlation_id != Context().correlation_id


async def test_an_expired_key_is_free(house: House) -> None:
    house.login.lasts = timedelta(days=30)
    await house.log_in()
    first = await house.place()
    house.clock.step(timedelta(days=7) - timedelta(seconds=1))
    assert (await house.place()).order_id == first.order_id
    house.clock.step(timedelta(seconds=1))
    assert (await house.place()).order_id != first.order_id


@pytest.mark.parametrize("key", ["", "a" * 256, "é", "a\nb"])
async def test_a_key_that_is_none_is_refused_before_anything_happens(house: House, key: str) -> None:
    with pytest.raises(Invalid):
        await house.place(key)
    assert house.broker.calls == []
    assert house.audit.events == []


async def test_of_fifty_callers_at_once_one_sends(house: House) -> None:
    arrived = asyncio.Event()
    house.broker.next("place", Mishap(wait_after=arrived))
    callers = [house.start_place() for _ in range(50)]
    await quiet()
    arrived.set()
    answers = await asyncio.gather(*callers, return_exceptions=True)
    kinds = Counter(type(answer).__name__ for answer in answers)
    assert kinds == {"Order": 1, "InFlight": 49}
    assert house.broker.count("place") == len(house.broker.book) == 1
    late = [answer for answer in answers if isinstance(answer, InFlight)]
    assert {(error.code, error.retry_after_ms) for error in late} == {(ErrorCode.IDEMPOTENCY_IN_FLIGHT, 500)}
    assert (await house.place()).broker_order_id == "B1"


async def test_a_slow_store_never_makes_a_finished_order_look_abandoned(house: House) -> None:
    """A store answers with what was true when it looked: the first call may have ended since."""
    hold, first_is_over = asyncio.Event(), asyncio.Event()
    house.broker.next("place", Mishap(wait_after=hold))
    first = house.start_place()
    await quiet()
    house.now.store.after["reserve"] = wait_for(first_is_over)
    second = house.start_place()
    await quiet()
    hold.set()
    order = await first
    first_is_over.set()
    assert await second == order
    stored = await house.intent()
    assert stored is not None
    assert (stored.state, stored.answer) == (IntentState.DONE, order)
    assert AuditKind.ORDER_UNKNOWN not in house.audit.kinds()


async def test_a_reservation_that_another_sees_first_is_not_abandoned(house: House) -> None:
    """A store may wake the second caller before the one whose reservation it answers with."""
    held = asyncio.Event()
    first_one = [True]

    async def first_caller_sleeps() -> None:
        if first_one.pop() if first_one else False:
            await held.wait()

    house.now.store.after["reserve"] = first_caller_sleeps
    first = house.start_place()
    await quiet()
    with pytest.raises(InFlight):
        await house.place()
    held.set()
    order = await first
    assert order.status is S.ACKNOWLEDGED
    assert house.broker.count("place") == 1


def _orders_that_fail() -> list[tuple[str, object, ErrorCode]]:
    from ordo.domain.instruments import InstrumentKey

    return [
        ("instrument", replace(BUY_TEN, instrument=InstrumentKey.parse("NSE:NOBODY")), ErrorCode.INVALID_INSTRUMENT),
        ("price", replace(BUY_TEN, price=Decimal("800.01")), ErrorCode.INVALID_ORDER),
    ]


@pytest.mark.parametrize(("field", "command", "code"), _orders_that_fail())
async def test_an_order_that_fails_a_check_leaves_nothing_behind(
    house: House, field: str, command: object, code: ErrorCode
) -> None:
    with pytest.raises(Invalid) as refusal:
        await house.place(command=command)  # type: ignore[arg-type]
    assert refusal.value.code is code
    assert [fault.field for fault in refusal.value.fields] == [field]
    assert await house.intent() is None
    assert house.broker.calls == []
    assert (await house.place()).status is S.ACKNOWLEDGED


async def test_a_capability_that_is_not_offered_is_refused_before_anything_is_sent(house: House) -> None:
    house.broker.offers = replace(house.broker.offers, validities=frozenset({Validity.DAY}))
    with pytest.raises(Unsupported) as refusal:
        await house.place(command=replace(BUY_TEN, validity=Validity.IOC))
    assert refusal.value.broker_id == "scripted"
    assert house.broker.calls == []


async def test_without_a_session_nothing_is_sent(house: House) -> None:
    await house.session_store.delete(ACCOUNT)
    with pytest.raises(Invalid) as refusal:
        await house.place()
    assert refusal.value.code is ErrorCode.INVALID_SESSION
    assert SessionState.NONE in refusal.value.message
    assert await house.intent() is None


async def test_an_account_without_a_broker_is_unknown(house: House) -> None:
    stranger = Account(adapter_id="nobody", account_id="X")
    with pytest.raises(Invalid) as refusal:
        await house.now.orders.place(stranger, BUY_TEN, key="k")
    assert refusal.value.code is ErrorCode.UNKNOWN_ACCOUNT
    assert "scripted" in refusal.value.message


async def test_a_check_that_fails_later_does_not_change_the_first_answer(house: House) -> None:
    first = await house.place()
    await house.now.safety.set(KillState.HALTED, "test")
    again = await house.place()
    assert again == first
    assert again.replayed
    await house.session_store.delete(ACCOUNT)
    assert await house.place() == first
    with pytest.raises(Invalid) as refusal:
        await house.place(command=replace(BUY_TEN, quantity=11))
    assert refusal.value.code is ErrorCode.IDEMPOTENCY_KEY_REUSED
    assert house.broker.count("place") == 1


async def test_a_check_that_fails_for_a_call_in_flight_says_that_it_is_in_flight(house: House) -> None:
    hold = asyncio.Event()
    house.broker.next("place", Mishap(wait=hold))
    first = house.start_place()
    await quiet()
    await house.clock.finish(house.now.safety.set(KillState.HALTED, "test"))
    with pytest.raises(InFlight):
        await house.place()
    hold.set()
    assert (await first).status is S.ACKNOWLEDGED


async def test_a_switch_that_is_pulled_after_the_checks_still_stops_the_order(house: House) -> None:
    async def pull() -> None:
        await house.now.safety.set(KillState.HALTED, "test")

    house.now.store.after["reserve"] = pull
    with pytest.raises(Invalid) as refusal:
        await house.place()
    assert refusal.value.code is ErrorCode.KILL_SWITCH_ACTIVE
    assert order_in(refusal.value).status is S.NOT_PLACED
    assert house.broker.calls == []
    assert await house.intent() is None
    del house.now.store.after["reserve"]
    await house.now.safety.set(KillState.ACTIVE, "over")
    assert (await house.place()).status is S.ACKNOWLEDGED


@pytest.mark.parametrize("error", [not_sent(), Unsupported("m", field="product", seen="MTF")])
async def test_what_is_proven_not_sent_leaves_the_key_free(house: House, error: OrdoError) -> None:
    house.broker.next("place", Mishap(before=error))
    with pytest.raises(type(error)) as failure:
        await house.place()
    assert failure.value.outcome is Outcome.NOT_SENT
    assert order_in(failure.value).status is S.NOT_PLACED
    assert await house.intent() is None
    second = await house.place()
    assert second.status is S.ACKNOWLEDGED
    assert second.order_id != order_in(failure.value).order_id
    assert len(house.broker.book) == 1


@pytest.mark.parametrize("error", [Invalid(ErrorCode.INVALID_ORDER, "m"), ValueError("m")])
async def test_an_objection_that_may_come_after_the_send_proves_nothing(house: House, error: Exception) -> None:
    house.broker.next("place", Mishap(after=error))
    order = await house.place()
    assert (order.broker_order_id, order.matched_by) == ("B1", MatchedBy.TAG)
    assert house.broker.count("place") == 1


async def test_a_refusal_is_kept_and_told_again_under_its_first_correlation_id(house: House) -> None:
    house.broker.next("place", Mishap(before=refused()))
    with pytest.raises(Refused) as first:
        await house.place(context=Context(correlation_id="first-call"))
    assert (first.value.replayed, first.value.broker_id) == (False, "scripted")
    assert order_in(first.value).status is S.REJECTED
    with pytest.raises(Refused) as again:
        await house.place(context=Context(correlation_id="second-call"))
    assert (again.value.code, again.value.message, again.value.native_error) == (
        first.value.code,
        first.value.message,
        first.value.native_error,
    )
    assert (again.value.replayed, again.value.correlation_id) == (True, "first-call")
    assert again.value.order == first.value.order
    assert house.broker.count("place") == 1


async def test_a_refusal_stays_one_when_it_can_not_be_written_down(house: House) -> None:
    house.broker.next("place", Mishap(before=refused()))
    house.now.store.before["settle"] = fail_times(1)
    with pytest.raises(Refused):
        await house.place()
    with pytest.raises(OutcomeUnknown):
        await house.place()
    assert house.broker.count("place") == 1


_AMBIGUOUS: list[Exception] = [
    lost(),
    TimeoutError(),
    RuntimeError("a bug in the adapter"),
    KeyError("id"),
    ValueError("not JSON"),
    Unavailable(ErrorCode.BROKER_ERROR, "half an answer"),
]


@pytest.mark.parametrize("error", _AMBIGUOUS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("accepted", [True, False])
async def test_whatever_else_goes_wrong_the_outcome_is_unknown_until_the_book_tells(
    house: House, error: Exception, *, accepted: bool
) -> None:
    house.broker.next("place", Mishap(after=error) if accepted else Mishap(before=error))
    if accepted:
        order = await house.place()
        assert (order.status, order.matched_by, order.broker_order_id) == (S.OPEN, MatchedBy.TAG, "B1")
        assert S.UNKNOWN in {step.status for step in order.history}
    else:
        with pytest.raises(OutcomeUnknown) as failure:
            await house.place()
        assert order_in(failure.value).status is S.UNKNOWN
        assert failure.value.broker_id == "scripted"
        stored = await house.intent()
        assert stored is not None
        assert stored.state is IntentState.UNKNOWN
    assert house.broker.count("place") == 1


@pytest.mark.parametrize("accepted", [True, False])
async def test_a_caller_that_goes_away_does_not_stop_the_order(house: House, *, accepted: bool) -> None:
    hold = asyncio.Event()
    house.broker.next("place", Mishap(wait_after=hold) if accepted else Mishap(wait=hold))
    caller = house.start_place()
    await quiet()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    stored = await house.intent()
    assert stored is not None
    assert stored.state is IntentState.OPEN
    hold.set()
    await house.clock.finish(house.now.once.drain())
    stored = await house.intent()
    assert stored is not None
    assert (stored.state, stored.order.status) == (IntentState.DONE, S.ACKNOWLEDGED)
    assert (await house.place()).broker_order_id == "B1"


async def test_an_error_that_nobody_waits_for_any_more_is_still_recorded(house: House) -> None:
    hold = asyncio.Event()
    house.broker.next("place", Mishap(wait=hold, before=refused()))
    caller = house.start_place()
    await quiet()
    caller.cancel()
    await quiet()
    hold.set()
    await house.clock.finish(house.now.once.drain())
    with pytest.raises(Refused):
        await house.place()


@pytest.mark.parametrize("late", [False, True])
async def test_an_error_that_nobody_waits_for_is_no_complaint_of_the_event_loop(house: House, *, late: bool) -> None:
    complaints: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, said: complaints.append(said))
    hold = asyncio.Event()
    house.broker.next("place", Mishap(wait=hold, before=refused()))
    caller = house.start_place()
    await quiet()
    if late:  # The caller goes in the moment between the end of the work and the news of it.
        (work,) = house.now.once._tasks
        work.add_done_callback(lambda _: caller.cancel())
        del work
    else:
        caller.cancel()
    hold.set()
    await house.clock.finish(house.now.once.drain())
    with pytest.raises(asyncio.CancelledError):
        await caller
    gc.collect()
    assert complaints == []


async def test_work_that_is_cut_off_is_unknown(house: House) -> None:
    """The event loop is being closed: its tasks are cancelled, and may still write down what they know."""
    house.broker.next("place", Mishap(before=asyncio.CancelledError()))
    with pytest.raises(asyncio.CancelledError):
        await house.place()
    stored = await house.intent()
    assert stored is not None
    assert (stored.state, stored.order.status) == (IntentState.UNKNOWN, S.UNKNOWN)


async def test_a_store_that_can_not_reserve_sends_nothing(house: House) -> None:
    house.now.store.before["reserve"] = fail
    with pytest.raises(Unavailable) as failure:
        await house.place()
    assert failure.value.code is ErrorCode.STORE_UNAVAILABLE
    assert house.broker.calls == []


async def test_a_switch_that_can_not_be_read_at_the_last_moment_sends_nothing(house: House) -> None:
    async def breaks() -> None:
        house.safety_store.outage = outage()

    house.now.store.after["reserve"] = breaks
    with pytest.raises(Unavailable):
        await house.place()
    assert house.broker.calls == []
    assert await house.intent() is None


async def test_an_accepted_order_that_can_not_be_written_down_is_unknown_and_found_again(house: House) -> None:
    house.now.store.before["settle"] = fail_times(1)
    with pytest.raises(OutcomeUnknown) as failure:
        await house.place()
    order = order_in(failure.value)
    assert (order.status, order.broker_order_id) == (S.UNKNOWN, "B1")
    found = await house.now.orders.get(ACCOUNT, order.order_id)
    assert (found.status, found.matched_by) == (S.OPEN, MatchedBy.TAG)
    again = await house.place()
    assert (again.order_id, again.broker_order_id) == (order.order_id, "B1")
    assert house.broker.count("place") == 1


async def test_a_key_that_was_abandoned_once_is_not_so_for_ever(house: House) -> None:
    house.login.lasts = timedelta(days=30)
    await house.log_in()
    house.now.store.before["settle"] = fail_times(1)
    with pytest.raises(OutcomeUnknown):
        await house.place()
    assert (await house.place()).status is S.OPEN
    house.clock.step(timedelta(days=8))
    hold = asyncio.Event()
    house.broker.next("place", Mishap(wait=hold))
    at_work = house.start_place()
    await quiet()
    with pytest.raises(InFlight):
        await house.place()
    hold.set()
    assert (await at_work).broker_order_id == "B2"


@pytest.mark.parametrize("broken", ["find", "settle", "placements", "placement"])
async def test_no_outage_makes_a_lost_order_look_unsent(house: House, broken: str) -> None:
    house.broker.next("place", Mishap(before=lost()))

    async def breaks() -> None:
        house.now.store.before[broken] = fail

    house.now.store.after["reserve"] = breaks
    with pytest.raises(OutcomeUnknown):
        await house.place()
    assert house.broker.count("place") == 1


async def test_an_order_whose_release_fails_is_still_told_as_not_sent(house: House) -> None:
    house.broker.next("place", Mishap(before=not_sent()))
    house.now.store.before["release"] = fail_times(1)
    with pytest.raises(NotSent):
        await house.place()
    with pytest.raises(OutcomeUnknown):
        await house.place()
    assert house.broker.count("place") == 1


async def test_a_book_that_the_adapter_chokes_on_does_not_hide_the_unknown_outcome(house: House) -> None:
    house.broker.next("place", Mishap(before=lost()))
    house.broker.unreadable = KeyError("status")
    with pytest.raises(OutcomeUnknown):
        await house.place()


async def test_an_order_id_that_is_taken_is_replaced_before_anything_is_sent(house: House) -> None:
    first = await house.place()
    twin = Services(house, house.now.owner)  # The same seed at the same moment makes the same ids.
    second = await twin.orders.place(ACCOUNT, BUY_TEN, key="k2")
    assert second.order_id != first.order_id
    assert [len(house.broker.tagged(order.order_id)) for order in (first, second)] == [1, 1]


async def test_a_rejected_session_stops_later_orders(house: House) -> None:
    house.broker.revoked.add("token-1")
    with pytest.raises(Refused) as refusal:
        await house.place()
    assert refusal.value.code is ErrorCode.INVALID_SESSION
    with pytest.raises(Invalid) as stopped:
        await house.place("k2")
    assert stopped.value.code is ErrorCode.INVALID_SESSION
    assert SessionState.SUSPECT in stopped.value.message
    assert house.broker.count("place") == 1


async def test_a_refusal_that_reveals_a_bad_session_is_told_even_when_that_can_not_be_noted(house: House) -> None:
    async def save(session: object) -> None:  # noqa: ARG001
        raise outage()

    house.broker.revoked.add("token-1")
    house.session_store.save = save  # type: ignore[method-assign]
    with pytest.raises(Refused) as refusal:
        await house.place()
    assert refusal.value.code is ErrorCode.INVALID_SESSION
    stored = await house.intent()
    assert stored is not None
    assert stored.state is IntentState.FAILED
