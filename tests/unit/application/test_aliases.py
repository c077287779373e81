"""Names of other houses: understood where one listed instrument is meant, and never guessed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from ordo.application.aliases import resolve
from ordo.domain.directory import InstrumentDirectory
from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.instruments import Instrument, InstrumentKey
from tests.support.orders import option, share


def _share(key: str, token: str, *, series: str | None = None, fyers: str | None = None) -> Instrument:
    found = replace(share(InstrumentKey.parse(key)), exchange_token=token, series=series)
    return replace(found, references={} if fyers is None else {"fyers": fyers})


def _listed(*more: Instrument) -> InstrumentDirectory:
    contracts = (
        replace(option(InstrumentKey.parse(key)), exchange_token=f"7{number}")
        for number, key in enumerate(
            (
                "NFO:NIFTY:20261201:26000:CE",
                "NFO:NIFTY:20261229:26000:CE",
                "NFO:NIFTY:20261229:26000:PE",
                "NFO:NIFTY:20261229:FUT",
                "NFO:NIFTY:20270126:26000:CE",
                "NFO:M&M:20261229:292.5:PE",
                "BFO:SENSEX:20261203:85000:CE",
            )
        )
    )
    return InstrumentDirectory(
        (
            _share("NSE:SBIN", "3045", series="EQ", fyers="NSE:SBIN-EQ"),
            _share("BSE:SBIN", "500112", series="A"),
            _share("NSE:GALLANTT:BE", "11", series="BE"),
            _share("NSE:BAJAJ-AUTO", "16669", series="EQ"),
            _share("NSE:PLAIN", "4", series=None),
            *contracts,
            *more,
        )
    )


def _resolved(text: str, *more: Instrument, brokers: Iterable[str] = ("fyers",)) -> str:
    return str(resolve(_listed(*more), text, brokers=brokers).key)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        pytest.param("NSE:SBIN", "NSE:SBIN", id="canonical"),
        pytest.param(" NSE:SBIN ", "NSE:SBIN", id="white space"),
        pytest.param("NSE:SBIN-EQ", "NSE:SBIN", id="fyers ticker"),
        pytest.param("SBIN-EQ", "NSE:SBIN", id="series tells the venue"),
        pytest.param("BSE:SBIN-A", "BSE:SBIN", id="group of BSE"),
        pytest.param("NSE:GALLANTT-BE", "NSE:GALLANTT:BE", id="kite, trade to trade"),
        pytest.param("NSE:PLAIN", "NSE:PLAIN", id="a share of which no series is told"),
        pytest.param("BAJAJ-AUTO-EQ", "NSE:BAJAJ-AUTO", id="a hyphen and a series"),
        pytest.param("NIFTY26DEC26000CE", "NFO:NIFTY:20261229:26000:CE", id="kite, monthly"),
        pytest.param("NIFTY26D0126000CE", "NFO:NIFTY:20261201:26000:CE", id="kite, weekly"),
        pytest.param("NFO:NIFTY27JAN26000CE", "NFO:NIFTY:20270126:26000:CE", id="kite, with its venue"),
        pytest.param("NIFTY26DECFUT", "NFO:NIFTY:20261229:FUT", id="kite, future"),
        pytest.param("M&M26DEC292.5PE", "NFO:M&M:20261229:292.5:PE", id="kite, half a rupee"),
        pytest.param("NIFTY01DEC2626000CE", "NFO:NIFTY:20261201:26000:CE", id="openalgo"),
        pytest.param("NFO:NIFTY29DEC26FUT", "NFO:NIFTY:20261229:FUT", id="openalgo, future"),
        pytest.param("BFO:SENSEX03DEC2685000CE", "BFO:SENSEX:20261203:85000:CE", id="openalgo, of BSE"),
    ],
)
def test_a_spelling_of_one_listed_instrument(text: str, key: str) -> None:
    assert _resolved(text) == key


@pytest.mark.parametrize(
    ("text", "candidate"),
    [
        pytest.param("SBIN", "BSE:SBIN", id="on two exchanges"),
        pytest.param("BAJAJ-AUTO", "NSE:BAJAJ-AUTO", id="a symbol that does not say where"),
        pytest.param("PLAIN", "NSE:PLAIN", id="a symbol without a series that does not say where"),
        pytest.param("nifty26dec26000ce", "NFO:NIFTY:20261229:26000:CE", id="lower case"),
        pytest.param("NSE:SBIM", "NSE:SBIN", id="misspelt"),
        pytest.param("NSE:SBIN-BE", "NSE:SBIN", id="a series that is not listed"),
        pytest.param("NFO:NIFTY:20261229:26050:CE", "NFO:NIFTY:20261229:26000:CE", id="a strike that is not listed"),
        pytest.param("NIFTY26DEC26050CE", "NFO:NIFTY:20261229:26000:CE", id="an alias of what is not listed"),
        pytest.param("BFO:NIFTY26DEC26000CE", "NFO:NIFTY:20261229:26000:CE", id="of another venue"),
        pytest.param("NIFTY26D2926000CE", "NFO:NIFTY:20261229:26000:CE", id="kite spells the last by its month"),
    ],
)
def test_what_is_no_single_name_is_refused_with_what_is_near(text: str, candidate: str) -> None:
    with pytest.raises(Invalid) as refusal:
        _resolved(text)
    assert refusal.value.code is ErrorCode.INVALID_INSTRUMENT
    (fault,) = refusal.value.fields
    assert (fault.field, fault.seen) == ("instrument", text)
    assert candidate in fault.message
    assert candidate in refusal.value.message


def test_two_contracts_that_are_spelt_alike_are_never_chosen_between() -> None:
    same = replace(option(InstrumentKey.parse("BFO:NIFTY:20261229:26000:CE")), exchange_token="97")
    with pytest.raises(Invalid, match="more than one") as refusal:
        _resolved("NIFTY26DEC26000CE", same)
    assert "NFO:NIFTY:20261229:26000:CE" in refusal.value.message
    assert "BFO:NIFTY:20261229:26000:CE" in refusal.value.message


def test_a_reference_of_a_broker_that_is_not_asked_for_is_no_name() -> None:
    odd = _share("NSE:INFY", "1594", fyers="whatever it says")
    assert _resolved("whatever it says", odd) == "NSE:INFY"
    with pytest.raises(Invalid):
        _resolved("whatever it says", odd, brokers=("hdfc",))


@pytest.mark.parametrize("text", ["", ":", "NSE:", "x" * 100_000, "NSE:\x1f", "₹", ":" * 70])
def test_text_of_any_shape_is_refused_briefly(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        _resolved(text)
    assert refusal.value.code is ErrorCode.INVALID_INSTRUMENT
    assert len(refusal.value.message) < 500
