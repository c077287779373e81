from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordo.adapters.memory.cache import MemoryPortfolioCache
from ordo.adapters.memory.idempotency import MemoryIdempotencyStore
from ordo.application.context import Context
from ordo.application.safety import SafetyService
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditKind
from ordo.domain.circuits import CallKind, Circuit
from ordo.domain.errors import ErrorCode, Invalid, NotSent, OrdoError, Unavailable
from ordo.domain.idempotency import Intent
from ordo.domain.orders import ModifyOrder, Order, OrderStatus, OrderType, Product, Side
from ordo.domain.safety import KillState
from tests.contract.values import intent, lost
from tests.support.broker import Mishap, refused
from tests.support.clock import quiet
from tests.support.house import House
from tests.support.orders import ACCOUNT, BUY_TEN, OTHER
from tests.support.positions import position
from tests.support.stores import outage

SELL_TEN = replace(BUY_TEN, side=Side.SELL, product=Product.MIS)
BUY_MIS = replace(BUY_TEN, product=Product.MIS)


async def _refused(house: House, command: object = BUY_TEN, key: str = "k1") -> Invalid:
    with pytest.raises(Invalid) as refusal:
        await house.place(key, command)  # type: ignore[arg-type]
    assert refusal.value.code is ErrorCode.KILL_SWITCH_ACTIVE
    assert house.broker.count("place") == 0
    return refusal.value


async def test_a_switch_that_nobody_set_lets_orders_through(house: House) -> None:
    switch = await house.now.safety.get()
    assert (switch.state, switch.changed_by, switch.changed_at) == (KillState.ACTIVE, "gateway", house.clock.now())
    assert (await house.now.safety.get(ACCOUNT)) == switch
    await house.place()


async def test_who_pulls_the_switch_and_why_is_kept_and_told(house: House) -> None:
    house.clock.step(timedelta(seconds=5))
    context = Context(principal="desk")
    switch = await house.now.safety.set(KillState.HALTED, "runaway algo", context)
    assert (switch.changed_by, switch.changed_at, switch.reason) == ("desk", house.clock.now(), "runaway algo")
    assert await house.now.safety.get() == switch
    event = house.audit.events[-1]
    assert (event.kind, event.actor, event.correlation_id) == (
        AuditKind.KILL_SWITCH_CHANGED,
        "desk",
        context.correlation_id,
    )
    assert event.facts == {"state": "HALTED", "reason": "runaway algo"}
    assert "runaway algo" in (await _refused(house)).message


async def test_a_halt_outlives_a_restart_and_ends_only_by_hand(house: House) -> None:
    await house.now.safety.set(KillState.HALTED, "r")
    house.start()
    await _refused(house)
    await house.now.safety.set(KillState.ACTIVE, "over")
    await house.place()


async def test_a_halt_stands_even_when_it_can_not_be_told(house: House) -> None:
    house.audit.fails_on.add(AuditKind.KILL_SWITCH_CHANGED)
    await house.now.safety.set(KillState.HALTED, "r")
    await _refused(house)


async def test_the_switch_of_one_account_leaves_the_others_alone(house: House) -> None:
    await house.now.safety.set(KillState.HALTED, "r", account=OTHER)
    assert house.audit.events[-1].account == OTHER
    assert (await house.now.safety.get()).state is KillState.ACTIVE
    assert [switch.account for switch in await house.now.safety.accounts()] == [OTHER]
    await house.place()
    await house.now.safety.set(KillState.HALTED, "r", account=ACCOUNT)
    with pytest.raises(Invalid, match=f"HALTED for {ACCOUNT}"):
        await house.place("k2")


async def test_the_stricter_of_both_switches_counts(house: House) -> None:
    safety = house.now.safety
    await safety.set(KillState.REDUCE_ONLY, "all")
    await safety.set(KillState.ACTIVE, "one", account=ACCOUNT)
    assert (await safety.get(ACCOUNT)).reason == "all"
    await safety.set(KillState.HALTED, "one", account=ACCOUNT)
    assert (await safety.get(ACCOUNT)).reason == "one"
    assert (await safety.get(OTHER)).reason == "all"


