"""Time, as an argument: nothing inside reads a clock of its own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits. Safe to share between tasks and threads."""

    @abstractmethod
    def now(self) -> datetime:
        """The wall clock, aware, in UTC. It may be stepped, also backwards."""

    @abstractmethod
    def monotonic(self) -> float:
        """Seconds since some moment; never goes back. For deadlines and durations only."""

    @abstractmethod
    async def sleep(self, seconds: float) -> None:
        """Return after this many seconds of `monotonic`; at once for 0 or less. May be cancelled."""

    @abstractmethod
    def call_later(self, seconds: float, callback: Callable[[], object]) -> Callable[[], object]:
        """Have the running event loop call back after this many seconds of `monotonic`, soon for 0 or less; never once
        the function that is returned has been called.
        """
