from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from ordo.domain.calendar import IST
from ordo.domain.errors import ErrorCode, Invalid, Outcome, Unavailable
from ordo.domain.instruments import Kind, Venue
from ordo.domain.market_days import us_winter
from ordo.domain.market_hours import HoursUnknown, MarketHours, Traded
from ordo.domain.orders import OrderType
from ordo.domain.schedules import Schedule, SessionGroup
from ordo.domain.timetables import Phase
from tests.support.hours import (
    FAR_FUTURE,
    FILL_IN,
    FUTURE,
    GOLD,
    INVENTED,
    SHARE,
    SMALL_SHARE,
    holiday,
    ist,
    market,
    normal,
    schedule,
    session,
    steps,
    unknown,
)
from tests.support.orders import BUY_TEN, option, share

MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)
HOLIDAY = date(2026, 11, 24)
AFTER_MARKET = replace(BUY_TEN, after_market=True)


@pytest.fixture
def hours() -> MarketHours:
    return market(schedule(days={HOLIDAY: holiday("Gurpurb")}))


@pytest.mark.parametrize(
    ("at", "phase"),
    [
        ("2026-11-23 00:00", Phase.CLOSED),
        ("2026-11-23 08:59:59.999999", Phase.CLOSED),
        ("2026-11-23 09:00", Phase.PRE_OPEN_ENTRY),
        ("2026-11-23 09:08", Phase.PAUSE),
        ("2026-11-23 09:15", Phase.CONTINUOUS),
        ("2026-11-23 15:29:59.999999", Phase.CONTINUOUS),
        ("2026-11-23 15:30", Phase.CLOSED),
        ("2026-11-23 23:59:59.999999", Phase.CLOSED),
        ("2026-11-24 10:00", Phase.CLOSED),
        ("2026-11-25 10:00", Phase.CONTINUOUS),
        ("2026-11-28 10:00", Phase.CLOSED),
    ],
)
def test_a_phase_begins_on_its_minute_and_ends_before_the_next(hours: MarketHours, at: str, phase: Phase) -> None:
    assert hours.at(SHARE, ist(at)).phase is phase


def test_the_state_tells_what_is_taken_and_from_when_it_may_be_too_late(hours: MarketHours) -> None:
    entry = hours.at(SHARE, ist("2026-11-23 09:03"))
    assert entry.takes is not None
    assert entry.takes.order_types == {OrderType.LIMIT, OrderType.MARKET}
    assert entry.span.may_end_from == ist("2026-11-23 09:07")
    assert (entry.span.start, entry.span.end) == (ist("2026-11-23 09:00"), ist("2026-11-23 09:08"))
    pause = hours.at(SHARE, ist("2026-11-23 09:10"))
    assert pause.takes is None
    assert pause.span.may_end_from is None


def test_a_day_tells_whether_it_trades_and_why_not(hours: MarketHours) -> None:
    monday, tuesday, saturday = (hours.day(SHARE, date(2026, 11, day)) for day in (23, 24, 28))
    assert (monday.is_trading_day, monday.name, monday.settles) == (True, None, True)
    assert (tuesday.is_trading_day, tuesday.name, tuesday.settles) == (False, "Gurpurb", False)
    assert (saturday.is_trading_day, saturday.name, saturday.settles) == (False, "Saturday", False)
    assert monday.source == tuesday.source == INVENTED
    assert monday.square_off == ist("2026-11-23 15:15")
    assert (tuesday.square_off, tuesday.after_market_until, tuesday.after_market_from) == (None, None, None)


def test_the_day_begins_and_ends_at_the_indian_midnight(hours: MarketHours) -> None:
    # 18:30 UTC is midnight in India: here from an ordinary Monday to a holiday.
    assert hours.at(SHARE, datetime(2026, 11, 23, 18, 29, 59, tzinfo=UTC)).day.date == date(2026, 11, 23)
    assert hours.at(SHARE, datetime(2026, 11, 23, 18, 30, tzinfo=UTC)).day.date == HOLIDAY
    assert hours.at(SHARE, datetime(2026, 11, 23, 18, 30, tzinfo=UTC)).day.name == "Gurpurb"


