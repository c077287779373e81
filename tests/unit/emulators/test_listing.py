from collections import Counter
from datetime import date

import pytest

from ordo_emulators.calendar import THURSDAY, TUESDAY, is_trading_day, monthly_expiries, weekly_expiries
from ordo_emulators.instruments import Instrument, Kind, Venue
from ordo_emulators.listing import LISTED_ON, listing


def test_nse_expiries_fall_on_the_trading_day_before_a_holiday() -> None:
    assert [day.isoformat() for day in weekly_expiries(LISTED_ON, TUESDAY)] == [
        "2026-11-23",
        "2026-12-01",
        "2026-12-08",
        "2026-12-15",
        "2026-12-22",
        "2026-12-29",
        "2027-01-05",
        "2027-01-12",
        "2027-01-19",
        "2027-01-25",
    ]
    assert monthly_expiries(LISTED_ON, TUESDAY) == [date(2026, 11, 23), date(2026, 12, 29), date(2027, 1, 25)]


def test_bse_expires_on_thursdays() -> None:
    assert monthly_expiries(LISTED_ON, THURSDAY) == [date(2026, 11, 26), date(2026, 12, 31), date(2027, 1, 28)]


def test_what_has_expired_is_not_listed() -> None:
    assert weekly_expiries(date(2026, 12, 2), TUESDAY)[0] == date(2026, 12, 8)


@pytest.mark.parametrize(("day", "trades"), [("2026-11-23", True), ("2026-11-24", False), ("2026-11-22", False)])
def test_trading_days(day: str, trades: bool) -> None:  # noqa: FBT001
    assert is_trading_day(date.fromisoformat(day)) is trades


def test_what_a_client_needs_is_listed(instruments: tuple[Instrument, ...]) -> None:
    by_key = {i.key: i for i in instruments}
    assert by_key["NSE:SBIN"].token == 3045
    assert {"NSE:M&M", "NSE:BAJAJ-AUTO", "NSE:MODIRUBBER:BE", "BSE:3IINFOLTD:T", "NSE_INDEX:NIFTY"} <= by_key.keys()
    for root, expiries in (("NIFTY", 10), ("BANKNIFTY", 3)):
        futures = [i for i in instruments if i.symbol == root and i.kind is Kind.FUTURE]
        assert [i.expiry for i in futures] == monthly_expiries(LISTED_ON, TUESDAY)
        assert len({i.expiry for i in instruments if i.symbol == root and i.kind is Kind.OPTION}) == expiries
    weekly = by_key["NFO:NIFTY:20261201:26000:CE"]
    assert (weekly.lot, weekly.monthly, weekly.underlying) == (65, False, by_key["NSE_INDEX:NIFTY"])


def test_keys_and_tokens_name_one_instrument_each(instruments: tuple[Instrument, ...]) -> None:
    assert max(Counter(i.key for i in instruments).values()) == 1
    assert max(Counter((i.venue, i.token) for i in instruments).values()) == 1


def test_prices_are_on_the_tick_and_inside_the_band(instruments: tuple[Instrument, ...]) -> None:
    for i in instruments:
        if i.kind is not Kind.INDEX:
            assert [p % i.tick for p in (i.close, i.opening, i.lower, i.upper)] == [0, 0, 0, 0], i.key
            assert 0 < i.lower <= i.opening <= i.upper, i.key
            assert i.lot >= 1
            assert i.freeze == 0 or i.freeze >= i.lot


def test_the_same_seed_lists_the_same_and_another_moves_prices_only(instruments: tuple[Instrument, ...]) -> None:
    listing.cache_clear()
    again = listing()
    assert again is not instruments
    assert again == instruments
    other = listing(1)
    assert [(i.key, i.token, i.close) for i in other] == [(i.key, i.token, i.close) for i in instruments]
    assert [i.opening for i in other] != [i.opening for i in instruments]


def test_a_large_listing_begins_with_the_small_one(instruments: tuple[Instrument, ...]) -> None:
    large = listing(rows=20_000)
    assert 20_000 <= len(large) < 20_100
    assert large[: len(instruments)] == instruments
    assert len({i.key for i in large}) == len({(i.venue, i.token) for i in large}) == len(large)


def test_every_venue_has_something(instruments: tuple[Instrument, ...]) -> None:
    assert {i.venue for i in instruments} == set(Venue)
