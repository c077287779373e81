"""The gateways of this process."""

from __future__ import annotations

from ordo.ports.owners import Owners


class MemoryOwners(Owners):
    def __init__(self) -> None:
        self._alive: set[str] = set()

    async def is_alive(self, owner: str) -> bool:
        return owner in self._alive

    def join(self, owner: str) -> None:
        """Let a gateway be alive."""
        self._alive.add(owner)

    def leave(self, owner: str) -> None:
        """Let it be gone; being gone already is success."""
        self._alive.discard(owner)
