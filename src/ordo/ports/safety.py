"""Where the kill switch is kept."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from ordo.domain.safety import KillSwitch


class SafetyStore(Protocol):
    """One switch for the gateway. Failure: `Unavailable` (`STORE_UNAVAILABLE`); then nobody may assume that
    trading is allowed.

    Concurrency: after `save` returns, every later `get` in every process that shares the store sees it.
    """

    @abstractmethod
    async def get(self) -> KillSwitch | None:
        """The switch as last set, or `None` if it never was."""

    @abstractmethod
    async def save(self, switch: KillSwitch) -> None:
        """Set the switch."""
