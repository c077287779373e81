"""One row of a FYERS master in Ordo's words (the dossier, section 13).

Every fact is read from its own column. The ticker is what orders are sent with, so it is compared with the columns, and
never read for what they should say.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final

from ordo.adapters.masters.fyers_record import FyersRecord
from ordo.adapters.masters.reading import day, epoch_day, price, whole, words
from ordo.domain.instruments import Kind, QuantityUnit, Right, Venue, format_decimal
from ordo.domain.master_rows import INDEX_ROOTS, LOT_VENUES, MasterRow

SEGMENTS: Final = {
    "NSE_CM": Venue.NSE,
    "NSE_FO": Venue.NFO,
    "NSE_CD": Venue.CDS,
    "NSE_COM": Venue.NCO,
    "BSE_CM": Venue.BSE,
    "BSE_FO": Venue.BFO,
    "MCX_COM": Venue.MCX,
}
"""The files by name, and the venue that each lists."""

_CODES: Final = {
    Venue.NSE: ("10", "10", "NSE"),
    Venue.NFO: ("10", "11", "NSE"),
    Venue.CDS: ("10", "12", "NSE"),
    Venue.NCO: ("10", "20", "NSE"),
    Venue.BSE: ("12", "10", "BSE"),
    Venue.BFO: ("12", "11", "BSE"),
    Venue.MCX: ("11", "20", "MCX"),
}
_INDEX_VENUES: Final = {Venue.NSE: Venue.NSE_INDEX, Venue.BSE: Venue.BSE_INDEX}
_SHARES: Final = {"0": Kind.EQUITY, "9": Kind.ETF, "10": Kind.INDEX}
# Preference shares, debentures, warrants, bonds, bills and funds: named, so that a holding of one can be shown.
_OTHER_SECURITIES: Final = frozenset({"1", "2", "3", "4", "5", "6", "7", "8", "50"})
_CONTRACTS: Final = {
    "11": {"11": Kind.FUTURE, "12": Kind.FUTURE, "13": Kind.FUTURE, "14": Kind.OPTION, "15": Kind.OPTION},
    "12": {"16": Kind.FUTURE, "19": Kind.OPTION},
    "20": dict.fromkeys(("11", "30", "33", "34", "35"), Kind.FUTURE)
    | dict.fromkeys(("31", "32", "36", "37"), Kind.OPTION),
}
_NOT_LISTED: Final = frozenset({"17", "18", "20", "21", "22", "23", "24", "25"})
_SERIES: Final = re.compile(r"[A-Z0-9]{1,4}")
_SME: Final = frozenset({"SM", "ST", "M", "MT"})
# No currency contract is of 1 unit: that is a multiplier nobody filled in.
_NEVER_ONE: Final = frozenset({Venue.CDS, Venue.BCD})
_TOKEN_AT: Final = 10


class Dropped(Exception):
    """Why a row names nothing that Ordo could list."""


def row_of(record: FyersRecord, venue: Venue) -> MasterRow:
    """The row; raises `Dropped` with the plain reason when it names nothing."""
    exchange, segment, _ = _CODES[venue]
    if (record.exchange, record.segment) != (exchange, segment):
        raise Dropped("its exchange and segment are not those of the file")
    as_of = day(record.updated)
    if as_of is None:
        raise Dropped("it does not say which day it is of")
    if not record.token.isascii() or not record.token.isdigit() or not record.ticker.isprintable():
        raise Dropped("its token or ticker is unreadable")
    if venue.is_cash:
        return _security(record, venue, as_of)
    return _contract(record, venue, as_of)


def _security(record: FyersRecord, venue: Venue, as_of: date) -> MasterRow:
    code = record.type_code
    if code not in _SHARES and code not in _OTHER_SECURITIES:
        raise Dropped(f"its instrument type {_short(code)} is unknown")
    if record.expiry not in ("", "0", "None"):
        raise Dropped("a security with an expiry is unknown")
    if code == "10":
        return _index(record, _INDEX_VENUES[venue], as_of)
    root = record.symbol if record.own_symbol is None else record.own_symbol
    before = f"{_CODES[venue][2]}:{root}-"
    series = record.ticker.removeprefix(before) if record.series is None else record.series.strip()
    if not _SERIES.fullmatch(series):
        raise Dropped("its series is unreadable")
    doubts = [
        _token_doubt(record, None),
        None if record.ticker == before + series else "its ticker is not its symbol and series",
        None if code in _SHARES else "it is neither a share nor a fund",
        _cash_lot_doubt(record.lot, series),
    ]
    return _row(record, venue, _SHARES.get(code, Kind.EQUITY), as_of, root=root, series=series, doubts=doubts)


def _index(record: FyersRecord, venue: Venue, as_of: date) -> MasterRow:
    return MasterRow(
        venue=venue,
        token=record.token,
        root=INDEX_ROOTS.get((venue, record.token), record.symbol),
        kind=Kind.INDEX,
        name=words(record.details),
        lot=1,
        tick=price(record.tick),
        as_of=as_of,
        reference=record.ticker,
        tradable=False,
        facts={"token": words(record.fy_token)},
    )


def _contract(record: FyersRecord, venue: Venue, as_of: date) -> MasterRow:
    code = record.type_code
    kind = _CONTRACTS[record.segment].get(code)
    if kind is None:
        listed = "is not listed by Ordo" if record.segment == "12" and code in _NOT_LISTED else "is unknown"
        raise Dropped(f"its instrument type {_short(code)} {listed}")
    expiry = epoch_day(record.expiry)
    if expiry is None:
        raise Dropped("its expiry is unreadable")
    strike = price(record.strike)
    if kind is Kind.OPTION and (strike is None or record.right not in ("CE", "PE")):
        raise Dropped("it is an option without a strike, or neither CE nor PE")
    if kind is Kind.FUTURE and (strike is not None or record.right not in ("XX", "")):
        raise Dropped("it is a future with a strike or a right")
    right = Right(record.right) if kind is Kind.OPTION else None
    ends = "FUT" if strike is None or right is None else f"{format_decimal(strike)}{right}"
    fits = record.ticker.startswith(f"{_CODES[venue][2]}:{record.symbol}") and record.ticker.endswith(ends)
    doubts = [_token_doubt(record, expiry), None if fits else "its ticker does not fit its columns"]
    return _row(
        record, venue, kind, as_of, root=record.symbol, expiry=expiry, strike=strike, right=right, doubts=doubts
    )


def _row(  # noqa: PLR0913  (the columns that differ between securities and contracts)
    record: FyersRecord,
    venue: Venue,
    kind: Kind,
    as_of: date,
    *,
    root: str,
    doubts: list[str | None],
    series: str | None = None,
    expiry: date | None = None,
    strike: Decimal | None = None,
    right: Right | None = None,
) -> MasterRow:
    tradable = record.status in (None, "1")
    lot, lot_doubt = _lot(record, venue)
    freeze, freeze_doubt = _freeze(record, venue, lot)
    low, high, band_doubt = _band(record)
    tick = price(record.tick)
    if record.status not in (None, "0", "1"):
        doubts.append("its trade status is unknown")
    return MasterRow(
        venue=venue,
        token=record.token,
        root=root,
        kind=kind,
        name=words(record.details),
        lot=lot,
        tick=tick,
        as_of=as_of,
        reference=record.ticker,
        series=series,
        expiry=expiry,
        strike=strike,
        right=right,
        freeze=freeze,
        band_low=low,
        band_high=high,
        quantity_unit=QuantityUnit.LOTS if venue in LOT_VENUES else QuantityUnit.UNITS,
        isin=words(record.isin) or None,
        mtf={"1": True, "0": False}.get(record.mtf),
        tradable=tradable,
        doubt=next((doubt for doubt in (*doubts, lot_doubt, freeze_doubt, band_doubt) if doubt), None),
        damage=_damage(record, tick) if tradable else None,
        facts={"token": words(record.fy_token)},
    )


def _damage(record: FyersRecord, tick: Decimal | None) -> str | None:
    if tick is None:
        return f"{record.ticker} has the tick {_short(record.tick)}"
    if not whole(record.lot):
        return f"{record.ticker} has the lot {_short(record.lot)}"
    return None


def _lot(record: FyersRecord, venue: Venue) -> tuple[int | None, str | None]:
    """In units. Where lots are counted, the lot column says 1 and the multiplier says how many units one is."""
    lot = whole(record.lot)
    if venue not in LOT_VENUES:
        return lot or None, None
    if record.multiplier is None:
        return None, "its true lot is only in the JSON master"
    units = whole(record.multiplier)
    if lot != 1 or not units or (units == 1 and venue in _NEVER_ONE):
        return None, "its true lot can't be told from its lot and multiplier"
    return units, None


def _cash_lot_doubt(lot: str, series: str) -> str | None:
    # A share is bought one by one, except on the exchanges' boards for small companies.
    if series in _SME:
        return "the lot of a small company's share is 1" if whole(lot) == 1 else None
    return None if whole(lot) == 1 else "the lot of a security is not 1"


def _freeze(record: FyersRecord, venue: Venue, lot: int | None) -> tuple[int | None, str | None]:
    text = (record.freeze or "").strip()
    if text in ("", "None"):
        return None, None
    count = whole(text)
    if count is None:
        return None, "its freeze quantity is unreadable"
    if count == 0 or lot is None:
        return None, None
    units = count * lot if venue in LOT_VENUES else count
    return (units, None) if units >= lot else (None, "its freeze quantity is less than a lot")


def _band(record: FyersRecord) -> tuple[Decimal | None, Decimal | None, str | None]:
    if not record.lower and not record.upper:
        return None, None, None
    low, high = price(record.lower or ""), price(record.upper or "")
    if low is None and high is None and whole(record.lower or "0") == 0 and whole(record.upper or "0") == 0:
        return None, None, None
    if high is None or (low or Decimal(0)) > high:
        return None, None, "its price band is unreadable"
    return low, high, None


def _token_doubt(record: FyersRecord, expiry: date | None) -> str | None:
    """The FYERS token repeats exchange, segment, expiry and exchange token, the last sometimes padded."""
    token = record.fy_token
    original = epoch_day(record.original_expiry)
    fits = (
        token.isascii()
        and token.isdigit()
        and token.startswith(record.exchange + record.segment)
        and (
            token[4:_TOKEN_AT] == _digits(expiry) or (original is not None and token[4:_TOKEN_AT] == _digits(original))
        )
        and token[_TOKEN_AT:].lstrip("0") == record.token.lstrip("0")
    )
    return None if fits else "its FYERS token does not fit its columns"


@lru_cache(maxsize=1_024)
def _digits(expiry: date | None) -> str:
    return "000000" if expiry is None else f"{expiry:%y%m%d}"


def _short(text: str) -> str:
    return repr(text if len(text) <= len("a dozen marks") else f"{text[:10]}...")
