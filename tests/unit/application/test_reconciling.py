from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from ordo.adapters.memory.leases import MemoryLeases
from ordo.domain.audit import AuditKind
from ordo.domain.capabilities import Capabilities
from ordo.domain.errors import ErrorCode, InFlight, Invalid, OutcomeUnknown, Refused, Unavailable
from ordo.domain.idempotency import IntentState
from ordo.domain.orders import MatchedBy, Order, OrderStatus
from tests.support.broker import ALL, Mishap, lost
from tests.support.clock import quiet
from tests.support.house import House, order_in
from tests.support.orders import ACCOUNT, BUY_TEN, OTHER, SBIN
from tests.support.stores import LostLeases, fail, fail_times, outage, wait_for

S = OrderStatus


async def _lose(house: House, key: str = "k1", *, accepted: bool) -> Order:
    """Place an order whose answer is lost and which is not found while the caller waits."""
    house.broker.next("place", Mishap(after=lost()) if accepted else Mishap(before=lost()))
    house.broker.unreadable = lost()
    with pytest.raises(OutcomeUnknown) as failure:
        await house.place(key)
    house.broker.unreadable = None
    return order_in(failure.value)


async def _look(house: House, key: str = "k1") -> IntentState:
    intent = await house.intent(key)
    assert intent is not None
    return (await house.now.reconciler.look(intent)).state


async def _answers(callers: list[asyncio.Task[Order]]) -> list[Order]:
    told = await asyncio.gather(*callers, return_exceptions=True)
    assert all(isinstance(one, Order | InFlight) for one in told)
    return [one for one in told if isinstance(one, Order)]


async def test_the_search_goes_on_while_the_caller_waits(house: House) -> None:
    """The row shows up only on the third look: after 0, 0.5 and 1.5 seconds."""
    house.broker.next("place", Mishap(after=lost()))
    house.broker.hidden.add("B1")
    caller = house.start_place()
    await house.clock.advance(1.4)
    assert not caller.done()
    house.broker.hidden.clear()
    await house.clock.advance(0.1)
    await quiet()
    order = await caller
    assert (order.broker_order_id, order.matched_by, order.replayed) == ("B1", MatchedBy.TAG, False)
    assert house.broker.count("orders") == 3
    assert house.broker.count("place") == 1


async def test_the_caller_does_not_wait_longer_than_its_patience(house: House) -> None:
    started = house.clock.monotonic()
    await _lose(house, accepted=True)
    assert house.clock.monotonic() - started <= house.patience.pursue.total_seconds()
    assert house.broker.count("orders") == 5


async def test_a_lost_order_is_found_by_its_tag_and_the_answer_is_the_same_ever_after(house: House) -> None:
    order = await _lose(house, accepted=True)
    house.broker.fill("B1", 4)
    found = await house.place()
    assert (found.status, found.filled_quantity, found.broker_order_id) == (S.PARTIALLY_FILLED, 4, "B1")
    assert found.order_id == order.order_id
    assert found.replayed
    house.broker.fill("B1", 6)
    assert await house.place() == found
    assert (await house.now.orders.get(ACCOUNT, order.order_id)).status is S.FILLED


async def test_a_lost_order_that_was_rejected_is_refused_in_the_brokers_words(house: House) -> None:
    house.broker.next("place", Mishap(after=lost()))
    house.broker.hidden.add("B1")
    caller = house.start_place()
    await quiet()
    house.broker.end("B1", S.REJECTED, "RMS: no margin")
    house.broker.hidden.clear()
    with pytest.raises(Refused) as refusal:
        await house.clock.finish(asyncio.wait_for(caller, None))
    assert refusal.value.code is ErrorCode.ORDER_REJECTED
    assert refusal.value.native_error == "RMS: no margin"
    assert not refusal.value.replayed
    assert order_in(refusal.value).status is S.REJECTED
    with pytest.raises(Refused) as again:
        await house.place()
    assert again.value.replayed


