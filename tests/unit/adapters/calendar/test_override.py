from __future__ import annotations

import logging
import os
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from ordo.adapters.calendar.files import FileMarketCalendar
from ordo.domain.errors import Invalid
from ordo.domain.instruments import Kind, Venue
from ordo.domain.market_hours import HoursUnknown, Traded
from ordo.domain.orders import Validity
from ordo.domain.timetables import Confidence, Phase
from tests.support.hours import CARDAMOM, COTTON, DOLLAR, GOLD, OPTION, SHARE, SMALL_SHARE, ist
from tests.support.orders import BUY_TEN

MONDAY, FRIDAY, DIWALI = date(2026, 11, 23), date(2026, 12, 4), date(2026, 11, 8)
SAID = 'source = "NSE circular"\nconfidence = "A"\n'
EQUITY = f'applies_to = ["equity"]\n{SAID}'
STRIKE = f"""[[days]]
{EQUITY}hours = "closed"
settles = false
dates = [{{ date = 2026-12-04, name = "Strike" }}]
"""
MUHURAT = f"""[[days]]
{EQUITY}hours = "own"
settles = false
phases = [
    {{ at = "17:45", phase = "PRE_OPEN_ENTRY" }},
    {{ at = "18:00", phase = "CONTINUOUS" }},
    {{ at = "19:00", phase = "CLOSED" }},
]
dates = [{{ date = 2026-11-08, name = "Muhurat trading" }}]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calendar.toml"


def told(calendar: FileMarketCalendar) -> str:
    return calendar.problem or ""


def overridden(path: Path, text: str) -> FileMarketCalendar:
    path.write_text(text, encoding="utf-8")
    calendar = FileMarketCalendar(path)
    assert not told(calendar)
    return calendar


def test_without_an_override_the_shipped_calendar_is_all_and_says_so() -> None:
    calendar = FileMarketCalendar(None)
    assert calendar.refresh() is False
    assert not told(calendar)
    with pytest.raises(HoursUnknown, match=r"2027.*a calendar override file, of which none is configured"):
        calendar.hours.day(SHARE, date(2027, 1, 4))


def test_what_is_unknown_names_the_file_to_fill(path: Path) -> None:
    with pytest.raises(HoursUnknown) as failure:
        overridden(path, "").hours.day(SHARE, date(2027, 1, 4))
    assert "2027" in str(failure.value)
    assert str(path) in str(failure.value)


def test_an_override_that_is_not_there_is_told_and_taken_when_it_comes(path: Path) -> None:
    calendar = FileMarketCalendar(path)
    assert f"{path} can't be used (it does not exist)" in told(calendar)
    assert calendar.hours.day(SHARE, FRIDAY).is_trading_day
    path.write_text(STRIKE, encoding="utf-8")
    assert calendar.refresh() is True
    assert not told(calendar)
    assert calendar.hours.day(SHARE, FRIDAY).name == "Strike"


def test_an_override_that_is_broken_at_the_start_leaves_the_shipped_hours(path: Path) -> None:
    path.mkdir()
    calendar = FileMarketCalendar(path)
    assert "it can't be read: Is a directory" in told(calendar)
    assert calendar.hours.day(SHARE, MONDAY).is_trading_day


def test_a_change_is_seen_whatever_the_files_times_say(path: Path) -> None:
    calendar = overridden(path, STRIKE)
    before = path.stat()
    path.write_text(STRIKE.replace("2026-12-04", "2026-12-03"), encoding="utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert calendar.refresh() is True
    assert calendar.hours.day(SHARE, FRIDAY).is_trading_day
    assert not calendar.hours.day(SHARE, date(2026, 12, 3)).is_trading_day


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_any_editor_will_do(path: Path, prefix: bytes, newline: bytes) -> None:
    path.write_bytes(prefix + STRIKE.encode().replace(b"\n", newline))
    calendar = FileMarketCalendar(path)
    assert not told(calendar)
    assert calendar.hours.day(SHARE, FRIDAY).name == "Strike"


TIMETABLE = f'[[timetables]]\n{EQUITY}effective_from = 2026-12-01\nphases = [{{ at = "09:15", phase = "CONTINUOUS" }}'


NO_ORDERS = """effective_from = 2026-12-01
phases = ["PAUSE"]
order_types = ["LIMIT"]
validities = ["DAY"]
disclosed_quantity = false
"""


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[days]", "line 1"),
        ("holidays = []", "holidays: Extra inputs are not permitted"),
        (STRIKE.replace("hours =", "ours ="), "days.0.ours: Extra inputs"),
        (STRIKE.replace('"closed"', '"shut"'), "days.0.hours: Input should be 'closed', 'normal', 'own' or 'unknown'"),
        (STRIKE.replace("2026-12-04", '"2026-12-04"'), "days.0.dates.0.date: Input should be a valid date"),
        (STRIKE.replace("2026-12-04", "2026-12-04T00:00:00"), "days.0.dates.0.date"),
        (STRIKE.replace("2026-12-04", "20261204"), "days.0.dates.0.date"),
        (STRIKE.replace("false", '"no"'), "days.0.settles"),
        (STRIKE.replace('"Strike"', '""'), "days.0.dates.0.name"),
        (STRIKE.replace('"Strike"', '" "'), "must say what day it is"),
        (STRIKE.replace('"A"', '"E"'), "days.0.confidence"),
        (STRIKE.replace('source = "NSE circular"\n', ""), "days.0.source: Field required"),
        (STRIKE.replace("NSE circular", " "), "must say where the datum comes from"),
        (STRIKE.replace('["equity"]', "[]"), "days.0.applies_to"),
        (STRIKE.replace('["equity"]', '["equities"]'), "equities is neither a group nor a calendar; there are agri-"),
        (STRIKE.replace('"closed"', '"own"'), "belong to a day with hours of its own"),
        (STRIKE + 'closed_from = "12:00"', "days.0: Value error, closed_until: and closed_from cut a normal day only"),
        (STRIKE * 2, "2026-12-04 is there twice for equity"),
        (MUHURAT.replace('"17:45"', "1745"), 'days.0.phases.0.at: Value error, must be an Indian time such as "09:15"'),
        (MUHURAT.replace('"17:45"', '"5:45pm"'), 'must be an Indian time such as "09:15"'),
        (MUHURAT.replace('"17:45"', '"17450"'), 'must be an Indian time such as "09:15"'),
        (MUHURAT.replace('"17:45"', '"25:45"'), "days.0.phases.0.at"),
        (MUHURAT.replace('"17:45"', '"19:45"'), "must be in order of time"),
        (MUHURAT.replace("CONTINUOUS", "OPEN"), "days.0.phases.1.phase"),
        (MUHURAT.replace("PRE_OPEN_ENTRY", "CLOSING_AUCTION_ENTRY"), "which orders CLOSING_AUCTION_ENTRY takes"),
        (TIMETABLE + "]", "timetables.0: Value error, phases: must begin with an open phase and end with CLOSED"),
        (f"[[years]]\n{EQUITY}year = 27", "years.0.year"),
        (f"[[years]]\n{EQUITY}year = 2027\n" * 2, "2027 is there twice for equity"),
        (f"[[square_off]]\n{EQUITY}effective_from = 2026-12-01\nminutes_before_close = -1", "square_off.0.minutes"),
        (f"[[square_off]]\n{EQUITY}effective_from = 2026-12-01\nminutes_before_close = true", "square_off.0.minutes"),
        (
            f"[[square_off]]\n{EQUITY}effective_from = 2026-12-01\nminutes_before_close = 1\n" * 2,
            "square_off: may say a thing once for each date",
        ),
        (
            f"[[orders]]\n{EQUITY}{NO_ORDERS}",
            "orders.0: Value error, orders: belong to a phase that takes some",
        ),
        (
            f'[[groups]]\n{SAID}name = "equity"\ncalendar = "other"\nvenues = ["NCO"]',
            "equity is the name of a calendar, so no group may have it",
        ),
        (f'[[groups]]\n{SAID}name = "x"\ncalendar = "equity"\nvenues = []', "groups.0.venues"),
        (f'[[groups]]\n{SAID}name = "x"\ncalendar = "equity"\nvenues = ["NYSE"]', "groups.0.venues"),
        (f'[[groups]]\n{SAID}name = "x"\ncalendar = "equity"\nvenues = ["NCO"]\n' * 2, "each has a name of its own"),
        (f'[[groups]]\n{SAID}name = "x"\ncalendar = "new"\nvenues = ["NCO"]', "x: needs a timetable"),
        ("a = " + "[" * 50_000, ""),
        ("\udcff", "utf-8"),
    ],
    ids=lambda value: value[:40],
)
def test_a_broken_override_is_told_with_the_place_and_changes_nothing(path: Path, text: str, complaint: str) -> None:
    calendar = overridden(path, STRIKE)
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    assert calendar.refresh() is False
    assert complaint in told(calendar)
    assert f"The calendar override {path} can't be used (" in told(calendar)
    assert "the last good hours stay in force" in told(calendar)
    assert calendar.hours.day(SHARE, FRIDAY).name == "Strike"
    path.write_text("", encoding="utf-8")
    assert calendar.refresh() is True
    assert not told(calendar)
    assert calendar.hours == FileMarketCalendar(path).hours


def test_trouble_is_logged_once_and_its_end_too(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        calendar = overridden(path, STRIKE)
        calendar.refresh()
        path.write_text("x", encoding="utf-8")
        calendar.refresh()
        calendar.refresh()
        path.unlink()
        calendar.refresh()
        path.write_text("", encoding="utf-8")
        calendar.refresh()
    levels = [(record.levelname, "can't be used" in record.getMessage()) for record in caplog.records]
    assert levels == [("INFO", False), ("ERROR", True), ("ERROR", True), ("INFO", False)]


def test_the_example_at_the_head_of_the_shipped_file_works(path: Path) -> None:
    head = files("ordo.adapters.calendar").joinpath("india.toml").read_text("utf-8").partition("\n\n")[0].splitlines()
    example = "\n".join(line.removeprefix("#   ") for line in head[head.index("#   [[years]]") :] if line != "#")
    hours = overridden(path, example).hours
    assert hours.years(SHARE) == hours.years(DOLLAR) == (2026, 2027)
    assert hours.day(SHARE, date(2027, 1, 26)).name == "Republic Day"
    assert hours.day(SHARE, date(2027, 1, 27)).is_trading_day
    with pytest.raises(HoursUnknown):
        hours.day(GOLD, date(2027, 1, 27))


def test_the_muhurat_session_is_filled_in(path: Path) -> None:
    hours = overridden(path, MUHURAT).hours
    for traded in (SHARE, SMALL_SHARE, OPTION):
        assert hours.next_continuous(traded, ist("2026-11-07 12:00")) == ist("2026-11-08 18:00")
        assert hours.day(traded, DIWALI).source.confidence is Confidence.A
    assert hours.day(SHARE, DIWALI).square_off == ist("2026-11-08 18:55")
    hours.require(SHARE, BUY_TEN, ist("2026-11-08 18:59"))
    with pytest.raises(Invalid, match="takes no orders at 19:00"):
        hours.require(SHARE, BUY_TEN, ist("2026-11-08 19:00"))
    with pytest.raises(HoursUnknown):
        hours.day(GOLD, DIWALI)


def test_a_shipped_holiday_is_withdrawn(path: Path) -> None:
    text = STRIKE.replace('"closed"', '"normal"').replace("2026-12-04", "2026-11-24")
    assert overridden(path, text).hours.day(SHARE, date(2026, 11, 24)).is_trading_day


def test_the_day_of_one_group_stands_above_that_of_its_calendar(path: Path) -> None:
    only = STRIKE.replace('["equity"]', '["cash"]').replace("Strike", "Halt of the small ones")
    for text in (STRIKE + only, only + STRIKE):
        hours = overridden(path, text).hours
        assert hours.day(SMALL_SHARE, FRIDAY).name == "Halt of the small ones"
        assert hours.day(SHARE, FRIDAY).name == "Strike"
        assert hours.day(GOLD, FRIDAY).name is None


def test_the_calendar_of_an_override_stands_above_the_shipped_group(path: Path) -> None:
    # The shipped closing auction is said of the group, this timetable of the whole calendar.
    text = f"""[[timetables]]
{EQUITY}effective_from = 2026-08-03
phases = [{{ at = "10:00", phase = "CONTINUOUS" }}, {{ at = "11:00", phase = "CLOSED" }}]
"""
    hours = overridden(path, text).hours
    assert hours.day(SHARE, date(2026, 8, 3)).spans[1].start == ist("2026-08-03 10:00")
    assert hours.day(SHARE, MONDAY).spans[1].start == ist("2026-11-23 09:00")


def test_hours_change_from_a_date_on(path: Path) -> None:
    text = TIMETABLE + ', { at = "16:30", phase = "CLOSED" }]\n'
    hours = overridden(path, text.replace('["equity"]', '["equity-derivatives"]')).hours
    assert hours.day(OPTION, date(2026, 11, 30)).spans[-1].start == ist("2026-11-30 15:40")
    assert hours.day(OPTION, date(2026, 12, 1)).spans[-1].start == ist("2026-12-01 16:30")
    assert hours.day(OPTION, date(2026, 12, 1)).square_off == ist("2026-12-01 16:15")


def test_customs_and_order_rules_change_from_a_date_on(path: Path) -> None:
    since = f"{EQUITY}effective_from = 2026-12-01\n"
    text = f"""
