"""A directory answers as a plain dictionary of its instruments does."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordo.domain.directory import InstrumentDirectory
from ordo.domain.errors import Invalid
from ordo.domain.instruments import Instrument, InstrumentKey, Right, Venue
from ordo.domain.packing import pack, unpack
from tests.support.instruments import instruments

# Few of everything, so that names meet.
_roots = st.sampled_from(["A", "AB", "A-B", "A&B", "B"])
_days = st.sampled_from([date(2026, 12, 1), date(2026, 12, 29), date(2027, 1, 5)])
_shares = st.builds(
    InstrumentKey,
    venue=st.sampled_from([Venue.NSE, Venue.BSE]),
    root=_roots,
    series=st.none() | st.sampled_from(["BE", "A"]),
)
_futures = st.builds(InstrumentKey, venue=st.sampled_from([Venue.NFO, Venue.BFO]), root=_roots, expiry=_days)
_options = st.builds(
    InstrumentKey,
    venue=st.just(Venue.NFO),
    root=_roots,
    expiry=_days,
    strike=st.sampled_from([Decimal(100), Decimal("100.5"), Decimal(1000)]),
    right=st.sampled_from(Right),
)
_keys = _shares | _futures | _options
_tokens = st.sampled_from(["", "1", "2", "3", "4"])
_brokers = st.sampled_from(["fyers", "hdfc"])
_references = st.sampled_from(["A", "B", "C", "fyers=A"])
_few = st.lists(instruments(_keys, _tokens, st.dictionaries(_brokers, _references, max_size=1)), max_size=8)
_words = st.sampled_from(["A", "AB", "NSE", "NFO", "100", "CE", "DEC", "DECEMBER", "ja", "20261201", "BE"])


def _is_unambiguous(few: list[Instrument]) -> bool:
    keys = [one.key for one in few]
    tokens = [(one.key.venue, one.exchange_token) for one in few if one.exchange_token]
    references = [pair for one in few for pair in one.references.items()]
    return all(len(set(names)) == len(names) for names in (keys, tokens, references))


def _only(found: Iterable[Instrument]) -> Instrument | None:
    return next(iter(found), None)


@given(instrument=instruments())
def test_an_instrument_is_read_back_from_its_line(instrument: Instrument) -> None:
    assert unpack(pack(instrument)) == instrument


@given(few=_few, key=_keys, token=_tokens, broker=_brokers, reference=_references, day=st.none() | _days)
def test_a_directory_answers_as_a_dictionary_does(
    few: list[Instrument], key: InstrumentKey, token: str, broker: str, reference: str, day: date | None
) -> None:
    if not _is_unambiguous(few):
        with pytest.raises(Invalid):
            InstrumentDirectory(few)
        return
    directory = InstrumentDirectory(few)
    model = {one.key: one for one in sorted(few, key=lambda one: str(one.key))}
    assert list(directory) == list(model.values())
    assert len(directory) == len(model)
    for wanted in (key, *model):
        assert directory.get(wanted) == model.get(wanted)
        named = [one for one in few if one.exchange_token == token != "" and one.key.venue is wanted.venue]
        assert directory.by_token(wanted.venue, token) == _only(named)
        chain = [one for one in model.values() if (one.key.venue, one.key.root) == (wanted.venue, wanted.root)]
        chain = [one for one in chain if one.key.expiry is not None]
        assert directory.contracts(wanted.venue, wanted.root, day) == tuple(
            one for one in chain if day in (None, one.key.expiry)
        )
        assert list(directory.expiries(wanted.venue, wanted.root)) == sorted(
            {one.key.expiry for one in chain if one.key.expiry is not None}
        )
    assert directory.by_reference(broker, reference) == _only(
        one for one in few if one.references.get(broker) == reference
    )


def _holds(instrument: Instrument, words: list[str]) -> bool:
    day = instrument.key.expiry
    text = f"{instrument.key} {instrument.name} {'' if day is None else f'{day:%B}'}".upper()
    return all(word.upper() in text for word in words)


@given(few=_few.filter(_is_unambiguous), words=st.lists(_words, min_size=1, max_size=3), limit=st.integers(0, 9))
def test_a_search_finds_all_that_fits_and_nothing_else(few: list[Instrument], words: list[str], limit: int) -> None:
    directory = InstrumentDirectory(few)
    found = directory.search(" ".join(words), limit=99)
    assert {str(one.key) for one in found} == {str(one.key) for one in few if _holds(one, words)}
    assert len({str(one.key) for one in found}) == len(found)
    assert directory.search(" ".join(words), limit=limit) == found[:limit]


@given(few=_few.filter(_is_unambiguous), key=_keys, end=st.integers(5, 30))
def test_what_a_key_begins_with_comes_first(few: list[Instrument], key: InstrumentKey, end: int) -> None:
    text = str(key)[:end]
    beginning = sorted(str(one.key) for one in few if str(one.key).startswith(text))
    found = InstrumentDirectory(few).search(text, limit=99)
    assert [str(one.key) for one in found][: len(beginning)] == beginning


@given(few=_few.filter(_is_unambiguous), text=st.text(max_size=20) | _keys.map(str), limit=st.integers(0, 5))
def test_the_nearest_are_known_instruments_and_no_more_than_asked(few: list[Instrument], text: str, limit: int) -> None:
    directory = InstrumentDirectory(few)
    found = directory.nearest(text, limit=limit)
    assert len(found) <= limit
    assert all(directory.get(one.key) == one for one in found)
    if limit and directory.search(text, limit=1)[:1] and any(str(one.key) == text for one in few):
        assert str(found[0].key) == text