async def test_all_who_halt_at_once_wait_until_what_passed_before_has_left(house: House) -> None:
    safety = house.now.safety
    passage = safety.enter(ACCOUNT)
    halting = [asyncio.ensure_future(safety.set(KillState.HALTED, f"by {name}")) for name in ("a", "b")]
    await quiet()
    passage.begin()
    await quiet()
    late = asyncio.ensure_future(safety.set(KillState.HALTED, "by c"))
    await quiet()
    assert not any(halt.done() for halt in (*halting, late))
    passage.leave()
    await quiet()
    assert all(halt.done() for halt in (*halting, late))
    assert house.clock.monotonic() == 0


async def test_an_order_that_never_left_is_waited_for_no_longer_than_its_task_lives(house: House) -> None:
    safety, over = house.now.safety, asyncio.Event()

    async def abandons() -> None:
        safety.enter(ACCOUNT)
        await over.wait()

    order = asyncio.ensure_future(abandons())
    await quiet()
    halting = asyncio.ensure_future(safety.set(KillState.HALTED, "r"))
    await quiet()
    assert not halting.done()
    over.set()
    await quiet()
    assert order.done()
    assert halting.done()
    assert house.clock.monotonic() == 0


async def test_switches_that_can_not_be_read_at_the_start_mean_halted_until_they_are_set(house: House) -> None:
    house.safety_store.outage = outage()
    await house.now.safety.open()
    house.safety_store.outage = None
    switch = await house.now.safety.get()
    assert (switch.state, switch.changed_by) == (KillState.HALTED, "gateway")
    assert await house.now.safety.accounts() == ()
    assert "could not be read" in (await _refused(house)).message
    await house.now.safety.set(KillState.ACTIVE, "looked at it")
    await house.place()


async def test_setting_a_switch_that_still_can_not_be_read_does_not_end_the_halt(house: House) -> None:
    house.safety_store.outage = outage()
    await house.now.safety.open()
    with pytest.raises(Unavailable):
        await house.now.safety.set(KillState.ACTIVE, "try")
    assert (await house.now.safety.get()).state is KillState.HALTED


async def test_switches_that_can_be_read_at_the_start_count_as_they_stand(house: House) -> None:
    await house.now.safety.set(KillState.REDUCE_ONLY, "r")
    house.start()
    await house.now.safety.open()
    assert (await house.now.safety.get()).state is KillState.REDUCE_ONLY


# Reduce only.


async def test_reduce_only_lets_through_what_only_closes_a_position(house: House) -> None:
    house.broker.held = (position(10),)
    await house.now.safety.set(KillState.REDUCE_ONLY, "r")
    await _refused(house, BUY_MIS)
    await _refused(house, replace(SELL_TEN, quantity=11))
    await _refused(house, replace(SELL_TEN, product=Product.CNC))
    assert (await house.place("k2", SELL_TEN)).status is OrderStatus.ACKNOWLEDGED


async def test_reduce_only_counts_the_orders_that_wait(house: House) -> None:
    house.broker.held = (position(10),)
    house.broker.external(replace(SELL_TEN, quantity=4))
    house.broker.external(BUY_MIS)
    await house.now.safety.set(KillState.REDUCE_ONLY, "r")
    await _refused(house, replace(SELL_TEN, quantity=7))
    await house.place("k2", replace(SELL_TEN, quantity=6))


async def test_reduce_only_refuses_when_the_positions_can_not_be_read(house: House) -> None:
    house.broker.held = (position(10),)
    await house.now.safety.set(KillState.REDUCE_ONLY, "r")
    house.broker.unreadable = outage()
    assert "could not be read" in (await _refused(house, SELL_TEN)).message


async def test_reduce_only_is_looked_at_again_with_fresh_positions_at_the_instant_of_sending(house: House) -> None:
    house.broker.held = (position(10),)
    await house.now.safety.set(KillState.REDUCE_ONLY, "r")

    async def sold_elsewhere() -> None:
        house.broker.held = ()

    house.now.store.after["reserve"] = sold_elsewhere
    assert "instant of sending" in (await _refused(house, SELL_TEN)).message
    assert await house.intent() is None


