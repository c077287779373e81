"""FYERS' request limits, per user over all endpoints: 10 a second, 200 a minute, 100 000 a day.

A minute limit that is broken more than three times in a day blocks the user until midnight. Which windows the broker
counts in is not documented: here they slide, and what is refused is not counted. A minute is broken at most once.
"""

from collections import deque
from datetime import date, datetime, timedelta
from typing import Final

from ordo_emulators.clock import IST

PER_SECOND: Final = 10
PER_MINUTE: Final = 200
PER_DAY: Final = 100_000
STRIKES: Final = 3
"""How often the minute limit may be broken on one day."""

_SECOND: Final = timedelta(seconds=1)
_MINUTE: Final = timedelta(minutes=1)


class Limiter:
    def __init__(self) -> None:
        self._served: deque[datetime] = deque()
        self._day: date | None = None
        self._served_today = 0
        self._strikes: list[datetime] = []

    def admit(self, now: datetime, weight: int = 1) -> int:
        """Counts `weight` requests, or none. Returns 0, or the milliseconds after which they would be admitted."""
        self._start_day(now)
        while self._served and now - self._served[0] >= _MINUTE:
            self._served.popleft()
        if len(self._strikes) > STRIKES or self._served_today + weight > PER_DAY:
            return _until_midnight(now)
        if len(self._served) + weight > PER_MINUTE:
            if not self._strikes or now - self._strikes[-1] >= _MINUTE:
                self._strikes.append(now)
            return _milliseconds(self._served[len(self._served) + weight - PER_MINUTE - 1] + _MINUTE - now)
        recent = [moment for moment in list(self._served)[-PER_SECOND:] if now - moment < _SECOND]
        if len(recent) + weight > PER_SECOND:
            return _milliseconds(recent[max(0, len(recent) + weight - PER_SECOND - 1)] + _SECOND - now)
        self.count(now, weight)
        return 0

    def count(self, now: datetime, weight: int) -> None:
        """Counts what was served without asking, such as the further slices of one order."""
        self._start_day(now)
        self._served.extend([now] * weight)
        self._served_today += weight

    def _start_day(self, now: datetime) -> None:
        today = now.astimezone(IST).date()
        if today != self._day:
            self._day, self._served_today = today, 0
            self._strikes.clear()


def _milliseconds(wait: timedelta) -> int:
    return max(1, -(-wait // timedelta(milliseconds=1)))


def _until_midnight(now: datetime) -> int:
    local = now.astimezone(IST)
    midnight = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return _milliseconds(midnight - local)
