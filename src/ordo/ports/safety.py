"""Where the kill switches are kept."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from ordo.domain.accounts import Account
from ordo.domain.safety import KillSwitch


class SafetyStore(Protocol):
    """One switch for the gateway and one for each account. Failure: `Unavailable` (`STORE_UNAVAILABLE`), also where
    what is kept can't be read; then nobody may assume that trading is allowed.

    Concurrency: after `save` returns, every later `get` and `all` in every process that shares the store sees it.
    """

    @abstractmethod
    async def get(self, account: Account | None = None) -> KillSwitch | None:
        """The switch of an account, or the gateway's, as last set; `None` if it never was."""

    @abstractmethod
    async def all(self) -> tuple[KillSwitch, ...]:
        """Every switch that was ever set, in one consistent read: the gateway's first, then by account."""

    @abstractmethod
    async def save(self, switch: KillSwitch) -> None:
        """Set the switch of `switch.account`."""
