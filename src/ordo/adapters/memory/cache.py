"""Portfolios of the last seconds, in this process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ordo.domain.accounts import Account
from ordo.domain.portfolio import Portfolio
from ordo.ports.cache import PortfolioCache
from ordo.ports.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    portfolio: Portfolio
    until: float


class MemoryPortfolioCache(PortfolioCache):
    """For one event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[Account, _Kept] = {}
        self._drops: dict[Account, int] = {}

    async def get(self, account: Account) -> Portfolio | None:
        kept = self._kept.get(account)
        if kept is None or self._clock.monotonic() >= kept.until:
            self._kept.pop(account, None)
            return None
        return kept.portfolio

    async def begin(self, account: Account) -> str:
        return f"{self._drops.get(account, 0)} {self._clock.monotonic()!r}"

    async def keep(self, account: Account, portfolio: Portfolio, *, ticket: str, ttl: timedelta) -> None:
        drops, _, began = ticket.partition(" ")
        until = float(began) + ttl.total_seconds()
        if int(drops) == self._drops.get(account, 0) and self._clock.monotonic() < until:
            self._kept[account] = _Kept(portfolio=portfolio, until=until)

    async def drop(self, account: Account) -> None:
        self._kept.pop(account, None)
        self._drops[account] = self._drops.get(account, 0) + 1
