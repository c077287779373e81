from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordo.domain.calendar import IST, day_start, next_time, trading_day

_MOMENTS = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001  (the zone is drawn)
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, IST, timezone(timedelta(hours=-8)), timezone(timedelta(hours=14))]),
)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 22, 18, 29, 59, 999_999, tzinfo=UTC), date(2026, 11, 22)),
        (datetime(2026, 11, 22, 18, 30, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2026, 11, 23, 0, 0, tzinfo=IST), date(2026, 11, 23)),
        (datetime(2026, 11, 23, 23, 59, 59, tzinfo=IST), date(2026, 11, 23)),
    ],
)
def test_the_trading_day_changes_at_midnight_in_india(moment: datetime, day: date) -> None:
    assert trading_day(moment) == day
    assert day_start(moment) == datetime(day.year, day.month, day.day, tzinfo=IST)


@given(moment=_MOMENTS)
def test_a_moment_lies_in_the_day_that_began_before_it(moment: datetime) -> None:
    start = day_start(moment)
    assert start <= moment < start + timedelta(days=1)
    assert trading_day(start) == trading_day(moment)
    assert start.utcoffset() == timedelta(hours=5, minutes=30)


@given(moment=_MOMENTS)
def test_the_trading_day_is_the_date_that_clocks_in_india_show(moment: datetime) -> None:
    assert trading_day(moment) == moment.astimezone(IST).date()


@given(moment=_MOMENTS, hour=st.integers(0, 23))
def test_the_next_time_of_an_hour_is_within_a_day_and_never_now(moment: datetime, hour: int) -> None:
    found = next_time(moment, hour)
    assert moment < found <= moment + timedelta(days=1)
    assert (found.astimezone(IST).hour, found.minute, found.second, found.microsecond) == (hour, 0, 0, 0)
