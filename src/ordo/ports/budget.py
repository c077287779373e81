"""Where the calls of an account are counted."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from ordo.domain.accounts import Account
from ordo.domain.budget import BudgetStanding, Lane, Pace, Slot


class OrderBudget(Protocol):
    """Counts the calls of each account against its pace, across every task and process that shares the budget.

    A call counts from the moment its place is taken until a window's length after its answer: it reaches the broker
    somewhere between, so that in no stretch of a window's length more calls than its limit reach the broker, however
    long each is on its way. One that is never answered counts as under way for `UNANSWERED_SECONDS`.

    Concurrency: `take` is atomic; of any number of callers, no more are let through than every window of the pace
    holds. Time: the budget keeps its own, which never goes back and runs alike for all who share it; moments that are
    given (`now`) only tell Indian days apart. Failure: `Unavailable` (`STORE_UNAVAILABLE`); then nothing may be sent.
    Durability: none is needed beyond the longest window, but the day's calls and strikes should outlive a restart where
    they can.
    """

    @abstractmethod
    async def take(self, account: Account, lane: Lane, pace: Pace, *, now: datetime) -> Slot:
        """Take a place for one call in every window, and answer a free slot; or take none, and answer how long it is
        until there may be one.

        A slot is `stopped` for `MODIFY` and `NEW` once the day's strikes have reached those of the pace, and `spent`
        once the day's calls have reached those that the pace leaves to the lane.
        """

    @abstractmethod
    async def answered(self, account: Account, lane: Lane, slot: Slot, *, made: bool = True) -> None:
        """The call that took this slot has come to its end, so that it has reached the broker by now or never does; or
        it was not `made` after all, and its place is free. Saying so twice changes nothing.
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
