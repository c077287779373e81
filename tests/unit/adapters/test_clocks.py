"""Timers of the clocks that run: called once and at their time, and never once they were called off."""

from __future__ import annotations

import asyncio

import pytest

from ordo.adapters.clock import SystemClock
from ordo.ports.clock import Clock
from ordo.testing.clock import SkippingClock


@pytest.fixture(params=[SystemClock, SkippingClock])
def clock(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 0.01])
async def test_it_calls_back_when_its_time_has_come(clock: Clock, seconds: float) -> None:
    called = asyncio.Event()
    began = clock.monotonic()
    clock.call_later(seconds, called.set)
    assert not called.is_set()
    await called.wait()
    assert clock.monotonic() - began >= seconds


async def test_it_does_not_call_back_once_it_was_called_off(clock: Clock) -> None:
    called, later = asyncio.Event(), asyncio.Event()
    stop = clock.call_later(0.005, called.set)
    clock.call_later(0.01, later.set)
    stop()
    await later.wait()
    assert not called.is_set()
    stop()


async def test_what_is_skipped_counts() -> None:
    clock, called = SkippingClock(), asyncio.Event()
    clock.call_later(3600, called.set)
    await asyncio.sleep(0)
    clock.skip(3600)
    await called.wait()
