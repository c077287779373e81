"""Indian market time: one zone without daylight saving, and the date that a moment trades on."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

_AHEAD = timedelta(hours=5, minutes=30)
IST = timezone(_AHEAD, "IST")


def trading_day(moment: datetime) -> date:
    """The Indian date of an aware moment. Every venue closes before midnight, so this is its trading date."""
    return (moment + _AHEAD if moment.tzinfo is UTC else moment.astimezone(IST)).date()


def day_start(moment: datetime) -> datetime:
    """The Indian midnight at which a moment's trading day began."""
    return datetime.combine(trading_day(moment), time(), IST)


def next_time(moment: datetime, hour: int) -> datetime:
    """The first full hour of that name, Indian time, strictly after a moment."""
    candidate = day_start(moment) + timedelta(hours=hour)
    return candidate if candidate > moment else candidate + timedelta(days=1)
