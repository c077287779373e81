"""Budgets of this process alone."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date, datetime

from ordo.domain.accounts import Account
from ordo.domain.budget import SLOWED_SECONDS, BudgetStanding, Lane, Pace, Slot, Window, longest_wait, struck
from ordo.domain.calendar import trading_day
from ordo.ports.budget import OrderBudget
from ordo.ports.clock import Clock

_MINUTE_US = 60_000_000
_SECOND_US = 1_000_000
_PRUNE_AT = 1024


@dataclass(slots=True)
class _Line:
    """An account's calls: the moments of each class, oldest first, in microseconds that never go back."""

    orders: list[int] = field(default_factory=list)
    reads: list[int] = field(default_factory=list)
    slowed_until: int = 0
    day: date | None = None
    strikes: int = 0
    struck_at: datetime | None = None

    def calls(self, lane: Lane) -> list[int]:
        return self.reads if lane is Lane.READ else self.orders

    def strikes_on(self, day: date) -> int:
        return self.strikes if self.day == day else 0


class MemoryOrderBudget(OrderBudget):
    """For one event loop, where each method is atomic because none of them waits. A restart forgets the strikes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lines: dict[Account, _Line] = {}

    async def take(self, account: Account, lane: Lane, pace: Pace, *, now: datetime) -> Slot:
        slot = await self.peek(account, lane, pace, now=now)
        if slot.free and pace.windows(lane):
            calls = self._lines[account].calls(lane)
            calls.append(self._us())
            if len(calls) >= _PRUNE_AT:
                del calls[: bisect_right(calls, self._us() - _microseconds(pace.longest))]
        return slot

    async def peek(self, account: Account, lane: Lane, pace: Pace, *, now: datetime) -> Slot:
        line, at = self._lines.setdefault(account, _Line()), self._us()
        stops = lane in (Lane.MODIFY, Lane.NEW) and pace.strikes is not None
        if stops and line.strikes_on(trading_day(now)) >= (pace.strikes or 0):
            return Slot(stopped=True)
        slowed = at < line.slowed_until
        calls = line.calls(lane)
        waits = (_wait(calls, window, window.ceiling(lane, slowed=slowed), at) for window in pace.windows(lane))
        return Slot(wait=longest_wait(waits) / _SECOND_US)

    async def strike(self, account: Account, *, now: datetime) -> int:
        line, day = self._lines.setdefault(account, _Line()), trading_day(now)
        line.slowed_until = self._us() + _microseconds(SLOWED_SECONDS)
        strikes = struck(line.strikes_on(day), line.struck_at, now)
        if strikes != line.strikes_on(day):
            line.day, line.strikes, line.struck_at = day, strikes, now
        return strikes

    async def standing(self, account: Account, *, now: datetime) -> BudgetStanding:
        line, at = self._lines.get(account, _Line()), self._us()
        return BudgetStanding(
            orders_last_second=_count(line.orders, at, _SECOND_US),
            orders_last_minute=_count(line.orders, at, _MINUTE_US),
            reads_last_second=_count(line.reads, at, _SECOND_US),
            reads_last_minute=_count(line.reads, at, _MINUTE_US),
            slowed_for=max(0, line.slowed_until - at) / _SECOND_US,
            strikes=line.strikes_on(trading_day(now)),
        )

    def _us(self) -> int:
        return _microseconds(self._clock.monotonic())


def _microseconds(seconds: float) -> int:
    return round(seconds * _SECOND_US)


def _count(calls: list[int], at: int, span: int) -> int:
    return len(calls) - bisect_right(calls, at - span)


def _wait(calls: list[int], window: Window, ceiling: int, at: int) -> int:
    """Microseconds until there is a place: 0, or when the call whose leaving makes room falls out of the window."""
    if len(calls) < ceiling:
        return 0
    return max(0, calls[-ceiling] + _microseconds(window.seconds) - at)