async def test_two_orders_at_once_do_not_close_a_position_twice(house: House) -> None:
    house.broker.held = (position(10),)
    await house.now.safety.set(KillState.REDUCE_ONLY, "r")
    ends = await asyncio.gather(
        *(house.now.orders.place(ACCOUNT, SELL_TEN, key=f"k{n}") for n in range(5)), return_exceptions=True
    )
    assert house.broker.count("place") <= 1
    assert all(isinstance(end, Invalid) for end in ends if isinstance(end, BaseException))


async def test_a_change_that_leaves_an_order_closing_passes_and_one_that_does_not_is_refused(house: House) -> None:
    house.broker.held = (position(10),)
    order = await house.place("k1", replace(SELL_TEN, quantity=5))
    await house.now.safety.set(KillState.REDUCE_ONLY, "r")
    changed = await house.now.orders.modify(ACCOUNT, order.order_id, ModifyOrder(quantity=10), key="m1")
    assert changed.quantity == 10
    with pytest.raises(Invalid) as refusal:
        await house.now.orders.modify(ACCOUNT, order.order_id, ModifyOrder(quantity=11), key="m2")
    assert refusal.value.code is ErrorCode.KILL_SWITCH_ACTIVE


# Cancellations.


async def test_a_cancellation_of_what_adds_risk_passes_every_switch(house: House) -> None:
    for state in KillState:
        order = await house.place(f"k-{state}", BUY_MIS)
        await house.now.safety.set(state, "r")
        await house.now.orders.cancel(ACCOUNT, order.order_id, key="c")
        await house.now.safety.set(KillState.ACTIVE, "over")
    assert house.broker.count("cancel") == len(KillState)


@pytest.mark.parametrize("readable", [True, False])
async def test_a_cancellation_of_a_protective_exit_needs_force_while_trading_is_halted(
    house: House, *, readable: bool
) -> None:
    house.broker.held = (position(10),)
    stop = replace(SELL_TEN, order_type=OrderType.STOP_MARKET, price=None, trigger_price=BUY_TEN.price)
    order = await house.place("k1", stop)
    await house.now.safety.set(KillState.HALTED, "r")
    if not readable:
        house.broker.unreadable = outage()
    with pytest.raises(Invalid, match="force") as refusal:
        await house.now.orders.cancel(ACCOUNT, order.order_id, key="c")
    assert refusal.value.code is ErrorCode.KILL_SWITCH_ACTIVE
    assert house.broker.count("cancel") == 0
    await house.now.orders.cancel(ACCOUNT, order.order_id, key="c2", force=True)
    assert house.broker.count("cancel") == 1


async def test_what_is_no_stop_may_be_cancelled_when_nobody_can_tell_what_it_protects(house: House) -> None:
    order = await house.place("k1", BUY_MIS)
    await house.now.safety.set(KillState.HALTED, "r")
    house.broker.unreadable = outage()
    await house.now.orders.cancel(ACCOUNT, order.order_id, key="c")


async def test_while_trading_is_active_a_stop_is_cancelled_like_any_other(house: House) -> None:
    house.broker.held = (position(10),)
    stop = replace(SELL_TEN, order_type=OrderType.STOP_MARKET, price=None, trigger_price=BUY_TEN.price)
    order = await house.place("k1", stop)
    await house.now.orders.cancel(ACCOUNT, order.order_id, key="c")


# What passed before.


async def test_a_halt_waits_for_the_order_that_had_passed(house: House) -> None:
    wait = asyncio.Event()
    house.broker.next("place", Mishap(wait=wait))
    placing = house.start_place()
    await quiet()
    halting = asyncio.ensure_future(house.now.safety.set(KillState.HALTED, "r"))
    other = asyncio.ensure_future(house.now.safety.set(KillState.HALTED, "r", account=OTHER))
    await quiet()
    assert not halting.done()
    assert other.done()
    wait.set()
    await placing
    await halting


