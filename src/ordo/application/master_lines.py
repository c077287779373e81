"""A master's row as one line of bytes: a load holds hundreds of thousands of them, in order of venue and token."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final

from ordo.domain.instruments import Kind, QuantityUnit, Right, Venue
from ordo.domain.master_rows import MasterRow

_FIELD: Final = "\x1f"
_PAIR: Final = "\x1e"
_END: Final = b"\x1f"
_CACHED: Final = 8_192
_ONE: Final = Decimal(1)
# Four look-ups a line cost less than four calls of an enumeration.
_VENUES: Final = {venue.value: venue for venue in Venue}
_KINDS: Final = {kind.value: kind for kind in Kind}
_UNITS: Final = {unit.value: unit for unit in QuantityUnit}
_RIGHTS: Final[dict[str, Right | None]] = {"": None, **{right.value: right for right in Right}}


def packed(row: MasterRow) -> bytes:
    """The line of a row without control characters; an empty text counts as none."""
    facts = _PAIR.join(f"{name}={value}" for name, value in row.facts.items())
    mtf = {None: "", True: "1", False: "0"}[row.mtf]
    return (
        f"{row.venue}:{row.token}\x1f{row.root or ''}\x1f{row.kind}\x1f{row.name}\x1f{row.lot or ''}\x1f"
        f"{row.tick or ''}\x1f{row.as_of}\x1f{row.reference}\x1f{row.series or ''}\x1f"
        f"{row.expiry or ''}\x1f{row.strike or ''}\x1f{row.right or ''}\x1f"
        f"{row.freeze or ''}\x1f{_number(row.band_low)}\x1f{_number(row.band_high)}\x1f"
        f"{row.multiplier}\x1f{row.quantity_unit}\x1f{row.isin or ''}\x1f{mtf}\x1f{row.tradable:d}\x1f"
        f"{row.doubt or ''}\x1f{row.damage or ''}\x1f{facts}"
    ).encode(errors="replace")


def token_of(line: bytes) -> bytes:
    """The venue and exchange token that a line begins with."""
    return line[: line.index(_END)]


def unpacked(line: bytes) -> MasterRow:
    """The row of a line that `packed` made."""
    (
        token, root, kind, name, lot, tick, as_of, reference, series, expiry, strike, right, freeze, low, high,
        multiplier, unit, isin, mtf, tradable, doubt, damage, facts,
    ) = line.decode().split(_FIELD)  # fmt: skip
    venue, _, number = token.partition(":")
    return MasterRow(
        venue=_VENUES[venue],
        token=number,
        root=root or None,
        kind=_KINDS[kind],
        name=name,
        lot=int(lot) if lot else None,
        tick=_decimal(tick),
        as_of=_date(as_of),
        reference=reference,
        series=series or None,
        expiry=_date(expiry) if expiry else None,
        strike=_decimal(strike),
        right=_RIGHTS[right],
        freeze=int(freeze) if freeze else None,
        band_low=_decimal(low),
        band_high=_decimal(high),
        multiplier=_decimal(multiplier) or _ONE,
        quantity_unit=_UNITS[unit],
        isin=isin or None,
        mtf=mtf == "1" if mtf else None,
        tradable=tradable == "1",
        doubt=doubt or None,
        damage=damage or None,
        facts=dict(_pairs(facts)) if facts else {},
    )


def _number(value: Decimal | None) -> str:
    return "" if value is None else str(value)


@lru_cache(maxsize=_CACHED)
def _decimal(text: str) -> Decimal | None:
    return Decimal(text) if text else None


@lru_cache(maxsize=_CACHED)
def _date(text: str) -> date:
    return date.fromisoformat(text)


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(name, value) for name, _, value in (pair.partition("=") for pair in text.split(_PAIR))]
