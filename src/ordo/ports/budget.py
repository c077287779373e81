"""Where the calls of an account are counted."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from ordo.domain.accounts import Account
from ordo.domain.budget import BudgetStanding, Lane, Pace, Slot


class OrderBudget(Protocol):
    """Counts the calls of each account against its pace, across every task and process that shares the budget.

    Concurrency: `take` is atomic; of any number of callers, no more are let through than every window of the pace
    holds. Time: the budget keeps its own, which never goes back and runs alike for all who share it; moments that are
    given (`now`) only tell Indian days apart. Failure: `Unavailable` (`STORE_UNAVAILABLE`); then nothing may be sent.
    Durability: none is needed beyond the longest window, but strikes should outlive a restart where they can.
    """

    @abstractmethod
    async def take(self, account: Account, lane: Lane, pace: Pace, *, now: datetime) -> Slot:
        """Take a place for one call in every window, and answer a free slot; or take none, and answer how long it is
        until there may be one.

        A slot is `stopped` for `MODIFY` and `NEW` once the day's strikes have reached those of the pace.
        """

    @abstractmethod
    async def peek(self, account: Account, lane: Lane, pace: Pace, *, now: datetime) -> Slot:
        """What `take` would answer, taking nothing."""

    @abstractmethod
    async def strike(self, account: Account, *, now: datetime) -> int:
        """The broker has refused a call for its pace: halve every limit for a minute, and return the Indian day's
        strikes. Refusals within a minute of one that counted are the same strike.
        """

    @abstractmethod
    async def standing(self, account: Account, *, now: datetime) -> BudgetStanding:
        """How far the budget of an account is used."""
