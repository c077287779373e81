"""The order budget in the order path."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordo.domain.budget import Lane, Pace, Window
from ordo.domain.errors import ErrorCode, Invalid, OrdoError, Unavailable
from ordo.domain.orders import ModifyOrder, Product
from ordo.domain.safety import KillState
from ordo.domain.sessions import Session
from tests.support.broker import Mishap, refused
from tests.support.clock import quiet
from tests.support.house import House
from tests.support.orders import ACCOUNT, BUY_TEN

EIGHT = Pace(orders=(Window(seconds=1, limit=8),), reads=(Window(seconds=1, limit=2),), strikes=2)


def _paced(pace: Pace = EIGHT, *, careful: bool = True) -> House:
    house = House()
    house.paces = {"scripted": pace}
    house.careful = careful
    house.start()
    return house


@pytest.fixture
async def paced() -> House:
    house = _paced()
    await house.log_in()
    return house


async def test_what_finds_no_place_soon_is_refused_before_anything_is_written(paced: House) -> None:
    for number in range(6):
        await paced.place(f"k{number}")
    with pytest.raises(Invalid) as refusal:
        await paced.place("k6")
    assert (refusal.value.code, refusal.value.retry_after_ms) == (ErrorCode.ORDER_BUDGET, 1000)
    assert paced.broker.count("place") == 6
    assert await paced.intent("k6") is None
    preview = await paced.now.orders.preview(ACCOUNT, replace(BUY_TEN, product=Product.MIS))
    assert [check.name for check in preview.checks if check.blocks] == ["rate_budget"]
    await paced.clock.advance(1)
    await paced.place("k6")


async def test_what_finds_a_place_within_the_longest_wait_waits_for_it(paced: House) -> None:
    for number in range(6):
        await paced.place(f"k{number}")
    await paced.clock.advance(0.75)
    began = paced.clock.monotonic()
    await paced.place("k6")
    assert paced.clock.monotonic() - began == pytest.approx(0.25)


async def test_of_many_at_once_the_rest_is_refused_at_the_gate_and_its_key_is_free(paced: House) -> None:
    placing = [paced.start_place(f"k{number}") for number in range(20)]
    await quiet()
    await paced.clock.advance(2)
    ends = await asyncio.gather(*placing, return_exceptions=True)
    refusals = [end for end in ends if isinstance(end, Invalid)]
    assert len(refusals) == 14
    assert {refusal.code for refusal in refusals} == {ErrorCode.ORDER_BUDGET}
    assert len(paced.broker.book) == 6
    free = next(number for number, end in enumerate(ends) if isinstance(end, Invalid))
    await paced.place(f"k{free}")


async def test_a_cancellation_goes_where_new_orders_wait(paced: House) -> None:
    orders = [await paced.place(f"k{number}") for number in range(6)]
    with pytest.raises(Invalid):
        await paced.place("k6")
    await paced.now.orders.modify(ACCOUNT, orders[1].order_id, ModifyOrder(quantity=20), key="m")
    with pytest.raises(Invalid):
        await paced.now.orders.modify(ACCOUNT, orders[1].order_id, ModifyOrder(quantity=30), key="m2")
    await paced.now.orders.cancel(ACCOUNT, orders[0].order_id, key="c")


async def test_the_urgent_overtakes_those_who_wait_for_the_same_place() -> None:
    house = _paced(Pace(orders=(Window(seconds=1, limit=1),)))
    pacing, went = house.now.pacing, []

    async def go(lane: Lane) -> None:
        await pacing.over(await pacing.admit(ACCOUNT, lane))
        went.append(lane)

    await pacing.over(await pacing.admit(ACCOUNT, Lane.NEW))
    await house.clock.advance(0.8)
    waiting = [asyncio.ensure_future(go(lane)) for lane in (Lane.NEW, Lane.MODIFY, Lane.URGENT)]
    await house.clock.advance(0.25)
    assert went == [Lane.URGENT]
    await house.clock.advance(1)
    ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert sum(isinstance(end, Invalid) for end in ends) == 2


async def test_a_kill_switch_that_is_set_while_an_order_waits_for_its_place_stops_it(paced: House) -> None:
    for number in range(6):
        await paced.place(f"k{number}")
    await paced.clock.advance(0.8)
    placing = paced.start_place("late")
    await quiet()
    await paced.now.safety.set(KillState.HALTED, "r")
    await paced.clock.advance(0.5)
    with pytest.raises(Invalid) as refusal:
        await placing
    assert refusal.value.code is ErrorCode.KILL_SWITCH_ACTIVE
    assert paced.broker.count("place") == 6


async def test_a_429_halves_the_pace_for_a_minute_and_the_second_strike_stops_new_orders(
    paced: House, caplog: pytest.LogCaptureFixture
) -> None:
    order = await paced.place("first")
    paced.broker.next("place", Mishap(before=refused(ErrorCode.RATE_LIMITED)))
    with pytest.raises(OrdoError):
        await paced.place("k0")
    assert "strike 1 of 2" in caplog.text
    (budget,) = await paced.now.pacing.standings()
    assert (budget.standing.strikes, budget.stopped, budget.standing.slowed_for) == (1, False, 60)
    await paced.clock.advance(1)
    for number in range(3):
        await paced.place(f"slow-{number}")
    with pytest.raises(Invalid):
        await paced.place("slow-3")
    await paced.clock.advance(61)
    paced.broker.next("place", Mishap(before=refused(ErrorCode.RATE_LIMITED)))
    with pytest.raises(OrdoError):
        await paced.place("k1")
    await paced.clock.advance(3600)
    with pytest.raises(Invalid, match="block the account") as refusal:
        await paced.place("k2")
    assert (refusal.value.retry_after_ms or 0) > 3_600_000
    assert (await paced.now.pacing.standings())[0].stopped
    await paced.now.orders.cancel(ACCOUNT, order.order_id, key="c")


async def test_reads_have_a_share_of_their_own_and_wait_for_it(paced: House) -> None:
    reading = [asyncio.ensure_future(paced.now.orders.trades(ACCOUNT)) for _ in range(5)]
    await paced.clock.advance(0)
    assert paced.broker.count("trades") == 2
    await paced.place("k")
    await paced.clock.advance(3)
    await asyncio.gather(*reading)


async def test_reads_that_find_no_place_in_time_are_refused_and_are_no_outage(paced: House) -> None:
    reading = [asyncio.ensure_future(paced.now.orders.trades(ACCOUNT)) for _ in range(60)]
    await paced.clock.advance(40)
    ends = await asyncio.gather(*reading, return_exceptions=True)
    failed = [end for end in ends if isinstance(end, Unavailable)]
    assert failed
    assert {end.code for end in failed} <= {ErrorCode.RATE_LIMITED, ErrorCode.BROKER_TIMEOUT}
    assert all(record.failures == 0 for record in await paced.circuit_states.all())


steps = st.lists(
    st.tuples(
        st.sampled_from(["place", "burst", "cancel", "modify"]),
        st.floats(0, 1.2, allow_nan=False),
        st.integers(-5_000, 5_000),
    ),
    max_size=25,
)


@settings(max_examples=25, deadline=None)
@given(work=steps, limit=st.integers(1, 8))
def test_no_rolling_second_is_above_the_limit_whatever_is_asked_and_however_the_clock_is_set(
    work: list[tuple[str, float, int]], limit: int
) -> None:
    asyncio.run(_work(work, limit))


class _Workload:
    """What somebody asks of the gateway, and when each write reaches the broker."""

    def __init__(self, limit: int) -> None:
        self.house = _paced(Pace(orders=(Window(seconds=1, limit=limit),)))
        self.arrivals: list[float] = []
        self.placed: list[str] = []
        self._serve = self.house.broker._begin
        self.house.broker._begin = self._arrive  # type: ignore[method-assign]

    async def _arrive(self, operation: str, session: Session) -> Mishap:
        if operation in {"place", "modify", "cancel"}:
            self.arrivals.append(self.house.clock.monotonic())
        return await self._serve(operation, session)

    async def _place(self, key: str) -> None:
        self.placed.append((await self.house.now.orders.place(ACCOUNT, BUY_TEN, key=key)).order_id)

    def begun(self, what: str, number: int) -> list[Coroutine[object, object, object]]:
        orders = self.house.now.orders
        if what in {"place", "burst"}:
            return [self._place(f"{number}-{one}") for one in range(1 if what == "place" else 12)]
        if not self.placed:
            return []
        if what == "cancel":
            return [orders.cancel(ACCOUNT, self.placed[-1], key=f"{number}")]
        return [orders.modify(ACCOUNT, self.placed[0], ModifyOrder(quantity=11 + number), key=f"{number}")]


async def _work(work: list[tuple[str, float, int]], limit: int) -> None:
    load = _Workload(limit)
    clock = load.house.clock
    session = replace(load.house.login.session(ACCOUNT), expires_at=clock.now() + timedelta(days=9))
    await load.house.session_store.save(session)
    running: list[asyncio.Future[object]] = []
    for number, (what, pause, jitter) in enumerate(work):
        running += [asyncio.ensure_future(one) for one in load.begun(what, number)]
        clock.step(timedelta(milliseconds=jitter))
        await clock.advance(pause)
    await clock.advance(3)
    await asyncio.gather(*running, return_exceptions=True)
    for start, moment in enumerate(load.arrivals):
        within = bisect_left(load.arrivals, moment + 1 - 1e-9) - start
        assert within <= limit, load.arrivals
