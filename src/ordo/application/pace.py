"""How often something may happen, for each of many names."""

from __future__ import annotations

from ordo.ports.clock import Clock

_MOST_NAMES = 4096


class Pace:
    """Lets `most` happen at once, and `per_second` in the long run, for each name by itself.

    It keeps a few thousand names; beyond that, those that were seen least lately are forgotten.
    """

    def __init__(self, clock: Clock, *, most: float, per_second: float) -> None:
        self._clock = clock
        self._most = most
        self._per_second = per_second
        self._levels: dict[str, tuple[float, float]] = {}

    def wait(self, name: str) -> float:
        """Seconds until one more is allowed; 0 when it is allowed now."""
        return max(0.0, (self._level(name) + 1 - self._most) / self._per_second)

    def count(self, name: str) -> None:
        """One more has happened."""
        level = self._level(name) + 1
        self._levels.pop(name, None)
        self._levels[name] = level, self._clock.monotonic()
        if len(self._levels) > _MOST_NAMES:
            del self._levels[next(iter(self._levels))]

    def _level(self, name: str) -> float:
        level, at = self._levels.get(name, (0.0, 0.0))
        return max(0.0, level - (self._clock.monotonic() - at) * self._per_second)
