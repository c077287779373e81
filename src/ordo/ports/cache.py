"""Where an account's portfolio is remembered for a few seconds."""

from __future__ import annotations

from abc import abstractmethod
from datetime import timedelta
from typing import Protocol

from ordo.domain.accounts import Account
from ordo.domain.portfolio import Portfolio


class PortfolioCache(Protocol):
    """A portfolio an account, for seconds. It is never kept in a database, and losing one costs a read.

    Concurrency: what was read before a `drop` is never given after it, however late it is kept. Time: the cache keeps
    its own, which never goes back. Failure: a cache that does not serve behaves as if it were empty, but for `drop`,
    which raises `Unavailable` (`STORE_UNAVAILABLE`) when it can't be sure.
    """

    @abstractmethod
    async def get(self, account: Account) -> Portfolio | None:
        """What is kept, unless it has grown older than it may."""

    @abstractmethod
    async def begin(self, account: Account) -> str:
        """Note that a read of the account begins now; the ticket goes to `keep`."""

    @abstractmethod
    async def keep(self, account: Account, portfolio: Portfolio, *, ticket: str, ttl: timedelta) -> None:
        """Keep what was read since the ticket was given, until `ttl` after that; not at all where the account has been
        dropped since, or `ttl` is over already.
        """

    @abstractmethod
    async def drop(self, account: Account) -> None:
        """Forget an account, and whatever is being read of it now."""