async def test_a_rejection_without_a_reason_says_so(house: House) -> None:
    await _lose(house, accepted=True)
    house.broker.end("B1", S.REJECTED)
    with pytest.raises(Refused, match="without a reason"):
        await house.place()


async def test_absence_is_proven_by_two_complete_reads_a_minute_after_the_loss_and_not_before(house: House) -> None:
    order = await _lose(house, accepted=False)
    assert await _look(house) is IntentState.UNKNOWN
    await house.clock.advance(52.4)  # With the 7.5 seconds that the caller waited: 59.9.
    assert await _look(house) is IntentState.UNKNOWN
    await house.clock.advance(0.1)
    assert await _look(house) is IntentState.FAILED
    assert (await house.kept(order.order_id)).status is S.NOT_PLACED
    assert house.broker.count("place") == 1


async def test_what_is_proven_not_placed_may_be_placed_with_the_same_key_by_a_new_order(house: House) -> None:
    lost_one = await _lose(house, accepted=False)
    await house.clock.advance(60)
    assert await _look(house) is IntentState.UNKNOWN
    assert await _look(house) is IntentState.FAILED
    other = replace(BUY_TEN, quantity=20)
    with pytest.raises(Invalid) as reused:
        await house.place(command=other)
    assert reused.value.code is ErrorCode.IDEMPOTENCY_KEY_REUSED
    callers = [house.start_place(), house.start_place()]
    await quiet()
    (placed,) = {order.order_id: order for order in await _answers(callers)}.values()
    assert placed.status is S.ACKNOWLEDGED
    assert placed.order_id != lost_one.order_id
    assert placed.metadata == {"replaces": lost_one.order_id}
    assert house.broker.count("place") == 2
    assert len(house.broker.book) == 1


async def test_one_complete_read_proves_nothing_however_late(house: House) -> None:
    await _lose(house, accepted=False)
    await house.clock.advance(3600)
    assert await _look(house) is IntentState.UNKNOWN
    assert await _look(house) is IntentState.FAILED


async def test_the_minute_begins_when_the_write_has_ended_not_when_it_began(house: House) -> None:
    hold = asyncio.Event()
    house.broker.next("place", Mishap(wait=hold, before=lost()))
    caller = house.start_place()
    await house.clock.advance(120)
    with pytest.raises(InFlight):
        await house.now.orders.place(ACCOUNT, BUY_TEN, key="k1")
    hold.set()
    with pytest.raises(OutcomeUnknown):
        await house.clock.finish(asyncio.wait_for(caller, None))
    assert await _look(house) is IntentState.UNKNOWN


async def test_a_wall_clock_that_is_set_forward_proves_nothing(house: House) -> None:
    await _lose(house, accepted=False)
    house.clock.step(timedelta(hours=1))
    assert await _look(house) is IntentState.UNKNOWN
    assert await _look(house) is IntentState.UNKNOWN
    await house.clock.advance(60)
    assert await _look(house) is IntentState.FAILED


async def test_an_unreadable_book_proves_nothing(house: House) -> None:
    await _lose(house, accepted=False)
    house.broker.unreadable = outage()
    for _ in range(3):
        await house.clock.advance(60)
        assert await _look(house) is IntentState.UNKNOWN


async def test_a_book_without_a_session_proves_nothing(house: House) -> None:
    await _lose(house, accepted=False)
    await house.session_store.delete(ACCOUNT)
    for _ in range(3):
        await house.clock.advance(60)
        assert await _look(house) is IntentState.UNKNOWN


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_book_that_lacks_an_order_known_to_be_there_proves_nothing(house: House, when: str) -> None:
    if when == "before":
        await house.place("other")
    await _lose(house, accepted=False)
    if when == "after":
        await house.place("other")
    house.broker.hidden.add("B1")
    for _ in range(3):
        await house.clock.advance(60)
        assert await _look(house) is IntentState.UNKNOWN
    house.broker.hidden.clear()
    assert await _look(house) is IntentState.UNKNOWN
    assert await _look(house) is IntentState.FAILED


