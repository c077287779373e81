"""Reads with care: retried within limits, never for ever, and one broker's trouble is its own."""

from __future__ import annotations

import asyncio
import heapq
from contextlib import suppress
from datetime import timedelta
from random import Random

import pytest

from ordo.adapters.circuits import PurgatoryCircuits
from ordo.adapters.memory.budget import MemoryOrderBudget
from ordo.adapters.memory.cache import MemoryPortfolioCache
from ordo.adapters.memory.circuits import MemoryCircuitStates
from ordo.application.care import Care, ReadRules, within
from ordo.application.pacing import Pacing
from ordo.domain.accounts import Account
from ordo.domain.circuits import CallKind, CircuitState
from ordo.domain.errors import ErrorCode, NotSent, OrdoError, OutcomeUnknown, Refused, Unavailable
from ordo.domain.orders import OrderStatus
from tests.support.broker import Mishap, lost, not_sent, refused
from tests.support.clock import VirtualClock, quiet
from tests.support.house import House
from tests.support.orders import ACCOUNT
from tests.support.stores import outage

OTHER_BROKER = Account(adapter_id="other", account_id="X")


class Desk:
    """Care alone, over a broker of one function."""

    def __init__(self, rules: ReadRules | None = None) -> None:
        self.clock = VirtualClock()
        self.states = MemoryCircuitStates()
        self.cache = MemoryPortfolioCache(self.clock)
        pacing = Pacing(MemoryOrderBudget(self.clock), self.clock, {}, max_wait=timedelta())
        circuits = PurgatoryCircuits(self.states, self.clock, threshold=1000)
        self.care = Care(circuits, pacing, self.cache, self.clock, Random(7), rules or ReadRules())
        self.calls = 0
        self.failures: list[OrdoError] = []

    async def answer(self) -> str:
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return "read"

    async def read(self) -> str:
        return await self.clock.finish(self.care.read(ACCOUNT, self.answer))


def down() -> Unavailable:
    return Unavailable(ErrorCode.BROKER_UNAVAILABLE, "502")


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_read_that_fails_once_or_twice_is_tried_again(desk: Desk) -> None:
    desk.failures = [down(), down()]
    assert await desk.read() == "read"
    assert desk.calls == 3
    assert 0 < desk.clock.monotonic() < 1.2


async def test_the_last_failure_is_told(desk: Desk) -> None:
    desk.failures = [down(), down(), Unavailable(ErrorCode.BROKER_ERROR, "nonsense")]
    with pytest.raises(Unavailable, match="nonsense"):
        await desk.read()


@pytest.mark.parametrize(
    "error",
    [refused(), Refused(ErrorCode.INVALID_SESSION, "no"), Unavailable(ErrorCode.RATE_LIMITED, "slower"), outage()],
    ids=repr,
)
async def test_what_trying_again_can_not_mend_is_told_at_once(desk: Desk, error: OrdoError) -> None:
    desk.failures = [error]
    with pytest.raises(type(error)):
        await desk.read()
    assert desk.calls == 1


async def test_retries_are_a_tenth_of_all_reads(desk: Desk) -> None:
    for _ in range(200):
        desk.failures = [down(), down(), down()]
        with pytest.raises(Unavailable):
            await desk.read()
    assert desk.calls - 200 <= 10 + 200 // 10


async def test_pauses_are_random_and_within_their_bounds() -> None:
    pauses = []
    for seed in range(20):
        desk = Desk()
        desk.care._random = Random(seed)
        desk.failures = [down()]
        await desk.read()
        pauses.append(desk.clock.monotonic())
    assert len(set(pauses)) == 20
    assert max(pauses) <= 0.4


async def test_a_read_that_hangs_ends_with_its_time_and_counts_as_an_outage() -> None:
    desk = Desk(ReadRules(timeout=4, total=10, tries=2))
    hung: list[asyncio.Event] = []

    async def hang() -> str:
        hung.append(asyncio.Event())
        await hung[-1].wait()
        return "never"

    with pytest.raises(Unavailable) as failure:
        await desk.clock.finish(desk.care.read(ACCOUNT, hang))
    assert failure.value.code is ErrorCode.BROKER_TIMEOUT
    assert len(hung) == 2
    assert desk.clock.monotonic() <= 10
    (record,) = await desk.states.all()
    assert (record.circuit.kind, record.failures) == (CallKind.READ, 2)


async def _cut_off(desk: Desk, ending: Exception | None) -> str:
    """A read that is cut off, and then ends otherwise than by its cancellation."""

    async def stubborn() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if ending is not None:
                raise ending from None
        return "late"

    return await within(desk.clock, 4, stubborn, ACCOUNT)


