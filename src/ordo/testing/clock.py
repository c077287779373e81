"""Time that runs, and that a test can have skip ahead."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from ordo.ports.clock import Clock

MONDAY_MORNING = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)
"""10:00 in India, on a trading day."""


class SkippingClock(Clock):
    """Begins at a moment and runs like any clock; `skip` moves it ahead, and wakes whoever sleeps until then.

    It may be read and skipped from any thread.
    """

    def __init__(self, start: datetime = MONDAY_MORNING) -> None:
        self._start = start
        self._born = time.monotonic()
        self._skipped = 0.0
        self._sleepers: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def now(self) -> datetime:
        """The time of this world, in UTC."""
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Seconds since it began, those that were skipped included."""
        return time.monotonic() - self._born + self._skipped

    def skip(self, seconds: float) -> None:
        """Let so many seconds pass at once. Raises `ValueError` below 0: time does not go back."""
        if not seconds >= 0:
            raise ValueError(f"time goes on by 0 seconds or more, not by {seconds}")
        self._skipped += seconds
        for loop, skipped in tuple(self._sleepers):
            loop.call_soon_threadsafe(skipped.set)

    async def sleep(self, seconds: float) -> None:
        """Return when so many seconds have passed or were skipped."""
        until = self.monotonic() + seconds
        sleeper = asyncio.get_running_loop(), asyncio.Event()
        self._sleepers.add(sleeper)
        try:
            await asyncio.sleep(0)
            while True:
                sleeper[1].clear()
                left = until - self.monotonic()
                if left <= 0:
                    return
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await sleeper[1].wait()
        finally:
            self._sleepers.discard(sleeper)

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Callable[[], object]:
        """Call back when so many seconds have passed or were skipped."""

        async def wait() -> None:
            await self.sleep(seconds)
            callback()

        return asyncio.ensure_future(wait()).cancel
