"""How InvestRight names instruments: three fields for an order, two for a price."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Final

from ordo_emulators.instruments import Asset, Instrument, Kind, Venue

SEGMENTS: Final = {
    (Kind.FUTURE, Asset.INDEX): "FUTIDX",
    (Kind.OPTION, Asset.INDEX): "OPTIDX",
    (Kind.FUTURE, Asset.STOCK): "FUTSTK",
    (Kind.OPTION, Asset.STOCK): "OPTSTK",
    (Kind.FUTURE, Asset.CURRENCY): "FUTCUR",
    (Kind.OPTION, Asset.CURRENCY): "OPTCUR",
    (Kind.FUTURE, Asset.COMMODITY): "FUTCOM",
    # An option on a commodity is an option on its future.
    (Kind.OPTION, Asset.COMMODITY): "OPTFUT",
}
_PARENTS: Final = {Venue.NFO: "NSE", Venue.CDS: "NSE", Venue.BFO: "BSE"}
_WORDS: Final = 2
_LETTERS: Final = 3
_CODE: Final = _WORDS * _LETTERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An instrument, and what InvestRight calls it.

    `underlying` is what a derivative is written on: a `security_id`, or a plain name in currency and commodity.
    """

    instrument: Instrument
    exchange: str
    security_id: str
    segment: str
    underlying: str = ""

    @property
    def address(self) -> tuple[str, str, str]:
        return self.exchange, self.security_id, self.segment


class Codes:
    """The instruments by their address in orders and by that in prices. ValueError where two share one."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self.by_address: dict[tuple[str, str, str], Listed] = {}
        self.by_token: dict[tuple[str, str], Listed] = {}
        self._by_key: dict[str, Listed] = {}
        companies = _Companies()
        for instrument in instruments:
            listed = _listed(instrument, companies)
            quoted = (quote_exchange(instrument), str(instrument.token))
            if listed.address in self.by_address or quoted in self.by_token:
                raise ValueError(f"{listed.address} or {quoted} names two instruments")
            self.by_address[listed.address] = self.by_token[quoted] = self._by_key[instrument.key] = listed

    def __iter__(self) -> Iterator[Listed]:
        return iter(self._by_key.values())

    def of(self, instrument: Instrument) -> Listed:
        return self._by_key[instrument.key]


def quote_exchange(instrument: Instrument) -> str:
    """Prices tell markets apart where orders name the parent exchange: NFO, BFO, CDS; and NSE_INDEX."""
    suffix = "_INDEX" if instrument.kind is Kind.INDEX else ""
    return f"{instrument.venue}{suffix}"


class _Companies:
    """Six letters a company, from the first two words of its name; the same at both exchanges."""

    def __init__(self) -> None:
        self._codes: dict[str, str] = {}
        self._taken: set[str] = set()
        self._numbers = count(1)

    def code(self, share: Instrument) -> str:
        code = self._codes.get(share.symbol)
        if code is None:
            words = re.findall(r"[A-Z0-9]+", share.name.upper())
            code = "".join(word[:_LETTERS] for word in words[:_WORDS]).ljust(_CODE, "X")
            while code in self._taken:
                code = f"E{next(self._numbers):0{_CODE - 1}}"
            self._codes[share.symbol] = code
            self._taken.add(code)
        return code


def _listed(instrument: Instrument, companies: _Companies) -> Listed:
    exchange = _PARENTS.get(instrument.venue, instrument.venue.value)
    if instrument.kind is Kind.INDEX or instrument.is_cash:
        code = _cash_code(instrument, companies)
        return Listed(instrument=instrument, exchange=exchange, security_id=code, segment="EQUITY")
    if instrument.asset is None:
        raise ValueError(f"{instrument.key} is written on nothing")
    return Listed(
        instrument=instrument,
        exchange=exchange,
        # That MCX, like NSE, has the token for a code is a guess.
        security_id=f"B{instrument.token}" if instrument.venue is Venue.BFO else str(instrument.token),
        segment=SEGMENTS[instrument.kind, instrument.asset],
        underlying=_cash_code(instrument.underlying, companies) if instrument.underlying else instrument.symbol,
    )


def _cash_code(instrument: Instrument, companies: _Companies) -> str:
    if instrument.kind is Kind.INDEX:
        return f"{instrument.symbol}EQ" if instrument.venue is Venue.BSE else f"{instrument.symbol}EQEQNR"
    code = companies.code(instrument)
    if is_debt(instrument):
        return f"{code}{instrument.series}NR"
    return f"{code}EQTT" if instrument.is_trade_to_trade else f"{code}EQNR"


def is_debt(instrument: Instrument) -> bool:
    """A bond or debenture, which is listed among the shares."""
    return instrument.is_cash and re.fullmatch(r"N\d", instrument.series) is not None
