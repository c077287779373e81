"""One row of the HDFC security master in Ordo's words (the dossier, section 4.11)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from ordo.adapters.masters.reading import day, price, whole, words
from ordo.domain.instruments import Kind, QuantityUnit, Right, Venue
from ordo.domain.master_rows import INDEX_ROOTS, LOT_VENUES, MasterRow

HEADER: Final = (
    "exchange",
    "security_id",
    "instrument_segment",
    "expiry_date",
    "strike_price",
    "option_type",
    "lot_size",
    "tick_size",
    "close_price",
    "exch_security_id",
    "symbol_name",
    "underline_symbol",
    "open_price",
)

_CASH: Final = {"NSE": Venue.NSE, "BSE": Venue.BSE}
_INDEX: Final = {Venue.NSE: Venue.NSE_INDEX, Venue.BSE: Venue.BSE_INDEX}
_SHARES: Final = {"NSE": Venue.NFO, "BSE": Venue.BFO, "MCX": Venue.MCX}
_CURRENCIES: Final = {"NSE": Venue.CDS, "BSE": Venue.BCD}
_COMMODITIES: Final = {"MCX": Venue.MCX, "NSE": Venue.NCO}
_SEGMENTS: Final = {
    "FUTIDX": (Kind.FUTURE, _SHARES),
    "OPTIDX": (Kind.OPTION, _SHARES),
    "FUTSTK": (Kind.FUTURE, {"NSE": Venue.NFO, "BSE": Venue.BFO}),
    "OPTSTK": (Kind.OPTION, {"NSE": Venue.NFO, "BSE": Venue.BFO}),
    "FUTCUR": (Kind.FUTURE, _CURRENCIES),
    "OPTCUR": (Kind.OPTION, _CURRENCIES),
    "FUTCOM": (Kind.FUTURE, _COMMODITIES),
    "OPTFUT": (Kind.OPTION, _COMMODITIES),
}
_UNDERLYINGS: Final = frozenset({"COM", "UNDCUR"})
_LOT_SENTINEL: Final = 999_999_999
_NSE_INDEX_TOKENS: Final = range(26_000, 27_000)
_BSE_INDEX_TOKENS: Final = range(1_000)
_CODE_LENGTH: Final = 10
_PAISE: Final = Decimal(100)


class Dropped(Exception):
    """Why a row names nothing that Ordo could list."""


@dataclass(frozen=True, slots=True)
class HdfcRecord:
    """The columns of one row, as text, in their order."""

    exchange: str
    security_id: str
    segment: str
    expiry: str
    strike: str
    right: str
    lot: str
    tick: str
    close: str
    token: str
    symbol: str
    underlying: str
    opening: str

    @property
    def cash_venue(self) -> Venue | None:
        """Where it is listed, when it is a share, bond or fund that has a token."""
        venue = _CASH.get(self.exchange) if self.segment == "EQUITY" else None
        return venue if venue is not None and whole(self.token) is not None and not _is_index(self, venue) else None


class CashNames:
    """Which security may be called by a symbol: an issuer's bonds share the name of its share.

    The order is that of the dossier. Where two have an equal claim, neither gets the name.
    """

    def __init__(self, records: Iterable[HdfcRecord]) -> None:
        self._borrowed: dict[str, str] = {}
        nameless: list[str] = []
        self._best: dict[tuple[Venue, str], tuple[int, str]] = {}
        for record in records:
            venue = record.cash_venue
            if venue is Venue.NSE and record.symbol:
                self._borrowed[record.security_id] = record.symbol
            if venue is Venue.BSE and not record.symbol:
                nameless.append(record.security_id)
            elif venue is not None:
                self._claim(venue, record.symbol or record.security_id, record.security_id)
        for security_id in nameless:
            self._claim(Venue.BSE, self._borrowed.get(security_id, security_id), security_id)

    def of(self, venue: Venue, record: HdfcRecord) -> str | None:
        """The name that is this security's own, or `None`."""
        name = record.symbol or (self._borrowed.get(record.security_id) if venue is Venue.BSE else None)
        name = name or record.security_id
        best = self._best.get((venue, name))
        return name if best is not None and best[1] == record.security_id else None

    def _claim(self, venue: Venue, name: str, security_id: str) -> None:
        rank, place = _rank(security_id), (venue, name)
        best = self._best.get(place)
        if best is None or rank < best[0]:
            self._best[place] = rank, security_id
        elif rank == best[0]:
            self._best[place] = rank, ""


def row_of(record: HdfcRecord, names: CashNames, as_of: date) -> MasterRow:
    """The row; raises `Dropped` with the plain reason when it names nothing."""
    _check_listed(record)
    if record.segment == "EQUITY":
        venue = _CASH.get(record.exchange)
        if venue is None:
            raise Dropped("its exchange is unknown")
        return _security(record, venue, names, as_of)
    if record.segment not in _SEGMENTS:
        raise Dropped("its segment is unknown")
    kind, venues = _SEGMENTS[record.segment]
    venue = venues.get(record.exchange)
    if venue is None:
        raise Dropped("its exchange has no such segment")
    return _contract(record, venue, kind, as_of)


