"""Candles: a smooth curve through each instrument's present level, the same whenever it is asked for."""

import math
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from ordo_emulators.calendar import is_trading_day
from ordo_emulators.clock import IST
from ordo_emulators.fyers.answers import Failure
from ordo_emulators.fyers.desk import Call, Desk
from ordo_emulators.instruments import Instrument
from ordo_emulators.listing import on_tick

_SECONDS: Final = {"5S": 5, "10S": 10, "15S": 15, "30S": 30, "45S": 45}
_MINUTES: Final = {str(n): n * 60 for n in (1, 2, 3, 5, 10, 15, 20, 30, 60, 120, 240)}
_DAYS: Final = {"D": "D", "1D": "D", "1W": "W", "1M": "M"}
# The code of a too long range depends on the resolution; only that of 60 minutes is on record, the other is a guess.
_TOO_LONG: Final = {"60": -353}
_OTHER_TOO_LONG: Final = -341
_OPENS: Final = time(9, 15)
_CLOSES: Final = time(15, 30)


def history(desk: Desk, call: Call) -> dict[str, object]:
    instrument = desk.symbols.by_ticker.get(call.query.get("symbol", ""))
    if instrument is None:
        raise Failure(-300, "Invalid symbol provided")
    resolution = call.query.get("resolution", "")
    if resolution not in {*_SECONDS, *_MINUTES, *_DAYS}:
        raise Failure(-301, "Invalid resolution")
    first, last = _range(call, instant_end=desk.exchange.clock())
    _check_length(resolution, first, last, desk.exchange.clock())
    step = _SECONDS.get(resolution) or _MINUTES.get(resolution)
    starts = _intraday(first, last, step) if step else _daily(first, last, _DAYS[resolution])
    with_interest = call.query.get("oi_flag") == "1"
    length = timedelta(seconds=step) if step else timedelta(days=1)
    return {"s": "ok", "candles": [_candle(instrument, at, length, with_interest=with_interest) for at in starts]}


def _range(call: Call, *, instant_end: datetime) -> tuple[datetime, datetime]:
    date_format = call.query.get("date_format")
    if date_format not in {"0", "1"}:
        raise Failure(-334, "Invalid date_format")
    as_date = date_format == "1"
    first = _moment(call.query.get("range_from", ""), -302, as_date=as_date)
    last = _moment(call.query.get("range_to", ""), -303, as_date=as_date)
    if as_date:
        last += timedelta(days=1, seconds=-1)
    if first > last:
        raise Failure(-356, "range_from is after range_to")
    return first, min(last, instant_end)


def _moment(text: str, code: int, *, as_date: bool) -> datetime:
    try:
        if as_date:
            return datetime.combine(date.fromisoformat(text), time(0), tzinfo=IST)
        return datetime.fromtimestamp(int(text), tz=IST)
    except (ValueError, OverflowError, OSError):
        raise Failure(code, "Invalid range") from None


def _check_length(resolution: str, first: datetime, last: datetime, now: datetime) -> None:
    length = last - first
    if resolution in _DAYS and length > timedelta(days=366):
        raise Failure(-339, "The range is longer than 366 days")
    if resolution in _MINUTES and length > timedelta(days=100):
        raise Failure(_TOO_LONG.get(resolution, _OTHER_TOO_LONG), "The range is longer than 100 days")
    if resolution in _SECONDS and now - first > timedelta(days=45):
        # Thirty trading days, roughly.
        raise Failure(_OTHER_TOO_LONG, "Seconds are kept for 30 trading days")


def _trading_days(first: datetime, last: datetime) -> Iterator[date]:
    day = first.astimezone(IST).date()
    while day <= last.astimezone(IST).date():
        if is_trading_day(day):
            yield day
        day += timedelta(days=1)


def _intraday(first: datetime, last: datetime, step: int) -> Iterator[datetime]:
    for day in _trading_days(first, last):
        at = datetime.combine(day, _OPENS, tzinfo=IST)
        end = datetime.combine(day, _CLOSES, tzinfo=IST)
        while at < end:
            if first <= at <= last:
                yield at
            at += timedelta(seconds=step)


def _daily(first: datetime, last: datetime, unit: str) -> Iterator[datetime]:
    """Stamped 00:00 UTC; a week on its first trading day, a month likewise."""
    seen: set[tuple[int, int]] = set()
    for day in _trading_days(first, last):
        week = day.isocalendar()
        period = {"D": (0, day.toordinal()), "W": (week.year, week.week), "M": (day.year, day.month)}[unit]
        if period not in seen:
            seen.add(period)
            yield datetime.combine(day, time(0), tzinfo=UTC)


def _candle(instrument: Instrument, at: datetime, length: timedelta, *, with_interest: bool) -> list[object]:
    opening, closing = _level(instrument, at), _level(instrument, at + length)
    wick = 2 * instrument.tick
    volume = 1000 + zlib.crc32(f"{instrument.key} {at.timestamp():.0f}".encode()) % 90_000
    low = max(min(opening, closing) - wick, instrument.tick)
    candle: list[object] = [int(at.timestamp()), opening, max(opening, closing) + wick, low, closing, volume]
    return [*candle, volume * 3] if with_interest else candle


def _level(instrument: Instrument, at: datetime) -> Decimal:
    phase = zlib.crc32(instrument.key.encode()) % 1000
    wave = 0.012 * math.sin(at.timestamp() / 86_400 + phase) + 0.003 * math.sin(at.timestamp() / 1_700 + phase)
    return max(instrument.tick, on_tick(instrument.close * Decimal(str(round(1 + wave, 6))), instrument.tick))
