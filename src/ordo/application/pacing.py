"""Keeps every account within what its broker takes, the urgent before the rest."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import NamedTuple

from ordo.domain.accounts import Account
from ordo.domain.budget import FREE, UNLIMITED, BudgetStanding, Lane, Pace, Slot
from ordo.domain.calendar import next_time
from ordo.domain.errors import ErrorCode, Invalid, Unavailable
from ordo.ports.budget import OrderBudget
from ordo.ports.clock import Clock

_log = logging.getLogger(__name__)
_MS = 1000
_LEAST_WAIT = 0.001
_ALWAYS = frozenset({Lane.URGENT, Lane.READ})


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBudget:
    """How far an account's budget is used, of what; a budget is shown once the account was called."""

    account: Account
    pace: Pace
    standing: BudgetStanding
    stopped: bool


class Turn(NamedTuple):
    """A place that was taken for one call, in the budget that counts it, until the call is over."""

    account: Account
    lane: Lane
    slot: Slot
    budget: OrderBudget


class Pacing:
    """Asks the budget for a place, waiting a little where there is none.

    `paces` are by adapter id; a broker without one takes any number of calls. `max_wait` is how long an order may wait.
    While the budget is away, cancellations and reads are counted in the `spare` one, where there is one.
    """

    def __init__(
        self,
        budget: OrderBudget,
        clock: Clock,
        paces: Mapping[str, Pace],
        *,
        max_wait: timedelta,
        spare: OrderBudget | None = None,
    ) -> None:
        self._budget = budget
        self._spare = spare
        self._clock = clock
        self._paces = paces
        self._max_wait = max_wait.total_seconds()
        self._tickets = count()
        # The tickets of those who ask for a place now, of every account that was ever called.
        self._asking: dict[Account, set[tuple[int, int]]] = {}

    def pace(self, account: Account) -> Pace:
        """What the account's broker takes."""
        return self._paces.get(account.adapter_id, UNLIMITED)

    async def foresee(self, account: Account, lane: Lane, now: datetime) -> Invalid | None:
        """The refusal that an order would meet now; `None` where there is a place, or one soon enough."""
        pace = self.pace(account)
        if not pace.of(lane).is_counted:
            return None
        slot = await self._budget.peek(account, lane, pace, now=now)
        if slot.free or (not slot.is_over and slot.wait <= self._max_wait):
            return None
        return self._no_place(account, slot)

    async def admit(self, account: Account, lane: Lane) -> Turn:
        """Take the place of one order, which is `over` with its answer; raises `Invalid` (`ORDER_BUDGET`, with
        `retry_after_ms`) where there is none within the longest wait. Certainly nothing was sent then.
        """
        turn = await self._take(account, lane, self._max_wait)
        if not turn.slot.free:
            raise self._no_place(account, turn.slot)
        return turn

    async def admit_read(self, account: Account, *, within: float) -> Turn:
        """Take the place of one read, which is `over` with its answer; raises `Unavailable` (`RATE_LIMITED`) where
        there is none in so many seconds.
        """
        turn = await self._take(account, Lane.READ, within)
        if not turn.slot.free:
            raise self._no_read(account, turn.slot)
        return turn

    async def over(self, turn: Turn, *, made: bool = True) -> None:
        """The call of a turn has come to its end; or it is not `made`, and its place is free."""
        try:
            await turn.budget.answered(turn.account, turn.lane, turn.slot, made=made)
        except Unavailable:
            return  # Then the place is free a little later.

    async def slow(self, account: Account) -> None:
        """The broker has refused a call for its pace: halve it for a minute, and count the strike."""
        self._asking.setdefault(account, set())
        strikes = await self._budget.strike(account, now=self._clock.now())
        most = self.pace(account).strikes
        told = "" if most is None else f"; strike {strikes} of {most}, at which new orders stop until midnight"
        _log.warning("%s asks for fewer calls of %s: half the pace for a minute%s", account.adapter_id, account, told)

    async def standings(self) -> tuple[AccountBudget, ...]:
        """The budget of every account that this gateway has called, by account."""
        now = self._clock.now()
        found = []
        for account in sorted(self._asking):
            standing, pace = await self._budget.standing(account, now=now), self.pace(account)
            stopped = pace.strikes is not None and standing.strikes >= pace.strikes
            found.append(AccountBudget(account=account, pace=pace, standing=standing, stopped=stopped))
        return tuple(found)

    async def _take(self, account: Account, lane: Lane, within: float) -> Turn:
        pace = self.pace(account)
        if not pace.of(lane).is_counted:
            return Turn(account=account, lane=lane, slot=FREE, budget=self._budget)
        ticket = (lane.rank, next(self._tickets))
        asking = self._asking.get(account)
        if asking is None:
            asking = self._asking[account] = set()
        deadline = self._clock.monotonic() + within
        asking.add(ticket)
        try:
            while True:
                behind = len(asking) > 1 and _is_behind(ticket, asking)
                budget, now = self._budget, self._clock.now()
                try:
                    slot = await (budget.peek if behind else budget.take)(account, lane, pace, now=now)
                except Unavailable:
                    if self._spare is None or lane not in _ALWAYS:
                        raise
                    budget = self._spare
                    slot = await (budget.peek if behind else budget.take)(account, lane, pace, now=now)
                if (slot.free and not behind) or slot.is_over:
                    return Turn(account=account, lane=lane, slot=slot, budget=budget)
                wait = max(slot.wait, _LEAST_WAIT)
                if self._clock.monotonic() + wait > deadline:
                    return Turn(account=account, lane=lane, slot=Slot(wait=wait), budget=budget)
                await self._clock.sleep(wait)
        finally:
            asking.discard(ticket)

    def _no_read(self, account: Account, slot: Slot) -> Unavailable:
        told = (
            f"the reads of {account} are used up for today (its broker limits the calls of a day, and the rest is kept"
            " for orders). Ask again after midnight."
            if slot.spent
            else f"the reads of {account} are used up for now (Ordo's own limit, which keeps room for orders)."
            " Ask again a little later."
        )
        return Unavailable(
            ErrorCode.RATE_LIMITED,
            f"Nothing was read: {told}",
            broker_id=account.adapter_id,
            retry_after_ms=_milliseconds(self._until_midnight() if slot.is_over else slot.wait),
        )

    def _until_midnight(self) -> float:
        now = self._clock.now()
        return (next_time(now, 0) - now).total_seconds()

    def _no_place(self, account: Account, slot: Slot) -> Invalid:
        wait = self._until_midnight() if slot.is_over else slot.wait
        if slot.spent:
            why = (
                "its broker takes no more calls today than were made, but for a few. Cancellations still pass; new"
                " orders do again after midnight"
            )
        elif slot.stopped:
            why = (
                "its broker has asked for fewer calls too often today, and would block the account at the next time."
                " Cancellations still pass; new orders do again after midnight"
            )
        else:
            why = f"its order budget is used up; there is a place in {_milliseconds(wait)} ms"
        return Invalid(
            ErrorCode.ORDER_BUDGET,
            f"The order was not sent: {account} may not send it now: {why}. The same key may be used again.",
            broker_id=account.adapter_id,
            retry_after_ms=_milliseconds(wait),
        )


def _is_behind(ticket: tuple[int, int], asking: set[tuple[int, int]]) -> bool:
    """Whether a more urgent order waits for the same places; reads have their own."""
    reads = Lane.READ.rank
    return ticket[0] != reads and any(other < ticket for other in asking if other[0] != reads)


def _milliseconds(seconds: float) -> int:
    return max(1, -int(-seconds * _MS // 1))
