"""Portfolios of the last seconds, in this process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import count

from ordo.domain.accounts import Account
from ordo.domain.portfolio import Portfolio
from ordo.ports.cache import PortfolioCache
from ordo.ports.clock import Clock


@dataclass(slots=True)
class _Kept:
    """What is kept between two drops, under a number that no other time between two drops has."""

    number: int
    portfolio: Portfolio | None = None
    until: float = 0.0


class MemoryPortfolioCache(PortfolioCache):
    """For one event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[Account, _Kept] = {}
        self._numbers = count()

    async def get(self, account: Account) -> Portfolio | None:
        kept = self._kept.get(account)
        if kept is None:
            return None
        if self._clock.monotonic() >= kept.until:
            kept.portfolio = None
        return kept.portfolio

    async def begin(self, account: Account) -> str:
        kept = self._kept.get(account)
        if kept is None:
            kept = self._kept[account] = _Kept(next(self._numbers))
        return f"{kept.number} {self._clock.monotonic()!r}"

    async def keep(self, account: Account, portfolio: Portfolio, *, ticket: str, ttl: timedelta) -> None:
        number, _, began = ticket.partition(" ")
        until = float(began) + ttl.total_seconds()
        kept = self._kept.get(account)
        if kept is not None and kept.number == int(number) and self._clock.monotonic() < until:
            kept.portfolio, kept.until = portfolio, until

    async def drop(self, account: Account) -> None:
        self._kept.pop(account, None)
