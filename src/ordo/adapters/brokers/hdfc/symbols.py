"""Where InvestRight's names of instruments and Ordo's keys meet. An order needs up to seven fields, a price needs two,
and a row of a book may have any of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Protocol

from ordo.domain.directory import InstrumentDirectory
from ordo.domain.errors import ErrorCode, Invalid, Unreadable
from ordo.domain.instruments import Instrument, InstrumentKey, Right, Venue

BROKER: Final = "hdfc"
"""The name of the master's references and facts, whatever the adapter is called."""

_CASH: Final = {"NSE": Venue.NSE, "BSE": Venue.BSE}
_INDEX_AND_STOCK: Final = {"NSE": Venue.NFO, "BSE": Venue.BFO, "MCX": Venue.MCX}
_CURRENCY: Final = {"NSE": Venue.CDS, "BSE": Venue.BCD}
_COMMODITY: Final = {"MCX": Venue.MCX, "NSE": Venue.NCO}
VENUES: Final = {
    "EQUITY": _CASH,
    "FUTIDX": _INDEX_AND_STOCK,
    "OPTIDX": _INDEX_AND_STOCK,
    "FUTSTK": _INDEX_AND_STOCK,
    "OPTSTK": _INDEX_AND_STOCK,
    "FUTCUR": _CURRENCY,
    "OPTCUR": _CURRENCY,
    "FUTCOM": _COMMODITY,
    "OPTFUT": _COMMODITY,
}
_RIGHTS: Final = {"CALL": Right.CE, "CE": Right.CE, "PUT": Right.PE, "PE": Right.PE}
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAY: Final = re.compile(
    r"(?P<year>\d{4})(-?)(?P<month>\d{2})\2(?P<day>\d{2})"
    rf"|(?P<number>\d{{1,2}})([ -])(?P<name>{'|'.join(_MONTHS)})\6(?P<short>(?:20)?\d{{2}})"
)
_PARENTS: Final = {
    Venue.NFO: "NSE", Venue.CDS: "NSE", Venue.NCO: "NSE", Venue.BFO: "BSE", Venue.BCD: "BSE",
}  # fmt: skip
_UNFIT: Final = re.compile(r"[^A-Z0-9&_.+-]")
_PARTS: Final = 3


