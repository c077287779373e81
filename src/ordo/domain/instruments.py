"""What is traded: one canonical key for every instrument, and the facts that orders depend on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache

from ordo.domain.errors import ErrorCode, Invalid


class Venue(StrEnum):
    """Where an instrument trades; the codes that Indian traders share."""

    NSE = "NSE"
    BSE = "BSE"
    NFO = "NFO"
    BFO = "BFO"
    CDS = "CDS"
    BCD = "BCD"
    MCX = "MCX"
    NCO = "NCO"
    NSE_INDEX = "NSE_INDEX"
    BSE_INDEX = "BSE_INDEX"

    @property
    def is_cash(self) -> bool:
        """Whether shares and funds trade here for delivery."""
        return self in _CASH

    @property
    def is_index(self) -> bool:
        """Whether this venue only publishes index levels and takes no orders."""
        return self in _INDEX

    @property
    def is_derivative(self) -> bool:
        """Whether futures and options trade here."""
        return self in _DERIVATIVE


_CASH = frozenset({Venue.NSE, Venue.BSE})
_INDEX = frozenset({Venue.NSE_INDEX, Venue.BSE_INDEX})
_DERIVATIVE = frozenset(Venue) - _CASH - _INDEX


class Right(StrEnum):
    """The right an option gives: CE to buy (call), PE to sell (put)."""

    CE = "CE"
    PE = "PE"


class Kind(StrEnum):
    """What sort of thing an instrument is."""

    EQUITY = "EQUITY"
    ETF = "ETF"
    INDEX = "INDEX"
    FUTURE = "FUTURE"
    OPTION = "OPTION"


class QuantityUnit(StrEnum):
    """What a broker or venue counts in. Ordo itself always counts units."""

    UNITS = "UNITS"
    LOTS = "LOTS"


_ROOT = re.compile(r"[A-Z0-9][A-Z0-9&_.+-]{0,31}")
_SERIES = re.compile(r"[A-Z0-9]{1,4}")
_STRIKE = re.compile(r"(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{0,3}[1-9])?")
_DAY = re.compile(r"[0-9]{8}")
_FUTURE_FIELDS = 4
_OPTION_FIELDS = 5
_FIRST_YEAR = 1000
_MAX_STRIKE = Decimal("999999999.9999")
_FINEST = Decimal("0.0001")


def _bad_key(text: str, message: str) -> Invalid:
    return Invalid.field("instrument", message, seen=text, code=ErrorCode.INVALID_INSTRUMENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentKey:
    """The one name of an instrument, the same for every broker (domain facts, section 3.2).

    Written `VENUE:ROOT`, `VENUE:ROOT:SERIES`, `VENUE:ROOT:YYYYMMDD:FUT` or
    `VENUE:ROOT:YYYYMMDD:STRIKE:CE|PE`, in upper case, the strike in rupees without trailing zeros.
    `str(InstrumentKey.parse(text)) == text` for every valid text.
    """

    venue: Venue
    root: str
    series: str | None = None
    expiry: date | None = None
    strike: Decimal | None = None
    right: Right | None = None
    text: str = field(init=False, repr=False, compare=False)
    """As it is written, made once: every order is told by its instrument again and again."""

    def __post_init__(self) -> None:
        if not _ROOT.fullmatch(self.root):
            raise _bad_key(self.root, "the symbol must be 1 to 32 upper-case letters, digits or & _ . + -")
        if self.series is not None and not (self.venue.is_cash and _SERIES.fullmatch(self.series)):
            raise _bad_key(self.series, "a series is 1 to 4 upper-case letters or digits, on NSE or BSE only")
        if self.strike is not None and (self.expiry is None or not is_plain(self.strike, most=_MAX_STRIKE)):
            raise _bad_key(str(self.strike), "a strike is a positive price of at most 9 digits and 4 decimals")
        if self.venue.is_derivative is (self.expiry is None):
            raise _bad_key(
                _written(self), f"{self.venue} keys must{'' if self.expiry is None else ' not'} have an expiry"
            )
        if (self.strike is None) is not (self.right is None):
            raise _bad_key(_written(self), "an option has both a strike and CE or PE")
        if self.expiry is not None and self.expiry.year < _FIRST_YEAR:
            raise _bad_key(_written(self), "an expiry has a year of four digits")
        object.__setattr__(self, "text", _written(self))

    @classmethod
    def parse(cls, text: str) -> InstrumentKey:
        """Read a canonical key; raises `Invalid` (`INVALID_INSTRUMENT`) and never guesses."""
        return _parse(text)

    def __str__(self) -> str:
        return self.text


def _written(key: InstrumentKey) -> str:
    if key.series is None and key.expiry is None:
        return f"{key.venue!s}:{key.root}"
    parts = [str(key.venue), key.root]
    if key.series is not None:
        parts.append(key.series)
    if key.expiry is not None:
        parts.append(key.expiry.isoformat().replace("-", ""))
        if key.strike is None or key.right is None:
            parts.append("FUT")
        else:
            parts += [format_decimal(key.strike), str(key.right)]
    return ":".join(parts)


@lru_cache(maxsize=65_536)
def _parse(text: str) -> InstrumentKey:
    head, *rest = text.split(":")
    try:
        venue = Venue(head)
    except ValueError:
        raise _bad_key(text, f"must begin with one of {', '.join(Venue)} and a colon") from None
    if len(rest) + 1 == _FUTURE_FIELDS and rest[2] == "FUT":
        return InstrumentKey(venue=venue, root=rest[0], expiry=_expiry(text, rest[1]))
    if len(rest) + 1 == _OPTION_FIELDS and rest[3] in ("CE", "PE"):
        if not _STRIKE.fullmatch(rest[2]):
            raise _bad_key(text, "the strike must be a plain price such as 26000 or 292.5, without trailing zeros")
        return InstrumentKey(
            venue=venue,
            root=rest[0],
            expiry=_expiry(text, rest[1]),
            strike=Decimal(rest[2]),
            right=Right(rest[3]),
        )
    if len(rest) == 1:
        return InstrumentKey(venue=venue, root=rest[0])
    if len(rest) + 1 == _FUTURE_FIELDS - 1:
        return InstrumentKey(venue=venue, root=rest[0], series=rest[1])
    raise _bad_key(text, "must look like NSE:SBIN, NSE:SBIN:BE, NFO:NIFTY:20261229:FUT or NFO:NIFTY:20261201:26000:CE")


def _expiry(text: str, day: str) -> date:
    try:
        if _DAY.fullmatch(day):
            return date.fromisoformat(day)
    except ValueError:
        pass
    raise _bad_key(text, "the expiry must be a date written YYYYMMDD")


def is_plain(value: Decimal, *, most: Decimal) -> bool:
    """Whether a number is above 0, at most `most`, and has no more than 4 decimals, as every price has."""
    return value.is_finite() and _FINEST <= value <= most and value % _FINEST == 0


def format_decimal(value: Decimal) -> str:
    """Write a number plainly: no exponent, no trailing zeros, no negative zero."""
    text = str(value)
    if "E" in text:
        text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """The facts of one contract on one day.

    `lot_size` is in units and 1 for shares; `tick_size`, `band_low` and `band_high` are rupees;
    `freeze_quantity` is the most units one order may carry, `None` where the venue sets none; `multiplier`
    turns price times units into rupees. `quantity_unit` is what the exchange counts in; Ordo counts units all the same.
    `mtf` and `cas_eligible` (margin trading, closing auction session) are `None` where no source says.

    `references` holds, for each broker, the one text that it alone calls this instrument by; `facts` holds what else a
    broker needs said, such as `hdfc.segment`, which many instruments may share.
    """

    key: InstrumentKey
    kind: Kind
    name: str
    exchange_token: str
    lot_size: int
    tick_size: Decimal
    as_of: date
    freeze_quantity: int | None = None
    band_low: Decimal | None = None
    band_high: Decimal | None = None
    multiplier: Decimal = Decimal(1)
    isin: str | None = None
    series: str | None = None
    tradable: bool = True
    quantity_unit: QuantityUnit = QuantityUnit.UNITS
    mtf: bool | None = None
    cas_eligible: bool | None = None
    facts: dict[str, str] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.lot_size < 1:
            raise Invalid.field("lot_size", "must be at least 1 unit", seen=self.lot_size)
        if not self.tick_size.is_finite() or self.tick_size <= 0:
            raise Invalid.field("tick_size", "must be a price above 0", seen=self.tick_size)
        if self.freeze_quantity is not None and self.freeze_quantity < self.lot_size:
            raise Invalid.field("freeze_quantity", "must hold at least one lot", seen=self.freeze_quantity)
        if not self.multiplier.is_finite() or self.multiplier <= 0:
            raise Invalid.field("multiplier", "must be above 0", seen=self.multiplier)

    def on_tick(self, price: Decimal) -> bool:
        """Whether a price is an exact multiple of the tick."""
        try:
            return price % self.tick_size == 0
        except InvalidOperation:  # a quotient beyond the context's precision is no price of this world
            return False

    def neighbours(self, price: Decimal) -> tuple[Decimal, Decimal]:
        """The nearest valid prices at or below, and at or above, a price."""
        return self.round_down(price), self.round_up(price)

    def round_down(self, price: Decimal) -> Decimal:
        """The highest valid price that is not above the given one."""
        return (price / self.tick_size).to_integral_value(ROUND_FLOOR) * self.tick_size

    def round_up(self, price: Decimal) -> Decimal:
        """The lowest valid price that is not below the given one."""
        return (price / self.tick_size).to_integral_value(ROUND_CEILING) * self.tick_size
