"""The machine's clock: the only place that reads it."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

from ordo.ports.clock import Clock


class SystemClock(Clock):
    def now(self) -> datetime:
        return datetime.now(tz=UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))
