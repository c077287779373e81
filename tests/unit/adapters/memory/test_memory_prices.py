from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ordo.adapters.memory.prices import MemoryPrices
from ordo.domain.instruments import InstrumentKey

SBIN = InstrumentKey.parse("NSE:SBIN")
START = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)


def at(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def told() -> MemoryPrices:
    prices = MemoryPrices()
    for seconds, last in ((10, "780.00"), (30, "782.00"), (20, "781.00")):
        prices.quote(SBIN, at(seconds), last, bids=(("779.00", 5),), asks=(("783.00", 7),))
    return prices


def test_the_market_stands_as_it_was_last_told() -> None:
    prices = told()
    assert prices.depth(SBIN, at(9)) is None
    assert prices.depth(InstrumentKey.parse("NSE:TCS"), at(99)) is None
    seen = [prices.depth(SBIN, at(seconds)) for seconds in (10, 19, 20, 99)]
    assert [str(depth.last_price) for depth in seen if depth] == ["780.00", "780.00", "781.00", "782.00"]


def test_moves_come_in_order_behind_one_moment_and_up_to_another() -> None:
    prices = told()
    assert [depth.at for depth in prices.moves(SBIN, at(10), at(30))] == [at(20), at(30)]
    assert list(prices.moves(SBIN, at(30), at(99))) == []
    assert list(prices.moves(SBIN, at(30), at(10))) == []
    assert list(prices.moves(InstrumentKey.parse("NSE:TCS"), at(0), at(99))) == []


def test_what_is_told_again_for_a_moment_replaces_it() -> None:
    prices = told()
    prices.quote(SBIN, at(20), "700.00")
    assert [str(depth.last_price) for depth in prices.moves(SBIN, at(0), at(99))] == ["780.00", "700.00", "782.00"]
