"""Leases within this process."""

from __future__ import annotations

from ordo.ports.clock import Clock
from ordo.ports.leases import Leases


class MemoryLeases(Leases):
    """For one event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: dict[str, tuple[str, float]] = {}

    async def take(self, name: str, holder: str, *, seconds: float) -> bool:
        now = self._clock.monotonic()
        other, until = self._held.get(name, (holder, now))
        if other != holder and now < until:
            return False
        self._held = {kept: held for kept, held in self._held.items() if now < held[1]}
        self._held[name] = (holder, now + seconds)
        return True

    async def give_up(self, name: str, holder: str) -> None:
        if self._held.get(name, ("", 0.0))[0] == holder:
            del self._held[name]
