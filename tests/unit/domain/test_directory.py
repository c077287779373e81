from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from datetime import date
from decimal import Decimal
from sys import getsizeof
from threading import Thread

import pytest

from ordo.domain import directory as module
from ordo.domain.directory import InstrumentDirectory
from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.instruments import Instrument, InstrumentKey, Kind, QuantityUnit, Venue
from ordo.domain.packing import pack, unpack
from tests.support.instruments import TODAY, full_day


def one(key: str, name: str = "", token: str = "", **references: str) -> Instrument:
    return Instrument(
        key=InstrumentKey.parse(key),
        kind=Kind.EQUITY,
        name=name,
        exchange_token=token,
        lot_size=1,
        tick_size=Decimal("0.05"),
        as_of=TODAY,
        references=references,
    )


EXPIRIES = (date(2026, 12, 1), date(2026, 12, 29), date(2027, 1, 25))
NIFTY = tuple(
    one(f"NFO:NIFTY:{day:%Y%m%d}:{strike}:{right}")
    for day in EXPIRIES
    for strike in (25500, 26000)
    for right in ("CE", "PE")
)
SHARES = (
    one("NSE:SBIN", "State Bank of India", "3045", fyers="NSE:SBIN-EQ", hdfc="STABANEQNR"),
    one("NSE:SBIN:BE", "State Bank of India", "3046"),
    one("BSE:SBIN", "State Bank of India", "500112"),
    one("NSE:SBILIFE", "SBI Life Insurance"),
    one("NSE:MARUTI", "Maruti Suzuki India", "10999", fyers="NSE:MARUTI-EQ"),
    one("NSE_INDEX:NIFTY", "Nifty 50"),
    one("NSE:NIFTYBEES", "Nippon India ETF Nifty 50 BeES"),
)
FUTURES = (one("NFO:NIFTY:20261229:FUT", "Nifty 50 future"), one("NFO:NIFTYNXT50:20261229:FUT"))
ALL = (*SHARES, *FUTURES, *NIFTY)


@pytest.fixture(scope="module")
def directory() -> InstrumentDirectory:
    return InstrumentDirectory(ALL)


def names(found: tuple[Instrument, ...]) -> list[str]:
    return [str(instrument.key) for instrument in found]


def test_a_directory_is_read_in_order_of_key(directory: InstrumentDirectory) -> None:
    assert len(directory) == len(ALL)
    assert [str(instrument.key) for instrument in directory] == sorted(str(instrument.key) for instrument in ALL)


def test_the_lines_of_a_directory_make_it_again(directory: InstrumentDirectory) -> None:
    assert tuple(InstrumentDirectory.of_lines(reversed(directory.lines))) == tuple(directory)


def test_an_instrument_is_found_by_key_token_and_reference(directory: InstrumentDirectory) -> None:
    assert directory.get(InstrumentKey.parse("NSE:SBIN")) == SHARES[0]
    assert directory.get(InstrumentKey.parse("NSE:SBIN:BE")) == SHARES[1]
    assert directory.by_token(Venue.NSE, "3045") == SHARES[0]
    assert directory.by_reference("fyers", "NSE:SBIN-EQ") == SHARES[0]


def test_an_instrument_is_the_same_object_each_time_and_that_of_its_own_day(directory: InstrumentDirectory) -> None:
    key = InstrumentKey.parse("NSE:SBIN")
    assert directory.get(key) is directory.get(replace(key)) is directory.by_token(Venue.NSE, "3045")
    tomorrow = InstrumentDirectory([replace(SHARES[0], lot_size=5)])
    assert tomorrow.get(key) == replace(SHARES[0], lot_size=5)
    assert directory.get(key) == SHARES[0]
    assert tomorrow.get(SHARES[1].key) is None
    assert directory.get(SHARES[1].key) == SHARES[1]


@pytest.mark.parametrize("key", ["NSE:SBI", "NSE:SBIN:EQ", "NSE:ZZZ", "NFO:NIFTY:20261229:26000.5:CE"])
def test_a_key_that_is_not_there_is_none(directory: InstrumentDirectory, key: str) -> None:
    assert directory.get(InstrumentKey.parse(key)) is None


def test_a_token_or_reference_of_another_is_none(directory: InstrumentDirectory) -> None:
    assert directory.by_token(Venue.BSE, "3045") is None
    assert directory.by_token(Venue.NSE, "") is None
    assert directory.by_reference("hdfc", "NSE:SBIN-EQ") is None
    assert directory.by_reference("fyers", "\ud800") is None


def test_two_names_with_one_hash_are_not_taken_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ordo.domain.places._hash", lambda _: 7)
    directory = InstrumentDirectory([one("NSE:SBIN", token="3045")])
    assert directory.by_token(Venue.NSE, "3045") is not None
    assert directory.by_token(Venue.NSE, "3046") is None
    assert directory.by_reference("fyers", "3045") is None


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (one("NSE:SBIN", token="1"), "key"),
        (one("NSE:TCS", token="3045"), "exchange token"),
        (one("BSE:TCS", fyers="NSE:SBIN-EQ"), "broker reference"),
    ],
)
def test_what_has_two_meanings_is_refused(other: Instrument, what: str) -> None:
    with pytest.raises(Invalid, match=f"NSE:SBIN.* have the same {what}") as caught:
        InstrumentDirectory([*ALL, other])
    assert caught.value.code is ErrorCode.INVALID_INSTRUMENT
    assert str(other.key) in caught.value.message