class Named(Protocol):
    """What the rows of all books say of their instrument."""

    @property
    def exchange(self) -> str: ...
    @property
    def instrument_segment(self) -> str: ...
    @property
    def security_id(self) -> str: ...
    @property
    def underlying_symbol(self) -> str: ...
    @property
    def company_name(self) -> str: ...
    @property
    def isin(self) -> str: ...
    @property
    def expiry_date(self) -> str: ...
    @property
    def strike_price(self) -> Decimal | None: ...
    @property
    def option_type(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """How an order names its instrument. `underlying` is "" for what is no derivative."""

    exchange: str
    segment: str
    security_id: str
    underlying: str
    key: InstrumentKey

    @property
    def reference(self) -> str:
        return f"{self.exchange}:{self.segment}:{self.security_id}"


def address_of(directory: InstrumentDirectory, key: InstrumentKey) -> Address:
    """The three fields of an instrument and more; raises `Invalid` (`INVALID_INSTRUMENT`) where HDFC's master does not
    list it, or not wholly.
    """
    found = directory.get(key)
    parts = [] if found is None else found.references.get(BROKER, "").split(":", _PARTS - 1)
    if found is None or len(parts) != _PARTS:
        raise _unlisted(key, "is not in HDFC's security master")
    underlying = found.facts.get(f"{BROKER}.underlying", "")
    if key.venue.is_derivative and not underlying:
        raise _unlisted(key, "has no underlying in HDFC's security master, without which HDFC takes no order")
    exchange, segment, security_id = parts
    return Address(exchange=exchange, segment=segment, security_id=security_id, underlying=underlying, key=key)


def quote_exchange(key: InstrumentKey, *, parent: bool) -> str:
    """What the price service calls the market: Ordo's own word, or the parent exchange for derivatives."""
    return _PARENTS.get(key.venue, key.venue.value) if parent else key.venue.value


def instrument_of(directory: InstrumentDirectory, row: Named) -> Instrument | None:
    """The listed instrument that a row names by its three fields, if they are a code's."""
    exchange, segment = row.exchange.upper(), row.instrument_segment.upper()
    found = directory.by_reference(BROKER, f"{exchange}:{segment}:{row.security_id}") if row.security_id else None
    return found or _contract(directory, row)


def key_of(row: Named, found: Instrument | None) -> InstrumentKey:
    """The key of a row's instrument, which `instrument_of` has looked for. What no master lists keeps the broker's
    code, or its ISIN, as its symbol, for a row must not be lost; a contract is named by what it is. Raises `ValueError`
    for what names nothing.
    """
    if found is not None:
        return found.key
    if row.instrument_segment.upper() in ("", "EQUITY"):
        venue = _CASH.get(row.exchange.upper())
        if venue is None:
            raise Unreadable(f"a row of HDFC's is of the exchange {row.exchange[:20]!r}")
        return InstrumentKey(venue=venue, root=_root(row.security_id or row.isin or row.company_name))
    return _named(row, row.underlying_symbol or row.company_name or row.security_id)


def day_of(text: str) -> date | None:
    """A date in any of the broker's forms; `None` for none."""
    if not text:
        return None
    found = _DAY.fullmatch(text.strip().upper())
    if found is None:
        raise Unreadable(f"HDFC wrote a date as {text[:20]!r}")
    if found["year"]:
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    return date(2000 + int(found["short"]) % 2000, _MONTHS.index(found["name"]) + 1, int(found["number"]))


def _contract(directory: InstrumentDirectory, row: Named) -> Instrument | None:
    """A derivative whose row has a display name where the code should be."""
    if row.instrument_segment.upper() in ("", "EQUITY"):
        return None
    names = dict.fromkeys((row.underlying_symbol, row.security_id, row.company_name))
    for name in filter(None, names):
        try:
            found = directory.get(_named(row, name))
        except ValueError:
            continue
        if found is not None:
            return found
    return None


def _named(row: Named, name: str) -> InstrumentKey:
    venue = VENUES.get(row.instrument_segment.upper(), {}).get(row.exchange.upper())
    if venue is None:
        raise Unreadable(f"HDFC has a row of the segment {row.instrument_segment!r} on {row.exchange!r}")
    is_option = row.instrument_segment.upper().startswith("OPT")
    return InstrumentKey(
        venue=venue,
        root=_root(name),
        expiry=day_of(row.expiry_date),
        strike=row.strike_price if is_option else None,
        right=_RIGHTS.get(row.option_type.upper()) if is_option else None,
    )


def _root(name: str) -> str:
    return _UNFIT.sub("", name.upper())[:32]


def _unlisted(key: InstrumentKey, why: str) -> Invalid:
    return Invalid.field("instrument", why, seen=key, code=ErrorCode.INVALID_INSTRUMENT)


def named_holding(
    directory: InstrumentDirectory, exchange: str, security_id: str, isin: str
) -> tuple[InstrumentKey, Instrument | None]:
    """What is held. The security master has no ISIN, so that a row whose code it lacks can't be told from others by a
    name of Ordo's: it is called by its ISIN, which is no symbol's, so that no order for another thing can follow.
    """
    venue = _CASH.get(exchange.upper())
    if venue is None:
        raise Unreadable(f"a holding at HDFC is of the exchange {exchange[:20]!r}")
    found = directory.by_reference(BROKER, f"{exchange.upper()}:EQUITY:{security_id}") if security_id else None
    if found is not None:
        return found.key, found
    return InstrumentKey(venue=venue, root=_root(isin or security_id)), None
