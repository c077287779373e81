"""The kill switch for as long as this process runs."""

from __future__ import annotations

from ordo.domain.safety import KillSwitch
from ordo.ports.safety import SafetyStore


class MemorySafetyStore(SafetyStore):
    """For one event loop. A restart forgets that trading was halted: fit for tests and play."""

    def __init__(self) -> None:
        self._switch: KillSwitch | None = None

    async def get(self) -> KillSwitch | None:
        return self._switch

    async def save(self, switch: KillSwitch) -> None:
        self._switch = switch
