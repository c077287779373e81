from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal

import pytest

from ordo.adapters.paper.catalogue import AS_OF, load_catalogue, load_listings
from ordo.domain.instruments import InstrumentKey, Kind, Venue

CATALOGUE = {str(instrument.key): instrument for instrument in load_catalogue()}


def test_the_catalogue_holds_shares_funds_indices_futures_and_options() -> None:
    kinds = Counter(instrument.kind for instrument in CATALOGUE.values())
    assert set(kinds) == set(Kind)
    assert len(CATALOGUE) == len(load_listings())
    assert {instrument.key.venue for instrument in CATALOGUE.values()} == {
        Venue.NSE,
        Venue.BSE,
        Venue.NFO,
        Venue.BFO,
        Venue.NSE_INDEX,
        Venue.BSE_INDEX,
    }


@pytest.mark.parametrize(
    ("key", "token", "isin"),
    [
        ("NSE:SBIN", "3045", "INE062A01020"),
        ("NSE:RELIANCE", "2885", "INE002A01018"),
        ("NSE:TCS", "11536", "INE467B01029"),
        ("NSE:INFY", "1594", "INE009A01021"),
        ("NSE:HDFCBANK", "1333", "INE040A01034"),
        ("NSE:ICICIBANK", "4963", "INE090A01021"),
        ("NSE:ADANIPORTS", "15083", "INE742F01042"),
        ("BSE:SBIN", "500112", "INE062A01020"),
        ("BSE:RELIANCE", "500325", "INE002A01018"),
        ("NSE_INDEX:NIFTY", "26000", None),
        ("NSE_INDEX:BANKNIFTY", "26009", None),
        ("BSE_INDEX:SENSEX", "1", None),
    ],
)
def test_tokens_and_isins_are_those_of_the_exchanges(key: str, token: str, isin: str | None) -> None:
    assert (CATALOGUE[key].exchange_token, CATALOGUE[key].isin) == (token, isin)


def test_contracts_carry_their_lots_and_paper_tokens() -> None:
    terms = {"NIFTY": (65, 1800), "BANKNIFTY": (30, 600), "SENSEX": (20, None)}
    for instrument in CATALOGUE.values():
        if instrument.key.expiry is not None:
            assert (instrument.lot_size, instrument.freeze_quantity) == terms[instrument.key.root]
            assert re.fullmatch(r"PAPER-\d{3}", instrument.exchange_token)


def test_the_contracts_of_the_documents_are_listed() -> None:
    assert "NFO:NIFTY:20261229:FUT" in CATALOGUE
    assert "NFO:NIFTY:20261201:26000:CE" in CATALOGUE
    assert any(key.startswith("NFO:NIFTY:2027") for key in CATALOGUE)


def nse_step(price: Decimal) -> Decimal:
    """Domain facts, section 4."""
    for below, step in ((250, "0.01"), (1000.01, "0.05"), (5000.01, "0.10"), (10000.01, "0.50"), (20000.01, "1")):
        if price < Decimal(str(below)):
            return Decimal(step)
    return Decimal(5)


def test_price_steps_follow_the_price() -> None:
    for listing in load_listings():
        instrument, base = listing.instrument, listing.base_price
        if instrument.kind is Kind.EQUITY:
            assert base is not None
            assert instrument.tick_size == nse_step(base), instrument.key
        if instrument.kind is Kind.OPTION:
            assert instrument.tick_size == Decimal("0.05")
    assert CATALOGUE["NFO:NIFTY:20261229:FUT"].tick_size == Decimal("0.10")
    assert CATALOGUE["NFO:BANKNIFTY:20261229:FUT"].tick_size == Decimal("0.20")
    assert CATALOGUE["NSE:NIFTYBEES"].tick_size == Decimal("0.01")


def test_bands_are_on_the_tick_around_the_base() -> None:
    for listing in load_listings():
        instrument, base = listing.instrument, listing.base_price
        if instrument.band_low is not None and instrument.band_high is not None:
            assert base is not None
            assert instrument.band_low < base < instrument.band_high
            assert instrument.on_tick(instrument.band_low)
            assert instrument.on_tick(instrument.band_high)


def test_keys_are_canonical_and_facts_have_a_date() -> None:
    tokens: Counter[tuple[Venue, str]] = Counter()
    for text, instrument in CATALOGUE.items():
        assert InstrumentKey.parse(text) == instrument.key
        assert instrument.as_of == AS_OF
        assert instrument.tradable is (instrument.kind is not Kind.INDEX)
        tokens[instrument.key.venue, instrument.exchange_token] += 1
    assert max(tokens.values()) == 1