def test_a_session_may_fill_the_whole_day() -> None:
    night = market(schedule(days={HOLIDAY: session("00:00 CONTINUOUS", "23:59 CLOSED")}))
    day = night.day(SHARE, HOLIDAY)
    assert [span.phase for span in day.spans] == [Phase.CONTINUOUS, Phase.CLOSED]
    assert night.next_continuous(SHARE, ist("2026-11-23 20:00")) == ist("2026-11-24 00:00")


def test_a_short_session_is_squared_off_when_it_begins_at_the_earliest() -> None:
    short = market(schedule(days={HOLIDAY: session("18:00 CONTINUOUS", "18:10 CLOSED")}))
    assert short.day(SHARE, HOLIDAY).square_off == ist("2026-11-24 18:00")


def test_a_day_of_two_sessions_is_squared_off_in_the_second() -> None:
    two = session("09:15 CONTINUOUS", "12:00 CLOSED", "18:00 CONTINUOUS", "18:10 CLOSED")
    hours = market(schedule(days={HOLIDAY: two}))
    day = hours.day(SHARE, HOLIDAY)
    assert day.square_off == ist("2026-11-24 18:00")
    assert (day.after_market_until, day.after_market_from) == (ist("2026-11-24 08:58"), ist("2026-11-24 18:15"))
    assert hours.next_continuous(SHARE, ist("2026-11-24 10:00")) == ist("2026-11-24 18:00")


def test_next_is_after_a_moment_and_never_at_it(hours: MarketHours) -> None:
    opening = ist("2026-11-23 09:15")
    assert hours.next_continuous(SHARE, opening - MICROSECOND) == opening
    assert hours.next_continuous(SHARE, opening) == ist("2026-11-25 09:15")
    assert hours.next_change(SHARE, opening) == ist("2026-11-23 15:30")
    assert hours.next_change(SHARE, ist("2026-11-23 15:30")) == ist("2026-11-25 09:00")
    assert hours.next_change(SHARE, ist("2026-11-27 18:00")) == ist("2026-11-30 09:00")


def test_a_day_that_is_cut_to_nothing_is_closed_under_its_name() -> None:
    cut = market(schedule(days={HOLIDAY: normal("Gurpurb", closed_until="16:00")}))
    day = cut.day(SHARE, HOLIDAY)
    assert (day.is_trading_day, day.name, day.settles) == (False, "Gurpurb", False)


@pytest.mark.parametrize("day", [date(2025, 12, 31), date(2027, 1, 1), date(2027, 1, 2)])
def test_a_year_that_the_calendar_does_not_know_is_loud(hours: MarketHours, day: date) -> None:
    noon = datetime.combine(day, time(12), IST)
    for ask in (
        lambda: hours.day(SHARE, day),
        lambda: hours.at(SHARE, noon),
        lambda: hours.require(SHARE, BUY_TEN, noon),
        lambda: hours.require(SHARE, AFTER_MARKET, noon),
        lambda: hours.next_change(SHARE, noon),
        lambda: hours.next_continuous(SHARE, noon),
    ):
        with pytest.raises(HoursUnknown, match=f"Nothing was sent.*the holidays of {day.year} for cash.*{FILL_IN}"):
            ask()


def test_what_is_unknown_is_nobodys_fault_and_nothing_was_sent(hours: MarketHours) -> None:
    with pytest.raises(Unavailable) as failure:
        hours.day(SHARE, date(2027, 3, 1))
    assert not isinstance(failure.value, Invalid)
    assert failure.value.outcome is Outcome.NOT_SENT
    assert failure.value.code is ErrorCode.STORE_UNAVAILABLE


def test_asking_again_does_not_make_the_unknown_known(hours: MarketHours) -> None:
    for _ in range(2):
        with pytest.raises(HoursUnknown):
            hours.day(SHARE, date(2027, 3, 1))


def test_a_single_day_may_be_known_of_a_year_that_is_not() -> None:
    hours = market(schedule(days={date(2027, 1, 26): holiday("Republic Day")}))
    assert hours.day(SHARE, date(2027, 1, 26)).name == "Republic Day"
    with pytest.raises(HoursUnknown):
        hours.day(SHARE, date(2027, 1, 27))


