"""What makes the real security master treacherous, and the shared listing lacks."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Final

from ordo_emulators.instruments import Instrument, Kind, Venue

_BANK: Final = "NSE:HDFCBANK"
_FIRST_CONTRACT: Final = 35_001


def instruments(listing: tuple[Instrument, ...]) -> Iterator[Instrument]:
    """The listing as InvestRight has it, with three bonds around a share, two of them under its name."""
    for instrument in listing:
        if instrument.key != _BANK:
            yield _in_units(instrument)
            continue
        # In another market its number is a contract's.
        yield _bond(instrument, series="N1", token=_FIRST_CONTRACT, close="1004.50")
        yield instrument
        yield _bond(instrument, series="N2", token=27_901, close="1011.00")
        nameless = _bond(instrument, series="N3", token=27_902, close="987.25")
        yield replace(nameless, symbol="", name="NAMELESS DEBENTURES")


def _in_units(instrument: Instrument) -> Instrument:
    """The documents count lots in units, but for currency; that commodities follow them is a guess."""
    if instrument.venue is not Venue.MCX:
        return instrument
    units = instrument.multiplier
    return replace(instrument, lot=instrument.lot * units, freeze=instrument.freeze * units, multiplier=1)


def _bond(share: Instrument, *, series: str, token: int, close: str) -> Instrument:
    price = Decimal(close)
    return replace(
        share,
        key=f"{share.key}:{series}",
        name=f"{share.name} {series}",
        token=token,
        tick=Decimal("0.01"),
        close=price,
        opening=price,
        lower=price * Decimal("0.8"),
        upper=price * Decimal("1.2"),
        series=series,
        isin=f"INE040A08A{series}",
        financed=False,
    )


def is_nameless(instrument: Instrument) -> bool:
    """Many of BSE's rows have no symbol: a client borrows the name from NSE's row of the same code."""
    doubled = instrument.venue is Venue.BSE and instrument.series == "A"
    return doubled and instrument.kind is Kind.EQUITY and instrument.token % 2 == 1


UNTRADABLE: Final = (
    "NSE,USDINR,UNDCUR,,,,1,.0025,88.71,1,USDINR,,88.7",
    "MCX,CRUDEOIL,COM,,,,1,100,5284,294,CRUDEOIL,,5280",
    "BSE,LIQFUNMFNR,EQUITY,,,,999999999,1,1000,DUMMY17,,,1000",
    "NSE,OLDNCDN9NR,EQUITY,,,,1,1,100,DUMMY18,OLDNCD,,100",
)
"""Rows of the master that no order can name."""
