"""Circuits over every store of their states."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from ordo.adapters.circuits import PurgatoryCircuits
from ordo.domain.circuits import CallKind, Circuit, CircuitRecord, CircuitState
from ordo.domain.errors import ErrorCode, NotSent, OrdoError, OutcomeUnknown, Refused, Unavailable
from ordo.ports.circuits import CircuitStates
from tests.contract.discovery import harnesses
from tests.contract.guard_harness import CircuitStatesHarness
from tests.contract.values import NOW
from tests.support.clock import VirtualClock

STATES = harnesses("circuit_states")
READS = Circuit(adapter_id="fyers", kind=CallKind.READ)
ORDERS = Circuit(adapter_id="fyers", kind=CallKind.ORDER)
CANCELS = Circuit(adapter_id="fyers", kind=CallKind.CANCEL)
RECORD = CircuitRecord(circuit=READS, state=CircuitState.OPEN, failures=3, last_failure_at=NOW, changed_at=NOW)
COOL = 15.0


@pytest.fixture(params=STATES)
async def states(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[CircuitStates]:
    async with cast("CircuitStatesHarness", STATES[request.param]).opened(tmp_path) as states:
        yield states


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def circuits(states: CircuitStates, clock: VirtualClock) -> PurgatoryCircuits:
    return PurgatoryCircuits(states, clock, threshold=3, cool=timedelta(seconds=COOL))


def outage() -> OrdoError:
    return Unavailable(ErrorCode.BROKER_UNAVAILABLE, "502")


def refusal() -> OrdoError:
    return Refused(ErrorCode.INSUFFICIENT_FUNDS, "no money")


async def _call(circuits: PurgatoryCircuits, circuit: Circuit, error: BaseException | None = None) -> None:
    async with circuits.guard(circuit):
        if error is not None:
            raise error


async def _fail(circuits: PurgatoryCircuits, circuit: Circuit, times: int = 3) -> None:
    for _ in range(times):
        with pytest.raises(Unavailable):
            await _call(circuits, circuit, outage())


async def _state(circuits: PurgatoryCircuits, circuit: Circuit) -> CircuitState:
    return next((one.state for one in await circuits.standings() if one.circuit == circuit), CircuitState.CLOSED)


# The store.


async def test_a_record_is_kept_as_it_is_written(states: CircuitStates) -> None:
    assert await states.get(READS) is None
    assert await states.replace(RECORD, replacing=None)
    assert await states.get(READS) == RECORD
    never = replace(RECORD, circuit=ORDERS, last_failure_at=None)
    assert await states.replace(never, replacing=None)
    assert await states.all() == (never, RECORD)


async def test_a_record_takes_the_place_of_exactly_the_one_that_was_seen(states: CircuitStates) -> None:
    after = replace(RECORD, state=CircuitState.HALF_OPEN)
    assert not await states.replace(after, replacing=RECORD)
    await states.replace(RECORD, replacing=None)
    assert not await states.replace(after, replacing=None)
    for stale in (
        replace(RECORD, failures=2),
        replace(RECORD, state=CircuitState.CLOSED),
        replace(RECORD, last_failure_at=None),
        replace(RECORD, changed_at=NOW + timedelta(seconds=1)),
    ):
        assert not await states.replace(after, replacing=stale)
    assert await states.get(READS) == RECORD
    assert await states.replace(after, replacing=RECORD)
    assert await states.get(READS) == after


async def test_of_many_who_replace_one_record_one_succeeds(states: CircuitStates) -> None:
    await states.replace(RECORD, replacing=None)
    done = await asyncio.gather(
        *(states.replace(replace(RECORD, failures=10 + number), replacing=RECORD) for number in range(50))
    )
    assert sum(done) == 1


# The circuits.


async def test_a_circuit_opens_after_failures_in_a_row_and_says_how_long(circuits: PurgatoryCircuits) -> None:
    await _fail(circuits, READS)
    with pytest.raises(NotSent) as refused:
        await _call(circuits, READS)
    assert refused.value.code is ErrorCode.CIRCUIT_OPEN
    assert refused.value.broker_id == "fyers"
    assert refused.value.retry_after_ms == COOL * 1000
    (record,) = await circuits.standings()
    assert (record.state, record.failures) == (CircuitState.OPEN, 3)


async def test_kinds_and_brokers_are_apart(circuits: PurgatoryCircuits) -> None:
    await _fail(circuits, READS)
    await _call(circuits, ORDERS)
    await _call(circuits, replace(READS, adapter_id="hdfc"))


async def test_a_success_or_a_refusal_between_failures_begins_the_count_anew(circuits: PurgatoryCircuits) -> None:
    await _fail(circuits, READS, 2)
    await _call(circuits, READS)
    await _fail(circuits, READS, 2)
    with pytest.raises(Refused):
        await _call(circuits, READS, refusal())
    await _fail(circuits, READS, 2)
    assert await _state(circuits, READS) is CircuitState.CLOSED


@pytest.mark.parametrize(
    "error",
    [
        refusal(),
        Refused(ErrorCode.INVALID_SESSION, "log in"),
        Refused(ErrorCode.RATE_LIMITED, "slower"),
        Unavailable(ErrorCode.RATE_LIMITED, "slower"),
        Unavailable(ErrorCode.STORE_UNAVAILABLE, "our own disk"),
        NotSent(ErrorCode.ORDER_BUDGET, "our own budget"),
        ValueError("a mistake of ours"),
        asyncio.CancelledError(),
    ],
    ids=repr,
)
async def test_what_is_no_outage_never_opens_a_circuit(circuits: PurgatoryCircuits, error: BaseException) -> None:
    for _ in range(50):
        with pytest.raises(type(error)):
            await _call(circuits, ORDERS, error)
    assert await _state(circuits, ORDERS) is CircuitState.CLOSED
    await _call(circuits, ORDERS)


async def test_an_unknown_outcome_counts(circuits: PurgatoryCircuits) -> None:
    for _ in range(3):
        with pytest.raises(OutcomeUnknown):
            await _call(circuits, ORDERS, OutcomeUnknown("lost"))
    assert await _state(circuits, ORDERS) is CircuitState.OPEN


async def test_a_half_open_circuit_lets_exactly_one_of_fifty_through(
    circuits: PurgatoryCircuits, clock: VirtualClock
) -> None:
    await _fail(circuits, READS)
    await clock.advance(COOL)
    inside, out = 0, asyncio.Event()

    async def probe() -> None:
        nonlocal inside
        async with circuits.guard(READS):
            inside += 1
            await out.wait()

    probes = [asyncio.ensure_future(probe()) for _ in range(50)]
    _, waiting = await asyncio.wait(probes, timeout=0.5)
    assert (inside, len(waiting)) == (1, 1)
    assert await _state(circuits, READS) is CircuitState.HALF_OPEN
    out.set()
    ends = await asyncio.gather(*probes, return_exceptions=True)
    assert sum(end is None for end in ends) == 1
    assert {type(end) for end in ends if end is not None} == {NotSent}
    assert await _state(circuits, READS) is CircuitState.CLOSED
    await asyncio.gather(*(_call(circuits, READS) for _ in range(9)))


async def test_one_failed_trial_opens_the_circuit_for_as_long_again(
    circuits: PurgatoryCircuits, clock: VirtualClock
) -> None:
    await _fail(circuits, READS)
    await clock.advance(COOL)
    await _fail(circuits, READS, 1)
    with pytest.raises(NotSent) as refused:
        await _call(circuits, READS)
    assert refused.value.retry_after_ms == COOL * 1000
    await clock.advance(COOL)
    await _call(circuits, READS)
    assert await _state(circuits, READS) is CircuitState.CLOSED


async def test_a_trial_that_is_cancelled_leaves_the_next_call_to_try(
    circuits: PurgatoryCircuits, clock: VirtualClock
) -> None:
    await _fail(circuits, READS)
    await clock.advance(COOL)
    with pytest.raises(asyncio.CancelledError):
        await _call(circuits, READS, asyncio.CancelledError())
    await clock.advance(COOL)
    await _call(circuits, READS)
    assert await _state(circuits, READS) is CircuitState.CLOSED


async def test_a_trial_that_never_came_back_does_not_keep_the_circuit_open(
    states: CircuitStates, circuits: PurgatoryCircuits, clock: VirtualClock
) -> None:
    died = replace(RECORD, state=CircuitState.HALF_OPEN, last_failure_at=clock.now(), changed_at=clock.now())
    await states.replace(died, replacing=None)
    with pytest.raises(NotSent):
        await _call(circuits, READS)
    await clock.advance(COOL)
    await _call(circuits, READS)
    assert await _state(circuits, READS) is CircuitState.CLOSED


async def test_a_clock_that_is_set_back_does_not_keep_the_circuit_open(
    circuits: PurgatoryCircuits, clock: VirtualClock
) -> None:
    await _fail(circuits, READS)
    clock.step(timedelta(hours=-1))
    await _call(circuits, READS)


async def test_cancellations_are_tried_whatever_failed_before(circuits: PurgatoryCircuits) -> None:
    await _fail(circuits, CANCELS, 20)
    assert await _state(circuits, CANCELS) is CircuitState.OPEN
    await _call(circuits, CANCELS)
    assert await _state(circuits, CANCELS) is CircuitState.CLOSED


async def test_a_call_that_began_before_the_opening_does_not_close_the_circuit(circuits: PurgatoryCircuits) -> None:
    async with circuits.guard(READS):
        await _fail(circuits, READS)
    assert await _state(circuits, READS) is CircuitState.OPEN


async def test_what_one_gateway_learnt_another_over_the_same_states_knows(
    states: CircuitStates, circuits: PurgatoryCircuits, clock: VirtualClock
) -> None:
    await _fail(circuits, READS)
    other = PurgatoryCircuits(states, clock, threshold=3, cool=timedelta(seconds=COOL))
    with pytest.raises(NotSent):
        await _call(other, READS)


async def test_refusals_hold_on_to_nothing(circuits: PurgatoryCircuits) -> None:
    await _fail(circuits, READS)
    for _ in range(20):
        with pytest.raises(NotSent):
            await _call(circuits, READS)
    gc.collect()
    assert sum(isinstance(one, NotSent) and one.code is ErrorCode.CIRCUIT_OPEN for one in gc.get_objects()) == 0
