from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from ordo.adapters.memory.instruments import MemoryInstruments
from ordo.domain.instruments import Instrument, InstrumentKey, Kind


def share(key: str, name: str) -> Instrument:
    return Instrument(
        key=InstrumentKey.parse(key),
        kind=Kind.EQUITY,
        name=name,
        exchange_token="1",
        lot_size=1,
        tick_size=Decimal("0.05"),
        as_of=date(2026, 11, 22),
    )


STORE = MemoryInstruments(
    [
        share("NSE:SBIN", "State Bank of India"),
        share("NSE:SBIN:BE", "State Bank of India, trade to trade"),
        share("NSE:SBICARD", "SBI Cards"),
        share("BSE:SBIN", "State Bank of India"),
        share("NSE:INDIANB", "Indian Bank"),
        share("NSE:TCS", "Tata Consultancy Services"),
    ]
)


def found(text: str, limit: int = 10) -> list[str]:
    return [str(instrument.key) for instrument in STORE.search(text, limit=limit)]


def test_an_instrument_is_found_by_exactly_its_key() -> None:
    sbin = STORE.get(InstrumentKey.parse("NSE:SBIN"))
    assert sbin is not None
    assert sbin.name == "State Bank of India"
    assert STORE.get(InstrumentKey.parse("NSE:SBI")) is None


def test_a_key_comes_first_then_those_that_begin_with_it() -> None:
    assert found("NSE:SBIN") == ["NSE:SBIN", "NSE:SBIN:BE"]
    assert found("nse:sbi") == ["NSE:SBICARD", "NSE:SBIN", "NSE:SBIN:BE"]


def test_a_symbol_comes_before_a_mere_mention() -> None:
    assert found("sbi") == ["BSE:SBIN", "NSE:SBICARD", "NSE:SBIN", "NSE:SBIN:BE"]
    assert found("india") == ["NSE:INDIANB", "BSE:SBIN", "NSE:SBIN", "NSE:SBIN:BE"]


def test_all_words_must_be_there_in_key_or_name() -> None:
    assert found("state bank") == ["BSE:SBIN", "NSE:SBIN", "NSE:SBIN:BE"]
    assert found("bse bank") == ["BSE:SBIN"]
    assert found("tata bank") == []


def test_no_more_are_given_than_asked_for_and_each_once() -> None:
    assert found("s", limit=2) == ["BSE:SBIN", "NSE:SBICARD"]
    assert found("NSE:", limit=3) == ["NSE:INDIANB", "NSE:SBICARD", "NSE:SBIN"]
    assert found("sbin", limit=0) == []
    assert len(found("")) == 6


def test_a_new_set_takes_the_place_of_the_old_and_of_two_rows_the_later_stays() -> None:
    store = MemoryInstruments([share("NSE:SBIN", "State Bank of India")])
    store.replace([share("NSE:TCS", "old"), replace(share("NSE:TCS", "new"), exchange_token="2")])
    assert store.get(InstrumentKey.parse("NSE:SBIN")) is None
    (tcs,) = store.search("tcs", limit=5)
    assert (tcs.name, tcs.exchange_token) == ("new", "2")
