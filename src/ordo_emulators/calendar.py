"""Trading days and expiry days, as far as an emulated listing needs them."""

from datetime import date, timedelta
from itertools import takewhile
from typing import Final

TUESDAY: Final = 1
THURSDAY: Final = 3

# NSE's and BSE's holidays of 2026, and those of 2027 that are certain before the exchanges publish their list.
_HOLIDAYS: Final = frozenset(
    {
        *(date(2026, 1, day) for day in (15, 26)),
        *(date(2026, 3, day) for day in (3, 26, 31)),
        *(date(2026, 4, day) for day in (3, 14)),
        *(date(2026, 5, day) for day in (1, 28)),
        date(2026, 6, 26),
        date(2026, 9, 14),
        *(date(2026, 10, day) for day in (2, 20)),
        *(date(2026, 11, day) for day in (10, 24)),
        date(2026, 12, 25),
        date(2027, 1, 26),
        date(2027, 3, 26),
        date(2027, 4, 14),
    }
)
_SATURDAY: Final = 5


def is_trading_day(day: date) -> bool:
    return day.weekday() < _SATURDAY and day not in _HOLIDAYS


def weekly_expiries(listed: date, weekday: int) -> list[date]:
    """Every expiry in the month of `listed` and the two after it. On a holiday the trading day before it counts."""
    first = listed - timedelta(days=(listed.weekday() - weekday) % 7)
    weeks = (first + timedelta(weeks=n) for n in range(20))
    horizon = _months_between(listed, 2)
    due = [_trading_day_before_or_on(day) for day in takewhile(lambda day: _month(day) <= horizon, weeks)]
    return [day for day in due if day >= listed]


def monthly_expiries(listed: date, weekday: int) -> list[date]:
    """The last expiry of each month in `weekly_expiries`."""
    last: dict[int, date] = {}
    for day in weekly_expiries(listed, weekday):
        last[_month(day)] = day
    return sorted(last.values())


def _month(day: date) -> int:
    return day.year * 12 + day.month


def _months_between(day: date, months: int) -> int:
    return _month(day) + months


def _trading_day_before_or_on(day: date) -> date:
    while not is_trading_day(day):
        day -= timedelta(days=1)
    return day
