"""The kill switches for as long as this process runs."""

from __future__ import annotations

from ordo.domain.accounts import Account
from ordo.domain.safety import KillSwitch
from ordo.ports.safety import SafetyStore


class MemorySafetyStore(SafetyStore):
    """For one event loop. A restart forgets that trading was halted: fit for tests and play."""

    def __init__(self) -> None:
        self._switches: dict[Account | None, KillSwitch] = {}

    async def get(self, account: Account | None = None) -> KillSwitch | None:
        return self._switches.get(account)

    async def all(self) -> tuple[KillSwitch, ...]:
        return tuple(self._switches.values())

    async def save(self, switch: KillSwitch) -> None:
        self._switches[switch.account] = switch
        self._switches = {account: self._switches[account] for account in sorted(self._switches, key=_name)}


def _name(account: Account | None) -> str:
    return "" if account is None else str(account)
