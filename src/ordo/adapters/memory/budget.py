"""Budgets of this process alone."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import count

from ordo.domain.accounts import Account
from ordo.domain.budget import SLOWED_SECONDS, UNANSWERED_SECONDS, BudgetStanding, Lane, Pace, Slot, Window, struck
from ordo.domain.calendar import trading_day
from ordo.ports.budget import OrderBudget
from ordo.ports.clock import Clock

_MINUTE_US = 60_000_000
_SECOND_US = 1_000_000
_PRUNE_AT = 1024


@dataclass(slots=True)
class _Line:
    """An account's calls: the moments until which each may reach the broker, in microseconds that never go back, the
    soonest first. Those under way have theirs in `open`, by number, and it lies ahead.
    """

    orders: list[int] = field(default_factory=list)
    reads: list[int] = field(default_factory=list)
    all: list[int] = field(default_factory=list)
    open: dict[int, int] = field(default_factory=dict)
    slowed_until: int = 0
    day: date | None = None
    strikes: int = 0
    calls_today: int = 0
    struck_at: datetime | None = None

    def own(self, lane: Lane) -> list[int]:
        return self.reads if lane is Lane.READ else self.orders

    def count(self, lane: Lane, until: int) -> None:
        for calls in (self.own(lane), self.all):
            insort(calls, until)

    def discount(self, lane: Lane, until: int) -> None:
        for calls in (self.own(lane), self.all):
            place = bisect_left(calls, until)
            if place < len(calls) and calls[place] == until:
                del calls[place]

    def begin(self, day: date) -> None:
        if self.day != day:
            self.day, self.strikes, self.calls_today = day, 0, 0


class MemoryOrderBudget(OrderBudget):
    """For one event loop, where each method is atomic because none of them waits. A restart forgets the day."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lines: dict[Account, _Line] = {}
        self._numbers = count(1)

    async def take(self, account: Account, lane: Lane, pace: Pace, *, now: datetime) -> Slot:
        slot = await self.peek(account, lane, pace, now=now)
        if not slot.free or not pace.counts(lane):
            return slot
        line, number = self._lines[account], next(self._numbers)
        line.calls_today += 1
        if pace.windows(lane):
            until = line.open[number] = self._us() + _microseconds(UNANSWERED_SECONDS)
            line.count(lane, until)
            self._prune(line, pace)
        return replace(slot, number=number)

    async def answered(self, account: Account, lane: Lane, slot: Slot, *, made: bool = True) -> None:
        line = self._lines.get(account)
        until = None if line is None else line.open.pop(slot.number, None)
        # Rounded against the caller here and below, so that no part of a microsecond is gained.
        at = math.ceil(self._clock.monotonic() * _SECOND_US)
        if line is None or until is None or at >= until:
            return
        line.discount(lane, until)
        if made:
            line.count(lane, at)

    async def peek(self, account: Account, lane: Lane, pace: Pace, *, now: datetime) -> Slot:
        line, at = self._lines.setdefault(account, _Line()), self._us()
        line.begin(trading_day(now))
        strikes, ends = pace.strikes_that_stop(lane), pace.day_ends_at(lane)
        if strikes is not None and line.strikes >= strikes:
            return Slot(stopped=True)
        if ends is not None and line.calls_today >= ends:
            return Slot(spent=True)
        slowed = at < line.slowed_until
        own = (_wait(line.own(lane), one, one.share(lane, slowed=slowed), at) for one in pace.own(lane))
        pooled = (_wait(line.all, one, one.ceiling(lane, slowed=slowed), at) for one in pace.pool)
        return Slot(wait=max((*own, *pooled), default=0) / _SECOND_US)

    async def strike(self, account: Account, *, now: datetime) -> int:
        line, day = self._lines.setdefault(account, _Line()), trading_day(now)
        line.slowed_until = self._us() + _microseconds(SLOWED_SECONDS)
        line.begin(day)
        strikes = struck(line.strikes, line.struck_at, now)
        if strikes != line.strikes:
            line.strikes, line.struck_at = strikes, now
        return strikes

    async def standing(self, account: Account, *, now: datetime) -> BudgetStanding:
        line, at = self._lines.get(account, _Line()), self._us()
        return BudgetStanding(
            orders_last_second=_count(line.orders, at, _SECOND_US),
            orders_last_minute=_count(line.orders, at, _MINUTE_US),
            reads_last_second=_count(line.reads, at, _SECOND_US),
            reads_last_minute=_count(line.reads, at, _MINUTE_US),
            slowed_for=max(0, line.slowed_until - at) / _SECOND_US,
            strikes=line.strikes if line.day == trading_day(now) else 0,
        )

    def _prune(self, line: _Line, pace: Pace) -> None:
        """Forget what no longer counts, once there is much of it."""
        if len(line.all) < _PRUNE_AT:
            return
        at = self._us()
        for calls in (line.orders, line.reads, line.all):
            del calls[: bisect_right(calls, at - _microseconds(pace.longest))]
        line.open = {number: until for number, until in line.open.items() if until > at}

    def _us(self) -> int:
        return math.floor(self._clock.monotonic() * _SECOND_US)


def _microseconds(seconds: float) -> int:
    return round(seconds * _SECOND_US)


def _count(calls: list[int], at: int, span: int) -> int:
    return len(calls) - bisect_right(calls, at - span)


def _wait(calls: list[int], window: Window, ceiling: int, at: int) -> int:
    """Microseconds until there may be a place: 0, or when the call whose leaving makes room falls out of the window; at
    the soonest a window from now, where that call is still under way.
    """
    if len(calls) < ceiling:
        return 0
    return max(0, min(at, calls[-ceiling]) + _microseconds(window.seconds) - at)
