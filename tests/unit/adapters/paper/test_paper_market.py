from __future__ import annotations

import ast
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ordo.adapters.paper as package
from ordo.adapters.paper.catalogue import load_listings, underlying_of
from ordo.adapters.paper.market import SeededMarket
from ordo.domain.instruments import InstrumentKey, Kind
from ordo.domain.market import Depth

NOON = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
STEP = timedelta(seconds=5)
SBIN = InstrumentKey.parse("NSE:SBIN")
LISTINGS = load_listings()
INSTRUMENTS = {listing.instrument.key: listing.instrument for listing in LISTINGS}

moments = st.datetimes(
    datetime(2026, 11, 1),  # noqa: DTZ001  (Hypothesis adds the zone)
    datetime(2027, 12, 27),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@pytest.fixture(scope="module")
def market() -> SeededMarket:
    return SeededMarket(LISTINGS, seed="ordo")


def known(market: SeededMarket, key: str, at: datetime = NOON) -> Depth:
    depth = market.depth(InstrumentKey.parse(key), at)
    assert depth is not None
    return depth


@given(at=moments, key=st.sampled_from(sorted(INSTRUMENTS, key=str)))
@settings(deadline=None)
def test_prices_are_on_the_tick_and_inside_the_band(at: datetime, key: InstrumentKey) -> None:
    instrument = INSTRUMENTS[key]
    depth = SeededMarket(LISTINGS, seed="ordo").depth(key, at)
    if depth is None:
        assert key.expiry is not None
        assert at >= datetime(*key.expiry.timetuple()[:3], 18, 30, tzinfo=UTC)
        return
    prices = [depth.last_price, *(level.price for level in (*depth.bids, *depth.asks))]
    for price in prices:
        assert type(price) is Decimal
        assert instrument.on_tick(price)
        assert price >= instrument.tick_size
        assert instrument.band_low is None or price >= instrument.band_low
        assert instrument.band_high is None or price <= instrument.band_high
    for level in (*depth.bids, *depth.asks):
        assert level.quantity % instrument.lot_size == 0
    if instrument.kind is Kind.INDEX:
        assert depth.bids == depth.asks == ()
    else:
        assert len(depth.asks) == 5
        assert depth.bids
        assert depth.bids[0].price <= depth.last_price <= depth.asks[0].price
    assert depth.at <= at < depth.at + STEP


def test_the_same_seed_gives_the_same_market_and_another_seed_another() -> None:
    one, same, other = (SeededMarket(LISTINGS, seed=seed) for seed in ("a", "a", "b"))
    hour = [NOON + timedelta(minutes=minute) for minute in range(60)]
    assert [one.depth(SBIN, at) for at in hour] == [same.depth(SBIN, at) for at in reversed(hour)][::-1]
    assert [one.depth(SBIN, at) for at in hour] != [other.depth(SBIN, at) for at in hour]


def test_a_price_that_was_once_given_is_given_for_ever() -> None:
    depth = SeededMarket(LISTINGS, seed="ordo").depth(SBIN, NOON)
    assert depth is not None
    shown = [str(depth.last_price), *(f"{level.price}x{level.quantity}" for level in (*depth.bids, *depth.asks))]
    assert shown == EXPECTED


EXPECTED = [
    "781.80",
    "781.75x11389",
    "781.60x6793",
    "781.50x8591",
    "781.40x1598",
    "781.35x7193",
    "781.85x8392",
    "781.90x7792",
    "781.95x3396",
    "782.00x5394",
    "782.15x10989",
]


def test_moves_are_the_steps_in_between_and_the_market_stands_still_within_one(market: SeededMarket) -> None:
    moves = list(market.moves(SBIN, NOON, NOON + timedelta(seconds=24)))
    assert [depth.at for depth in moves] == [NOON + STEP * number for number in range(1, 5)]
    assert [market.depth(SBIN, depth.at + timedelta(seconds=1)) for depth in moves] == moves
    assert list(market.moves(SBIN, NOON, NOON)) == []
    assert list(market.moves(SBIN, NOON, NOON + timedelta(seconds=4.5))) == []


def test_moves_are_lazy(market: SeededMarket) -> None:
    endless = market.moves(SBIN, NOON, NOON + timedelta(days=100_000))
    assert next(endless).at == NOON + STEP


def test_the_market_moves_but_not_wildly(market: SeededMarket) -> None:
    prices = [depth.last_price for depth in market.moves(SBIN, NOON, NOON + timedelta(hours=4))]
    assert len(set(prices)) > 50
    assert max(prices) - min(prices) > 2
    assert all(abs(after - before) < Decimal("2.50") for before, after in pairwise(prices))


def test_an_order_of_the_documents_fills(market: SeededMarket) -> None:
    for depth in market.moves(SBIN, NOON, NOON + timedelta(hours=12)):
        assert depth.asks[0].price <= Decimal("800.00")
        assert depth.last_price * Decimal("1.05") >= Decimal("800.00")


def test_one_company_has_one_price_on_both_exchanges(market: SeededMarket) -> None:
    assert known(market, "NSE:SBIN").last_price == known(market, "BSE:SBIN").last_price
    assert known(market, "NSE:SBIN").asks != known(market, "BSE:SBIN").asks


@given(at=st.datetimes(datetime(2026, 11, 1), datetime(2026, 12, 29), timezones=st.just(UTC)))  # noqa: DTZ001
@settings(deadline=None, max_examples=50)
def test_puts_and_calls_keep_parity_with_their_future(at: datetime) -> None:
    market = SeededMarket(LISTINGS, seed="ordo")
    future = known(market, "NFO:NIFTY:20261229:FUT", at).last_price
    call = known(market, "NFO:NIFTY:20261229:26000:CE", at).last_price
    put = known(market, "NFO:NIFTY:20261229:26000:PE", at).last_price
    assert abs((call - put) - (future - 26000)) <= Decimal("0.20")


def test_a_future_comes_down_to_its_index_and_an_option_to_its_worth(market: SeededMarket) -> None:
    last = datetime(2026, 12, 29, 18, 29, 55, tzinfo=UTC)
    index = known(market, "NSE_INDEX:NIFTY", last).last_price
    assert abs(known(market, "NFO:NIFTY:20261229:FUT", last).last_price - index) <= Decimal("0.10")
    call = known(market, "NFO:NIFTY:20261229:26000:CE", last).last_price
    assert abs(call - max(index - 26000, Decimal(0))) <= Decimal("0.50")


def test_a_call_is_worth_less_at_a_higher_strike(market: SeededMarket) -> None:
    low = known(market, "NFO:NIFTY:20261229:26000:CE").last_price
    high = known(market, "NFO:NIFTY:20261229:26500:CE").last_price
    assert 0 < high < low < high + 500


def test_what_is_not_listed_or_has_expired_has_no_price(market: SeededMarket) -> None:
    nobody = InstrumentKey.parse("NSE:NOBODY")
    assert market.depth(nobody, NOON) is None
    assert list(market.moves(nobody, NOON, NOON + STEP)) == []
    weekly = InstrumentKey.parse("NFO:NIFTY:20261201:26000:CE")
    end = datetime(2026, 12, 1, 18, 30, tzinfo=UTC)
    assert market.depth(weekly, end - timedelta(microseconds=1)) is not None
    assert market.depth(weekly, end) is None
    assert list(market.moves(weekly, end - STEP, end + STEP)) == []


def test_a_contract_without_its_index_has_no_price() -> None:
    futures = [listing for listing in LISTINGS if listing.instrument.kind is Kind.FUTURE]
    key = futures[0].instrument.key
    assert SeededMarket(futures, seed="ordo").depth(key, NOON) is None


@pytest.mark.parametrize("step", [timedelta(0), timedelta(milliseconds=1500), timedelta(seconds=-1)])
def test_a_step_is_whole_seconds(step: timedelta) -> None:
    with pytest.raises(ValueError, match="seconds"):
        SeededMarket(LISTINGS, seed="ordo", step=step)


def test_with_a_longer_step_the_market_stands_still_longer() -> None:
    slow = SeededMarket(LISTINGS, seed="ordo", step=timedelta(seconds=30))
    depth = slow.depth(SBIN, NOON + timedelta(seconds=59))
    assert depth is not None
    assert depth.at == NOON + timedelta(seconds=30)


def test_no_float_stands_in_the_sources_of_the_paper_broker() -> None:
    (folder,) = package.__path__
    for source in Path(folder).glob("*.py"):
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), source
            assert not (isinstance(node, ast.Name) and node.id == "float"), source
            assert not (isinstance(node, ast.Import) and any(name.name == "random" for name in node.names)), source


def test_the_underlying_of_a_contract_is_its_index() -> None:
    for key in INSTRUMENTS:
        index = underlying_of(key)
        assert (index is None) is (key.expiry is None)
        assert index is None or index in INSTRUMENTS
    assert underlying_of(InstrumentKey.parse("MCX:CRUDEOIL:20261216:FUT")) is None
