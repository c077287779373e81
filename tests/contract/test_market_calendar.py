from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ordo.domain.market_hours import HoursUnknown, MarketHours
from ordo.domain.timetables import Phase
from tests.contract.calendar_harness import CalendarHarness, calendar_harnesses
from tests.support.hours import ist, steps

HARNESSES = calendar_harnesses()
MONDAY, SATURDAY = date(2026, 11, 23), date(2026, 11, 28)
STRIKE = {MONDAY: "Strike"}
EVENING = steps("18:00 CONTINUOUS", "19:00 CLOSED")


@pytest.fixture(params=HARNESSES)
def operator(request: pytest.FixtureRequest, tmp_path: Path) -> CalendarHarness:
    return HARNESSES[request.param].harness(tmp_path)


def trades(operator: CalendarHarness, day: date, *, by: MarketHours | None = None) -> bool:
    return (by or operator.calendar.hours).day(operator.traded, day).is_trading_day


def test_while_nobody_says_otherwise_the_shipped_hours_are_in_force(operator: CalendarHarness) -> None:
    assert trades(operator, MONDAY)
    assert not trades(operator, SATURDAY)
    assert operator.calendar.problem is None
    assert operator.calendar.refresh() is False


def test_a_word_is_in_force_from_the_refresh_on(operator: CalendarHarness) -> None:
    operator.say(holidays=STRIKE)
    assert trades(operator, MONDAY)
    assert operator.calendar.refresh() is True
    assert not trades(operator, MONDAY)
    assert operator.calendar.hours.day(operator.traded, MONDAY).name == "Strike"
    assert operator.calendar.refresh() is False
    assert operator.calendar.problem is None


def test_who_holds_earlier_hours_keeps_them(operator: CalendarHarness) -> None:
    earlier = operator.calendar.hours
    operator.say(holidays=STRIKE)
    operator.calendar.refresh()
    assert trades(operator, MONDAY, by=earlier)
    assert not trades(operator, MONDAY)


def test_a_session_opens_a_weekend_at_its_own_hours(operator: CalendarHarness) -> None:
    operator.say(sessions={SATURDAY: EVENING})
    operator.calendar.refresh()
    hours = operator.calendar.hours
    assert hours.at(operator.traded, ist("2026-11-28 18:30")).phase is Phase.CONTINUOUS
    assert hours.at(operator.traded, ist("2026-11-28 12:00")).phase is Phase.CLOSED
    assert hours.next_continuous(operator.traded, ist("2026-11-28 12:00")) == ist("2026-11-28 18:00")


def test_a_year_is_loud_until_it_is_filled_in(operator: CalendarHarness) -> None:
    first, other = date(2031, 1, 1), date(2032, 1, 1)
    with pytest.raises(HoursUnknown, match="2031") as failure:
        trades(operator, first)
    assert operator.calendar.hours.fill_in in str(failure.value)
    operator.say(years=(2031,), holidays={first: "New Year"})
    operator.calendar.refresh()
    assert not trades(operator, first)
    assert trades(operator, date(2031, 1, 2))
    assert operator.calendar.hours.years(operator.traded)[-1] == 2031
    with pytest.raises(HoursUnknown, match="2032"):
        trades(operator, other)


def test_a_word_replaces_the_former_one_as_a_whole(operator: CalendarHarness) -> None:
    operator.say(holidays=STRIKE)
    operator.calendar.refresh()
    operator.say(sessions={SATURDAY: EVENING})
    assert operator.calendar.refresh() is True
    assert trades(operator, MONDAY)
    assert trades(operator, SATURDAY)
    operator.say()
    assert operator.calendar.refresh() is True
    assert not trades(operator, SATURDAY)


def test_a_word_that_can_not_be_used_leaves_the_last_good_one_and_is_told(operator: CalendarHarness) -> None:
    operator.say(holidays=STRIKE)
    operator.calendar.refresh()
    operator.blunder()
    for _ in range(2):
        assert operator.calendar.refresh() is False
        assert operator.calendar.problem is not None
        assert "last good" in operator.calendar.problem
        assert not trades(operator, MONDAY)


def test_a_word_that_disappears_leaves_the_last_good_one_and_is_told(operator: CalendarHarness) -> None:
    operator.say(holidays=STRIKE)
    operator.calendar.refresh()
    operator.lose()
    assert operator.calendar.refresh() is False
    assert operator.calendar.problem is not None
    assert "last good" in operator.calendar.problem
    assert not trades(operator, MONDAY)


def test_a_mended_word_is_taken_and_the_trouble_forgotten(operator: CalendarHarness) -> None:
    operator.say(holidays=STRIKE)
    operator.calendar.refresh()
    for trouble in (operator.blunder, operator.lose):
        trouble()
        operator.calendar.refresh()
        operator.say(holidays=STRIKE)
        assert operator.calendar.refresh() is False
        assert operator.calendar.problem is None
        trouble()
        operator.calendar.refresh()
        operator.say()
        assert operator.calendar.refresh() is True
        assert operator.calendar.problem is None
        assert trades(operator, MONDAY)
        operator.say(holidays=STRIKE)
        operator.calendar.refresh()