async def test_a_halt_overtakes_the_order_that_has_read_the_switch_but_not_left(house: House) -> None:
    """The reader has been told ACTIVE, and stands still; the switch is set meanwhile."""
    house.safety_store.hold = asyncio.Event()

    async def reserve() -> None:
        house.safety_store.hold = hold

    hold, house.safety_store.hold = house.safety_store.hold, None
    house.now.store.after["reserve"] = reserve
    placing = house.start_place()
    await quiet()
    house.safety_store.hold = None
    halting = asyncio.ensure_future(house.now.safety.set(KillState.HALTED, "r"))
    await quiet()
    assert not halting.done()
    hold.set()
    await placing
    at = len(house.broker.book)
    await halting
    assert len(house.broker.book) == at == 1


async def test_a_halt_does_not_wait_for_an_answer_when_the_order_has_left_long_ago(house: House) -> None:
    wait = asyncio.Event()
    house.broker.next("place", Mishap(wait=wait))
    placing = house.start_place()
    await quiet()
    await house.clock.finish(house.now.safety.set(KillState.HALTED, "r"))
    assert not placing.done()
    wait.set()
    await placing


async def test_an_order_that_never_left_keeps_nobody_waiting(house: House) -> None:
    async def sleep_for_long() -> None:
        house.clock.step(timedelta(minutes=1))

    house.now.store.after["reserve"] = sleep_for_long
    with pytest.raises(OrdoError, match="the market has moved on"):
        await house.place()
    await quiet()
    await house.now.safety.set(KillState.HALTED, "r")


def _shared(house: House) -> SafetyService:
    """The switch as another worker has it."""
    return SafetyService(
        house.safety_store, house.clock, house.now.trail, intents=house.intents, linger=timedelta(seconds=10)
    )


async def test_an_order_of_another_worker_is_waited_for_until_it_has_left(house: House) -> None:
    wait = asyncio.Event()
    house.broker.next("place", Mishap(wait=wait))
    placing = house.start_place()
    await quiet()
    began = house.clock.monotonic()
    halting = asyncio.ensure_future(_shared(house).set(KillState.HALTED, "r"))
    await house.clock.advance(1)
    assert not halting.done()
    wait.set()
    await placing
    await house.clock.advance(0.5)
    await halting
    assert house.clock.monotonic() - began < 2


async def test_where_nothing_is_leaving_a_halt_returns_at_once(house: House) -> None:
    await house.place()
    began = house.clock.monotonic()
    await _shared(house).set(KillState.HALTED, "r")
    assert house.clock.monotonic() == began


async def test_an_order_of_another_account_keeps_nobody_waiting(house: House) -> None:
    now = house.clock.now()
    await house.intents.reserve(intent(account=ACCOUNT, created_at=now), now=now)
    await _shared(house).set(KillState.HALTED, "r", account=OTHER)


@pytest.mark.parametrize("is_lost", [False, True])
async def test_orders_of_other_workers_are_waited_for_as_long_as_they_may_take(house: House, *, is_lost: bool) -> None:
    now = house.clock.now()
    opened = intent(account=ACCOUNT, created_at=now)
    await house.intents.reserve(opened, now=now)
    if is_lost:
        await house.intents.settle(lost(opened))
    safety, began = _shared(house), house.clock.monotonic()
    await house.clock.finish(safety.set(KillState.HALTED, "r"))
    assert house.clock.monotonic() - began == pytest.approx(10)
    await house.clock.finish(safety.set(KillState.ACTIVE, "r"))
    assert house.clock.monotonic() - began == pytest.approx(10)


async def test_records_that_can_not_be_read_are_waited_for_as_long_as_they_may_take(house: House) -> None:
    class Silent(MemoryIdempotencyStore):
        async def unsettled(self) -> tuple[Intent, ...]:
            raise Unavailable(ErrorCode.STORE_UNAVAILABLE, "away")

    linger, began = timedelta(seconds=10), house.clock.monotonic()
    safety = SafetyService(house.safety_store, house.clock, house.now.trail, intents=Silent(), linger=linger)
    await house.clock.finish(safety.set(KillState.HALTED, "r"))
    assert house.clock.monotonic() - began == pytest.approx(10)