def test_one_token_on_two_exchanges_is_two_tokens() -> None:
    directory = InstrumentDirectory([one("NSE:A", token="1", fyers="x"), one("BSE:A", token="1", hdfc="x")])
    assert names(tuple(directory)) == ["BSE:A", "NSE:A"]


def test_the_contracts_of_an_underlying_are_a_chain(directory: InstrumentDirectory) -> None:
    assert directory.expiries(Venue.NFO, "NIFTY") == EXPIRIES
    assert set(names(directory.contracts(Venue.NFO, "NIFTY"))) == {str(one.key) for one in (*NIFTY, FUTURES[0])}
    assert names(directory.contracts(Venue.NFO, "NIFTY", EXPIRIES[0])) == [str(one.key) for one in NIFTY[:4]]


@pytest.mark.parametrize(
    ("venue", "root"),
    [
        (Venue.NSE, "SBIN"),
        (Venue.NSE_INDEX, "NIFTY"),
        (Venue.NFO, "NIFT"),
        (Venue.BFO, "NIFTY"),
        (Venue.NFO, f"NIFTY:{EXPIRIES[0]:%Y%m%d}"),
    ],
)
def test_what_has_no_contracts_has_no_chain(directory: InstrumentDirectory, venue: Venue, root: str) -> None:
    assert directory.contracts(venue, root) == ()
    assert directory.expiries(venue, root) == ()


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("NSE:SB", ["NSE:SBILIFE", "NSE:SBIN", "NSE:SBIN:BE"]),
        ("sbin", ["BSE:SBIN", "NSE:SBIN", "NSE:SBIN:BE"]),
        ("  State   bank ", ["BSE:SBIN", "NSE:SBIN", "NSE:SBIN:BE"]),
        ("insurance life", ["NSE:SBILIFE"]),
        ("nifty", ["NSE_INDEX:NIFTY", "NFO:NIFTY:20261229:FUT"]),
        ("nifty bees", ["NSE:NIFTYBEES"]),
        ("nifty 26000 ce dec", ["NFO:NIFTY:20261201:26000:CE", "NFO:NIFTY:20261229:26000:CE"]),
        ("nifty:20270125:pe", ["NFO:NIFTY:20270125:25500:PE", "NFO:NIFTY:20270125:26000:PE"]),
        ("january 26000 pe", ["NFO:NIFTY:20270125:26000:PE"]),
        ("mar", ["NSE:MARUTI"]),
        ("50", ["NSE:NIFTYBEES", "NSE_INDEX:NIFTY"]),
        ("nse:sbin:be", ["NSE:SBIN:BE"]),
    ],
)
def test_what_is_looked_for_comes_first(directory: InstrumentDirectory, text: str, first: list[str]) -> None:
    assert names(directory.search(text, limit=20))[: len(first)] == first


def test_only_so_many_are_found(directory: InstrumentDirectory) -> None:
    assert len(directory.search("nifty", limit=3)) == 3
    assert names(directory.search("nifty", limit=99))[:3] == names(directory.search("nifty", limit=3))
    assert directory.search("nifty", limit=0) == ()


@pytest.mark.parametrize("text", ["", "  ", ":", "no such thing", "NSE:SBINX", "\ud800", "NSE:SBIN\x1fEQ"])
def test_what_nothing_fits_finds_nothing(directory: InstrumentDirectory, text: str) -> None:
    assert directory.search(text, limit=9) == ()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("NSE:SBINN", "NSE:SBIN"),
        ("BSE:SBIM", "BSE:SBIN"),
        ("NSE:MARTUI", "NSE:MARUTI"),
        ("NSE:YARUTI", "NSE:MARUTI"),
        ("sbin-eq", "NSE:SBIN"),
        ("NFO:NIFTY:20261230:26000:CE", "NFO:NIFTY:20261229:26000:CE"),
        ("NFO:NIFTY:20261229:26050:PE", "NFO:NIFTY:20261229:26000:PE"),
        ("NSE:NIFTY26DEC26000PE", "NFO:NIFTY:20261201:26000:PE"),
        ("NSE:NIFTY", "NSE_INDEX:NIFTY"),
    ],
)
def test_what_was_meant_is_among_the_nearest(directory: InstrumentDirectory, text: str, meant: str) -> None:
    assert meant in names(directory.nearest(text, limit=3))


@pytest.mark.parametrize("text", ["", "  ", ":", "?", "\ud800", "0" * 10_000])
def test_what_resembles_nothing_has_no_nearest(directory: InstrumentDirectory, text: str) -> None:
    assert directory.nearest(text, limit=3) == ()
    assert InstrumentDirectory().nearest("NSE:SBIN", limit=3) == ()