def _check_listed(record: HdfcRecord) -> None:
    if record.token.startswith("DUMMY"):
        raise Dropped("its exchange token is a dummy")
    if whole(record.lot) == _LOT_SENTINEL:
        raise Dropped("its lot is a placeholder")
    if record.segment in _UNDERLYINGS:
        raise Dropped("it is an underlying that does not trade")
    fields = (record.security_id, record.segment, record.underlying)
    if not (record.token.isascii() and record.token.isdigit() and record.security_id) or not all(
        map(str.isprintable, fields)
    ):
        raise Dropped("its code or token is unreadable")


def _security(record: HdfcRecord, venue: Venue, names: CashNames, as_of: date) -> MasterRow:
    if record.expiry or record.right not in ("", "XX"):
        raise Dropped("a security with an expiry or a right is unknown")
    if _is_index(record, venue):
        return _index(record, _INDEX[venue], as_of)
    lot, tick = whole(record.lot), _tick(record.tick)
    code = record.security_id
    return MasterRow(
        venue=venue,
        token=record.token,
        root=names.of(venue, record),
        kind=Kind.EQUITY,
        name=words(record.symbol or code),
        lot=lot or None,
        tick=tick,
        as_of=as_of,
        reference=_reference(record),
        # The class EQTT is traded for delivery alone: which series that is, only another master can tell.
        series="EQ" if venue is Venue.NSE and len(code) == _CODE_LENGTH and code.endswith("EQNR") else None,
        doubt=None if lot == 1 else "the lot of a security is not 1",
        damage=_damage(record, tick),
        facts={"segment": record.segment},
    )


def _index(record: HdfcRecord, venue: Venue, as_of: date) -> MasterRow:
    return MasterRow(
        venue=venue,
        token=record.token,
        root=INDEX_ROOTS.get((venue, record.token), record.symbol or None),
        kind=Kind.INDEX,
        name=words(record.symbol or record.security_id),
        lot=1,
        tick=_tick(record.tick),
        as_of=as_of,
        reference=_reference(record),
        tradable=False,
        facts={"segment": record.segment},
    )


def _contract(record: HdfcRecord, venue: Venue, kind: Kind, as_of: date) -> MasterRow:
    expiry = day(record.expiry)
    if expiry is None:
        raise Dropped("its expiry is unreadable")
    # Futures carry a placeholder, never a price: -.01, -.0000001 or 0.
    strike = price(record.strike)
    if kind is Kind.OPTION and (strike is None or record.right not in ("CE", "PE")):
        raise Dropped("it is an option without a strike, or neither CE nor PE")
    if kind is Kind.FUTURE and (strike is not None or record.right not in ("XX", "")):
        raise Dropped("it is a future with a strike or a right")
    lot, tick = whole(record.lot), _tick(record.tick)
    return MasterRow(
        venue=venue,
        token=record.token,
        root=record.symbol,
        kind=kind,
        name=words(_described(record, kind)),
        # Where lots are counted, 1 says nothing of how many units one is.
        lot=None if lot == 1 and venue in LOT_VENUES else lot or None,
        tick=tick,
        as_of=as_of,
        reference=_reference(record),
        expiry=expiry,
        strike=strike,
        right=Right(record.right) if kind is Kind.OPTION else None,
        quantity_unit=QuantityUnit.LOTS if venue in LOT_VENUES else QuantityUnit.UNITS,
        doubt=_code_doubt(record, venue),
        damage=_damage(record, tick),
        facts={"segment": record.segment, "underlying": record.underlying},
    )


def _described(record: HdfcRecord, kind: Kind) -> str:
    ends = "FUT" if kind is Kind.FUTURE else f"{record.strike} {record.right}"
    return f"{record.symbol} {record.expiry} {ends}"


def _code_doubt(record: HdfcRecord, venue: Venue) -> str | None:
    wanted = {Venue.NFO: record.token, Venue.BFO: f"B{record.token}"}.get(venue, record.security_id)
    if record.security_id != wanted:
        return "its code does not fit its exchange token"
    return None if record.underlying else "its underlying is not told"


def _damage(record: HdfcRecord, tick: Decimal | None) -> str | None:
    if tick is None:
        return f"{_reference(record)} has the tick {record.tick[:12]!r}"
    if not whole(record.lot):
        return f"{_reference(record)} has the lot {record.lot[:12]!r}"
    return None


def _tick(text: str) -> Decimal | None:
    """A whole number is paise; a number with a point is rupees."""
    if "." in text:
        return price(text)
    paise = whole(text)
    return price(str(paise / _PAISE)) if paise else None


def _reference(record: HdfcRecord) -> str:
    """The three fields that address it: a code alone may be that of two contracts in two markets."""
    return f"{record.exchange}:{record.segment}:{record.security_id}"


def _is_index(record: HdfcRecord, venue: Venue) -> bool:
    token = whole(record.token)
    return token is not None and token in (_NSE_INDEX_TOKENS if venue is Venue.NSE else _BSE_INDEX_TOKENS)


def _rank(code: str) -> int:
    classed = code.endswith(("EQNR", "EQTT"))
    if classed and len(code) == _CODE_LENGTH:
        return 0 if code.endswith("EQNR") else 1
    if classed and len(code) > _CODE_LENGTH:
        return 2
    return 4 if code.endswith(("NR", "TT")) else 3
