"""Lets requests go no faster than a broker bears."""

from __future__ import annotations

from ordo.ports.clock import Clock


class Pace:
    """Lets so many requests a second go, as many of a burst at once, and the others in their turn."""

    def __init__(self, clock: Clock, per_second: float) -> None:
        self._clock = clock
        self._gap = 1 / per_second
        self._slack = max(per_second - 1, 0) * self._gap
        self._due = float("-inf")

    async def turn(self, *, at_most: float) -> bool:
        """Wait for one's turn; `False`, at once, where that would take more than `at_most` seconds."""
        now = self._clock.monotonic()
        due = max(self._due, now)
        wait = due - self._slack - now
        if wait > at_most:
            return False
        self._due = due + self._gap
        if wait > 0:
            await self._clock.sleep(wait)
        return True