async def test_orders_of_another_account_or_another_day_are_not_missed(house: House) -> None:
    house.clock.step(timedelta(days=-1))
    await house.place("yesterday")
    house.clock.step(timedelta(days=1))
    await house.log_in(OTHER)
    await house.clock.finish(house.now.orders.place(OTHER, BUY_TEN, key="elsewhere"))
    await _lose(house, accepted=False)
    house.broker.hidden |= {"B1", "B2"}
    assert await _look(house) is IntentState.UNKNOWN
    await house.clock.advance(60)
    assert await _look(house) is IntentState.FAILED


async def test_an_order_on_its_way_is_not_missed_in_the_book(house: House) -> None:
    await _lose(house, accepted=False)
    hold = asyncio.Event()
    house.broker.next("place", Mishap(wait=hold))
    other = house.start_place("other")
    await house.clock.advance(60)
    assert await _look(house) is IntentState.UNKNOWN
    assert await _look(house) is IntentState.FAILED
    hold.set()
    assert (await other).status is S.ACKNOWLEDGED


async def test_the_next_day_the_book_proves_nothing_any_more(house: House) -> None:
    house.login.lasts = timedelta(days=2)
    await house.log_in()
    await _lose(house, accepted=False)
    await house.clock.advance(14 * 3600)  # 10:00 and 14 hours: midnight in India.
    for _ in range(3):
        await house.clock.advance(60)
        assert await _look(house) is IntentState.UNKNOWN


@pytest.mark.parametrize("offers", [replace(ALL, tag_echo=False), replace(ALL, rejected_in_book=False)])
async def test_a_book_that_need_not_show_the_order_proves_nothing(house: House, offers: Capabilities) -> None:
    house.broker.offers = offers
    await _lose(house, accepted=False)
    for _ in range(3):
        await house.clock.advance(60)
        assert await _look(house) is IntentState.UNKNOWN


async def test_a_late_appearance_after_the_proof_is_reopened_and_marked(house: House) -> None:
    order = await _lose(house, accepted=True)
    house.broker.hidden.add("B1")
    await _look(house)
    await house.clock.advance(60)
    assert await _look(house) is IntentState.FAILED
    house.broker.hidden.clear()
    reopened = await house.now.orders.get(ACCOUNT, order.order_id)
    assert (reopened.status, reopened.broker_order_id) == (S.OPEN, "B1")
    assert reopened.history[-1].anomaly
    assert AuditKind.ORDER_ANOMALY in house.audit.kinds(order.order_id)


async def test_looking_at_once_from_everywhere_settles_once(house: House) -> None:
    order = await _lose(house, accepted=True)
    intent = await house.intent()
    assert intent is not None
    seen = await asyncio.gather(*(house.now.reconciler.look(intent) for _ in range(20)))
    assert {one.state for one in seen} == {IntentState.DONE}
    assert len({one.order.updated_at for one in seen}) == 1
    assert house.audit.kinds(order.order_id).count(AuditKind.ORDER_RECONCILED) == 1


async def test_an_unknown_word_in_the_book_is_told_as_an_anomaly(house: House) -> None:
    order = await _lose(house, accepted=True)
    house.broker.change("B1", status=None, raw_status="QUEUED AT RMS")
    assert await _look(house) is IntentState.DONE
    assert house.audit.kinds(order.order_id)[-2:] == [AuditKind.ORDER_RECONCILED, AuditKind.ORDER_ANOMALY]


# Crashes.