[[square_off]]
{since}minutes_before_close = 60
[[after_market]]
{since}minutes_after_close = 30
minutes_before_open = 30
[[orders]]
{since}phases = ["CLOSING_AUCTION_ENTRY", "CLOSING_AUCTION_LIMIT_ONLY"]
order_types = ["LIMIT"]
validities = ["DAY", "IOC"]
disclosed_quantity = false
"""
    hours = overridden(path, text).hours
    day = hours.day(SHARE, date(2026, 12, 1))
    assert day.square_off == ist("2026-12-01 14:15")
    assert (day.after_market_until, day.after_market_from) == (ist("2026-12-01 08:45"), ist("2026-12-01 16:30"))
    assert hours.day(SHARE, MONDAY).square_off == ist("2026-11-23 15:10")
    taken = hours.at(SHARE, ist("2026-12-01 15:22")).takes
    assert taken is not None
    assert Validity.IOC in taken.validities


NCO = Traded(venue=Venue.NCO, root="GOLD", kind=Kind.FUTURE, cas_eligible=False, in_pre_open=False)


def test_a_venue_is_added(path: Path) -> None:
    text = f"""
[[groups]]
{SAID}name = "nse-commodity"
calendar = "commodity"
venues = ["NCO"]

[[timetables]]
applies_to = ["nse-commodity"]
{SAID}effective_from = 2026-01-01
phases = [{{ at = "09:00", phase = "CONTINUOUS" }}, {{ at = "23:30", phase = "CLOSED" }}]
"""
    hours = overridden(path, text).hours
    assert hours.day(NCO, MONDAY).square_off == ist("2026-11-23 23:05")
    # It shares the holidays of its calendar.
    assert not hours.day(NCO, date(2026, 12, 25)).is_trading_day


def test_instruments_are_moved_into_a_group_of_their_own(path: Path) -> None:
    text = f"""
