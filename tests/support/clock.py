"""Time that moves only when a test says so."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from ordo.ports.clock import Clock

T = TypeVar("T")

MONDAY_MORNING = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)
"""10:00 in India, on a trading day."""

_ROUNDS = 100


async def quiet() -> None:
    """Let every task run until all of them wait for something that only the test can bring."""
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)


class VirtualClock(Clock):
    """A clock whose two hands the test holds: `advance` moves both, `step` only the wall's, in either direction.

    Those who sleep wake in the order of their times, each with the clock at its own moment.
    """

    def __init__(self, start: datetime = MONDAY_MORNING) -> None:
        self._wall = start
        self._monotonic = 0.0
        self._sleepers: list[tuple[float, int, Callable[[], object]]] = []
        self._arrivals = count()

    def now(self) -> datetime:
        return self._wall

    def monotonic(self) -> float:
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        waking = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not waking.done():
                waking.set_result(None)

        self.call_later(seconds, wake)
        await waking

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Callable[[], object]:
        cancelled = False

        def call() -> None:
            if not cancelled:
                callback()

        def cancel() -> None:
            nonlocal cancelled
            cancelled = True

        if seconds <= 0:
            asyncio.get_running_loop().call_soon(call)
        else:
            heapq.heappush(self._sleepers, (self._monotonic + seconds, next(self._arrivals), call))
        return cancel

    def step(self, by: timedelta) -> None:
        """Set the wall clock as somebody at the machine would; no time passes."""
        self._wall += by

    async def advance(self, seconds: float) -> None:
        """Let time pass, and wake everybody whose time has come."""
        until = self._monotonic + seconds
        await quiet()
        while self._sleepers and self._sleepers[0][0] <= until:
            await self._wake_next()
        self._pass(until)

    async def finish(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work to its end, letting as much time pass as it waits for."""
        task = asyncio.ensure_future(work)
        await quiet()
        while not task.done():
            assert self._sleepers, "the work waits for something that time alone does not bring"
            await self._wake_next()
        return await task

    async def _wake_next(self) -> None:
        at, _, wake = heapq.heappop(self._sleepers)
        self._pass(at)
        wake()
        await quiet()

    def _pass(self, until: float) -> None:
        self._wall += timedelta(seconds=until - self._monotonic)
        self._monotonic = until
