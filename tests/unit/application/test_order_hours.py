"""The market's hours in the path of an order: what Ordo ships, asked of instruments as the masters describe them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from ordo.adapters.calendar.files import FileMarketCalendar
from ordo.application.checks import CheckResult
from ordo.application.context import Context
from ordo.application.hours import CalendarWatch, traded_of
from ordo.domain.calendar import IST
from ordo.domain.directory import InstrumentDirectory
from ordo.domain.errors import ErrorCode
from ordo.domain.instruments import Instrument, InstrumentKey, Kind
from ordo.domain.orders import OrderTerms
from tests.support.clock import VirtualClock
from tests.support.house import House
from tests.support.orders import ACCOUNT, BUY_TEN, option, share

_CALENDAR = FileMarketCalendar(None)


def _future(key: str, token: str) -> Instrument:
    return replace(option(InstrumentKey.parse(key)), kind=Kind.FUTURE, exchange_token=token)


async def _said(house: House, moment: str, terms: OrderTerms = BUY_TEN) -> CheckResult:
    house.clock.step(datetime.fromisoformat(moment).replace(tzinfo=IST) - house.clock.now())
    screening = house.now.screened(house, calendar=_CALENDAR)
    (found,) = [one for one in await screening.review(ACCOUNT, terms, Context()) if one.name == "market_hours"]
    return found


@pytest.mark.parametrize("moment", ["2026-11-23 09:15", "2026-11-23 12:00"])
async def test_an_open_market_takes_orders(house: House, moment: str) -> None:
    assert (await _said(house, moment)).passed


@pytest.mark.parametrize("moment", ["2026-11-23 08:00", "2026-11-23 20:00", "2026-11-22 12:00", "2026-12-25 12:00"])
async def test_a_closed_market_refuses_them_and_says_when_it_opens(house: House, moment: str) -> None:
    said = await _said(house, moment)
    assert (said.passed, said.code) == (False, ErrorCode.MARKET_CLOSED)
    assert said.message is not None
    assert "Continuous trading next begins on" in said.message


async def test_a_year_that_nobody_knows_is_told_and_never_taken_for_open(house: House) -> None:
    said = await _said(house, "2031-06-02 12:00")
    assert (said.passed, said.code) == (False, ErrorCode.STORE_UNAVAILABLE)
    assert said.message is not None
    assert "does not know" in said.message


def test_a_share_with_derivatives_takes_part_in_the_closing_auction_unless_a_master_says_otherwise() -> None:
    future = _future("NFO:SBIN:20261229:FUT", "1")
    alone, traded = InstrumentDirectory((share(),)), InstrumentDirectory((share(), future))
    hours, today = _CALENDAR.hours, date(2026, 11, 23)
    assert not traded_of(share(), alone, hours, today).cas_eligible
    assert traded_of(share(), traded, hours, today).cas_eligible
    assert not traded_of(replace(share(), cas_eligible=False), traded, hours, today).cas_eligible
    assert traded_of(share(), alone, hours, today).in_pre_open
    index = replace(share(InstrumentKey.parse("NSE_INDEX:NIFTY")), kind=Kind.INDEX)
    assert not traded_of(index, traded, hours, today).cas_eligible


def test_the_near_future_takes_part_in_the_pre_open_session_and_a_far_one_does_not() -> None:
    near, far = _future("NFO:SBIN:20261229:FUT", "1"), _future("NFO:SBIN:20270223:FUT", "2")
    next_one = _future("NFO:SBIN:20270126:FUT", "3")
    call = replace(option(InstrumentKey.parse("NFO:SBIN:20261229:800:CE")), exchange_token="4")
    listed = InstrumentDirectory((near, far, next_one, call))
    part = {
        one.key: traded_of(one, listed, _CALENDAR.hours, date(2026, 12, 1)).in_pre_open
        for one in (near, far, next_one, call)
    }
    assert part == {near.key: True, far.key: False, next_one.key: False, call.key: False}


async def test_the_operators_word_is_taken_in_without_a_restart(tmp_path: Path) -> None:
    word = tmp_path / "calendar.toml"
    word.write_text("", "utf-8")
    calendar, clock = FileMarketCalendar(word), VirtualClock()
    watching = asyncio.ensure_future(CalendarWatch(calendar, clock).keep_fresh())
    said = []
    for text in ("", "nonsense", ""):
        word.write_text(text, "utf-8")
        await clock.advance(60)
        said.append(calendar.problem is None)
    assert said == [True, False, True]
    watching.cancel()