[[groups]]
{SAID}name = "halted"
calendar = "equity"
venues = ["NSE"]
roots = ["SBIN"]

[[timetables]]
applies_to = ["halted"]
{SAID}effective_from = 2026-01-01
phases = [{{ at = "11:00", phase = "CONTINUOUS" }}, {{ at = "12:00", phase = "CLOSED" }}]

[[square_off]]
applies_to = ["halted"]
{SAID}effective_from = 2026-01-01
minutes_before_close = 5

[[after_market]]
applies_to = ["halted"]
{SAID}effective_from = 2026-01-01
minutes_after_close = 0
minutes_before_open = 0
"""
    hours = overridden(path, text).hours
    assert hours.at(SHARE, ist("2026-11-23 10:00")).phase is Phase.CLOSED
    assert hours.at(SMALL_SHARE, ist("2026-11-23 10:00")).phase is Phase.CONTINUOUS


def test_a_group_that_is_defined_anew_keeps_its_place_and_hours(path: Path) -> None:
    text = f'[[groups]]\n{SAID}name = "agri-commodity"\ncalendar = "commodity"\nvenues = ["MCX"]\nroots = ["GOLD"]'
    hours = overridden(path, text).hours
    shipped = FileMarketCalendar(None).hours
    assert hours.day(GOLD, MONDAY) == shipped.day(CARDAMOM, MONDAY)
    assert hours.day(CARDAMOM, MONDAY) == shipped.day(GOLD, MONDAY)
    assert hours.day(COTTON, MONDAY) == shipped.day(COTTON, MONDAY)
    assert [group.name for group in hours.groups] == [group.name for group in shipped.groups]


def test_a_halt_in_the_middle_of_a_day_is_filled_in_while_it_lasts(path: Path) -> None:
    calendar = overridden(path, "")
    noon = ist("2026-11-23 12:00")
    calendar.hours.require(SHARE, BUY_TEN, noon)
    phases = [
        '{ at = "09:15", phase = "CONTINUOUS" }',
        '{ at = "11:30", phase = "PAUSE" }',
        '{ at = "13:00", phase = "PRE_OPEN_ENTRY" }',
        '{ at = "13:15", phase = "CONTINUOUS" }',
        '{ at = "15:30", phase = "CLOSED" }',
    ]
    block = MUHURAT.replace("2026-11-08", "2026-11-23").partition("phases")[0]
    dates = 'dates = [{ date = 2026-11-23, name = "Market-wide halt" }]'
    path.write_text(f"{block}phases = [{', '.join(phases)}]\n{dates}", encoding="utf-8")
    assert calendar.refresh() is True
    with pytest.raises(Invalid, match=r"12:00 IST \(PAUSE\).*Mon 23 Nov 2026 at 13:15"):
        calendar.hours.require(SHARE, BUY_TEN, noon)
    assert calendar.hours.next_change(SHARE, noon) == noon + timedelta(hours=1)