@pytest.mark.parametrize("accepted", [True, False])
async def test_what_a_crash_left_open_is_unknown_and_looked_for(house: House, *, accepted: bool) -> None:
    hold = asyncio.Event()
    house.broker.next("place", Mishap(wait_after=hold) if accepted else Mishap(wait=hold))
    await house.crash_while_placing()
    assert await house.now.reconciler.recover() == 1
    intent = await house.intent()
    assert intent is not None
    assert (intent.state, intent.order.status) == (IntentState.UNKNOWN, S.UNKNOWN)
    assert (await _look(house) is IntentState.DONE) is accepted
    await house.clock.advance(60)
    assert await _look(house) is (IntentState.DONE if accepted else IntentState.FAILED)
    assert house.broker.count("place") == 1


async def test_a_start_leaves_its_own_work_and_what_is_settled_alone(house: House) -> None:
    await house.place("done")
    hold = asyncio.Event()
    house.broker.next("place", Mishap(wait=hold))
    at_work = house.start_place()
    await quiet()
    assert await house.now.reconciler.recover() == 1
    intent = await house.intent()
    assert intent is not None
    assert intent.state is IntentState.OPEN
    hold.set()
    assert (await at_work).status is S.ACKNOWLEDGED


async def test_the_same_key_after_a_crash_looks_and_never_sends(house: House) -> None:
    house.broker.next("place", Mishap(wait_after=asyncio.Event()))
    await house.crash_while_placing()
    await house.now.reconciler.recover()
    order = await house.place()
    assert (order.broker_order_id, order.replayed) == ("B1", True)
    assert house.broker.count("place") == 1


async def test_another_gateways_work_is_left_to_it_for_as_long_as_it_lives(house: House) -> None:
    hold = asyncio.Event()
    house.broker.next("place", Mishap(wait_after=hold))
    slow = house.start_place()
    await quiet()
    first = house.now.owner
    house.start()  # Beside the first, over the same stores.
    house.owners.join(first)
    with pytest.raises(InFlight):
        await house.place()
    await house.clock.advance(3600)
    with pytest.raises(InFlight):
        await house.place()
    house.owners.leave(first)
    assert (await house.place()).broker_order_id == "B1"
    hold.set()
    assert (await slow).broker_order_id == "B1"
    assert house.broker.count("place") == 1


async def test_a_start_over_a_store_that_can_not_be_written_leaves_the_intent_for_later(house: House) -> None:
    house.broker.next("place", Mishap(wait_after=asyncio.Event()))
    await house.crash_while_placing()
    house.now.store.before["settle"] = fail_times(1)
    assert await house.now.reconciler.recover() == 1
    assert await _look(house) is IntentState.DONE


# The watch in the background.


async def _watching(house: House) -> asyncio.Task[None]:
    task = asyncio.ensure_future(house.now.reconciler.watch())
    await quiet()
    return task


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_watch_settles_what_nobody_asks_for(house: House) -> None:
    order = await _lose(house, accepted=True)
    watch = await _watching(house)
    await house.clock.advance(0.5)
    assert (await house.kept(order.order_id)).status is S.OPEN
    await _end(watch)


async def test_of_several_watches_one_looks_while_it_has_the_lease(house: House) -> None:
    house.leases = MemoryLeases(house.clock)
    house.start()
    order = await _lose(house, accepted=True)
    await house.leases.take(f"reconcile {ACCOUNT}", "another gateway", seconds=3)
    watch = await _watching(house)
    await house.clock.advance(1.5)
    assert (await house.kept(order.order_id)).status is S.UNKNOWN
    await house.clock.advance(3)
    assert (await house.kept(order.order_id)).status is S.OPEN
    await _end(watch)


async def test_a_watch_that_can_not_ask_for_the_lease_looks(house: House) -> None:
    house.leases = LostLeases(house.clock)
    house.start()
    order = await _lose(house, accepted=True)
    watch = await _watching(house)
    await house.clock.advance(0.5)
    assert (await house.kept(order.order_id)).status is S.OPEN
    await _end(watch)


