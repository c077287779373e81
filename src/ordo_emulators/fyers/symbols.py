"""How FYERS names and numbers instruments."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Final

from ordo_emulators.clock import IST
from ordo_emulators.instruments import Asset, Instrument, Kind, Venue

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKLY_MONTHS: Final = "123456789OND"

CODES: Final = {
    Venue.NSE: (10, 10),
    Venue.BSE: (12, 10),
    Venue.NFO: (10, 11),
    Venue.BFO: (12, 11),
    Venue.CDS: (10, 12),
    Venue.MCX: (11, 20),
}
"""Exchange and segment."""

_PREFIX: Final = {Venue.NFO: "NSE", Venue.BFO: "BSE", Venue.CDS: "NSE"}
_INDEX_NAMES: Final = {"NIFTY": "NIFTY50", "BANKNIFTY": "NIFTYBANK"}
_TYPES: Final = {
    (Kind.EQUITY, None): 0,
    (Kind.ETF, None): 9,
    (Kind.INDEX, None): 10,
    (Kind.FUTURE, Asset.INDEX): 11,
    (Kind.FUTURE, Asset.STOCK): 13,
    (Kind.OPTION, Asset.INDEX): 14,
    (Kind.OPTION, Asset.STOCK): 15,
    (Kind.FUTURE, Asset.CURRENCY): 16,
    (Kind.OPTION, Asset.CURRENCY): 19,
    (Kind.FUTURE, Asset.COMMODITY): 30,
    (Kind.OPTION, Asset.COMMODITY): 31,
}
# The second in which a contract ends, by the master: it moved with the closing times and is no promise.
_EXPIRES_AT: Final = {
    Venue.NFO: time(15, 40),
    Venue.BFO: time(15, 40),
    Venue.CDS: time(12, 30),
    Venue.MCX: time(23, 30),
}


def plain(number: Decimal) -> str:
    """Without trailing zeros: 26000, 83.25."""
    return f"{number.normalize():f}"


def ticker(instrument: Instrument) -> str:
    prefix, root = _PREFIX.get(instrument.venue, instrument.venue.value), instrument.symbol
    if instrument.expiry is None:
        if instrument.kind is Kind.INDEX:
            return f"{prefix}:{_INDEX_NAMES.get(root, root)}-INDEX"
        return f"{prefix}:{root}-{instrument.series}"
    when = _month_name(instrument.expiry) if instrument.monthly else _weekly_name(instrument.expiry)
    if instrument.strike is None:
        return f"{prefix}:{root}{when}FUT"
    return f"{prefix}:{root}{when}{plain(instrument.strike)}{instrument.right}"


def _month_name(day: date) -> str:
    return f"{day.year % 100:02}{_MONTHS[day.month - 1]}"


def _weekly_name(day: date) -> str:
    return f"{day.year % 100:02}{_WEEKLY_MONTHS[day.month - 1]}{day.day:02}"


def fy_token(instrument: Instrument) -> str:
    exchange, segment = CODES[instrument.venue]
    expiry = f"{instrument.expiry:%y%m%d}" if instrument.expiry else "000000"
    # BSE's index tokens are short and padded to five digits.
    width = 5 if instrument.kind is Kind.INDEX else 0
    return f"{exchange}{segment}{expiry}{instrument.token:0{width}}"


def type_code(instrument: Instrument) -> int:
    return _TYPES[instrument.kind, instrument.asset]


def expiry_epoch(instrument: Instrument) -> str:
    """Seconds, or nothing for what does not expire."""
    if instrument.expiry is None:
        return ""
    moment = datetime.combine(instrument.expiry, _EXPIRES_AT[instrument.venue], tzinfo=IST)
    return str(int(moment.timestamp()))


class Symbols:
    """The instruments by ticker, and the options of each underlying."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self.by_ticker: dict[str, Instrument] = {}
        self._tickers: dict[str, str] = {}
        self.options: dict[str, list[Instrument]] = defaultdict(list)
        for instrument in instruments:
            name = ticker(instrument)
            if name in self.by_ticker:
                raise ValueError(f"{name} names two instruments")
            self.by_ticker[name] = instrument
            self._tickers[instrument.key] = name
            if instrument.kind is Kind.OPTION and instrument.underlying is not None:
                self.options[instrument.underlying.key].append(instrument)

    def ticker(self, instrument: Instrument) -> str:
        return self._tickers[instrument.key]