@pytest.mark.parametrize("ending", [None, refused()], ids=repr)
async def test_what_a_read_says_as_it_is_cut_off_counts_and_its_task_goes_on(
    desk: Desk, ending: Exception | None
) -> None:
    async def reads_on() -> int:
        with suppress(Refused):
            assert await _cut_off(desk, ending) == "late"
        with pytest.raises(Unavailable):
            await within(desk.clock, 4, asyncio.Event().wait, ACCOUNT)
        assert await within(desk.clock, 4, desk.answer, ACCOUNT) == "read"
        await desk.clock.sleep(100)  # Nothing that was called off comes back.
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert await desk.clock.finish(reads_on()) == 0


async def test_of_two_limits_of_time_that_end_at_once_the_outer_is_told(desk: Desk) -> None:
    async def inner() -> bool:
        try:
            return await within(desk.clock, 4, asyncio.Event().wait, OTHER_BROKER)
        except Unavailable:
            pytest.fail("the outer limit had ended it before")

    with pytest.raises(Unavailable, match="scripted did not answer within 4 s"):
        await desk.clock.finish(within(desk.clock, 4, inner, ACCOUNT))


async def test_who_gives_up_as_time_runs_out_is_not_told_of_a_slow_broker(desk: Desk) -> None:
    reading = asyncio.ensure_future(within(desk.clock, 4, asyncio.Event().wait, ACCOUNT))
    await quiet()
    desk.clock.call_later(4, reading.cancel)
    await desk.clock.advance(3)
    late, caller = (heapq.heappop(desk.clock._sleepers)[2] for _ in range(2))
    late()
    caller()  # Before the read could hear of the first.
    with pytest.raises(asyncio.CancelledError):
        await reading


async def test_a_broker_that_hangs_fills_its_own_places_only() -> None:
    desk = Desk(ReadRules(timeout=60, total=90, at_once=3))
    begun = 0
    never = asyncio.Event()

    async def hang() -> str:
        nonlocal begun
        begun += 1
        await never.wait()
        return "never"

    hanging = [asyncio.ensure_future(desk.care.read(ACCOUNT, hang)) for _ in range(10)]
    await quiet()
    assert begun == 3
    assert await desk.care.read(OTHER_BROKER, desk.answer) == "read"
    never.set()
    await asyncio.gather(*hanging)
    assert begun == 10


async def test_who_waits_for_a_place_waits_no_longer_than_a_read_may_take() -> None:
    desk = Desk(ReadRules(timeout=60, total=5, at_once=1))
    never = asyncio.Event()

    async def hang() -> str:
        await never.wait()
        return "never"

    first = asyncio.ensure_future(desk.care.read(ACCOUNT, hang))
    second = asyncio.ensure_future(desk.care.read(ACCOUNT, desk.answer))
    await desk.clock.advance(5)
    await quiet()
    assert first.done()
    assert second.done()
    with pytest.raises(Unavailable):
        await first
    await asyncio.gather(second, return_exceptions=True)


async def test_a_caller_that_gives_up_ends_the_read(desk: Desk) -> None:
    ended = asyncio.Event()

    async def hang() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return "never"

    reading = asyncio.ensure_future(desk.care.read(ACCOUNT, hang))
    await quiet()
    reading.cancel()
    await asyncio.wait((reading,))
    await asyncio.wait_for(ended.wait(), 1)
    assert await desk.states.all() == ()


async def test_a_write_is_made_once_whatever_comes_of_it(desk: Desk) -> None:
    desk.failures = [OutcomeUnknown("lost")]
    with pytest.raises(OutcomeUnknown):
        await desk.care.write(ACCOUNT, CallKind.ORDER, desk.answer)
    assert desk.calls == 1


# In the order path.


@pytest.fixture
async def careful() -> House:
    house = House()
    house.careful = True
    house.start()
    await house.log_in()
    return house


async def test_an_open_circuit_sends_nothing_frees_the_key_and_lets_cancellations_try(careful: House) -> None:
    order = await careful.place("first")
    for number in range(5):
        careful.broker.next("place", Mishap(before=not_sent()))
        with pytest.raises(NotSent):
            await careful.place(f"k{number}")
    sent = careful.broker.count("place")
    with pytest.raises(NotSent) as refusal:
        await careful.place("k")
    assert refusal.value.code is ErrorCode.CIRCUIT_OPEN
    assert careful.broker.count("place") == sent
    assert await careful.intent("k") is None
    await careful.now.orders.cancel(ACCOUNT, order.order_id, key="c")
    await careful.clock.advance(15)
    assert (await careful.place("k")).status is OrderStatus.ACKNOWLEDGED


async def test_refusals_never_open_the_circuit_of_orders(careful: House) -> None:
    for number in range(30):
        careful.broker.next("place", Mishap(before=refused()))
        with pytest.raises(Refused):
            await careful.place(f"k{number}")
    assert await careful.circuit_states.all() == ()
    await careful.place("k")


async def test_lost_replies_open_the_circuit(careful: House) -> None:
    careful.broker.offers = careful.broker.offers
    for number in range(5):
        careful.broker.next("place", Mishap(after=lost()))
        await careful.place(f"k{number}")
    (record,) = [one for one in await careful.circuit_states.all() if one.circuit.kind is CallKind.ORDER]
    assert record.state is CircuitState.OPEN