async def test_the_watch_looks_at_growing_distances(house: House) -> None:
    await _lose(house, accepted=True)
    house.broker.hidden.add("B1")
    house.broker.offers = replace(house.broker.offers, rejected_in_book=False)
    looks = []
    watch = await _watching(house)
    for _ in range(260):
        before = house.broker.count("orders")
        await house.clock.advance(0.5)
        if house.broker.count("orders") > before:
            looks.append(house.clock.monotonic())
    distances = [after - before for before, after in pairwise(looks)]
    assert distances == [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0]
    await _end(watch)


async def test_the_watch_outlives_outages_and_mistakes_and_looks_for_the_others(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await house.log_in(OTHER)
    order = await _lose(house, accepted=True)
    house.broker.next("place", Mishap(after=lost()))
    house.broker.unreadable = lost()
    with pytest.raises(OutcomeUnknown):
        await house.clock.finish(house.now.orders.place(OTHER, BUY_TEN, key="k2"))
    house.broker.unreadable = KeyError("a mistake in the adapter")
    house.now.store.before["unsettled"] = fail_times(1)
    house.now.store.before["find"] = fail_times(1)
    watch = await _watching(house)
    await house.clock.advance(3)
    assert not watch.done()
    assert order.order_id in caplog.text
    house.broker.unreadable = None
    await house.clock.advance(30)
    assert await house.intents.unsettled() == ()
    await _end(watch)


async def test_the_watch_takes_up_what_could_not_be_written_down(house: House) -> None:
    house.now.store.before["settle"] = fail_times(1)
    with pytest.raises(OutcomeUnknown) as failure:
        await house.place()
    watch = await _watching(house)
    await house.clock.advance(1)
    assert (await house.kept(order_in(failure.value).order_id)).status is S.OPEN
    await _end(watch)


async def test_the_watch_leaves_work_in_progress_alone(house: House) -> None:
    hold = asyncio.Event()
    house.broker.next("place", Mishap(wait=hold))
    at_work = house.start_place()
    watch = await _watching(house)
    await house.clock.advance(300)
    intent = await house.intent()
    assert intent is not None
    assert intent.state is IntentState.OPEN
    assert house.broker.count("orders") == 0
    hold.set()
    assert (await at_work).status is S.ACKNOWLEDGED
    await _end(watch)


async def test_nothing_is_settled_while_the_store_can_not_be_written(house: House) -> None:
    await _lose(house, accepted=True)
    house.now.store.before["settle"] = fail
    with pytest.raises(Unavailable):
        await _look(house)
    del house.now.store.before["settle"]
    assert await _look(house) is IntentState.DONE


async def test_a_book_with_two_orders_of_one_tag_gives_the_first_and_shows_the_second(house: House) -> None:
    order = await _lose(house, accepted=True)
    house.broker.external(BUY_TEN, tag=order.order_id)
    assert (await house.place()).broker_order_id == "B1"
    listed = (await house.now.orders.list(ACCOUNT)).items
    assert [(one.broker_order_id, one.instrument, one.metadata.get("external")) for one in listed] == [
        ("B1", SBIN, None),
        ("B2", SBIN, "true"),
    ]


async def test_of_fifty_who_repeat_a_placement_that_was_given_up_one_sends(house: House) -> None:
    await _lose(house, accepted=False)
    await _look(house)
    await house.clock.advance(60)
    assert await _look(house) is IntentState.FAILED
    all_have_seen_it, slow = asyncio.Event(), asyncio.Event()
    releases = 0

    async def later_ones_are_slow() -> None:
        nonlocal releases
        releases += 1
        if releases > 1:
            await slow.wait()

    house.now.store.after["reserve"] = wait_for(all_have_seen_it)
    house.now.store.before["release"] = later_ones_are_slow
    house.broker.next("place", Mishap(wait=slow))
    callers = [house.start_place() for _ in range(50)]
    await quiet()
    all_have_seen_it.set()
    await quiet()
    slow.set()
    told = await asyncio.gather(*callers, return_exceptions=True)
    assert sum(isinstance(one, Order) for one in told) >= 1
    assert len(house.broker.book) == 1
    assert house.broker.count("place") == 2  # The one that was lost, and one more.
