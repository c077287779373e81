"""What FYERS calls instruments, through the directory alone: a ticker is never built and never taken apart.

And what FYERS counts in at each venue, declared in this one place (the dossier's section 6.1; not yet seen live).
"""

from __future__ import annotations

from typing import Final

from ordo.domain.directory import InstrumentDirectory
from ordo.domain.errors import Invalid, Unreadable
from ordo.domain.instruments import Instrument, InstrumentKey, QuantityUnit, Venue

BROKER: Final = "fyers"

VENUES: Final = {
    (10, 10): Venue.NSE,
    (12, 10): Venue.BSE,
    (10, 11): Venue.NFO,
    (12, 11): Venue.BFO,
    (10, 12): Venue.CDS,
    (12, 12): Venue.BCD,
    (11, 20): Venue.MCX,
    (10, 20): Venue.NCO,
}
"""By exchange and segment."""

UNITS: Final = {
    Venue.NSE: QuantityUnit.UNITS,
    Venue.BSE: QuantityUnit.UNITS,
    Venue.NFO: QuantityUnit.UNITS,
    Venue.BFO: QuantityUnit.UNITS,
    Venue.CDS: QuantityUnit.LOTS,
    Venue.BCD: QuantityUnit.LOTS,
    Venue.MCX: QuantityUnit.LOTS,
    Venue.NCO: QuantityUnit.LOTS,
}

_TOKEN_AT: Final = 10


def ticker(directory: InstrumentDirectory, key: InstrumentKey) -> tuple[Instrument, str] | None:
    """An instrument and what FYERS calls it; `None` where its master does not list it."""
    found = directory.get(key)
    name = None if found is None else found.references.get(BROKER)
    return None if found is None or name is None else (found, name)


def listed(
    directory: InstrumentDirectory, name: str, fy_token: str, exchange: int | None, segment: int | None
) -> Instrument:
    """The instrument of a row; raises `Unreadable` where no master lists it, for a row without one can't be shown."""
    found = directory.by_reference(BROKER, name)
    if found is None and exchange is not None and segment is not None:
        # A symbol that was renamed keeps its token for the day.
        venue = VENUES.get((exchange, segment))
        token = fy_token[_TOKEN_AT:]
        found = directory.by_token(venue, token) if venue is not None and token else None
    if found is None:
        raise Unreadable(f"no instrument master lists {name[:40]!r}; load today's with `ordo instruments sync`")
    return found


def to_wire(instrument: Instrument, units: int) -> int:
    """A quantity as FYERS counts it; raises `Invalid` for what is no whole number of lots."""
    if UNITS.get(instrument.key.venue) is not QuantityUnit.LOTS:
        return units
    lots, rest = divmod(units, instrument.lot_size)
    if rest:
        raise Invalid.field("quantity", f"must be a multiple of the lot of {instrument.lot_size} units", seen=units)
    return lots


def from_wire(instrument: Instrument, count: int) -> int:
    """A quantity in units. A contract whose true lot no master told raises `Unreadable`."""
    if UNITS.get(instrument.key.venue) is not QuantityUnit.LOTS:
        return count
    if instrument.lot_size == 1 and not instrument.tradable:
        raise Unreadable(f"the lot of {instrument.key} is not known; load the masters with `ordo instruments sync`")
    return count * instrument.lot_size
