"""Who does what only one needs to do."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol


class Leases(Protocol):
    """Spares workers from doing the same at the same time. A lease is a courtesy and no lock: who was slow may still be
    at work when another has it, so nothing may rest on it that would harm if two did it.

    Concurrency: `take` is atomic across every task and process that shares the leases. Time: they keep their own.
    Failure: `Unavailable` (`STORE_UNAVAILABLE`), and then nobody knows who has a lease.
    """

    @abstractmethod
    async def take(self, name: str, holder: str, *, seconds: float) -> bool:
        """Have the lease for so many seconds from now, where nobody else has it; whoever has it may take it again."""

    @abstractmethod
    async def give_up(self, name: str, holder: str) -> None:
        """Leave the lease to others now. One that another has is left as it is."""