async def test_an_order_does_not_leave_on_a_look_that_is_too_old(house: House) -> None:
    passage = _shared(house).enter(ACCOUNT)
    await house.clock.advance(5)
    with pytest.raises(NotSent, match="may have been set since"):
        passage.begin()


class _SlowCache(MemoryPortfolioCache):
    """What an order on its way waits for."""

    def __init__(self, house: House) -> None:
        super().__init__(house.clock)
        self.hold = asyncio.Event()

    async def drop(self, account: Account) -> None:
        await self.hold.wait()
        await super().drop(account)


def _slow(house: House) -> _SlowCache:
    house.careful = True
    house.start()
    care = house.now.calls._care
    assert care is not None
    cache = care._cache = _SlowCache(house)
    return cache


async def test_a_halt_waits_for_an_order_that_waits_for_a_store_on_its_way(house: House) -> None:
    cache = _slow(house)
    placing = house.start_place()
    await quiet()
    halting = asyncio.ensure_future(house.now.safety.set(KillState.HALTED, "r"))
    await house.clock.advance(3.9)
    assert not halting.done()
    cache.hold.set()
    assert (await placing).status is OrderStatus.ACKNOWLEDGED
    await halting


async def test_an_order_that_waits_for_too_long_on_its_way_never_leaves_and_is_no_outage_of_the_broker(
    house: House,
) -> None:
    cache = _slow(house)
    placing = house.start_place()
    await quiet()
    halting = asyncio.ensure_future(house.now.safety.set(KillState.HALTED, "r"))
    await house.clock.advance(4.1)
    await halting
    cache.hold.set()
    with pytest.raises(NotSent, match="may have been set since"):
        await placing
    assert house.broker.count("place") == 0
    assert await house.circuit_states.get(Circuit(adapter_id=ACCOUNT.adapter_id, kind=CallKind.ORDER)) is None


async def test_orders_that_queue_to_close_positions_never_leave_once_a_halt_was_set(house: House) -> None:
    house.broker.held = (position(100),)
    await house.now.safety.set(KillState.REDUCE_ONLY, "r")
    wait = asyncio.Event()
    house.broker.next("place", Mishap(wait=wait))
    small = replace(SELL_TEN, quantity=1)
    placing = [house.start_place(f"k{n}", replace(small, quantity=n + 1)) for n in range(4)]
    await quiet()
    halting = asyncio.ensure_future(house.now.safety.set(KillState.HALTED, "r"))
    await house.clock.advance(13)
    assert halting.done()
    wait.set()
    ends = await asyncio.gather(*placing, return_exceptions=True)
    assert [type(end) for end in ends] == [Order, NotSent, NotSent, NotSent]
    assert house.broker.count("place") == 1


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), orders=st.integers(1, 12), halts=st.integers(0, 200), per_account=st.booleans())
def test_no_order_leaves_after_a_halt_has_returned(seed: int, orders: int, halts: int, *, per_account: bool) -> None:
    asyncio.run(_storm(Random(seed), orders, halts, per_account=per_account))


async def _storm(random: Random, orders: int, halts: int, *, per_account: bool) -> None:
    house = House()
    await house.log_in()

    async def dawdle() -> None:
        for _ in range(random.randrange(12)):
            await asyncio.sleep(0)

    async def arrive(_: str) -> None:
        await dawdle()
        arrived.append(returned)

    async def place(number: int) -> None:
        await dawdle()
        await house.now.orders.place(ACCOUNT, BUY_TEN, key=f"k{number}")

    arrived: list[bool] = []
    returned = False
    house.broker.on_place = arrive
    for name in ("reserve", "find", "settle"):
        house.now.store.before[name] = house.now.store.after[name] = dawdle
    for _ in range(orders // 3):
        house.broker.next("place", Mishap(before=refused()))
    placing = [asyncio.ensure_future(place(number)) for number in range(orders)]
    for _ in range(halts):
        await asyncio.sleep(0)
    await house.now.safety.set(KillState.HALTED, "r", account=ACCOUNT if per_account else None)
    returned = True
    ends = await asyncio.gather(*placing, return_exceptions=True)
    assert not any(arrived)
    assert all(isinstance(end, OrdoError) for end in ends if isinstance(end, BaseException))
