"""The time and the market that tests are given."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from ordo.domain.instruments import InstrumentKey
from ordo.testing.clock import MONDAY_MORNING, SkippingClock
from ordo.testing.emulators import served_emulator
from ordo.testing.market import Market

SBIN = InstrumentKey.parse("NSE:SBIN")
A_YEAR = 365 * 24 * 3600.0


async def test_who_sleeps_wakes_when_time_is_skipped() -> None:
    clock = SkippingClock()
    early, late = (asyncio.ensure_future(clock.sleep(seconds)) for seconds in (A_YEAR, 3 * A_YEAR))
    await asyncio.sleep(0)
    await asyncio.to_thread(clock.skip, A_YEAR)
    await early
    assert not late.done()
    clock.skip(2 * A_YEAR)
    await late
    assert clock.now() - MONDAY_MORNING >= timedelta(seconds=3 * A_YEAR)
    assert clock._sleepers == set()


async def test_no_time_is_no_sleep() -> None:
    await SkippingClock().sleep(-1)


def test_time_does_not_go_back() -> None:
    for seconds in (-0.1, float("nan")):
        with pytest.raises(ValueError, match="time goes on"):
            SkippingClock().skip(seconds)


@pytest.mark.parametrize(("to", "bid", "ask"), [("-5", "-5.05", "-5"), ("5", "5", "5.05"), ("0", "0", "0.05")])
def test_a_price_is_reached_from_where_it_comes(to: str, bid: str, ask: str) -> None:
    clock = SkippingClock()
    market = Market(clock)
    first = market.price("NSE:SBIN")
    market.move("NSE:SBIN", first + Decimal(to), quantity=7)
    depth = market.source.depth(SBIN, clock.now() + timedelta(seconds=1))
    assert depth is not None
    assert depth.last_price == market.price("NSE:SBIN") == first + Decimal(to)
    assert [(level.price - first, level.quantity) for level in (*depth.bids, *depth.asks)] == [
        (Decimal(bid), 7),
        (Decimal(ask), 7),
    ]


def test_prices_stand_still() -> None:
    clock = SkippingClock()
    market = Market(clock)
    first = market.price("NSE:SBIN")
    clock.skip(3600)
    assert market.price("NSE:SBIN") == first
    assert list(market.source.moves(SBIN, MONDAY_MORNING + timedelta(seconds=1), clock.now())) == []


def test_there_are_two_emulators() -> None:
    with pytest.raises(KeyError, match="zerodha"), served_emulator("zerodha"):
        pass
