"""The shipped days of 2026 against the lists of the domain facts, section 5.4."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordo.adapters.calendar.files import FileMarketCalendar, shipped
from ordo.domain.calendar import IST
from ordo.domain.instruments import Kind, Venue
from ordo.domain.market_days import MarketDay
from ordo.domain.market_hours import HoursUnknown, Traded
from ordo.domain.timetables import Confidence, Phase
from tests.support.hours import (
    CARDAMOM,
    COTTON,
    DOLLAR,
    EURO_DOLLAR,
    FAR_FUTURE,
    FUTURE,
    GOLD,
    OPTION,
    SHARE,
    SMALL_SHARE,
    clock,
    ist,
)

HOURS = FileMarketCalendar(None).hours
EQUITY = (SHARE, SMALL_SHARE, FUTURE, FAR_FUTURE, OPTION)
CURRENCY = (DOLLAR, EURO_DOLLAR)
ALL = (*EQUITY, *CURRENCY, GOLD, COTTON, CARDAMOM)


def written(day: MarketDay) -> str:
    return ", ".join(f"{span.start:%H:%M} {span.phase}" for span in day.spans[1:])


def holidays(text: str) -> set[date]:
    """`26 Jan, 3 Mar`, of 2026."""
    return {datetime.strptime(f"{each.strip()} 2026 +0530", "%d %b %Y %z").date() for each in text.split(",")}


EQUITY_HOLIDAYS = holidays(
    "15 Jan, 26 Jan, 3 Mar, 26 Mar, 31 Mar, 3 Apr, 14 Apr, 1 May, 28 May, 26 Jun, 14 Sep, 2 Oct, 20 Oct, 10 Nov,"
    " 24 Nov, 25 Dec"
)
CLEARING_HOLIDAYS = holidays("19 Feb, 19 Mar, 1 Apr, 26 Aug")
COMMODITY_HOLIDAYS = holidays("26 Jan, 3 Apr, 2 Oct, 25 Dec")
BUDGET, MUHURAT, NEW_YEAR = date(2026, 2, 1), date(2026, 11, 8), date(2026, 1, 1)
ORDINARY = date(2026, 2, 3)
YEAR = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]


@pytest.mark.parametrize("traded", EQUITY)
def test_the_equity_year(traded: Traded) -> None:
    trading = {day for day in YEAR if day != MUHURAT and HOURS.day(traded, day).is_trading_day}
    assert trading == {day for day in YEAR if day.weekday() < 5} - EQUITY_HOLIDAYS | {BUDGET}


@pytest.mark.parametrize("traded", CURRENCY)
def test_the_currency_year(traded: Traded) -> None:
    trading = {day for day in YEAR if day != MUHURAT and HOURS.day(traded, day).is_trading_day}
    assert trading == {day for day in YEAR if day.weekday() < 5} - EQUITY_HOLIDAYS - CLEARING_HOLIDAYS


@pytest.mark.parametrize("traded", [GOLD, COTTON])
def test_the_commodity_year(traded: Traded) -> None:
    trading = {day for day in YEAR if day != MUHURAT and HOURS.day(traded, day).is_trading_day}
    assert trading == {day for day in YEAR if day.weekday() < 5} - COMMODITY_HOLIDAYS | {BUDGET}
    for day in sorted(EQUITY_HOLIDAYS - COMMODITY_HOLIDAYS):
        found = HOURS.day(traded, day)
        assert found.spans[1].phase is Phase.CONTINUOUS
        assert found.spans[1].start.time() == clock("17:00")
        assert found.name is not None
        assert "morning closed" in found.name
    assert written(HOURS.day(traded, NEW_YEAR)) == "09:00 CONTINUOUS, 17:00 CLOSED"


def test_what_closes_at_five_does_not_trade_where_the_morning_is_closed() -> None:
    trading = {day for day in YEAR if day != MUHURAT and HOURS.day(CARDAMOM, day).is_trading_day}
    assert trading == {day for day in YEAR if day.weekday() < 5} - EQUITY_HOLIDAYS | {BUDGET}


def test_every_closed_weekday_has_a_name_and_every_datum_a_source() -> None:
    for traded in ALL:
        for day in YEAR:
            if day != MUHURAT:
                found = HOURS.day(traded, day)
                assert found.is_trading_day or found.name
                assert found.source.text
    assert HOURS.day(SHARE, date(2026, 1, 15)).name == "Municipal elections in Maharashtra"
    assert HOURS.day(SHARE, date(2026, 11, 24)).name == "Prakash Gurpurb Sri Guru Nanak Dev"
    assert HOURS.day(SHARE, date(2026, 11, 28)).name == "Saturday"


def test_clearing_holidays_trade_but_do_not_settle() -> None:
    for day in CLEARING_HOLIDAYS | {BUDGET}:
        found = HOURS.day(SHARE, day)
        assert (found.is_trading_day, found.settles) == (True, False)
    assert HOURS.day(SHARE, ORDINARY).settles
    assert not any(HOURS.day(SHARE, day).settles for day in EQUITY_HOLIDAYS)


def test_the_budget_sunday_has_normal_hours() -> None:
    assert written(HOURS.day(SHARE, BUDGET)) == written(HOURS.day(SHARE, ORDINARY))
    assert written(HOURS.day(GOLD, BUDGET)) == "09:00 CONTINUOUS, 17:00 CLOSED"
    assert not HOURS.day(DOLLAR, BUDGET).is_trading_day


@pytest.mark.parametrize("traded", ALL)
def test_the_muhurat_session_is_loud(traded: Traded) -> None:
    for at in ("00:00", "13:45", "18:15", "23:59"):
        with pytest.raises(HoursUnknown, match="Muhurat trading"):
            HOURS.at(traded, ist(f"2026-11-08 {at}"))


@pytest.mark.parametrize("traded", ALL)
@pytest.mark.parametrize("day", [date(2025, 12, 31), date(2027, 1, 1), date(2027, 1, 2), date(2028, 6, 1)])
def test_other_years_are_loud(traded: Traded, day: date) -> None:
    with pytest.raises(HoursUnknown, match=f"{day.year}"):
        HOURS.at(traded, datetime.combine(day, time(12), IST))
    assert HOURS.years(traded) == (2026,)


@pytest.mark.parametrize("venue", [Venue.NCO, Venue.NSE_INDEX, Venue.BSE_INDEX])
def test_venues_that_nobody_has_looked_up_are_loud(venue: Venue) -> None:
    traded = Traded(venue=venue, root="NIFTY", kind=Kind.INDEX, cas_eligible=False, in_pre_open=False)
    with pytest.raises(HoursUnknown, match=str(venue)):
        HOURS.at(traded, ist("2026-09-07 12:00"))


moments = st.builds(
    lambda day, second: datetime.combine(day, time(), IST) + timedelta(seconds=second),
    st.sampled_from([day for day in YEAR if day != MUHURAT]),
    st.integers(0, 24 * 60 * 60 - 1),
)
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@unhurried
@given(st.sampled_from(ALL), moments)
def test_whatever_takes_orders_says_which(traded: Traded, moment: datetime) -> None:
    state = HOURS.at(traded, moment)
    assert state.phase.takes_orders is (state.takes is not None)
    assert state.span.start <= moment < state.span.end


@unhurried
@given(st.sampled_from(ALL), moments)
def test_the_next_change_is_a_change(traded: Traded, moment: datetime) -> None:
    try:
        change = HOURS.next_change(traded, moment)
    except HoursUnknown:
        # Only a holiday or weekend before the unknown session, and the end of the year, have no known change.
        assert HOURS.at(traded, moment).phase is Phase.CLOSED
    else:
        before = HOURS.at(traded, change - timedelta(microseconds=1)).phase
        assert before is HOURS.at(traded, moment).phase is not HOURS.at(traded, change).phase


@pytest.mark.parametrize(
    ("traded", "closed"),
    [
        *((traded, EQUITY_HOLIDAYS) for traded in (*EQUITY, CARDAMOM)),
        *((traded, EQUITY_HOLIDAYS | CLEARING_HOLIDAYS) for traded in CURRENCY),
        *((traded, COMMODITY_HOLIDAYS) for traded in (GOLD, COTTON)),
    ],
)
def test_a_holiday_never_trades(traded: Traded, closed: set[date]) -> None:
    for day in closed:
        assert {span.phase for span in HOURS.day(traded, day).spans} == {Phase.CLOSED}
        assert day.weekday() < 5


def test_no_shipped_datum_pretends_to_more_than_was_read() -> None:
    document = shipped()
    blocks = (
        *document.groups,
        *document.timetables,
        *document.square_off,
        *document.after_market,
        *document.orders,
        *document.years,
        *document.days,
    )
    assert len(blocks) > 40
    assert all(len(block.source) >= 6 for block in blocks)
    # The circulars were read in summaries, never in their own text.
    assert Confidence.A not in {block.confidence for block in blocks}
