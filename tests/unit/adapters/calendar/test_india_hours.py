"""The shipped hours of a day against the tables of the domain facts, sections 5.1 to 5.3, row by row."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from ordo.adapters.calendar.files import FileMarketCalendar
from ordo.domain.calendar import IST
from ordo.domain.instruments import Kind, Venue
from ordo.domain.market_days import MarketDay
from ordo.domain.market_hours import Traded
from ordo.domain.orders import OrderType, Validity
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
ALL = (SHARE, SMALL_SHARE, FUTURE, FAR_FUTURE, OPTION, DOLLAR, EURO_DOLLAR, GOLD, COTTON, CARDAMOM)

BEFORE, AUCTION, NOW = date(2026, 7, 31), date(2026, 8, 3), date(2026, 9, 7)
"""The last day of the old close, the first of the new one, the first of the new pre-open session."""

OLD_PRE_OPEN = "09:00 PRE_OPEN_ENTRY, 09:08 PRE_OPEN_MATCH, 09:12 PAUSE, "
NEW_PRE_OPEN = "09:00 PRE_OPEN_ENTRY, 09:05 PRE_OPEN_LIMIT_ONLY, 09:10 PRE_OPEN_MATCH, 09:12 PAUSE, "
CLOSING_AUCTION = (
    "15:15 CLOSING_AUCTION_REFERENCE, 15:20 CLOSING_AUCTION_ENTRY, 15:25 CLOSING_AUCTION_LIMIT_ONLY,"
    " 15:30 CLOSING_AUCTION_MATCH, 15:35 PAUSE, 15:50 POST_CLOSE, 16:00 CLOSED"
)
OLD_CLOSE = "15:30 PAUSE, 15:40 POST_CLOSE, 16:00 CLOSED"
NEW_CLOSE = "15:30 PAUSE, 15:50 POST_CLOSE, 16:00 CLOSED"


def written(day: MarketDay) -> str:
    return ", ".join(f"{span.start:%H:%M} {span.phase}" for span in day.spans[1:])


@pytest.mark.parametrize(
    ("traded", "on", "phases"),
    [
        (SHARE, BEFORE, OLD_PRE_OPEN + "09:15 CONTINUOUS, " + OLD_CLOSE),
        (SHARE, AUCTION, OLD_PRE_OPEN + "09:15 CONTINUOUS, " + CLOSING_AUCTION),
        (SHARE, date(2026, 9, 4), OLD_PRE_OPEN + "09:15 CONTINUOUS, " + CLOSING_AUCTION),
        (SHARE, NOW, NEW_PRE_OPEN + "09:15 CONTINUOUS, " + CLOSING_AUCTION),
        (SMALL_SHARE, BEFORE, OLD_PRE_OPEN + "09:15 CONTINUOUS, " + OLD_CLOSE),
        (SMALL_SHARE, AUCTION, OLD_PRE_OPEN + "09:15 CONTINUOUS, " + NEW_CLOSE),
        (SMALL_SHARE, NOW, NEW_PRE_OPEN + "09:15 CONTINUOUS, " + NEW_CLOSE),
        (FUTURE, BEFORE, OLD_PRE_OPEN + "09:15 CONTINUOUS, 15:30 CLOSED"),
        (FUTURE, AUCTION, OLD_PRE_OPEN + "09:15 CONTINUOUS, 15:40 CLOSED"),
        (FUTURE, NOW, NEW_PRE_OPEN + "09:15 CONTINUOUS, 15:40 CLOSED"),
        (FAR_FUTURE, BEFORE, "09:15 CONTINUOUS, 15:30 CLOSED"),
        (FAR_FUTURE, NOW, "09:15 CONTINUOUS, 15:40 CLOSED"),
        (OPTION, BEFORE, "09:15 CONTINUOUS, 15:30 CLOSED"),
        (OPTION, AUCTION, "09:15 CONTINUOUS, 15:40 CLOSED"),
        (DOLLAR, BEFORE, "09:00 CONTINUOUS, 17:00 CLOSED"),
        (DOLLAR, NOW, "09:00 CONTINUOUS, 17:00 CLOSED"),
        (EURO_DOLLAR, NOW, "09:00 CONTINUOUS, 19:30 CLOSED"),
        (GOLD, date(2026, 1, 2), "09:00 CONTINUOUS, 23:55 CLOSED"),
        (GOLD, date(2026, 3, 6), "09:00 CONTINUOUS, 23:55 CLOSED"),
        (GOLD, date(2026, 3, 9), "09:00 CONTINUOUS, 23:30 CLOSED"),
        (GOLD, NOW, "09:00 CONTINUOUS, 23:30 CLOSED"),
        (GOLD, date(2026, 10, 30), "09:00 CONTINUOUS, 23:30 CLOSED"),
        (GOLD, date(2026, 11, 2), "09:00 CONTINUOUS, 23:55 CLOSED"),
        (COTTON, date(2026, 1, 2), "09:00 CONTINUOUS, 21:00 CLOSED"),
        (COTTON, NOW, "09:00 CONTINUOUS, 21:00 CLOSED"),
        (CARDAMOM, NOW, "09:00 CONTINUOUS, 17:00 CLOSED"),
    ],
)
def test_sessions(traded: Traded, on: date, phases: str) -> None:
    assert written(HOURS.day(traded, on)) == phases


@pytest.mark.parametrize(
    ("one", "other"),
    [(Venue.NSE, Venue.BSE), (Venue.NFO, Venue.BFO), (Venue.CDS, Venue.BCD)],
)
def test_both_exchanges_keep_the_same_hours(one: Venue, other: Venue) -> None:
    for traded in ALL:
        if traded.venue is one:
            twin = Traded(
                venue=other,
                root=traded.root,
                kind=traded.kind,
                cas_eligible=traded.cas_eligible,
                in_pre_open=traded.in_pre_open,
            )
            assert all(HOURS.day(twin, day) == HOURS.day(traded, day) for day in (BEFORE, AUCTION, NOW))


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_share_has_hours(kind: Kind) -> None:
    traded = Traded(venue=Venue.NSE, root="X", kind=kind, cas_eligible=False, in_pre_open=True)
    assert HOURS.day(traded, NOW) == HOURS.day(SMALL_SHARE, NOW)


@pytest.mark.parametrize(
    ("at", "ends_from"),
    [
        ("2026-07-31 09:05", "2026-07-31 09:07"),
        ("2026-08-03 09:05", "2026-08-03 09:07"),
        ("2026-08-03 15:26", "2026-08-03 15:28"),
        ("2026-09-07 09:03", None),
        ("2026-09-07 09:06", "2026-09-07 09:08"),
        ("2026-09-07 15:22", None),
        ("2026-09-07 15:26", "2026-09-07 15:28"),
        ("2026-09-07 12:00", None),
    ],
)
def test_random_ends(at: str, ends_from: str | None) -> None:
    assert HOURS.at(SHARE, ist(at)).span.may_end_from == (None if ends_from is None else ist(ends_from))


LIMIT, MARKET = OrderType.LIMIT, OrderType.MARKET
PLAIN = {LIMIT, MARKET}


@pytest.mark.parametrize(
    ("traded", "at", "types", "validities", "disclosed"),
    [
        (SHARE, "2026-07-31 09:02", PLAIN, {Validity.DAY}, False),
        (SHARE, "2026-09-07 09:02", PLAIN, {Validity.DAY}, False),
        (SHARE, "2026-09-07 09:07", {LIMIT}, {Validity.DAY}, False),
        (FUTURE, "2026-09-07 09:02", PLAIN, {Validity.DAY}, False),
        (FUTURE, "2026-09-07 09:07", {LIMIT}, {Validity.DAY}, False),
        (SHARE, "2026-09-07 15:14", set(OrderType), set(Validity), True),
        (SHARE, "2026-09-07 15:20", PLAIN, {Validity.DAY}, False),
        (SHARE, "2026-09-07 15:25", {LIMIT}, {Validity.DAY}, False),
        (SMALL_SHARE, "2026-09-07 15:25", set(OrderType), set(Validity), True),
        (SHARE, "2026-07-31 15:45", {MARKET}, {Validity.DAY}, False),
        (SHARE, "2026-09-07 15:55", {MARKET}, {Validity.DAY}, False),
        (OPTION, "2026-09-07 15:39", set(OrderType), set(Validity), True),
        (DOLLAR, "2026-09-07 16:59", set(OrderType), set(Validity), True),
        (GOLD, "2026-09-07 23:29", set(OrderType), set(Validity), True),
    ],
)
def test_what_each_phase_takes(
    traded: Traded,
    at: str,
    types: set[OrderType],
    validities: set[Validity],
    disclosed: bool,  # noqa: FBT001
) -> None:
    taken = HOURS.at(traded, ist(at)).takes
    assert taken is not None
    assert set(taken.order_types) == types
    assert set(taken.validities) == validities
    assert taken.disclosed_quantity is disclosed


@pytest.mark.parametrize("at", ["09:10", "09:12", "15:15", "15:19", "15:30", "15:35", "15:49", "08:59", "16:00"])
def test_the_windows_in_which_a_share_takes_nothing(at: str) -> None:
    assert HOURS.at(SHARE, ist(f"2026-09-07 {at}")).takes is None


def test_next_months_futures_join_the_pre_open_session_in_the_last_five_trading_days() -> None:
    november, december = date(2026, 11, 23), date(2026, 12, 29)
    for day, joins in ((16, False), (17, True), (23, True)):
        on = date(2026, 11, day)
        assert HOURS.in_pre_open(FAR_FUTURE, expiry=december, expiries=(november, december), on=on) is joins


@pytest.mark.parametrize(
    ("traded", "on", "until", "since"),
    [
        (SHARE, BEFORE, "08:58", "16:00"),
        (SHARE, NOW, "08:58", "16:00"),
        (SMALL_SHARE, NOW, "08:58", "16:00"),
        (DOLLAR, NOW, "08:59", "17:00"),
        (OPTION, BEFORE, "09:10", "15:45"),
        (OPTION, NOW, "09:10", "15:45"),
        (FUTURE, NOW, "09:10", "15:45"),
        (GOLD, NOW, "08:58", "23:30"),
        (GOLD, date(2026, 11, 23), "08:58", "23:55"),
    ],
)
def test_after_market_windows(traded: Traded, on: date, until: str, since: str) -> None:
    minute = timedelta(minutes=1)
    opening, close = (datetime.combine(on, clock(text), IST) for text in (until, since))
    assert HOURS.at(traded, opening - minute).after_market
    assert not HOURS.at(traded, opening).after_market
    assert not HOURS.at(traded, close - minute).after_market
    assert HOURS.at(traded, close).after_market


def test_after_market_orders_are_taken_all_weekend() -> None:
    for at in ("2026-11-27 16:00", "2026-11-28 12:00", "2026-11-29 23:59", "2026-11-30 08:57"):
        assert HOURS.at(SHARE, ist(at)).after_market


@pytest.mark.parametrize(
    ("traded", "on", "at"),
    [
        (SHARE, BEFORE, "15:15"),
        (SHARE, AUCTION, "15:10"),
        (SHARE, NOW, "15:10"),
        (SMALL_SHARE, NOW, "15:15"),
        (FUTURE, BEFORE, "15:15"),
        (FUTURE, NOW, "15:25"),
        (OPTION, NOW, "15:25"),
        (DOLLAR, NOW, "16:45"),
        (GOLD, NOW, "23:05"),
        (GOLD, date(2026, 11, 23), "23:30"),
        (COTTON, NOW, "20:35"),
        (CARDAMOM, NOW, "16:35"),
    ],
)
def test_square_off(traded: Traded, on: date, at: str) -> None:
    assert HOURS.day(traded, on).square_off == datetime.combine(on, clock(at), IST)