def test_a_session_without_hours_is_loud_and_not_open() -> None:
    diwali = date(2026, 11, 8)
    hours = market(schedule(days={diwali: unknown()}))
    for moment in (ist("2026-11-08 00:00"), ist("2026-11-08 18:30"), ist("2026-11-08 23:59")):
        with pytest.raises(HoursUnknown, match=rf"the session of 08 Nov 2026 \(Muhurat trading\).*{FILL_IN}"):
            hours.at(SHARE, moment)
    with pytest.raises(HoursUnknown, match="Muhurat"):
        hours.next_continuous(SHARE, ist("2026-11-07 12:00"))
    with pytest.raises(HoursUnknown, match="Muhurat"):
        hours.next_change(SHARE, ist("2026-11-06 18:00"))


def test_days_before_the_first_timetable_are_loud() -> None:
    hours = market(schedule(since=date(2026, 8, 3)))
    with pytest.raises(HoursUnknown, match=r"a timetable of cash that is in effect on 31 Jul 2026"):
        hours.day(SHARE, date(2026, 7, 31))
    assert hours.day(SHARE, date(2026, 8, 3)).is_trading_day


def test_an_instrument_that_the_calendar_does_not_know_is_loud(hours: MarketHours) -> None:
    with pytest.raises(HoursUnknown, match=r"no hours of MCX \(FUTURE GOLD\).*the hands of the tester"):
        hours.at(GOLD, ist("2026-11-23 12:00"))
    assert hours.years(GOLD) == ()
    assert hours.years(SHARE) == (2026,)


def test_a_moment_has_a_zone(hours: MarketHours) -> None:
    naive = datetime(2026, 11, 23, 12)  # noqa: DTZ001
    for ask in (hours.at, hours.next_change, hours.next_continuous):
        with pytest.raises(Invalid, match="aware"):
            ask(SHARE, naive)
    with pytest.raises(Invalid, match="aware"):
        hours.require(SHARE, BUY_TEN, naive)


def test_what_matters_of_an_instrument_is_taken_from_its_facts() -> None:
    assert Traded.of(share(), cas_eligible=True, in_pre_open=True) == SHARE
    call = Traded.of(option(), cas_eligible=False, in_pre_open=False)
    assert (call.venue, call.root, call.kind) == (Venue.NFO, "NIFTY", Kind.OPTION)


def group(name: str, opens: str, **which: object) -> SessionGroup:
    whole = schedule(steps(f"{opens} CONTINUOUS", "15:30 CLOSED"))
    venues = frozenset({Venue.NSE, Venue.NFO})
    return replace(SessionGroup(name=name, venues=venues, schedule=whole, source=INVENTED), **which)  # type: ignore[arg-type]


def test_the_first_group_that_an_instrument_belongs_to_counts() -> None:
    hours = MarketHours(
        groups=(
            group("tiny", "09:01", roots=frozenset({"TINY"})),
            group("auction", "09:02", cas_eligible=True),
            group("pre-open", "09:03", kinds=frozenset({Kind.FUTURE}), in_pre_open=True),
            group("rest", "09:04"),
        ),
        fill_in=FILL_IN,
    )
    for traded, minute in (
        (SMALL_SHARE, 1),
        (SHARE, 2),
        (replace(SHARE, root="TINY"), 1),
        (FUTURE, 3),
        (FAR_FUTURE, 4),
        (replace(SMALL_SHARE, root="OTHER"), 4),
    ):
        assert hours.next_continuous(traded, ist("2026-11-23 00:00")) == ist(f"2026-11-23 09:0{minute}")


def futures() -> MarketHours:
    days = {HOLIDAY: holiday(), date(2026, 11, 8): unknown()}
    only = SessionGroup(
        name="futures",
        venues=frozenset({Venue.NFO}),
        schedule=schedule(days=days),
        source=INVENTED,
        in_pre_open=True,
        next_month_days=5,
    )
    return MarketHours(groups=(only,), fill_in=FILL_IN)


NOVEMBER, DECEMBER, JANUARY = date(2026, 11, 23), date(2026, 12, 29), date(2027, 1, 25)


