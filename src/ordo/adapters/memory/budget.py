"""Budgets of this process alone."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from ordo.domain.accounts import Account
from ordo.domain.budget import (
    FREE,
    SLOWED_SECONDS,
    SPENT,
    STOPPED,
    UNANSWERED_SECONDS,
    BudgetStanding,
    Lane,
    Pace,
    Share,
    Slot,
    struck,
)
from ordo.domain.calendar import day_start
from ordo.ports.budget import OrderBudget
from ordo.ports.clock import Clock

_MINUTE_US = 60_000_000
_SECOND_US = 1_000_000
_UNANSWERED_US = round(UNANSWERED_SECONDS * _SECOND_US)
_SLOWED_US = round(SLOWED_SECONDS * _SECOND_US)
_PRUNE_AT = 1024
_DAY = timedelta(days=1)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def _no_calls() -> array[int]:
    return array("q")


@dataclass(slots=True)
class _Line:
    """An account's calls: the moments until which each may reach the broker, in microseconds that never go back, the
    soonest first. Those under way have theirs in `open`, by number, and it lies ahead. What is counted of a day is of
    the Indian one that lasts from `day_began` to `day_ends`.
    """

    orders: array[int] = field(default_factory=_no_calls)
    reads: array[int] = field(default_factory=_no_calls)
    all: array[int] = field(default_factory=_no_calls)
    open: dict[int, int] = field(default_factory=dict)
    slowed_until: int = 0
    day_began: datetime = _LONG_AGO
    day_ends: datetime = _LONG_AGO
    strikes: int = 0
    calls_today: int = 0
    struck_at: datetime | None = None
    prune_at: int = _PRUNE_AT

    def begin_day(self, now: datetime) -> None:
        self.day_began = day_start(now).astimezone(UTC)
        self.day_ends = self.day_began + _DAY
        self.strikes = self.calls_today = 0

    def slot(self, lane: Lane, share: Share, at: int) -> Slot:
        """`FREE`; or for how long there can't be a place: until the call whose leaving makes room falls out of the
        window, at the soonest a window from now where that call is still under way.
        """
        if share.strikes_that_stop is not None and self.strikes >= share.strikes_that_stop:
            return STOPPED
        if share.day_ends_at is not None and self.calls_today >= share.day_ends_at:
            return SPENT
        wait, slowed = 0, at < self.slowed_until
        own = self.reads if lane is Lane.READ else self.orders
        for calls, rooms in ((own, share.own), (self.all, share.pool)):
            standing = len(calls)
            for room in rooms:
                most = room.most_slowed if slowed else room.most
                if standing >= most:
                    wait = max(wait, min(at, calls[-most]) + room.span_us - at)
        return Slot(wait=wait / _SECOND_US) if wait else FREE

    def prune(self, at: int, pace: Pace) -> None:
        """Forget what no longer counts; again once there is twice as much as what is left."""
        for calls in (self.orders, self.reads, self.all):
            del calls[: bisect_right(calls, at - round(pace.longest * _SECOND_US))]
        self.open = {number: until for number, until in self.open.items() if until > at}
        self.prune_at = max(_PRUNE_AT, 2 * len(self.all))


class MemoryOrderBudget(OrderBudget):
    """For one event loop, where each method is atomic because none of them waits. A restart forgets the day."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lines: dict[str, _Line] = {}
        self._numbers = count(1)

    async def take(self, account: Account, lane: Lane, pace: Pace, *, now: datetime) -> Slot:
        line, share, at = self._line(account, now), pace.of(lane), int(self._clock.monotonic() * _SECOND_US)
        slot = line.slot(lane, share, at)
        if slot is not FREE or not share.is_counted:
            return slot
        number = next(self._numbers)
        line.calls_today += 1
        if share.own or share.pool:
            line.open[number] = until = at + _UNANSWERED_US
            insort(line.reads if lane is Lane.READ else line.orders, until)
            insort(line.all, until)
            if len(line.all) >= line.prune_at:
                line.prune(at, pace)
        return Slot(number=number)

    async def answered(self, account: Account, lane: Lane, slot: Slot, *, made: bool = True) -> None:
        line = self._lines.get(account.text)
        until = None if line is None else line.open.pop(slot.number, None)
        # Rounded up, and elsewhere down: against the caller, so that no part of a microsecond is gained.
        at = -int(-self._clock.monotonic() * _SECOND_US // 1)
        if line is None or until is None or at >= until:
            return
        for calls in (line.reads if lane is Lane.READ else line.orders, line.all):
            place = bisect_left(calls, until)
            if place < len(calls) and calls[place] == until:
                del calls[place]
            if made:
                insort(calls, at)

    async def peek(self, account: Account, lane: Lane, pace: Pace, *, now: datetime) -> Slot:
        return self._line(account, now).slot(lane, pace.of(lane), int(self._clock.monotonic() * _SECOND_US))

    async def strike(self, account: Account, *, now: datetime) -> int:
        line = self._line(account, now)
        line.slowed_until = int(self._clock.monotonic() * _SECOND_US) + _SLOWED_US
        strikes = struck(line.strikes, line.struck_at, now)
        if strikes != line.strikes:
            line.strikes, line.struck_at = strikes, now
        return strikes

    async def standing(self, account: Account, *, now: datetime) -> BudgetStanding:
        line, at = self._lines.get(account.text, _Line()), int(self._clock.monotonic() * _SECOND_US)
        return BudgetStanding(
            orders_last_second=_count(line.orders, at, _SECOND_US),
            orders_last_minute=_count(line.orders, at, _MINUTE_US),
            reads_last_second=_count(line.reads, at, _SECOND_US),
            reads_last_minute=_count(line.reads, at, _MINUTE_US),
            slowed_for=max(0, line.slowed_until - at) / _SECOND_US,
            strikes=line.strikes if line.day_began <= now < line.day_ends else 0,
        )

    def _line(self, account: Account, now: datetime) -> _Line:
        line = self._lines.get(account.text)
        if line is None:
            line = self._lines[account.text] = _Line()
        if not line.day_began <= now < line.day_ends:
            line.begin_day(now)
        return line


def _count(calls: array[int], at: int, span: int) -> int:
    return len(calls) - bisect_right(calls, at - span)
