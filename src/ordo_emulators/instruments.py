"""What is traded at the emulated venue."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal


class Venue(StrEnum):
    NSE = "NSE"
    BSE = "BSE"
    NFO = "NFO"
    BFO = "BFO"
    CDS = "CDS"
    MCX = "MCX"


class Kind(StrEnum):
    EQUITY = "EQUITY"
    ETF = "ETF"
    INDEX = "INDEX"
    FUTURE = "FUTURE"
    OPTION = "OPTION"


class Asset(StrEnum):
    """What a derivative is written on."""

    STOCK = "STOCK"
    INDEX = "INDEX"
    CURRENCY = "CURRENCY"
    COMMODITY = "COMMODITY"


Right = Literal["CE", "PE"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One row of the venue's master.

    `key` names it in no broker's words: `NSE:SBIN`, `NSE_INDEX:NIFTY`, `NFO:NIFTY:20261229:FUT`,
    `NFO:NIFTY:20261201:26000:CE`. Prices are in rupees; `lot` and `freeze` (0 for none) in units, in lots of
    `multiplier` units where that is above 1. `close` is yesterday's, `opening` the venue's first price of today.
    """

    key: str
    venue: Venue
    kind: Kind
    symbol: str
    name: str
    token: int
    tick: Decimal
    lot: int
    close: Decimal
    opening: Decimal
    lower: Decimal
    upper: Decimal
    series: str = ""
    isin: str = ""
    asset: Asset | None = None
    underlying: "Instrument | None" = None
    expiry: date | None = None
    monthly: bool = False
    strike: Decimal | None = None
    right: Right | None = None
    freeze: int = 0
    multiplier: int = 1
    financed: bool = False
    """Whether the broker lends on it (margin trading facility)."""

    @property
    def is_cash(self) -> bool:
        return self.kind in {Kind.EQUITY, Kind.ETF}

    @property
    def is_trade_to_trade(self) -> bool:
        return self.series in {"BE", "BZ", "T"}