def test_a_directory_that_nobody_holds_goes_at_once() -> None:
    directory = InstrumentDirectory(ALL)
    assert directory.get(SHARES[0].key) is not None
    gone = weakref.ref(directory)
    gc.disable()
    try:
        del directory
        assert gone() is None
    finally:
        gc.enable()


def test_the_layout_of_a_line_is_the_one_that_databases_hold() -> None:
    # Whoever changes this also adds a migration that empties the table `instrument`.
    instrument = Instrument(
        key=InstrumentKey.parse("MCX:CRUDEOIL:20261216:5500.5:PE"),
        kind=Kind.OPTION,
        name="Crude ₹",
        exchange_token="77",
        lot_size=100,
        tick_size=Decimal("0.10"),
        as_of=TODAY,
        freeze_quantity=10_000,
        band_low=Decimal("0.1"),
        band_high=Decimal("9.9"),
        multiplier=Decimal(2),
        isin="INE1",
        series="EQ",
        tradable=False,
        quantity_unit=QuantityUnit.LOTS,
        mtf=True,
        facts={"hdfc.segment": "OPTFUT", "b": ""},
        references={"fyers": "A=1", "hdfc": "B"},
    )
    line = (
        "MCX:CRUDEOIL:20261216:5500.5:PE|OPTION|Crude ₹|77|100|0.10|2026-11-23|10000|0.1|9.9|2|INE1|EQ|0|LOTS|1,|"
        "hdfc.segment=OPTFUT;b=|fyers=A=1;hdfc=B"
    )
    assert pack(instrument) == line.replace("|", "\x1f").replace(";", "\x1e").encode()
    assert unpack(pack(instrument)) == instrument


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": "a\x1fb"}, "control character"),
        ({"facts": {"a": "b\x1ec"}}, "control character"),
        ({"references": {"fy\x1ers": "b"}}, "control character"),
        ({"references": {"a=b": "c"}}, "with = in it"),
        ({"facts": {"a=": "c"}}, "with = in it"),
        ({"name": "\ud800"}, "not valid Unicode"),
    ],
)
def test_text_that_a_line_can_not_carry_is_refused(change: dict[str, object], reason: str) -> None:
    with pytest.raises(Invalid, match=reason) as caught:
        InstrumentDirectory([replace(SHARES[0], **change)])  # type: ignore[arg-type]
    assert caught.value.code is ErrorCode.INVALID_INSTRUMENT


@pytest.mark.parametrize("line", [b"", b"NSE:SBIN", b"\xff", SHARES[0].name.encode()])
def test_what_is_no_line_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (whatever is wrong first)
        InstrumentDirectory.of_lines([line])


def test_a_directory_of_lines_finds_by_key_at_once_and_by_all_else_when_it_is_asked_to() -> None:
    whole = InstrumentDirectory(SHARES)
    taken_up = InstrumentDirectory.of_lines(whole.lines)
    assert taken_up._index is None
    assert all(taken_up.get(share.key) == share for share in SHARES)
    assert taken_up._index is None
    assert taken_up.by_token(SHARES[0].key.venue, SHARES[0].exchange_token) == SHARES[0]
    assert taken_up.search(SHARES[0].name, limit=5) == whole.search(SHARES[0].name, limit=5)


def test_who_needs_the_index_while_it_is_made_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    taken_up = InstrumentDirectory.of_lines(InstrumentDirectory(SHARES).lines)
    other, made, waited = Thread(target=taken_up.index), 0, False
    make = module._Index

    def making(lines: list[bytes]) -> module._Index:
        nonlocal made, waited
        made += 1
        if made == 1:
            other.start()
            other.join(0.1)
            waited = other.is_alive()
        return make(lines)

    monkeypatch.setattr(module, "_Index", making)
    taken_up.index()
    other.join()
    assert (made, waited) == (1, True)


def test_lines_that_share_a_token_are_refused_before_they_answer() -> None:
    one, other = SHARES[0], replace(SHARES[1], exchange_token=SHARES[0].exchange_token)
    lines = [*InstrumentDirectory([one]).lines, *InstrumentDirectory([other]).lines]
    with pytest.raises(Invalid, match="same exchange token"):
        InstrumentDirectory.of_lines(lines).by_token(one.key.venue, one.exchange_token)


def test_a_full_day_is_held_in_little_memory_and_found_whole() -> None:
    day = list(full_day(200_000))
    directory = InstrumentDirectory(day)
    assert len(directory) == len(day)
    found = directory._indexed()
    held = (directory.lines, found.words, found.starts, found.roots, *directory.lines, *found.roots)
    indexes = [part for index in (found.tokens, found.references) for part in (index._hashes, index._places)]
    assert sum(map(getsizeof, (*held, *indexes))) < 120_000_000
    for expected in day[::50]:
        assert directory.get(expected.key) == expected
    for expected in day[::50]:
        assert directory.by_token(expected.key.venue, expected.exchange_token) == expected
        assert directory.by_reference("hdfc", expected.references["hdfc"]) == expected
