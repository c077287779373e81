"""Laws that hold for hours of any shape."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordo.domain.calendar import IST
from ordo.domain.market_days import Span
from ordo.domain.market_hours import HoursUnknown, MarketHours
from ordo.domain.schedules import Schedule
from ordo.domain.timetables import Phase, SpecialDay, Step, Timetable
from tests.support.hours import (
    INVENTED,
    SHARE,
    days_of_2026,
    holiday,
    ist,
    market,
    schedule,
    schedules,
    special_calendars,
    step_lists,
    times,
)

MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)
SATURDAY = 5

moments = st.builds(lambda day, at: datetime.combine(day, at, IST), days_of_2026, times)
"""Any Indian minute of 2026."""

# Timings are never asserted, not even Hypothesis's own.
unhurried = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@unhurried
@given(schedules(), days_of_2026)
def test_the_phases_of_a_day_tile_it(any_schedule: Schedule, day: date) -> None:
    spans = market(any_schedule).day(SHARE, day).spans
    assert spans[0].start == datetime.combine(day, time(), IST)
    assert spans[-1].end == spans[0].start + DAY
    for span, following in pairwise(spans):
        assert span.start < span.end == following.start
        assert span.phase is not following.phase
    assert spans[-1].start < spans[-1].end
    assert all(span.may_end_from is None or span.start < span.may_end_from < span.end for span in spans)


@unhurried
@given(schedules(), moments)
def test_every_moment_has_exactly_one_phase_in_every_zone(any_schedule: Schedule, moment: datetime) -> None:
    hours = market(any_schedule)
    state = hours.at(SHARE, moment)
    holding = [span for span in hours.day(SHARE, moment.date()).spans if span.start <= moment < span.end]
    assert holding == [state.span]
    for zone in (UTC, timezone(timedelta(hours=-11)), timezone(timedelta(hours=14))):
        assert hours.at(SHARE, moment.astimezone(zone)) == state


@unhurried
@given(step_lists(), step_lists(), days_of_2026, moments)
def test_the_phase_is_that_of_the_last_step_of_the_latest_timetable(
    one: tuple[Step, ...], two: tuple[Step, ...], since: date, moment: datetime
) -> None:
    later = Schedule(timetables=(Timetable(effective_from=since, steps=two, source=INVENTED),))
    begun = [step for step in (two if moment.date() >= since else one) if step.at <= moment.time()]
    expected = begun[-1].phase if begun and moment.weekday() < SATURDAY else Phase.CLOSED
    assert market(schedule(one).amended(later)).at(SHARE, moment).phase is expected


@unhurried
@given(schedules(), moments)
def test_the_next_change_is_the_next(any_schedule: Schedule, moment: datetime) -> None:
    hours = market(any_schedule)
    try:
        change = hours.next_change(SHARE, moment)
    except HoursUnknown:
        change = ist("2027-01-01 00:00")
    else:
        assert hours.at(SHARE, change).phase is not hours.at(SHARE, moment).phase
    assert change > moment
    phase = hours.at(SHARE, moment).phase
    assert {span.phase for span in spans_between(hours, moment, change)} <= {phase}
    assert hours.at(SHARE, change - MICROSECOND).phase is phase


@unhurried
@given(schedules(), moments)
def test_the_next_continuous_trading_is_the_next(any_schedule: Schedule, moment: datetime) -> None:
    hours = market(any_schedule)
    try:
        opening = hours.next_continuous(SHARE, moment)
    except HoursUnknown:
        opening = ist("2027-01-01 00:00")
    else:
        assert hours.at(SHARE, opening).phase is Phase.CONTINUOUS
        assert hours.at(SHARE, opening - MICROSECOND).phase is not Phase.CONTINUOUS
    assert opening > moment
    assert Phase.CONTINUOUS not in {span.phase for span in spans_between(hours, moment, opening)}


def spans_between(hours: MarketHours, after: datetime, before: datetime) -> list[Span]:
    days = [after.date() + DAY * number for number in range((before.date() - after.date()).days + 1)]
    spans = [span for day in days if day.year == 2026 for span in hours.day(SHARE, day).spans]
    return [span for span in spans if after < span.start < before]


@unhurried
@given(schedules(), days_of_2026)
def test_a_holiday_has_no_trading_and_a_trading_day_has_some(any_schedule: Schedule, day: date) -> None:
    hours = market(any_schedule)
    closed = hours.amended({"cash": Schedule(days={day: holiday("Closed")})}).day(SHARE, day)
    assert {span.phase for span in closed.spans} == {Phase.CLOSED}
    assert not closed.is_trading_day
    found = hours.day(SHARE, day)
    assert (
        found.is_trading_day
        is (found.square_off is not None)
        is any(span.phase is not Phase.CLOSED for span in found.spans)
    )
    if found.square_off is not None:
        trading = [span for span in found.spans if span.phase is Phase.CONTINUOUS]
        assert trading[0].start <= found.square_off < trading[-1].end


@unhurried
@given(schedules(), special_calendars, days_of_2026)
def test_the_operators_day_counts_and_otherwise_the_shipped_one(
    any_schedule: Schedule, told: dict[date, SpecialDay], day: date
) -> None:
    shipped = market(any_schedule)
    amended = shipped.amended({"cash": Schedule(days=told)})
    for each in {day, *told}:
        alone = market(replace(any_schedule, days={each: told[each]})) if each in told else shipped
        assert amended.day(SHARE, each) == alone.day(SHARE, each)
    assert amended.amended({"cash": Schedule(days=told)}) == amended


@unhurried
@given(schedules(), special_calendars, special_calendars)
def test_amending_twice_is_amending_with_both(
    any_schedule: Schedule, one: dict[date, SpecialDay], two: dict[date, SpecialDay]
) -> None:
    first, second = Schedule(days=one), Schedule(days=two)
    assert any_schedule.amended(first).amended(second) == any_schedule.amended(first.amended(second))