@pytest.mark.parametrize(
    ("expiry", "on", "takes_part"),
    [
        (NOVEMBER, date(2026, 11, 2), True),
        (NOVEMBER, NOVEMBER, True),
        (NOVEMBER, date(2026, 11, 25), False),  # it has expired
        (DECEMBER, date(2026, 11, 6), False),
        (DECEMBER, date(2026, 11, 16), False),
        (DECEMBER, date(2026, 11, 17), True),  # 17, 18, 19, 20 and 23 November are five trading days
        (DECEMBER, NOVEMBER, True),
        (DECEMBER, date(2026, 11, 25), True),
        (JANUARY, date(2026, 11, 20), False),
        (JANUARY, date(2026, 12, 29), True),
        (date(2026, 12, 8), date(2026, 11, 25), True),  # a contract that was not among those named
    ],
)
def test_which_futures_take_part_in_the_pre_open_session(expiry: date, on: date, takes_part: bool) -> None:  # noqa: FBT001
    expiries = (JANUARY, NOVEMBER, DECEMBER)
    for future in (FUTURE, FAR_FUTURE):
        assert futures().in_pre_open(future, expiry=expiry, expiries=expiries, on=on) is takes_part


@pytest.mark.parametrize(
    ("year", "march", "november"),
    [(2024, 10, 3), (2025, 9, 2), (2026, 8, 1), (2027, 14, 7), (2028, 12, 5), (2029, 11, 4), (2030, 10, 3)],
)
def test_the_american_winter_ends_in_march_and_begins_in_november(year: int, march: int, november: int) -> None:
    # By the clock of New York: second Sunday of March, first Sunday of November.
    summer, winter = date(year, 3, march), date(year, 11, november)
    assert us_winter(summer - DAY)
    assert not us_winter(summer)
    assert not us_winter(winter - DAY)
    assert us_winter(winter)
    assert us_winter(date(year, 1, 1))
    assert us_winter(date(year, 12, 31))
    assert not us_winter(date(year, 7, 1))


def test_the_american_winter_moves_the_close_where_it_matters() -> None:
    late = steps("09:15 CONTINUOUS", "23:55 CLOSED")
    days = {date(2026, 3, 8): normal("Sunday session"), date(2026, 11, 1): normal("Sunday session")}
    hours = market(schedule(us_winter=late, days=days))
    for day, close in (
        (date(2026, 3, 6), "23:55"),
        (date(2026, 3, 8), "15:30"),
        (date(2026, 3, 9), "15:30"),
        (date(2026, 10, 30), "15:30"),
        (date(2026, 11, 1), "23:55"),
        (date(2026, 11, 2), "23:55"),
    ):
        assert f"{hours.day(SHARE, day).spans[-1].start:%H:%M}" == close
    assert market(schedule()).day(SHARE, date(2026, 1, 5)).spans[-1].start == ist("2026-01-05 15:30")


def test_an_operators_word_stands_above_the_rest(hours: MarketHours) -> None:
    strike = date(2026, 12, 4)
    amended = hours.amended({"cash": Schedule(days={strike: holiday("Strike"), HOLIDAY: normal("Open after all")})})
    assert amended.day(SHARE, strike).name == "Strike"
    assert amended.day(SHARE, HOLIDAY).is_trading_day
    assert hours.day(SHARE, strike).is_trading_day
    assert not hours.day(SHARE, HOLIDAY).is_trading_day
    assert hours.amended({}) == hours != amended


def test_an_operators_word_is_refused_where_it_makes_no_sense(hours: MarketHours) -> None:
    with pytest.raises(Invalid, match="must be one of cash"):
        hours.amended({"cahs": Schedule()})
    bare = replace(hours.groups[0], schedule=replace(schedule(), orders=schedule().orders[:3]))
    with pytest.raises(Invalid, match="which orders POST_CLOSE takes"):
        replace(hours, groups=(bare,)).amended(
            {"cash": Schedule(days={HOLIDAY: session("18:00 CONTINUOUS", "19:00 POST_CLOSE", "19:15 CLOSED")})}
        )
