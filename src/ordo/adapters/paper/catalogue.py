"""The instruments that the paper exchange lists, from the table beside this file; its head says what is real."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files

from ordo.domain.instruments import Instrument, InstrumentKey, Kind, Venue
from ordo.domain.masters import MasterReport

AS_OF = date(2026, 11, 22)
"""The day as of which the table's facts hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """An instrument and the price, in rupees, that the paper market swings around; options have none, they
    follow their index.
    """

    instrument: Instrument
    base_price: Decimal | None


@lru_cache(maxsize=1)
def load_listings() -> tuple[Listing, ...]:
    """The whole catalogue. Expired contracts stay listed, so that they are refused by name."""
    text = files(__package__).joinpath("catalogue.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(_listing(row) for row in rows)


def load_catalogue(today: date = AS_OF) -> tuple[Instrument, ...]:
    """The instruments of the whole catalogue, as of today: bands and lots of the paper exchange never change."""
    return tuple(replace(listing.instrument, as_of=today) for listing in load_listings())


def load_reports() -> tuple[MasterReport, ...]:
    """What the catalogue says of itself as a source of instruments."""
    return (MasterReport(name="catalogue", as_of=AS_OF, loaded_at=None, rows=len(load_listings())),)


def underlying_of(key: InstrumentKey) -> InstrumentKey | None:
    """The index that a future or option is written on."""
    if key.expiry is None:
        return None
    index = {Venue.NFO: Venue.NSE_INDEX, Venue.BFO: Venue.BSE_INDEX}.get(key.venue)
    return None if index is None else InstrumentKey(venue=index, root=key.root)


def _listing(row: dict[str, str]) -> Listing:
    kind = Kind(row["kind"])
    base = Decimal(row["base_price"]) if row["base_price"] else None
    plain = Instrument(
        key=InstrumentKey.parse(row["key"]),
        kind=kind,
        name=row["name"],
        exchange_token=row["exchange_token"],
        lot_size=int(row["lot_size"]),
        tick_size=Decimal(row["tick_size"]),
        as_of=AS_OF,
        freeze_quantity=int(row["freeze_quantity"]) if row["freeze_quantity"] else None,
        isin=row["isin"] or None,
        series=row["series"] or None,
        tradable=kind is not Kind.INDEX,
    )
    low, high = _band(plain, base, row["band_percent"])
    return Listing(instrument=replace(plain, band_low=low, band_high=high), base_price=base)


def _band(instrument: Instrument, base: Decimal | None, percent: str) -> tuple[Decimal | None, Decimal | None]:
    if base is None or not percent:
        return None, None
    reach = base * Decimal(percent) / 100
    return instrument.round_up(base - reach), instrument.round_down(base + reach)
